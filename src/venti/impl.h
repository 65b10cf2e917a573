/* What the client's files share. */
#ifndef VENTI_IMPL_H
#define VENTI_IMPL_H

#include <base/err.h>
#include <base/lock.h>
#include <venti/client.h>

enum {
	MAXCONNS = 64,
	RBUF = 256 * 1024,    /* bytes received and not yet looked at, of a connection */
	DIALMS = 20 * 1000,   /* of one attempt to connect */
	PAUSEMIN = 50,        /* ms before a connection is dialled again, doubled each time up to */
	PAUSEMAX = 5000,
	TRIES = 10,           /* times that a request may be on a connection that breaks */
};

typedef struct VConn VConn;

typedef struct VWaiter {
	Link link; /* VConn.waiters or VConn.tagless */
	Cond cond;
} VWaiter;

struct VConn {
	Venti *v;
	Lock lk;          /* all below */
	int fd;           /* -1: not connected; closed by the leader only */
	int wake;         /* raised to end the leader's poll */
	int vers;
	bool socket;
	bool broken;      /* fd is of no use any more; why says the reason */
	bool dead;        /* and will not be dialled again */
	char *why;        /* NULL or the last failure */
	i64 nextdial;
	int pause;
	bool leading;     /* a thread receives (and owns rbuf, r0, r1, and fd's life) */
	bool polling;     /* and waits, for bytes only */
	VReq *tag[MSGTAGS];
	u8 freetag[MSGTAGS];
	int nfree;
	List flight;      /* requests that have a tag */
	List out;         /* those that are not wholly sent, in order; the first may be sent in part */
	List waiters;     /* threads that wait for an answer while another leads */
	List tagless;     /* and those that wait for a tag */
	u8 *rbuf;
	size_t r0, r1;
	VentiStats stats;
};

/* A block that was answered and not synced. */
typedef struct Unsynced {
	Score score;
	u8 type;
	u32 n;
} Unsynced;

struct Venti {
	char *name, *addr; /* addr is NULL if it cannot be dialled */
	VentiOpts o;
	int nconn;
	VConn *conn;

	Lock lk; /* all below */
	Unsynced *unsynced;
	u64 first;    /* number of unsynced[0]: blocks are counted from 0 on */
	size_t n, cap;
	u64 suspect;  /* blocks before this may have been lost by the server */
};

/* vconn.c: one connection; all with c->lk held */
void vconn_init(VConn *c, Venti *v);
int vconn_open(VConn *c, int fd, i64 deadline) must_use; /* hands over fd; gives up the lock meanwhile */
void vconn_break(VConn *c, const char *fmt, ...) printf_like(2, 3);
void vconn_flush(VConn *c);
bool vconn_fill(VConn *c, i64 until);
bool vconn_await(VConn *c, int ms);
int vconn_frame(VConn *c, u8 **p, size_t *n) must_use;
void vconn_trace(VConn *c, const char *way, u8 *p, size_t n);
void vconn_end(VConn *c);
int vconn_left(i64 deadline);
char *vconn_printable(const char *text) must_use;

/* unsynced.c */
void unsynced_add(Venti *v, const VReq *r);
void unsynced_suspect(Venti *v);
bool unsynced_full(Venti *v);

/* vreq.c; with c->lk held */
int vreq_connect(VConn *c, i64 until) must_use;
void vreq_starton(VConn *c, VReq *const *r, int n); /* without it */

#endif
