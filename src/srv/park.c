/*
 * The park: where requests wait without a thread.
 *
 * One epoll set, one list of deadlines, one leading thread (a Crew, because
 * what it runs may have to block).  A Park waits either on a file descriptor
 * or on a Rendez, perhaps with a deadline.  Several may wait on one
 * descriptor: epoll knows each descriptor once, one-shot, for the union of
 * what is waited for, and is armed again for those that are left.
 *
 * States, all changed under lk:
 *	running   somebody's: an operation runs, or it is not begun or done
 *	waiting   in the park
 *	ready     taken out by an event, in somebody's list to be run
 * A flush of a waiting Park takes it out (the flusher then owns it); in the
 * other states it sets .flushed, and the Park will not wait again.
 */
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/event.h>
#include <srv/crew.h>
#include "engine.h"

enum { NEVENT = 64, MAXTHREADS = 64 };

typedef struct Waiters {
	List q;
	int armed; /* events epoll was last told */
} Waiters;

static Lock lk = LOCK_INIT(RankPoll);
static Waiters **byfd; /* this and all below are protected by lk */
static int nbyfd;
static List timers = LIST_INIT(timers); /* by deadline, soonest first */
static List kicked = LIST_INIT(kicked); /* ready, for the park's thread */
static int epfd = -1, wakefd = -1;
static bool running;

static bool step(void *arg);

/* begin makes the epoll set and its thread at the first use. */
static int begin(void)
{
	Crew *c;

	if (running)
		return 0;
	epfd = event_new();
	wakefd = event_flag();
	if (epfd < 0 || wakefd < 0 || event_watch(epfd, wakefd, EventIn) < 0)
		return -1;
	c = crew_new("park", step, NULL, MAXTHREADS);
	running = crew_start(c) == 0;
	return running ? 0 : -1;
}

void park_init(Park *p, void (*run)(Park *p))
{
	*p = (Park){ .run = run, .fd = -1, .evfd = -1, .deadline = -1 };
	list_init(&p->wait);
	list_init(&p->timer);
}

static Waiters *waiters(int fd)
{
	if (fd >= nbyfd) {
		int n = fd + 64;

		byfd = mem_grow(byfd, (size_t)n, sizeof byfd[0]);
		while (nbyfd < n)
			byfd[nbyfd++] = NULL;
	}
	if (byfd[fd] == NULL) {
		byfd[fd] = mem_new(sizeof *byfd[fd]);
		list_init(&byfd[fd]->q);
	}
	return byfd[fd];
}

/* arm tells epoll what is waited for on fd; 0 with nobody waiting. */
static int arm(int fd, Waiters *w)
{
	int events = 0;

	list_each (k, &w->q)
		events |= list_item(k, Park, wait)->events;
	w->armed = events;
	return events != 0 ? event_once(epfd, fd, events) : 0;
}

static void settimer(Park *p, int ms)
{
	Link *k;

	p->deadline = ms < 0 ? -1 : clock_ms() + ms;
	p->timedout = false;
	if (ms < 0)
		return;
	for (k = timers.prev; k != &timers && list_item(k, Park, timer)->deadline > p->deadline; k = k->prev)
		;
	list_push(k, &p->timer);
	if (timers.next == &p->timer)
		event_raise(wakefd);
}

/* unwait takes p out of everything it waits on. */
static void unwait(Park *p)
{
	list_del(&p->wait);
	list_del(&p->timer);
	p->fd = -1;
}

static void unpark(Park *p)
{
	unwait(p);
	p->state = ParkRunning;
}

static void makeready(Park *p, List *ready)
{
	unwait(p);
	p->state = ParkReady;
	list_add(ready, &p->wait);
}

bool park_fd(Park *p, int fd, int events, int ms, Err *err)
{
	Waiters *w;
	bool in = false;

	*err = Eintr;
	lock(&lk);
	if (!p->flushed && fd >= 0 && begin() == 0) {
		w = waiters(fd);
		p->fd = fd;
		p->events = events;
		list_add(&w->q, &p->wait);
		p->state = ParkWaiting;
		in = arm(fd, w) == 0;
		if (in) {
			settimer(p, ms);
		} else {
			unpark(p);
			*err = Eio;
		}
	} else if (!p->flushed) {
		*err = fd < 0 ? Ebadusefd : Eio;
	}
	unlock(&lk);
	return in;
}

