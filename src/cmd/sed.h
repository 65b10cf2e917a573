/* sed's script, between the parser (sed_parse.c) and the machine (sed.c). */
#ifndef CMD_SED_H
#define CMD_SED_H

#include <stdio.h>
#include <base/buf.h>
#include <base/rx.h>

typedef enum { AddrNone, AddrLine, AddrLast, AddrRx } AddrKind;

typedef struct SedAddr {
	AddrKind kind;
	long long line;
	Rx *rx; /* NULL: the last one used */
} SedAddr;

typedef struct SedCmd {
	SedAddr a1, a2;
	bool not;      /* ! */
	char op;       /* '{' jumps over its block to `to` when not selected; '}' is nothing */
	bool inside;   /* between a1 and a2 */
	char *text;    /* a c i: the lines; : b t: the label; r: the file; s: the replacement; y: two arrays of runes */
	size_t ntext;
	int to;        /* b t {: the command to go on with */
	Rx *rx;        /* s: NULL: the last one used */
	bool all, print;
	int nth;       /* s: from which match on */
	FILE *out;     /* w, s///w */
} SedCmd;

typedef struct SedProg {
	SedCmd *cmd;
	int n;
	bool global; /* -g */
	struct {
		char *name;
		FILE *f;
	} file[16];
	int nfile;
} SedProg;

/* sed_parse adds the commands of a script to p; it does not return if the script is wrong. */
void sed_parse(SedProg *p, const char *script);

/* sed_link finds the labels and blocks once the whole script is there. */
void sed_link(SedProg *p);

#endif
