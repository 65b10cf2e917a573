#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/thread.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACKSIZE = STACK * 8 };
#else
enum { STACKSIZE = STACK };
#endif

typedef struct Start {
	void (*fn)(void *arg);
	void *arg;
	char name[16];
} Start;

static void *enter(void *p)
{
	Start s = *(Start *)p;

	free(p);
	prctl(PR_SET_NAME, s.name);
	s.fn(s.arg);
	return NULL;
}

static int start(pthread_t *t, const char *name, void (*fn)(void *arg), void *arg, bool detached)
{
	Start *s = mem_new(sizeof *s);
	sigset_t all, was;
	pthread_attr_t a;
	int rc;

	s->fn = fn;
	s->arg = arg;
	for (size_t i = 0; i + 1 < sizeof s->name && name[i] != '\0'; i++)
		s->name[i] = name[i];
	sigfillset(&all);
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, STACKSIZE);
	pthread_attr_setdetachstate(&a, detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	rc = pthread_create(t, &a, enter, s);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	pthread_attr_destroy(&a);
	if (rc == 0)
		return 0;
	free(s);
	errno = rc;
	return os_werr("thread %s", name);
}

int thread_start(const char *name, void (*fn)(void *arg), void *arg)
{
	pthread_t t;

	return start(&t, name, fn, arg, true);
}

int thread_new(pthread_t *t, const char *name, void (*fn)(void *arg), void *arg)
{
	return start(t, name, fn, arg, false);
}

void thread_join(pthread_t t)
{
	pthread_join(t, NULL);
}
