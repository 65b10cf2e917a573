/*
 * Who reads.  At most one thread leads (c->leading): it receives messages
 * and hands out answers.  A thread that waits for its own answer leads if
 * nobody does and no asynchronous request is in flight; otherwise the reader
 * thread leads, and the others sleep on their Rpc's cond.  An answer to an
 * asynchronous request is taken only by the reader thread: another leader
 * that finds one leaves it in rbuf and lets go.  So done is always called
 * on the reader, with no lock held.
 *
 * Once client_send was used the reader keeps the lead while nothing is in
 * flight: to wake it for every request costs more than the request.
 *
 * A thread with a cancelfd cannot sleep on a cond: its request counts as
 * asynchronous, and it polls a pipe that whoever has the answer writes to.
 */
#include "impl.h"
#include <fcntl.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/thread.h>
#include <poll.h>
#include <unistd.h>

static _Thread_local int cancelfd = -1;

void client_cancelfd(int fd)
{
	cancelfd = fd;
}

/* step receives once, until `until`, and hands out what is there */
static void step(Client *c, i64 until, bool reader)
{
	u32 n;
	u8 *m = conn_message(c, &n);

	if (m == NULL && c->why == NULL) {
		conn_fill(c, until);
		m = c->why == NULL ? conn_message(c, &n) : NULL;
	}
	for (; m != NULL && rpc_mine(c, m, reader); m = c->why == NULL ? conn_message(c, &n) : NULL) {
		rpc_dispatch(c, m, n);
		c->r0 += n;
	}
}

/* rpc_handover lets somebody else lead, if somebody must. */
void rpc_handover(Client *c)
{
	Link *k = c->waiters.next;

	if (c->leading)
		return;
	if (c->nasync > 0)
		cond_one(&c->rcond);
	else if (k != &c->waiters)
		cond_one(&list_item(k, Rpc, wait)->cond);
}

/* expire tells the callers of asynchronous requests whose time is up */
static void expire(Client *c)
{
	i64 now = clock_ms();
	Rpc *late;

	if (c->soonest > now)
		return;
	do {
		late = NULL;
		c->soonest = INT64_MAX;
		list_each(k, &c->inflight)
		{
			Rpc *p = list_item(k, Rpc, link);

			if (p->async && p->deadline <= now)
				late = p;
			else if (p->async && p->deadline < c->soonest)
				c->soonest = p->deadline;
		}
		if (late == NULL)
			break;
		c->stats.timeouts++;
		if (late->old != NULL || late->t.type == Tflush) {
			conn_break(c, "%s: the server does not even answer a flush", errtext(Etimedout));
			break;
		}
		rpc_fail(c, late, errtext(late->interrupted ? Eintr : Etimedout));
		rpc_flush(c, late);
	} while (c->why == NULL);
}

/* fails calls done for the requests that got no answer */
static void fails(Client *c)
{
	Link *k;

	while ((k = list_pop(&c->failed)) != NULL) {
		Rpc *p = list_item(k, Rpc, link);

		unlock(&c->lk);
		if (p->done != NULL)
			p->done(p->arg, NULL, p->ename);
		lock(&c->lk);
		rpc_release(c, p);
	}
}

/* idle lets a waiting thread lead while the reader sleeps */
static void idle(Client *c)
{
	if (c->nasync == 0)
		rpc_handover(c);
}

static void reader(void *arg)
{
	Client *c = arg;

	lock(&c->lk);
	for (;;) {
		expire(c);
		fails(c);
		if (c->closing && c->nasync == 0 && !c->leading)
			break;
		if (c->nasync == 0 && !c->stays)
			c->soonest = INT64_MAX;
		if ((c->nasync == 0 && !c->stays) || c->leading || c->why != NULL) {
			idle(c);
			cond_wait(&c->rcond, &c->lk, c->why == NULL ? rpc_left(c->soonest) : -1);
			continue;
		}
		c->leading = true;
		step(c, c->soonest, true);
		c->leading = false;
	}
	unlock(&c->lk);
	client_end(c);
}

/* rpc_reader makes sure that the reader thread runs. */
int rpc_reader(Client *c)
{
	if (!c->reader && thread_start("9p reader", reader, c) < 0)
		return -1;
	c->reader = true;
	return 0;
}

u64 client_send(Client *c, const Fcall *t, ClientDone *done, void *arg, int ms)
{
	Rpc *p = NULL;
	u64 id = 0;

	lock(&c->lk);
	if (rpc_reader(c) == 0 && (p = rpc_start(c, t, ms)) != NULL) {
		id = p->id;
		p->done = done;
		p->arg = arg;
		c->stays = true;
		rpc_needreader(c, p);
		rpc_handover(c);
		if (rpc_send(c, p, t, false) < 0 && c->why == NULL) {
			rpc_unsend(c, p);
			rpc_release(c, p);
			id = 0;
		}
	}
	unlock(&c->lk);
	return id;
}

