/*
 * Threads and connections.
 *
 * All sockets are in one epoll set, each armed for one event, so that one
 * thread at a time has it.  A worker waits for an event, serves that socket
 * until nothing more has come (at most TURNS times) and arms it again: a socket
 * armed with something to read in it would wake another worker for nothing.  Linux wakes the worker that went to wait last, whose
 * caches are warm.  A worker that finds nobody waiting beside it starts
 * another before it goes to work, since the Store may keep it; those that
 * had nothing to do for a while end, but SPARE.
 *
 * A Conn is freed only by the worker that serves it.  Whoever else wants to
 * get rid of it shuts its socket down, which wakes a worker.
 */
#include <stdlib.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <client/dial.h>
#include <os/clock.h>
#include <os/event.h>
#include <os/sock.h>
#include <os/sockopt.h>
#include <os/spawn.h>
#include <os/thread.h>
#include "impl.h"

enum { IDLEMS = 10 * 1000, KEEPALIVE = 60 * 1000, ACCEPTS = 16, TICK = 1000, FDS = 1 << 16, TURNS = 8 };

static void worker(void *arg);

Ventid *ventid_new(const VentidOpts *o)
{
	Ventid *v = mem_new(sizeof *v);

	v->o = *o;
	if (v->o.maxconns <= 0)
		v->o.maxconns = VENTID_CONNS;
	v->logrpc = o->logging;
	v->began = clock_wall();
	v->nfd = v->o.maxconns + TURNED + FDS;
	v->byfd = mem_array((size_t)v->nfd, sizeof *v->byfd);
	lock_init(&v->lock, RankVentid);
	cond_init(&v->ended);
	list_init(&v->conns);
	stats_init(&v->stats);
	log_init(&v->logs);
	v->logs.debug = o->debug;
	v->set = event_new();
	v->stopflag = event_flag();
	if (v->set >= 0 && v->stopflag >= 0 && event_watch(v->set, v->stopflag, EventIn) == 0)
		return v;
	ventid_stop(v);
	return NULL;
}

int ventid_listen(Ventid *v, const char *addr)
{
	int fd;

	if (v->nlis == LISTENS)
		return werrstr("announce %s: more than %d addresses", addr, LISTENS);
	fd = announce(addr, NULL);
	if (fd < 0)
		return -1;
	if (io_nonblock(fd, true) < 0) {
		close(fd);
		return -1;
	}
	v->lis[v->nlis++].fd = fd;
	return 0;
}

int ventid_http(Ventid *v, const char *addr)
{
	int fd;

	if (v->http != NULL)
		return werrstr("announce %s: there is an HTTP service already", addr);
	fd = announce(addr, NULL);
	return fd < 0 ? -1 : httpd_start(v, fd);
}

/* stalest finds who has kept us waiting longest for the rest of a message, or to take answers. */
static Conn *stalest(Ventid *v, const Conn *but)
{
	Conn *old = NULL;

	list_each (k, &v->conns) {
		Conn *c = list_item(k, Conn, all);
		i64 t = __atomic_load_n(&c->deadline, __ATOMIC_RELAXED);

		if (c != but && t != 0 && (old == NULL || t < old->deadline))
			old = c;
	}
	return old;
}

int ventid_held(Conn *c, i64 n)
{
	Ventid *v = c->v;
	u64 held = __atomic_add_fetch(&v->held, (u64)n, __ATOMIC_RELAXED);
	Conn *old;

	if (n <= 0 || held <= HELDMAX)
		return 0;
	lock(&v->lock);
	old = stalest(v, c);
	if (old != NULL)
		io_hangup(old->fd);
	unlock(&v->lock);
	if (held <= 2 * (u64)HELDMAX)
		return 0;
	log_add(&v->logs, LogServer, "clients that do not listen hold %llu bytes: hung up on one", (unsigned long long)held);
	__atomic_sub_fetch(&v->held, (u64)n, __ATOMIC_RELAXED);
	return -1;
}

