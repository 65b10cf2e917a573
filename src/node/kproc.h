/*
 * A kernel process, shared by kproc.c, remount.c and why.c.
 */
#ifndef NODE_KPROC_H
#define NODE_KPROC_H

#include "init.h"

struct Kproc {
	Init *in;
	const char *name;  /* "boot" or "user" */
	const char *point; /* where init has its file system */
	pid_t pid;         /* 0: it has ended */
	int store, ctl;
	bool mounted, killed;
	i64 since;         /* clock_ms of its start */
	i64 pinged;        /* clock_ms of the ping that is not answered yet, 0: none */
	int restarts, wait;
	u32 major, minor;  /* of its file system: what its mounts are known by */
	void (*ready)(Kproc *k); /* its file system is there, again perhaps */
};

/* kproc_state is the letter that ps shows: T for a stopped process. */
char kproc_state(const Kproc *k);

/* remount_learn notes the device number of k's file system; remount_all puts the new one where the old one was, in every
 * mount name space of the node. */
void remount_learn(Kproc *k);
void remount_all(Kproc *k);

#endif
