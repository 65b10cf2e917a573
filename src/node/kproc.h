/*
 * A kernel process, shared by kproc.c, remount.c and why.c.
 */
#ifndef NODE_KPROC_H
#define NODE_KPROC_H

#include "init.h"

enum { MaxDead = 8 };

struct Kproc {
	Init *in;
	const char *name;  /* "boot" or "user" */
	const char *point; /* where init has its file system */
	pid_t pid;         /* 0: it has ended */
	int store, ctl;
	bool mounted, killed;
	bool told;         /* it has been given all that was kept, and "go" */
	u64 nth;           /* of all starts of kernel processes */
	i64 since;         /* clock_ms of its start */
	i64 pinged;        /* clock_ms of the ping that is not answered yet, 0: none */
	int restarts, wait;
	u32 major, minor;  /* of its file system: what its mounts are known by */
	struct {
		u32 major, minor;
	} dead[MaxDead];   /* its predecessors', of which there may be mounts left */
	int ndead;
	bool unfixed;      /* a fixer is wanted */
	void (*ready)(Kproc *k); /* its file system is there, again perhaps */
};

/* kproc_state is the letter that ps shows: T for a stopped process. */
char kproc_state(const Kproc *k);

/* remount_learn notes the device number of k's file system, remount_lost that k has ended and its mounts are dead. */
void remount_learn(Kproc *k);
void remount_lost(Kproc *k);

/* remount_all puts k's file system where dead ones were, in every mount name space of the node; -1 if some could not be.
 * It looks up names that kernel processes answer, so it is for a process that init does not wait for. */
int remount_all(Kproc *k);

#endif
