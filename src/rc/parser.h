/*
 * What the parser's three files share: lex.c reads characters, words.c
 * words and redirections, parse.c commands (its head tells the whole).
 * Functions that return a Node return anything, NULL too, once p->bad is set.
 */
#ifndef RC_PARSER_H
#define RC_PARSER_H

#include <base/u.h>
#include "tree.h"

enum { END = -1 }; /* what is read at the end of the text */

typedef struct Parser {
	Source *src;
	Unit *u;
	bool bad;   /* an error was found, and said */
	bool word;  /* right behind the last character of a word */
	bool first; /* nothing of the command was read yet: the prompt is the first one */
	bool eq;    /* = is an ordinary character */
	bool mayelse; /* the next command may be `if not' */
	int depth;
	Node *here, **heretail; /* here documents whose text is still to come */
} Parser;

typedef enum Key { Knone, Kfor, Kin, Kwhile, Kif, Knot, Kmatch, Kbang, Ksubshell, Kswitch, Kfn } Key;
extern const char *const lex_keys[];

/* lex_raw returns the next byte as it is, lex_peek a blank for a continued line, lex_ahead the one i places on; END. */
int lex_raw(Parser *p);
int lex_peek(Parser *p);
int lex_ahead(Parser *p, size_t i);

/* lex_skip consumes a byte, lex_take what lex_peek returned, lex_is the same if it is c. */
void lex_skip(Parser *p);
void lex_take(Parser *p);
bool lex_is(Parser *p, int c);

/* lex_bad is told of an error; the first one counts. */
void lex_bad(Parser *p, const char *fmt, ...) printf_like(2, 3);

/* lex_want consumes c behind blanks, or it is an error. */
void lex_want(Parser *p, int c);

/* lex_deeper counts a level of nesting (p->depth-- leaves it) and says whether to go on. */
bool lex_deeper(Parser *p);

/* lex_node makes a node in the unit's memory. */
Node *lex_node(Parser *p, NodeType type);

/* lex_white skips blanks and a comment, lex_newlines newlines too; lex_newline ends a command and reads what its here
 * documents are. */
void lex_white(Parser *p);
void lex_newlines(Parser *p);
void lex_newline(Parser *p);

/* lex_wordchar says whether c belongs to an unquoted word, lex_starts whether a word starts here. */
bool lex_wordchar(Parser *p, int c);
bool lex_starts(Parser *p);

/* lex_key returns the keyword that is next; lex_takekey consumes it. */
Key lex_key(Parser *p);
void lex_takekey(Parser *p, Key k);

/* words_one reads a word; words_argument one where = is ordinary; words_joined also <{...}, and a redirection if
 * redirs_too; words_all as many as there are; words_parens the rest of (...) into n. */
Node *words_one(Parser *p);
Node *words_argument(Parser *p);
Node *words_joined(Parser *p, bool redirs_too);
Node *words_all(Parser *p);
Node *words_parens(Parser *p, Node *n);

/* words_carets reads what is joined to n; words_brace a block in braces. */
Node *words_carets(Parser *p, Node *n);
Node *words_brace(Parser *p);

/* words_isredir says whether a redirection starts here, words_redir reads it; words_brackets the [...] of a pipe. */
bool words_isredir(Parser *p);
Node *words_redir(Parser *p);
void words_brackets(Parser *p, Node *n, bool pipe);

/* parse_list reads commands up to close ('\n', which it leaves, also means the end of text; END only that). */
Node *parse_list(Parser *p, int close);

#endif
