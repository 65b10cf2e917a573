/*
 * Locks with a rank.  A thread may only take a lock whose rank is higher
 * than every lock it holds; debug builds assert it.  doc/locks.md lists
 * every rank and what each lock protects.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <pthread.h>
#include <base/u.h>

/*
 * An operation of a Srv runs under RankSrv, and the answer it gives runs the
 * front's done: so the fronts' locks rank above those of Srvs and devices, and
 * no front dispatches a request while it holds one.
 */
enum LockRank {
	RankGrid = 10,     /* node/: the grid supervisor's tables */
	RankVentid = 30,   /* ventid/: a venti server's connections and threads */
	RankSrv = 40,      /* srv/: a Srv's serial lock, held while its operations run */
	RankMnt = 50,      /* ns/: mount objects */
	RankMount = 52,    /* ns/: one 9P mount's connection and what waits for it */
	RankStacks = 55,   /* dev/: the table of IP stacks */
	RankDev = 60,      /* dev/: a device's own tables */
	RankEther = 61,    /* dev/: where one ether device is, its packet sockets */
	RankClients = 69,  /* client/: the list of all clients */
	RankClient = 70,   /* client/: a 9P client's tags */
	RankFuse = 74,     /* fuse/: a mount's nodes, files and requests */
	RankConn = 75,     /* srv/: a connection's fids and requests */
	RankReq = 80,      /* srv/: one waited-for call */
	RankOut = 82,      /* srv/: a connection's queue of replies */
	RankPoll = 85,     /* srv/: the park */
	RankStore = 90,    /* arena/: the log's end, and what is synced of it */
	RankLeaf = 100,    /* taken last, calls nothing */
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
