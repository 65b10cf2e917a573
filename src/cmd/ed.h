/*
 * ed's parts: the lines (ed_text.c), files (ed_file.c), what is typed, with
 * its addresses and patterns (ed_in.c), substitution (ed_sub.c) and the
 * commands (ed.c).  A function that can fail returns -1 with what follows
 * the ? in ed.msg.
 */
#ifndef CMD_ED_H
#define CMD_ED_H

#include <stdio.h>
#include <base/buf.h>
#include <base/rx.h>

enum { EDMAX = 1 << 30, EDLISTMAX = 1 << 20 }; /* bytes of text, of g's commands */

typedef struct Line {
	char *p; /* any bytes but newline */
	size_t n;
	bool mark; /* g is to come here */
} Line;

typedef struct Lines {
	Line **v;
	size_t n, cap;
} Lines;

typedef struct Ed {
	Line **line;    /* [1..dol]; a line keeps its address while its text changes, so marks follow it */
	long dol, dot, cap;
	size_t bytes;
	long low;       /* no line below has moved since g looked */
	Line *name[26]; /* k */
	Line *sub;      /* the last line substituted in, and what it was */
	char *old;
	size_t nold;
	long a1, a2;
	bool given;     /* a2 was */
	bool changed, quiet, out;
	int print, list, number; /* p, l, n after a command */
	int page, blist, bnumber; /* of b */
	char *file;
	Rx *rx;
	const char *glob, *globend; /* g's commands, while they are what is read; else NULL */
	int last, peek; /* the last character read; one pushed back, 0 for none */
	const char *msg;
	char badname[4096]; /* a file's name in msg */
	FILE *to;       /* where all but w prints */
} Ed;

extern Ed ed;

/* ed_fail sets what follows the ?, "" for nothing, and returns -1. */
int ed_fail(const char *msg);

/* ed_line makes a line of a copy of n bytes, NULL (?TMP) when there is no room; ed_setline gives it another text. */
Line *ed_line(const char *p, size_t n) must_use;
int ed_setline(Line *l, const char *p, size_t n) must_use;

/* ed_push adds a line of n bytes to a list, which takes it. */
int ed_push(Lines *ls, const char *p, size_t n) must_use;

/* ed_insert puts the lines after line at, empties the list and sets dot to the last of them. */
void ed_insert(long at, Lines *ls);

/* ed_delete removes lines a to b; ed_delmarked those that have the mark; ed_clear all, with marks and undo. */
void ed_delete(long a, long b);
void ed_delmarked(void);
void ed_clear(void);

/* ed_move moves lines a to b behind line to, which is outside of them. */
void ed_move(long a, long b, long to);

/* ed_getc returns the next byte of input: -1 at the end, -2 after an interrupt (and ed_fail); ed_back pushes one back. */
int ed_getc(void);
void ed_back(int c);

/* ed_interrupted says that ^C came, once, and fails. */
bool ed_interrupted(void);

/* ed_signals has ^C end a command, and a hangup save the text in ed.hup. */
void ed_signals(void);

/* ed_skipline throws away what is left of the wrong command. */
void ed_skipline(void);

/* ed_number reads digits (none: 0). */
long ed_number(void);

/* ed_address reads an address: 1 with it in *a, 0 if there is none. */
int ed_address(long *a) must_use;

/* ed_pattern reads a regular expression up to delim into ed.rx; an empty one is the last. */
int ed_pattern(int delim) must_use;

/* ed_matches looks for ed.rx in a line. */
bool ed_matches(long a);

/* ed_newline reads the end of a command, with p, l or n before it. */
int ed_newline(void) must_use;

/* ed_read reads a file behind line at, ed_write writes lines a to b; both set *count to the characters. */
int ed_read(const char *name, long at, u64 *count) must_use;
int ed_write(const char *name, long a, long b, bool append, u64 *count) must_use;

/* ed_substitute is s, from the count on, in lines a1 to a2; ed_undo is u. */
int ed_substitute(void) must_use;
int ed_undo(void) must_use;

#endif
