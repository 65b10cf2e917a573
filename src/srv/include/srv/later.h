/*
 * What a thread puts off until its outermost operation has ended and no
 * Srv's lock is held.  A front goes on with an answered request in a Later;
 * a thread that brings answers from outside (a 9P client's reader) wakes
 * requests between later_begin and later_end, and so runs them itself.
 */
#ifndef SRV_LATER_H
#define SRV_LATER_H

#include <base/list.h>

/* A Later is something to do when no Srv lock is held. */
typedef struct Later {
	Link link;
	void (*fn)(struct Later *l);
} Later;

/* later_begin and later_end bracket an operation; later_end of the outermost does what was put off. */
void later_begin(void);
void later_end(void);

/* later_add does l when the thread's outermost operation ends, at once if there is none; l must not be in use. */
void later_add(Later *l);

/* later_ready makes parked things run: this thread's when its operation ends, else the park's thread. */
void later_ready(List *ready);

/* later_handoff does or hands on what this thread has put off: call it before blocking, with no Srv lock held. */
void later_handoff(void);

#endif
