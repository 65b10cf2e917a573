/*
 * Accepting connections: a thread in accept, a thread (then a Crew) for each
 * connection, at most MAXCONNS of them; more are closed at once.
 */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/event.h>
#include <os/io.h>
#include <os/thread.h>
#include "connpriv.h"

enum { MAXCONNS = 4096, RESTMS = 50 };

typedef struct Listen {
	Srv *srv;
	int stopfd;
	Link all;
} Listen;

typedef struct Call {
	Srv *srv;
	int fd;
	ConnOpts o;
} Call;

static Lock lk = LOCK_INIT(RankGrid + 1);
static Cond change = { PTHREAD_COND_INITIALIZER }; /* waited for with a bound only */
static List listens = LIST_INIT(listens);          /* protected by lk */
static int nconn;                                  /* atomic */

static void serve(void *arg)
{
	Call *c = arg;

	(void)!conn_serve(c->srv, c->fd, c->fd, &c->o);
	close(c->fd);
	srv_drop(c->srv);
	free(c);
	__atomic_sub_fetch(&nconn, 1, __ATOMIC_RELAXED);
}

static void start(Srv *s, int fd, const ConnOpts *o)
{
	Call *c = mem_new(sizeof *c);

	c->srv = srv_take(s);
	c->fd = fd;
	if (o != NULL)
		c->o = *o;
	if (__atomic_add_fetch(&nconn, 1, __ATOMIC_RELAXED) <= MAXCONNS && thread_start("9p", serve, c) == 0)
		return;
	__atomic_sub_fetch(&nconn, 1, __ATOMIC_RELAXED);
	close(fd);
	srv_drop(s);
	free(c);
}

static int loop(Listen *l, int lfd, const ConnOpts *o)
{
	int fd;

	for (;;) {
		switch (io_wait(lfd, POLLIN, l->stopfd, -1)) {
		case 1:
			break;
		case 2:
			return 0;
		default:
			return -1;
		}
		fd = io_accept(lfd);
		if (fd >= 0)
			start(l->srv, fd, o);
		else if (fd == -1)
			return -1;
		else if (io_wait(l->stopfd, POLLIN, -1, RESTMS) == 1)
			return 0;
	}
}

int conn_listen(Srv *s, int lfd, const ConnOpts *o)
{
	Listen l = { .srv = s, .stopfd = event_flag() };
	int rc;

	if (l.stopfd < 0)
		return -1;
	lock(&lk);
	list_add(&listens, &l.all);
	unlock(&lk);
	rc = loop(&l, lfd, o);
	lock(&lk);
	list_del(&l.all);
	cond_all(&change);
	unlock(&lk);
	close(l.stopfd);
	return rc;
}

void listen_stop(Srv *s)
{
	bool any;

	do {
		any = false;
		lock(&lk);
		list_each (k, &listens) {
			Listen *l = list_item(k, Listen, all);

			if (l->srv == s) {
				any = true;
				event_raise(l->stopfd);
			}
		}
		if (any)
			cond_wait(&change, &lk, 100);
		unlock(&lk);
	} while (any);
}
