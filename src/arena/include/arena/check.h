/*
 * Checking an arena: everything that is on the disk against everything else.
 */
#ifndef ARENA_CHECK_H
#define ARENA_CHECK_H

#include <arena/arena.h>

typedef enum FaultKind {
	FaultHead,    /* the head's block */
	FaultTail,    /* the tail's block, or its figures */
	FaultDir,     /* a line of the directory differs from its clump, which is good */
	FaultClump,   /* a clump is damaged */
	FaultSeal,    /* the arena's bytes are not those that were summed */
} FaultKind;

typedef struct Fault {
	FaultKind kind;
	u32 clump;            /* its number */
	u64 at;               /* its place behind the arena's base */
	ClumpInfo info;       /* what it should be, as far as known (FaultDir: from the clump; FaultClump: from the directory) */
	const char *why;
} Fault;

typedef struct Check {
	bool quick;           /* a sealed arena whose sum is right is not looked at further */
	void (*fault)(void *arg, Arena *a, const Fault *f);
	bool (*tick)(void *arg, u64 bytes); /* bytes read since the last call; false stops; may be NULL */
	void *arg;
} Check;

/* arena_check checks a (as it is on the disk; it must not be appended to meanwhile, or only behind a->t.st.used): the
 * faults found, each told to c->fault; -1 when stopped, or the disk failed altogether. */
long arena_check(Arena *a, const Check *c) must_use;

#endif