/* arm gives c back: from here on another worker may have it. */
static int arm(Ventid *v, Conn *c, int events)
{
	int rc;

	lock(&c->arming);
	__atomic_add_fetch(&c->turns, 1, __ATOMIC_RELEASE);
	rc = event_once(v->set, c->fd, events);
	unlock(&c->arming);
	return rc;
}

/* taken is the Conn on fd, with all that the worker that gave it back wrote to it. */
static Conn *taken(Ventid *v, int fd)
{
	Conn *c = fd < v->nfd ? __atomic_load_n(&v->byfd[fd], __ATOMIC_ACQUIRE) : NULL;

	if (c != NULL)
		(void)__atomic_load_n(&c->turns, __ATOMIC_ACQUIRE);
	return c;
}

/* admit makes a Conn of a call, or hangs up. */
static void admit(Ventid *v, int fd)
{
	bool over, refused;
	Conn *c;

	lock(&v->lock);
	refused = v->nconn >= v->o.maxconns;
	over = v->nconn >= v->o.maxconns + TURNED || fd >= v->nfd;
	v->nconn += !over;
	unlock(&v->lock);
	stats_add(&v->stats, refused || over ? StatRefused : StatCalls, 1);
	if (over || io_nonblock(fd, true) < 0) {
		close(fd);
		return;
	}
	sock_nodelay(fd);
	sockopt_keepalive(fd, KEEPALIVE);
	c = conn_new(v, fd, refused);
	lock(&v->lock);
	if (c != NULL)
		list_add(&v->conns, &c->all);
	else
		v->nconn--;
	unlock(&v->lock);
	if (c == NULL)
		return;
	stats_add(&v->stats, StatConns, 1);
	__atomic_store_n(&v->byfd[fd], c, __ATOMIC_RELEASE);
	if (arm(v, c, EventIn) < 0)
		io_hangup(fd);
}

static void calls(Ventid *v, Listen *l)
{
	bool rest = false;

	for (int i = 0, fd = 0; i < ACCEPTS && fd >= 0; i++) {
		fd = io_accept(l->fd);
		if (fd >= 0)
			admit(v, fd);
		else
			rest = errcode(rerrstr()) == Enofd;
	}
	if (rest) {
		log_add(&v->logs, LogServer, "calls wait: %s", rerrstr());
		lock(&v->lock);
		l->rests = true;
		unlock(&v->lock);
	} else {
		(void)!event_once(v->set, l->fd, EventIn);
	}
}

static void finish(Ventid *v, Conn *c)
{
	lock(&c->arming);
	unlock(&c->arming);
	lock(&v->lock);
	list_del(&c->all);
	v->nconn--;
	__atomic_store_n(&v->byfd[c->fd], NULL, __ATOMIC_RELAXED);
	unlock(&v->lock);
	stats_add(&v->stats, StatConns, (u64)-1);
	event_unwatch(v->set, c->fd);
	conn_free(c);
}

static void serve(Ventid *v, int fd, Work *w)
{
	static const int wait[] = { [ConnIn] = EventIn, [ConnOut] = EventOut, [ConnNow] = EventIn | EventOut };
	ConnNext next;
	Conn *c;

	for (int i = 0; i < v->nlis; i++)
		if (v->lis[i].fd == fd) {
			calls(v, &v->lis[i]);
			return;
		}
	c = taken(v, fd);
	if (c == NULL)
		return;
	next = conn_turn(c, w);
	for (int i = 0; i < TURNS && (next == ConnNow || (next == ConnIn && !c->idle)); i++)
		next = conn_turn(c, w);
	if (next == ConnEnd || arm(v, c, wait[next]) < 0)
		finish(v, c);
}

