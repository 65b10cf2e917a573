/*
 * Waiting for many descriptors (epoll) and flags that can be waited for
 * (eventfd).  Event bits are poll(2)'s.
 */
#ifndef OS_EVENT_H
#define OS_EVENT_H

#include <poll.h>
#include <base/u.h>

enum { EventIn = POLLIN, EventOut = POLLOUT, EventBad = POLLERR | POLLHUP | POLLNVAL };

typedef struct Event {
	int fd, events;
} Event;

/* event_new makes a set of watched descriptors (closed with close), or returns -1. */
int event_new(void) must_use;

/* event_watch watches fd for good; event_once until the first event, replacing what was asked of fd before. */
int event_watch(int set, int fd, int events) must_use;
int event_once(int set, int fd, int events) must_use;

/* event_unwatch forgets fd, watched or not. */
void event_unwatch(int set, int fd);

/* event_wait waits at most ms (-1: for ever), fills ev[n] and returns how many, 0 if interrupted. */
int event_wait(int set, Event *ev, int n, int ms);

/* event_flag makes a descriptor that is readable while raised. */
int event_flag(void) must_use;
void event_raise(int flag);
void event_lower(int flag);

#endif
