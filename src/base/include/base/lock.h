/*
 * Locks with a rank.  A thread may only take a lock whose rank is higher
 * than every lock it holds; debug builds assert it.  doc/locks.md lists
 * every rank and what each lock protects.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <pthread.h>
#include <base/u.h>

enum LockRank {
	RankGrid = 10,   /* node/: the grid supervisor's tables */
	RankFuse = 20,   /* fuse/: a mount's node table */
	RankFuseNode = 25,
	RankConn = 30,   /* srv/: a connection's fids and requests */
	RankSrv = 40,    /* srv/: a Srv's serial lock, held while its handlers run */
	RankSrvIn = 45,  /* a Srv called from inside another Srv's handler (unions) */
	RankMnt = 50,    /* ns/: mount objects */
	RankDev = 60,    /* dev/: a device's own tables */
	RankClient = 70, /* client/: a 9P client's tags */
	RankReq = 80,    /* srv/: the state of one request, the parked list */
	RankPoll = 85,   /* srv/: the poller's table */
	RankOut = 90,    /* srv/: a connection's queue of replies */
	RankLeaf = 100,  /* taken last, calls nothing */
};

typedef struct Lock {
	pthread_mutex_t m;
	int rank;
} Lock;

#define LOCK_INIT(rank) { PTHREAD_MUTEX_INITIALIZER, (rank) }

/* lock_init makes an unheld lock of the given rank. */
void lock_init(Lock *l, int rank);

/* lock takes l; may block; asserts the rank in debug builds. */
void lock(Lock *l);

/* lock_try takes l if it is free and says whether it did. */
bool lock_try(Lock *l) must_use;

/* unlock gives l back. */
void unlock(Lock *l);

typedef struct Cond {
	pthread_cond_t c; /* on CLOCK_MONOTONIC */
} Cond;

/* cond_init makes a condition whose timeouts are monotonic. */
void cond_init(Cond *c);

/* cond_wait gives l back, waits for a wake-up at most ms milliseconds (-1: for ever), takes l again; false on time-out. */
bool cond_wait(Cond *c, Lock *l, int ms);

/* cond_one wakes one waiter; cond_all wakes all. */
void cond_one(Cond *c);
void cond_all(Cond *c);

#endif
