#include <assert.h>
#include <time.h>
#include <base/lock.h>

enum { MAXHELD = 10 }; /* few, for what base/err.c says of thread-local memory */

#ifdef NDEBUG
static inline void held_add(Lock *l) { (void)l; }
static inline void held_del(Lock *l) { (void)l; }
#else
static _Thread_local struct {
	Lock *l[MAXHELD];
	int n;
} held;

static void held_add(Lock *l)
{
	for (int i = 0; i < held.n; i++)
		assert(held.l[i]->rank < l->rank && "lock taken out of rank: doc/locks.md");
	assert(held.n < MAXHELD);
	held.l[held.n++] = l;
}

static void held_del(Lock *l)
{
	for (int i = held.n - 1; i >= 0; i--)
		if (held.l[i] == l) {
			held.l[i] = held.l[--held.n];
			return;
		}
	assert(!"unlock of a lock that is not held");
}
#endif

void lock_init(Lock *l, int rank)
{
	pthread_mutex_init(&l->m, NULL);
	l->rank = rank;
}

void lock(Lock *l)
{
	held_add(l);
	pthread_mutex_lock(&l->m);
}

bool lock_try(Lock *l)
{
	if (pthread_mutex_trylock(&l->m) != 0)
		return false;
	held_add(l);
	return true;
}

void unlock(Lock *l)
{
	held_del(l);
	pthread_mutex_unlock(&l->m);
}

void cond_init(Cond *c)
{
	pthread_condattr_t a;

	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&c->c, &a);
	pthread_condattr_destroy(&a);
}

bool cond_wait(Cond *c, Lock *l, int ms)
{
	struct timespec t;
	int rc;

	held_del(l);
	if (ms < 0) {
		rc = pthread_cond_wait(&c->c, &l->m);
	} else {
		clock_gettime(CLOCK_MONOTONIC, &t);
		t.tv_sec += ms / 1000;
		t.tv_nsec += (long)(ms % 1000) * 1000000;
		if (t.tv_nsec >= 1000000000) {
			t.tv_sec++;
			t.tv_nsec -= 1000000000;
		}
		rc = pthread_cond_timedwait(&c->c, &l->m, &t);
	}
	held_add(l);
	return rc == 0;
}

void cond_one(Cond *c)
{
	pthread_cond_signal(&c->c);
}

void cond_all(Cond *c)
{
	pthread_cond_broadcast(&c->c);
}
