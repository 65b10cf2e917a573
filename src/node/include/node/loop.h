/*
 * A poll loop for processes with one thread: the grid's supervisor and a
 * node's init.  A function that is called may add and remove anything.
 */
#ifndef NODE_LOOP_H
#define NODE_LOOP_H

#include <base/u.h>

typedef struct Loop Loop;
typedef void LoopFn(void *arg, int fd, int events);

Loop *loop_new(void) must_use;
void loop_free(Loop *l);

/* loop_add calls fn(arg, fd, revents) when fd has one of events (poll(2)); loop_want changes events; loop_del ends it. */
void loop_add(Loop *l, int fd, int events, LoopFn *fn, void *arg);
void loop_want(Loop *l, int fd, int events);
void loop_del(Loop *l, int fd);

/* loop_after calls fn(arg, -1, 0) once, ms from now; loop_cancel forgets every timer with that arg. */
void loop_after(Loop *l, int ms, LoopFn *fn, void *arg);
void loop_cancel(Loop *l, void *arg);

/* loop_run runs until loop_stop, and returns what that was given. */
int loop_run(Loop *l);
void loop_stop(Loop *l, int status);

#endif
