/*
 * A terminal read key by key, as a line editor needs it.
 */
#ifndef OS_KEYS_H
#define OS_KEYS_H

#include <base/u.h>

typedef struct Keys Keys;

/* keys_start makes fd give every key at once, unechoed (^C still interrupts); it returns what keys_stop needs, or NULL. */
Keys *keys_start(int fd) must_use;

/*
 * keys_wait waits until fd can be read; false as soon as *stop, which a signal's handler sets, is not 0.  No signal is
 * lost between the look at *stop and the wait.
 */
bool keys_wait(int fd, volatile int *stop) must_use;

/* keys_stop sets fd to the mode it had and frees k; NULL does nothing. */
void keys_stop(int fd, Keys *k);

/* keys_width returns the columns of terminal fd, 80 if unknown. */
int keys_width(int fd) must_use;

/* keys_front makes this process's group the one that terminal fd listens to, if another is. */
void keys_front(int fd);

/* keys_isfront says whether fd is a terminal that listens to this process's group. */
bool keys_isfront(int fd) must_use;

#endif
