/*
 * A venti's client.  One Venti is one server, reached by one or several
 * connections that any number of threads share.
 *
 * Two ways to ask.  venti_read and its like wait for the answer.  A VReq is
 * started and waited for later, so that one thread has many on the way:
 * start 32 writes, then wait for the oldest and use its place again.  No
 * thread of ours runs and nothing is copied for sending: answers are
 * received by threads that wait (one leads, the others follow), and bytes
 * that the socket had no room for are sent by them too.
 *
 * Broken connections are dialled again, with growing pauses, until a
 * request's deadline; what was not answered is sent again (the same block
 * written twice is one block).  A server that came back may have lost blocks
 * that it had answered but nobody had synced: the client remembers their
 * scores, and the next venti_sync after a broken connection reads them back and
 * fails if one is gone.
 *
 * Trust.  Bytes read are checked against their score, stored ones against the
 * score that the server answers.  A server that breaks the protocol (an
 * answer nobody asked for, of another type, too long) fails every request
 * on that connection; one that stalls, those whose deadline passes.
 */
#ifndef VENTI_CLIENT_H
#define VENTI_CLIENT_H

#include <base/buf.h>
#include <base/list.h>
#include <base/u.h>
#include <venti/msg.h>
#include <venti/score.h>

typedef struct Venti Venti;
typedef struct VReq VReq;

typedef struct VentiOpts {
	int conns;       /* connections, at most 64; 0: one; all but the first are dialled when there is work for them */
	int deadline_ms; /* of a request, redialling included; 0: a minute, -1: none */
	int versions;    /* set of 1 << Vers02 ...; 0: all */
	bool once;       /* a broken connection stays broken */
	bool trace;      /* print every message on file descriptor 2 */
} VentiOpts;

/* venti_addr completes a server's address: NULL is $venti, or in /lib/ndb the first venti=, or an error; the service
 * defaults to 17034; the caller frees it. */
char *venti_addr(const char *addr) must_use;

/* venti_dial connects to venti_addr(addr); o may be NULL; may block until the deadline. */
Venti *venti_dial(const char *addr, const VentiOpts *o) must_use;

/* venti_fd speaks on fd, which it closes at the end, also if it fails; a broken connection stays broken. */
Venti *venti_fd(int fd, const VentiOpts *o) must_use;

/* venti_close says goodbye and frees v (NULL is fine); no request may be on the way. */
void venti_close(Venti *v);

/* venti_name returns the address dialled. */
const char *venti_name(const Venti *v);

/* venti_read reads a block of a wire type into p[n] and returns its stored size (block_extend does the rest), or -1:
 * "no block with score S/T exists", "read too small: ..."; the zero score's block is empty and never asked for. */
long venti_read(Venti *v, const Score *s, int type, void *p, u32 n) must_use;

/* venti_write stores n bytes (trimmed by the caller: block_trim) and sets *s; an empty block is not sent. */
int venti_write(Venti *v, Score *s, int type, const void *p, u32 n) must_use;

/* venti_sync returns when every block whose write was answered before the call is on the server's disk; see above for -1. */
int venti_sync(Venti *v) must_use;

/* venti_ping waits for any answer: the real server's to a ping is an error, which is as good. */
int venti_ping(Venti *v) must_use;

/* A request, in the caller's memory from vreq_start until vreq_wait has returned; { 0 } plus these fields starts one. */
struct VReq {
	u8 op;       /* MsgRead, MsgWrite, MsgSync, MsgPing */
	u8 type;     /* wire type */
	bool hashed; /* write: score is p's already, do not compute it */
	Score score; /* read: which; write: set by vreq_start */
	void *p;     /* read: room; write: the bytes; not to be touched until vreq_wait */
	u32 n;       /* read: bytes of room, then of the block; write: bytes */
	void *aux;   /* the caller's */

	/* ours */
	Link link, out; /* Conn.flight, Conn.out */
	struct VConn *conn;
	struct VWaiter *waiter;
	i64 deadline;
	char *err;
	u16 sent, nhead;
	int done; /* atomic */
	u8 tag, tries;
	u8 head[MSGSMALL];
};

/*
 * vreq_start puts requests r[0..n) on their way, all to one connection; it
 * blocks only while more than 255 are.  Every started request must be waited for.
 */
void vreq_start(Venti *v, VReq *const *r, int n);

/* vreq_wait waits for r's answer; -1 with the reason.  Any thread may call it, once. */
int vreq_wait(Venti *v, VReq *r) must_use;

/* vreq_done says whether vreq_wait would not block. */
bool vreq_done(const VReq *r);

typedef struct VentiStats {
	u64 reads, writes, syncs;       /* answered */
	u64 readbytes, writebytes;      /* of blocks */
	u64 redials, resent, timeouts, errors;
	int inflight, connected;
} VentiStats;

void venti_stats(Venti *v, VentiStats *s);

#endif
