/* What the files of client/ share. */
#ifndef CLIENT_IMPL_H
#define CLIENT_IMPL_H

#include <base/err.h>
#include <base/list.h>
#include <base/lock.h>
#include <base/ref.h>
#include <client/client.h>
#include <os/stream.h>

enum {
	MAXTAGS = 0xFFFF,      /* NOTAG is not a tag */
	MAXOUT = 32 << 20,     /* bytes queued for a server that does not read */
	FLUSHWAIT = 5000,      /* ms a flushed request may still keep its caller */
	READAHEAD = 64 * 1024, /* bytes read at once when no long message is being received */
};

typedef struct Rpc {
	Link link;      /* Client.inflight, then Client.failed or Client.idle */
	Link wait;      /* Client.waiters, while its thread sleeps on cond */
	Cond cond;
	u64 id;         /* serial << 16 | tag */
	Fcall t;        /* the request's numbers; its strings and data are not kept */
	i64 since, deadline;
	struct Rpc *flush; /* the Tflush under way for this one */
	struct Rpc *old;   /* of a Tflush: what it flushes */
	bool held;      /* its tag is in use */
	bool complete;  /* the caller has been told, or will be from .failed */
	bool answered;  /* the server has answered */
	bool left;      /* nobody waits: freed with its tag */
	bool async;     /* needs the reader thread */
	bool interrupted;
	int err;        /* 0, Local or Remote */
	char ename[ERRMAX];

	ClientDone *done; /* async ones */
	void *arg;

	Fcall *r;       /* waited for ones: the answer, and where its bytes go */
	void *buf;
	u32 n;
	int evfd, evin; /* a pipe written to when complete, -1: cond */
} Rpc;

enum { Local = 1, Remote }; /* whose error */

struct Client {
	Ref ref;
	Link link; /* the list of all clients */
	char *name;
	int rfd, wfd;
	StreamKind kind; /* of wfd */
	u32 msize;
	int deadline_ms;
	bool trace, taken_over;
	Tap *tap;

	Lock lk; /* protects all below */
	char *why; /* why it is broken, or NULL */
	bool closing;

	Rpc **tag; /* by tag */
	u32 ntag;
	u16 *freetag;
	u32 nfreetag;
	u64 serial;
	List inflight, failed, waiters, idle;
	int nasync; /* requests that need the reader */

	bool leading; /* somebody reads rfd and owns rbuf */
	bool polling; /* and is in poll: a byte in wake ends that */
	int wake[2];
	u8 *rbuf;
	size_t rcap, r0, r1; /* the bytes received and not looked at are rbuf[r0..r1) */

	bool reader; /* the reader thread runs */
	bool stays;  /* and, since client_send is used, reads on when nothing is in flight */
	Cond rcond;  /* where it sleeps */
	i64 soonest; /* no deadline of an asynchronous request is before */

	bool writing; /* somebody writes wfd */
	Cond wcond;
	Buf out;      /* what could not be written at once */

	u32 nextfid;
	u32 *freefid;
	u32 nfreefid, capfreefid;
	ClientStats stats;
};

/* client.c */
void client_end(Client *c);

/* conn.c; with c->lk held */
void conn_break(Client *c, const char *fmt, ...) printf_like(2, 3);
int conn_put(Client *c, const Fcall *t, bool wait);
void conn_trace(const Client *c, const char *way, const Fcall *f);
void conn_drain(Client *c);
void conn_poke(Client *c);
int conn_version(Client *c, u32 msize);
bool conn_fill(Client *c, i64 until);
u8 *conn_message(Client *c, u32 *n);

/* rpc.c; with c->lk held */
Rpc *rpc_start(Client *c, const Fcall *t, int ms) must_use;
int rpc_send(Client *c, Rpc *p, const Fcall *t, bool wait) must_use;
void rpc_unsend(Client *c, Rpc *p);
void rpc_needreader(Client *c, Rpc *p);
void rpc_fail(Client *c, Rpc *p, const char *why);
void rpc_flush(Client *c, Rpc *p);
void rpc_dropall(Client *c);
void rpc_release(Client *c, Rpc *p);
Rpc *rpc_bytag(Client *c, u16 tag);
bool rpc_mine(Client *c, const u8 *m, bool reader);
void rpc_dispatch(Client *c, u8 *m, u32 n);
i64 rpc_deadline(const Client *c, int ms);
int rpc_left(i64 deadline);

/* wait.c; with c->lk held */
void rpc_handover(Client *c);
int rpc_reader(Client *c) must_use;

/*
 * Without the lock: rpc_begin sends t whose answer goes to r and buf[n];
 * rpc_end waits for it and frees the Rpc; rpc_call is both.  They return -1
 * and say in *whose (may be NULL) whose error it was.
 */
Rpc *rpc_begin(Client *c, const Fcall *t, Fcall *r, void *buf, u32 n, int ms) must_use;
int rpc_end(Client *c, Rpc *p, int *whose) must_use;
int rpc_call(Client *c, const Fcall *t, Fcall *r, void *buf, u32 n, int ms, int *whose) must_use;

#endif
