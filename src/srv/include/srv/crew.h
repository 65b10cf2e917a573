/*
 * A Crew is the leader/follower set of threads behind one stream of work: a
 * connection, a FUSE mount, the park.  One thread leads: it fetches a piece
 * of work and does it itself, with no hand-off.  Only when it is about to
 * block does it let another thread lead.
 */
#ifndef SRV_CREW_H
#define SRV_CREW_H

#include <base/u.h>

typedef struct Crew Crew;

/*
 * crew_new makes a crew whose leader calls step(arg) until that returns
 * false; at most max threads.  crew_run makes the calling thread a member and
 * returns when the crew has ended; crew_start gives it a thread of its own.
 */
Crew *crew_new(const char *name, bool (*step)(void *arg), void *arg, int max) must_use;
void crew_run(Crew *c);
int crew_start(Crew *c) must_use;

/* crew_leave (from inside a step) lets another thread lead for the rest of the step; -1 (Ebusy) at the bound. */
int crew_leave(void) must_use;

/* crew_free waits for all threads of an ended crew and frees it. */
void crew_free(Crew *c);

#endif
