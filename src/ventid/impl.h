/* What the files of the server share. */
#ifndef VENTID_IMPL_H
#define VENTID_IMPL_H

#include <pthread.h>
#include <base/list.h>
#include <base/lock.h>
#include <os/io.h>
#include <venti/msg.h>
#include <ventid/conn.h>
#include "log.h"
#include "stats.h"

enum {
	HELLOMS = 20 * 1000,  /* a client has said hello by then */
	STALLMS = 120 * 1000, /* a begun message has come whole, some answers are taken by then */
	HELDMAX = 64 << 20,   /* bytes kept for clients between their turns, all together */
	THREADS = 256,        /* at most: so many reads may wait for the disk before others do */
	SPARE = 4,            /* threads that stay when there is nothing to do */
	LISTENS = 16,
	TURNED = 64,          /* connections over the limit that are told so at the same time */
};

typedef struct Listen {
	int fd;
	bool rests; /* there were no descriptors: tried again in a second; protected by Ventid.lock */
} Listen;

struct Ventid {
	VentidOpts o;
	Stats stats;
	Logs logs;
	i64 began; /* clock_wall */

	int set;      /* all sockets, each armed for one event */
	int stopflag; /* in the set: raised for good at the end */
	Listen lis[LISTENS];
	int nlis;
	Conn **byfd; /* the connection on each descriptor; an entry is its owner's */
	int nfd;

	Lock lock;  /* everything below */
	Cond ended; /* a thread has */
	List conns;
	int nconn;
	int threads;
	bool stopping;

	int idle;  /* atomic: threads in the set */
	u64 held;  /* atomic: bytes kept for clients between turns */
	bool logrpc; /* atomic: -L, /set?name=logging */

	struct Httpd *http;
};

typedef enum ConnState {
	ConnVersion, /* the client's version line is to come */
	ConnHello,
	ConnReady,
	ConnClosing, /* what is in out is sent, then it is over */
} ConnState;

struct Conn {
	Link all; /* Ventid.conns, protected by its lock */
	Ventid *v;
	Lock arming; /* held while the socket is armed: who ends the Conn waits for who armed it */
	int turns; /* atomic: how often it was given back; read before anything else by who takes it */
	int fd, vers;
	ConnState state;
	bool refused;
	u8 *in, *out; /* came but not yet taken apart; answers that the client has not yet taken */
	u32 nin, nout;
	bool idle; /* nothing had come for the last turn */
	i64 deadline; /* atomic, clock_ms; 0: none */
};

/* conn_who writes who the client is. */
char *conn_who(const Conn *c, char buf[80]);

/* ventid_held accounts n bytes more (or fewer) kept for c; -1 when c has to go because there are too many. */
int ventid_held(Conn *c, i64 n) must_use;

/* httpd_start begins to answer on a listening socket; httpd_stop ends it and waits for the requests that run. */
int httpd_start(Ventid *v, int lfd) must_use;
void httpd_stop(Ventid *v);

#endif