bool park_rendez(Park *p, Rendez *z, int ms)
{
	bool in = false;

	lock(&lk);
	if (!p->flushed && (ms < 0 || begin() == 0)) {
		list_add(&z->waiters, &p->wait);
		p->state = ParkWaiting;
		settimer(p, ms);
		in = true;
	}
	unlock(&lk);
	return in;
}

bool park_take(Park *p)
{
	bool mine;

	lock(&lk);
	mine = p->state == ParkWaiting;
	if (mine)
		unpark(p);
	else if (p->evfd >= 0)
		event_raise(p->evfd);
	p->flushed = true;
	unlock(&lk);
	return mine;
}

bool park_flushed(Park *p)
{
	bool yes;

	lock(&lk);
	yes = p->flushed;
	unlock(&lk);
	return yes;
}

int park_evfd(Park *p)
{
	lock(&lk);
	if (p->evfd < 0)
		p->evfd = event_flag();
	if (p->flushed && p->evfd >= 0)
		event_raise(p->evfd);
	unlock(&lk);
	return p->evfd;
}

void park_end(Park *p)
{
	if (p->evfd < 0)
		return;
	lock(&lk);
	close(p->evfd);
	p->evfd = -1;
	unlock(&lk);
}

bool park_begin(Park *p)
{
	bool go;

	lock(&lk);
	p->state = ParkRunning;
	go = !p->flushed;
	unlock(&lk);
	return go;
}

void rendez_init(Rendez *z)
{
	list_init(&z->waiters);
}

static void wake(Rendez *z, int n)
{
	List ready = LIST_INIT(ready);

	lock(&lk);
	while (n-- > 0 && !list_empty(&z->waiters))
		makeready(list_item(z->waiters.next, Park, wait), &ready);
	unlock(&lk);
	later_ready(&ready);
}

void rendez_one(Rendez *z)
{
	wake(z, 1);
}

void rendez_all(Rendez *z)
{
	wake(z, INT32_MAX);
}

/* wakewaiters readies the waiters of fd that events concern. */
static void wakewaiters(int fd, int events, List *ready)
{
	Waiters *w = fd < nbyfd ? byfd[fd] : NULL;

	if (w == NULL)
		return;
	list_each (k, &w->q) {
		Park *p = list_item(k, Park, wait);

		if ((events & (p->events | EventBad)) != 0)
			makeready(p, ready);
	}
	if (!list_empty(&w->q))
		(void)!arm(fd, w);
}

void park_wakefd(int fd)
{
	List ready = LIST_INIT(ready);

	lock(&lk);
	if (fd >= 0 && fd < nbyfd && byfd[fd] != NULL) {
		wakewaiters(fd, EventBad, &ready);
		event_unwatch(epfd, fd);
	}
	unlock(&lk);
	later_ready(&ready);
}

void park_kick(List *ready)
{
	lock(&lk);
	if (begin() == 0) {
		list_move(&kicked, ready);
		event_raise(wakefd);
	}
	unlock(&lk);
}

/* expire readies what is past its deadline and returns the milliseconds to the next one, -1 if there is none. */
static int expire(List *ready)
{
	i64 now = clock_ms();

	while (!list_empty(&timers)) {
		Park *p = list_item(timers.next, Park, timer);

		if (p->deadline > now)
			return p->deadline - now > 60000 ? 60000 : (int)(p->deadline - now);
		makeready(p, ready);
		p->timedout = true;
	}
	return -1;
}


/*
 * One round of the leading thread.  What a round readied is run one by one;
 * a run that blocks gives the lead away, and the rest must not wait for it:
 * so all but the first go on the kicked list when more than one is ready.
 */
static bool step(void *arg)
{
	List ready = LIST_INIT(ready);
	Event ev[NEVENT];
	int n, ms;

	lock(&lk);
	ms = expire(&ready);
	list_move(&ready, &kicked);
	unlock(&lk);
	n = event_wait(epfd, ev, NEVENT, list_empty(&ready) ? ms : 0);
	lock(&lk);
	for (int i = 0; i < n; i++)
		if (ev[i].fd == wakefd)
			event_lower(wakefd);
		else
			wakewaiters(ev[i].fd, ev[i].events, &ready);
	unlock(&lk);
	if (!list_empty(&ready)) {
		Link *k = list_pop(&ready);
		Park *p = list_item(k, Park, wait);

		if (!list_empty(&ready)) {
			lock(&lk);
			list_move(&kicked, &ready);
			unlock(&lk);
		}
		p->run(p);
	}
	return true;
}
