/*
 * Threads with an explicit stack size and a name, all signals blocked.
 */
#ifndef OS_THREAD_H
#define OS_THREAD_H

#include <pthread.h>
#include <base/u.h>

enum { STACK = 256 * 1024 }; /* bytes; more under sanitizers */

/* thread_start runs fn(arg) in a detached thread; thread_new in one to be joined with thread_join. */
int thread_start(const char *name, void (*fn)(void *arg), void *arg) must_use;
int thread_new(pthread_t *t, const char *name, void (*fn)(void *arg), void *arg) must_use;
void thread_join(pthread_t t);

#endif