/* more starts a worker if there may be one more. */
static int more(Ventid *v)
{
	bool may;

	lock(&v->lock);
	may = !v->stopping && v->threads < THREADS;
	v->threads += may;
	unlock(&v->lock);
	if (!may || thread_start("venti", worker, v) == 0)
		return 0;
	lock(&v->lock);
	v->threads--;
	cond_all(&v->ended);
	unlock(&v->lock);
	return -1;
}

/* enough says whether a worker that had nothing to do is one too many. */
static bool enough(Ventid *v)
{
	bool end;

	lock(&v->lock);
	end = v->stopping || v->threads > SPARE;
	if (end) {
		v->threads--;
		cond_all(&v->ended);
	}
	unlock(&v->lock);
	return end;
}

static void worker(void *arg)
{
	Work *w = work_new();
	Ventid *v = arg;
	Event e;
	int n;

	while (w != NULL) {
		__atomic_add_fetch(&v->idle, 1, __ATOMIC_RELAXED);
		n = event_wait(v->set, &e, 1, IDLEMS);
		if (__atomic_sub_fetch(&v->idle, 1, __ATOMIC_RELAXED) == 0 && n > 0)
			(void)!more(v);
		if (n == 1 && e.fd != v->stopflag)
			serve(v, e.fd, w);
		else if (enough(v))
			break;
	}
	if (w == NULL) {
		log_add(&v->logs, LogStore, "venti: a thread less: %s", rerrstr());
		lock(&v->lock);
		v->threads--;
		cond_all(&v->ended);
		unlock(&v->lock);
	}
	work_free(w);
}

/* late hangs up on those who have kept us waiting too long, and lets listeners try again that had no descriptors. */
static void late(Ventid *v)
{
	i64 now = clock_ms();

	lock(&v->lock);
	list_each (k, &v->conns) {
		Conn *c = list_item(k, Conn, all);
		i64 t = __atomic_load_n(&c->deadline, __ATOMIC_RELAXED);

		if (t != 0 && t < now)
			io_hangup(c->fd);
	}
	for (int i = 0; i < v->nlis; i++)
		if (v->lis[i].rests) {
			v->lis[i].rests = false;
			(void)!event_once(v->set, v->lis[i].fd, EventIn);
		}
	unlock(&v->lock);
}

static void ticker(void *arg)
{
	Ventid *v = arg;

	while (io_wait(v->stopflag, EventIn, -1, TICK) == 0) {
		stats_tick(&v->stats, clock_wall());
		late(v);
	}
	lock(&v->lock);
	v->threads--;
	cond_all(&v->ended);
	unlock(&v->lock);
}

int ventid_start(Ventid *v)
{
	proc_manyfds();
	stats_tick(&v->stats, v->began);
	lock(&v->lock);
	v->threads++;
	unlock(&v->lock);
	if (thread_start("clock", ticker, v) < 0) {
		v->threads--;
		return -1;
	}
	for (int i = 0; i < v->nlis; i++)
		if (event_once(v->set, v->lis[i].fd, EventIn) < 0)
			return -1;
	for (int i = 0; i < SPARE; i++)
		if (more(v) < 0)
			return -1;
	return 0;
}

void ventid_news(Ventid *v, const char *text) { log_add(&v->logs, LogStore, "venti: %s", text); }

void ventid_stop(Ventid *v)
{
	Link *k;

	if (v->http != NULL)
		httpd_stop(v);
	lock(&v->lock);
	v->stopping = true;
	event_raise(v->stopflag);
	while (v->threads > 0)
		cond_wait(&v->ended, &v->lock, 1000);
	unlock(&v->lock);
	/* not before, for the threads use them */
	for (int i = 0; i < v->nlis; i++)
		close(v->lis[i].fd);
	while ((k = list_pop(&v->conns)) != NULL)
		conn_free(list_item(k, Conn, all));
	if (v->set >= 0)
		close(v->set);
	if (v->stopflag >= 0)
		close(v->stopflag);
	stats_free(&v->stats);
	log_free(&v->logs);
	free(v->byfd);
	free(v);
}
