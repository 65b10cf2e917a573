/*
 * The tree of a command and its parser.  A Unit is what was parsed at one
 * go (a line, or a whole text) with its memory; functions keep a reference
 * to the Unit their body is in.
 */
#ifndef RC_TREE_H
#define RC_TREE_H

#include <base/buf.h>
#include "region.h"

enum { GLOB = '\001' }; /* in a pattern: before * ? [ that are not literal, and before itself */

typedef enum NodeType {
	/* words; a is the operand or the first of a list linked by next */
	Nword,   /* s, and pat if it has * ? [ */
	Ndollar, /* $a */
	Ncount,  /* $#a */
	Nflat,   /* $"a */
	Nsub,    /* $a(b...) */
	Nbackq,  /* `a{b}, a may be NULL */
	Npipefd, /* <{a} >{a} <>{a}: rtype */
	Nconcat, /* a^next^... */
	Nlist,   /* (a...) */
	/* commands */
	Nsimple, /* a... */
	Nseq,    /* a; next; ... */
	Nasync,  /* a & */
	Nandor,  /* a, then Nand and Nor nodes */
	Nand,
	Nor,
	Npipe,   /* a | next ...; each but the first has the pipe before it: from fd0 of the left one to its fd1 */
	Nbang,
	Nsubshell,
	Nblock,
	Nif,     /* if(a) b */
	Nifnot,  /* if not a */
	Nfor,    /* for(a in b...) c; b is an Nlist, NULL: $* */
	Nwhile,  /* while(a) b */
	Nswitch, /* switch(a){ b: Nseq with Ncase among its members } */
	Ncase,   /* case a... */
	Nfn,     /* fn a... b; b NULL: remove */
	Nassign, /* a=b c */
	Nredirs, /* b with redirections a... */
	Nredir,  /* rtype fd0 fd1, a: file name, s: text of a here document */
	Nmatch,  /* ~ a b... */
} NodeType;

typedef enum RedirType {
	Rread,   /* < */
	Rwrite,  /* > */
	Rappend, /* >> */
	Rrdwr,   /* <> */
	Rhere,   /* << */
	Rdup,    /* [fd0=fd1] */
	Rclose,  /* [fd0=] */
} RedirType;

typedef struct Node Node;
typedef struct Var Var;

struct Node {
	u8 type;  /* NodeType */
	u8 rtype; /* RedirType */
	bool quoted, glob;
	u8 duplex;  /* a member of an Npipe: 1 pipe, 2 socket pair, 0 not yet known */
	int fd0, fd1;
	int line;
	char *s, *pat;
	Var *var; /* the variable that s names, once looked up */
	Node *a, *b, *c, *next;
};

typedef struct Unit {
	int ref;
	Region mem;
	char *file;
	Node *root; /* NULL: nothing to do */
} Unit;

void unit_take(Unit *u);
void unit_drop(Unit *u);

/*
 * Where text comes from: more appends to text and returns false at the
 * end; first tells whether a new command begins (for the prompt).
 */
typedef struct Source Source;
struct Source {
	Buf text;
	size_t at; /* bytes consumed */
	bool eof;
	bool (*more)(Source *src, bool first);
	void *arg;
	const char *file; /* for messages; the owner's */
	int line;
	bool afterif; /* the last command was an if */
	void (*echo)(Source *src, const char *s, size_t n); /* NULL, or told of all text read */
};

typedef enum Parsed { ParseEnd, ParseOk, ParseBad } Parsed;

/*
 * parse_line parses the next line (more of them if the command goes on) of src, parse_all all the rest: ParseOk
 * gives *u with one reference, ParseBad sets the error string "file:line: reason" and skips the rest of the line.
 */
Parsed parse_line(Source *src, Unit **u) must_use;
Parsed parse_all(Source *src, Unit **u) must_use;

/* parse_blank says whether nothing but blanks and comments is left of src, as far as that is known without reading. */
bool parse_blank(Source *src);

/* tree_print appends n as text that parses to the same tree. */
void tree_print(Buf *b, const Node *n);

/* word_quote appends s as rc has to read it, in quotes if it needs them. */
void word_quote(Buf *b, const char *s);

/* char_word says whether c belongs to an unquoted word, char_id whether it belongs to a variable's name. */
bool char_word(int c);
bool char_id(int c);

#endif