/* lead or follow until p is complete or its time is up */
static void await(Client *c, Rpc *p)
{
	while (!p->complete) {
		if (rpc_left(p->deadline) == 0) {
			c->stats.timeouts++;
			rpc_fail(c, p, errtext(Etimedout));
			rpc_flush(c, p);
		} else if (!c->leading && c->nasync == 0) {
			c->leading = true;
			step(c, p->deadline, false);
			c->leading = false;
		} else {
			rpc_handover(c);
			list_add(&c->waiters, &p->wait);
			cond_wait(&p->cond, &c->lk, rpc_left(p->deadline));
			list_del(&p->wait);
		}
	}
	rpc_handover(c);
}

/* interrupt flushes p, whose caller will soon wait no longer */
static void interrupt(Client *c, Rpc *p)
{
	i64 soon = clock_ms() + FLUSHWAIT;

	if (p->complete || p->interrupted)
		return;
	p->interrupted = true;
	if (p->deadline > soon)
		p->deadline = soon;
	if (p->deadline < c->soonest)
		c->soonest = p->deadline;
	rpc_flush(c, p);
}

void client_flush(Client *c, u64 id)
{
	Rpc *p;

	lock(&c->lk);
	p = rpc_bytag(c, (u16)id);
	if (p != NULL && p->id == id)
		interrupt(c, p);
	unlock(&c->lk);
}

/* await_cancel is await for a thread that has a cancelfd */
static void await_cancel(Client *c, Rpc *p)
{
	struct pollfd f[2] = {{p->evin, POLLIN, 0}, {cancelfd, POLLIN, 0}};

	while (!p->complete) {
		int n, left = rpc_left(p->deadline);

		n = p->interrupted ? 1 : 2;
		unlock(&c->lk);
		f[0].revents = f[1].revents = 0;
		poll(f, (nfds_t)n, left);
		lock(&c->lk);
		if (f[1].revents != 0)
			interrupt(c, p);
	}
}

/* open_evfd makes the pipe that tells a thread with a cancelfd */
static int open_evfd(Client *c, Rpc *p)
{
	int fd[2];

	if (rpc_reader(c) < 0)
		return -1;
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
		return os_werr("pipe");
	p->evin = fd[0];
	p->evfd = fd[1];
	rpc_needreader(c, p);
	return 0;
}

static void close_evfd(Rpc *p)
{
	if (p->evfd < 0)
		return;
	close(p->evin);
	close(p->evfd);
}

/* give up on a request that was not sent */
static void undo(Client *c, Rpc *p)
{
	close_evfd(p);
	rpc_unsend(c, p);
	rpc_release(c, p);
}

Rpc *rpc_begin(Client *c, const Fcall *t, Fcall *r, void *buf, u32 n, int ms)
{
	Rpc *p;

	lock(&c->lk);
	p = rpc_start(c, t, ms);
	if (p != NULL) {
		p->r = r;
		p->buf = buf;
		p->n = n;
		if ((cancelfd >= 0 && open_evfd(c, p) < 0) || (rpc_send(c, p, t, true) < 0 && !p->complete)) {
			undo(c, p);
			p = NULL;
		}
		rpc_handover(c);
	}
	unlock(&c->lk);
	return p;
}

/* result gives p's outcome and releases it */
static int result(Client *c, Rpc *p, int *whose)
{
	int rc = p->err == 0 ? 0 : werrstr("%s", p->ename);

	if (whose != NULL)
		*whose = p->err;
	rpc_release(c, p);
	return rc;
}

int rpc_end(Client *c, Rpc *p, int *whose)
{
	int rc;

	lock(&c->lk);
	if (p->evfd >= 0)
		await_cancel(c, p);
	else
		await(c, p);
	close_evfd(p);
	rc = result(c, p, whose);
	unlock(&c->lk);
	return rc;
}

int rpc_call(Client *c, const Fcall *t, Fcall *r, void *buf, u32 n, int ms, int *whose)
{
	Rpc *p = rpc_begin(c, t, r, buf, n, ms);

	if (p != NULL)
		return rpc_end(c, p, whose);
	if (whose != NULL)
		*whose = Local;
	return -1;
}

int client_rpc(Client *c, const Fcall *t, Fcall *r, void *buf, u32 n, int ms)
{
	return rpc_call(c, t, r, buf, n, ms, NULL);
}
