/*
 * con's and telnet's line: bytes from the terminal to a connection and back,
 * until the other side is done, and what control-\ asks for meanwhile
 * (con(1)).
 */
#ifndef CMD_LINE_H
#define CMD_LINE_H

#include <termios.h>
#include <base/buf.h>
#include "tool.h"

typedef struct Line {
	int fd;
	bool cooked, stay;          /* -C: the terminal stays as it is; -n: the end of input is not told */
	bool seven, swap, newlines; /* what comes: without its eighth bit (-s); \r and \n exchanged (-R, both ways), \r as \n (-T) */
	_Atomic bool strip;         /* -r: no \r before a \n */
	/* what a protocol makes of a byte that came, or that goes; NULL: it is itself */
	void (*get)(struct Line *l, u8 c, Buf *out);
	void (*put)(struct Line *l, u8 c, Buf *out);
	/* send the other side a break ('b') or an interrupt ('i'); NULL: there is no such thing */
	int (*note)(struct Line *l, char which);
	const char *first; /* done at the start as if it were typed after the escape; NULL: nothing */
	bool patient;      /* what cannot be half closed is over when the other side ends it, not with the input */
	bool raw, reading;
	_Atomic int pause; /* the reader: 0 reads, 1 is asked to wait, 2 waits */
	_Atomic bool asked; /* the input is a terminal on which control-\ asks */
} Line;

/* line_raw has the terminal pass every byte and the escape, unless -C was given; it is put back at the end. */
void line_raw(Line *l);

/* line_run passes bytes both ways until the connection ends and returns the exit status. */
int line_run(Line *l);

/* line_common is what both programs make of a flag; false if it is not one of theirs. */
bool line_common(Line *l, int flag);

/* line_post makes standard input and output a pipe that is posted as /srv/name. */
void line_post(const char *name);

#endif
