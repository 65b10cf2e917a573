/*
 * The messages of the venti protocol, venti(6), as they go over a byte
 * stream: a line with the versions of each side, then frames of a length,
 * type, tag and body.  The length has two bytes in version 02 and four in
 * 04; nothing else differs.
 *
 * Decoding points into the received bytes and copies nothing; a frame's
 * length is bounded by MSGMAX before anything is kept for it.
 */
#ifndef VENTI_MSG_H
#define VENTI_MSG_H

#include <base/buf.h>
#include <base/u.h>
#include <venti/score.h>

enum {
	MsgError = 1,
	MsgPing = 2, /* T; the answer to each T is T + 1, or MsgError */
	MsgHello = 4,
	MsgGoodbye = 6, /* has no answer: the server closes */
	MsgRead = 12,
	MsgWrite = 14,
	MsgSync = 16,
};
#define MSG_R(t) ((t) + 1)

enum {
	MSGSTR = 1024,    /* bytes of a string in a message */
	MSGHEAD = 4,      /* bytes of the longest length field */
	MSGMAX = 0xffff,  /* bytes of a message without its length field, in both versions */
	MSGSMALL = 64,    /* bytes that any frame of type Read, Write, Ping or Sync needs, either way, without its data */
	MSGTAGS = 256,    /* a tag is a byte */
	VERSLINE = 1024,  /* bytes of a version line with its newline */
};

/* Versions, also as a set: 1 << Vers02. */
enum {
	Vers02 = 2,
	Vers04 = 4,
	VersAll = 1 << Vers02 | 1 << Vers04,
};

typedef struct Msg {
	u8 type, tag;
	u8 blocktype;            /* read, write: wire type */
	u8 strength;             /* T hello */
	u8 crypto, codec;        /* R hello */
	u8 ncryptos, ncodecs;    /* T hello */
	const u8 *cryptos, *codecs;
	const char *text;        /* R error: why; T hello: version; R hello: sid */
	const char *uid;         /* T hello */
	Score score;             /* T read, R write */
	u32 count;               /* T read */
	u32 n;                   /* T write, R read: bytes of data */
	const u8 *data;
} Msg;

/* msg_name returns "Tread" ..., NULL for an unknown type. */
const char *msg_name(int type);

/* msg_frame looks at the first n bytes of a frame: it returns the whole frame's length as soon as that is known, 0
 * before, -1 if it is shorter than a message or longer than MSGMAX allows. */
i64 msg_frame(int vers, const u8 *p, size_t n) must_use;

/*
 * msg_decode takes a whole frame of n bytes apart; m's strings and data stay
 * in p, which it changes where strings are.  -1 for an unknown type (m->type
 * and m->tag are then set), what does not fit, or bytes left over.
 */
int msg_decode(int vers, u8 *p, size_t n, Msg *m) must_use;

/* msg_size returns the bytes of m's frame, 0 with an error for what cannot be sent. */
u32 msg_size(int vers, const Msg *m);

/* msg_encode writes m's frame to p[n] and returns its length; msg_head all but the data of a T write or R read. */
int msg_encode(int vers, const Msg *m, u8 *p, size_t n) must_use;
int msg_head(int vers, const Msg *m, u8 *p, size_t n) must_use;

/* msg_print appends m as one line of text without its newline. */
void msg_print(Buf *b, const Msg *m);

/* vers_line writes "venti-04:02-comment\n" for a set of versions, newest first, to p[VERSLINE] and returns its length. */
int vers_line(int set, const char *comment, char *p);

/*
 * vers_parse reads the peer's line from the first n bytes received: it
 * returns its length and sets *vers to the first version of the peer's list
 * that is in set; 0 while the line is incomplete; -1 if it is none or there is
 * no common version.
 */
int vers_parse(const u8 *p, size_t n, int set, int *vers) must_use;

/* vers_text returns "02" or "04", as in hello. */
const char *vers_text(int vers);

#endif
