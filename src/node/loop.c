#include <poll.h>
#include <stdlib.h>
#include <base/list.h>
#include <base/mem.h>
#include <node/loop.h>
#include <os/clock.h>

typedef struct Watch {
	int fd, events;
	LoopFn *fn;
	void *arg;
	bool fresh; /* added since the last poll, which may have looked at another file of that number */
} Watch;

typedef struct Timer {
	Link link;
	i64 at;
	LoopFn *fn;
	void *arg;
} Timer;

struct Loop {
	Watch *w; /* fd -1: free */
	struct pollfd *p;
	int n, cap;
	List timers;
	bool stop;
	int status;
};

Loop *loop_new(void)
{
	Loop *l = mem_new(sizeof *l);

	list_init(&l->timers);
	return l;
}

void loop_free(Loop *l)
{
	Link *k;

	while ((k = list_pop(&l->timers)) != NULL)
		free(list_item(k, Timer, link));
	free(l->w);
	free(l->p);
	free(l);
}

static Watch *find(Loop *l, int fd)
{
	for (int i = 0; i < l->n; i++)
		if (l->w[i].fd == fd)
			return &l->w[i];
	return NULL;
}

void loop_add(Loop *l, int fd, int events, LoopFn *fn, void *arg)
{
	Watch *w = find(l, -1);

	if (w == NULL) {
		if (l->n == l->cap) {
			l->cap = 2 * l->cap + 16;
			l->w = mem_grow(l->w, (size_t)l->cap, sizeof *l->w);
			l->p = mem_grow(l->p, (size_t)l->cap, sizeof *l->p);
		}
		w = &l->w[l->n++];
	}
	*w = (Watch){ fd, events, fn, arg, true };
}

void loop_want(Loop *l, int fd, int events)
{
	Watch *w = find(l, fd);

	if (w != NULL)
		w->events = events;
}

void loop_del(Loop *l, int fd)
{
	Watch *w = fd < 0 ? NULL : find(l, fd);

	if (w != NULL)
		w->fd = -1;
}

void loop_after(Loop *l, int ms, LoopFn *fn, void *arg)
{
	Timer *t = mem_new(sizeof *t);

	t->at = clock_ms() + ms;
	t->fn = fn;
	t->arg = arg;
	list_add(&l->timers, &t->link);
}

void loop_cancel(Loop *l, void *arg)
{
	list_each(k, &l->timers) {
		Timer *t = list_item(k, Timer, link);

		if (t->arg == arg) {
			list_del(k);
			free(t);
		}
	}
}

/* runtimers runs one timer that is due and returns the milliseconds until the next (-1: none). */
static int runtimers(Loop *l)
{
	i64 now = clock_ms(), first = -1;

	list_each(k, &l->timers) {
		Timer *t = list_item(k, Timer, link);

		if (t->at <= now) {
			Timer due = *t;

			list_del(k);
			free(t);
			due.fn(due.arg, -1, 0);
			return 0;
		}
		if (first < 0 || t->at < first)
			first = t->at;
	}
	return first < 0 ? -1 : (int)(first - now);
}

/* deliver calls who is still watching what poll found. */
static void deliver(Loop *l, int n)
{
	for (int i = 0; i < n && !l->stop; i++) {
		Watch w = l->w[i];

		if (l->p[i].fd >= 0 && l->p[i].revents != 0 && w.fd == l->p[i].fd && !w.fresh)
			w.fn(w.arg, w.fd, l->p[i].revents);
	}
}

int loop_run(Loop *l)
{
	l->stop = false;
	while (!l->stop) {
		int ms = runtimers(l), n = l->n;

		if (l->stop)
			break;
		for (int i = 0; i < n; i++) {
			l->w[i].fresh = false;
			l->p[i] = (struct pollfd){ .fd = l->w[i].fd, .events = (short)l->w[i].events };
		}
		if (poll(l->p, (nfds_t)n, ms) > 0)
			deliver(l, n);
	}
	return l->status;
}

void loop_stop(Loop *l, int status)
{
	l->stop = true;
	l->status = status;
}
