/*
 * Requests in flight, and who receives.
 *
 * A request that was started has a tag of one connection and is on its
 * flight list until it is done.  At most one of the threads that wait leads
 * (c->leading): it connects, sends what is queued, receives, and hands out
 * answers; when its own is there it wakes another waiter to lead.  With one
 * thread on a connection nobody is ever handed anything.
 *
 * A broken connection keeps its requests; the next leader dials and queues
 * them all again, in order.  Only the server's bad behaviour, deadlines and
 * a connection that cannot be dialled make requests fail.
 *
 * Invariants: 1. c->tag[r->tag] == r exactly while r is on c->flight.
 * 2. out is a subset of flight.  3. Once r->done is set (atomically, last)
 * nothing here touches r.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <client/dial.h>
#include <os/clock.h>
#include "impl.h"

bool vreq_done(const VReq *r)
{
	return __atomic_load_n(&r->done, __ATOMIC_ACQUIRE) != 0;
}

/* wake_waiter wakes the first thread of a list and takes it off, so that the next wake-up is another's */
static void wake_waiter(List *l)
{
	Link *k = list_pop(l);

	if (k != NULL)
		cond_one(&list_item(k, VWaiter, link)->cond);
}

static void inflight(VConn *c, int by)
{
	__atomic_store_n(&c->stats.inflight, c->stats.inflight + by, __ATOMIC_RELAXED);
}

/* count enters a good answer in the figures */
static void count(VentiStats *s, const VReq *r)
{
	s->reads += r->op == MsgRead;
	s->writes += r->op == MsgWrite;
	s->syncs += r->op == MsgSync;
	s->readbytes += r->op == MsgRead ? r->n : 0;
	s->writebytes += r->op == MsgWrite ? r->n : 0;
}

/* complete takes r off c, with err (ours to keep, NULL if none), and tells who waits */
static void complete(VConn *c, VReq *r, char *err)
{
	VWaiter *w = r->waiter;

	list_del(&r->link);
	list_del(&r->out);
	c->tag[r->tag] = NULL;
	c->freetag[c->nfree++] = r->tag;
	wake_waiter(&c->tagless);
	if (err == NULL)
		count(&c->stats, r);
	else
		c->stats.errors++;
	inflight(c, -1);
	r->err = err;
	__atomic_store_n(&r->done, 1, __ATOMIC_RELEASE);
	if (w != NULL)
		cond_one(&w->cond);
}

static void fail_all(VConn *c, const char *why)
{
	while (!list_empty(&c->flight))
		complete(c, list_item(c->flight.next, VReq, link), mem_str(why));
}

/* botch is the end for all requests of a connection whose server does not keep to the protocol */
static void botch(VConn *c, const char *what)
{
	vconn_break(c, "venti protocol botch: %s", what);
	fail_all(c, c->why);
}

/* settle gives the well-formed answer m to r */
static void settle(VConn *c, VReq *r, const Msg *m)
{
	char a[SCORETEXT], b[SCORETEXT];

	if (m->type == MsgError) {
		complete(c, r, r->op == MsgPing ? NULL : vconn_printable(m->text));
	} else if (m->type == MSG_R(MsgWrite) && !score_eq(&m->score, &r->score)) {
		complete(c, r, mem_printf("%s: the block with score %s was stored as %s", c->v->name,
					  score_print(&r->score, a), score_print(&m->score, b)));
	} else {
		if (r->op == MsgRead) {
			memcpy(r->p, m->data, m->n);
			r->n = m->n;
		}
		if (r->op == MsgWrite)
			unsynced_add(c->v, r);
		complete(c, r, NULL);
	}
}

/* lie checks an answer against what was asked; NULL if it may be believed */
static const char *lie(const VReq *r, const Msg *m)
{
	if (r == NULL || r->out.next != &r->out)
		return "an answer to what nobody asked";
	if (m->type != MsgError && m->type != MSG_R(r->op))
		return "an answer of another type";
	if (m->type == MSG_R(MsgRead) && m->n > r->n)
		return "more bytes than asked for";
	return NULL;
}

static void dispatch(VConn *c, u8 *p, size_t n)
{
	const char *why;
	Msg m;

	vconn_trace(c, "->", p, n);
	if (msg_decode(c->vers, p, n, &m) < 0) {
		botch(c, rerrstr());
		return;
	}
	why = lie(c->tag[m.tag], &m);
	if (why != NULL) {
		botch(c, why);
		return;
	}
	c->pause = 0;
	settle(c, c->tag[m.tag], &m);
}

/* frames hands out the answers that are there and says whether there were any */
static bool frames(VConn *c)
{
	bool any = false;
	int got;
	size_t n;
	u8 *p;

	while (!c->broken && (got = vconn_frame(c, &p, &n)) != 0) {
		if (got < 0)
			botch(c, rerrstr());
		else
			dispatch(c, p, n);
		any = true;
	}
	return any;
}

/* encode prepares r for c's version */
static void encode(VConn *c, VReq *r)
{
	Msg m = { .type = r->op, .tag = r->tag, .blocktype = r->type, .score = r->score, .count = r->n, .n = r->n, .data = r->p };
	int n = r->op == MsgWrite ? msg_head(c->vers, &m, r->head, sizeof r->head)
				  : msg_encode(c->vers, &m, r->head, sizeof r->head);

	r->nhead = (u16)(n < 0 ? 0 : n); /* vreq_start has checked the sizes */
	r->sent = 0;
	if (c->v->o.trace) {
		autobuf Buf b = { 0 };

		buf_printf(&b, "%s <- ", c->v->name);
		msg_print(&b, &m);
		buf_ch(&b, '\n');
		if (write(STDERR_FILENO, b.p, b.n) < 0)
			return;
	}
}

static void queue(VConn *c, VReq *r)
{
	encode(c, r);
	list_add(&c->out, &r->out);
}

/* again queues all that was in flight on a connection that is new */
static void again(VConn *c)
{
	list_init(&c->out);
	list_each(k, &c->flight)
	{
		VReq *r = list_item(k, VReq, link);

		list_init(&r->out);
		c->stats.resent += r->tries > 0;
		if (++r->tries > TRIES)
			complete(c, r, mem_printf("%s (%d times)", c->why != NULL ? c->why : "connection broken", TRIES));
		else
			queue(c, r);
	}
}

static void set_why(VConn *c, const char *why)
{
	free(c->why);
	c->why = mem_str(why);
}

/* vreq_connect, the leader's, dials once. */
int vreq_connect(VConn *c, i64 until)
{
	i64 soon = clock_ms() + DIALMS, end = until < soon ? until : soon;
	int fd;

	unlock(&c->lk);
	fd = dial(c->v->addr, vconn_left(end));
	lock(&c->lk);
	if (fd < 0)
		return werrstr("%s: %.200s", c->v->name, rerrstr());
	return vconn_open(c, fd, end);
}

/* reconnect gives c another connection, or waits for the time to try */
static void reconnect(VConn *c, i64 until)
{
	i64 at = c->nextdial < until ? c->nextdial : until;

	if (c->fd >= 0) {
		close(c->fd);
		c->fd = -1;
	}
	if (c->dead || c->v->addr == NULL || (c->v->o.once && c->why != NULL)) {
		c->dead = true;
		fail_all(c, c->why != NULL ? c->why : "connection broken");
		return;
	}
	if (clock_ms() < at) {
		vconn_await(c, vconn_left(at));
		return;
	}
	c->pause = c->pause == 0 ? PAUSEMIN : c->pause * 2 < PAUSEMAX ? c->pause * 2 : PAUSEMAX;
	c->nextdial = clock_ms() + c->pause;
	if (vreq_connect(c, until) < 0) {
		set_why(c, rerrstr());
		return;
	}
	c->stats.redials += c->stats.connected > 0;
	c->stats.connected++;
	again(c);
}

/* step, the leader's, does one thing that may bring an answer nearer */
static void step(VConn *c, i64 until)
{
	if (c->broken)
		reconnect(c, until);
	vconn_flush(c);
	if (!c->broken && !frames(c) && vconn_fill(c, until))
		frames(c);
}

/* lead_or_follow waits until something has happened; list is where a follower waits */
static void lead_or_follow(VConn *c, VReq *r, List *list, i64 until)
{
	VWaiter w;

	if (!c->leading) {
		c->leading = true;
		step(c, until);
		c->leading = false;
		return;
	}
	cond_init(&w.cond);
	list_add(list, &w.link);
	if (r != NULL)
		r->waiter = &w;
	cond_wait(&w.cond, &c->lk, vconn_left(until));
	if (r != NULL)
		r->waiter = NULL;
	list_del(&w.link);
	pthread_cond_destroy(&w.cond.c);
}

/* handover lets somebody else lead, if somebody waits */
static void handover(VConn *c)
{
	if (!c->leading)
		wake_waiter(list_empty(&c->waiters) ? &c->tagless : &c->waiters);
}

/* check refuses what cannot be sent and answers what need not be; it says whether r is done */
static bool check(Venti *v, VReq *r)
{
	r->done = 0;
	r->err = NULL;
	r->conn = NULL;
	r->waiter = NULL;
	r->tries = 0;
	list_init(&r->link);
	list_init(&r->out);
	if (r->op == MsgWrite && r->n > BLOCKMAX)
		r->err = mem_printf("a block of %u bytes is too large: a venti takes %d", r->n, BLOCKMAX);
	if (r->op == MsgWrite && !r->hashed && r->err == NULL)
		r->score = score_of(r->p, r->n);
	if (r->op == MsgRead && r->n > BLOCKMAX)
		r->n = BLOCKMAX;
	r->done = r->err != NULL || (r->op == MsgWrite && r->n == 0) ||
		  (r->op == MsgRead && score_eq(&r->score, &score_zero));
	if (r->done && r->op == MsgRead)
		r->n = 0;
	r->deadline = v->o.deadline_ms < 0 ? INT64_MAX : clock_ms() + v->o.deadline_ms;
	return r->done;
}

/* pick finds the connection with the least to do, this thread's usual one if there is a choice */
static VConn *pick(Venti *v)
{
	static int next;
	static _Thread_local int mine = -1;
	VConn *best = NULL;

	if (v->nconn == 1)
		return &v->conn[0];
	if (mine < 0)
		mine = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) & 0xffff;
	for (int i = 0; i < v->nconn; i++) {
		VConn *c = &v->conn[(mine + i) % v->nconn];

		if (best == NULL || __atomic_load_n(&c->stats.inflight, __ATOMIC_RELAXED) <
					    __atomic_load_n(&best->stats.inflight, __ATOMIC_RELAXED))
			best = c;
	}
	return best;
}

/* enter gives r a tag and queues it; -1 when its time is up before there is one */
static void enter(VConn *c, VReq *r)
{
	while (c->nfree == 0) {
		if (vconn_left(r->deadline) == 0) {
			r->err = mem_printf("%s: %s: 255 requests are not answered", c->v->name, errtext(Etimedout));
			__atomic_store_n(&r->done, 1, __ATOMIC_RELEASE);
			return;
		}
		vconn_flush(c);
		lead_or_follow(c, NULL, &c->tagless, r->deadline);
	}
	r->tag = c->freetag[--c->nfree];
	r->conn = c;
	c->tag[r->tag] = r;
	list_add(&c->flight, &r->link);
	inflight(c, 1);
	if (!c->broken) {
		r->tries = 1;
		queue(c, r);
	}
}

/* vreq_starton is vreq_start on connection c. */
void vreq_starton(VConn *c, VReq *const *r, int n)
{
	bool any = false;

	for (int i = 0; i < n; i++)
		if (!check(c->v, r[i])) {
			if (!any)
				lock(&c->lk);
			any = true;
			enter(c, r[i]);
		}
	if (!any)
		return;
	vconn_flush(c);
	if (c->nfree > 0)
		wake_waiter(&c->tagless); /* one that was woken may have left without */
	handover(c);
	unlock(&c->lk);
}

/* vreq_start sends to the connection with the least to do. */
void vreq_start(Venti *v, VReq *const *r, int n)
{
	vreq_starton(pick(v), r, n);
}

/* expire fails r, whose time is up; its tag cannot be taken back on this connection */
static void expire(VConn *c, VReq *r)
{
	c->stats.timeouts++;
	if (c->broken && c->why != NULL)
		complete(c, r, mem_printf("%s: %s", errtext(Etimedout), c->why));
	else
		complete(c, r, mem_printf("%s: %s", c->v->name, errtext(Etimedout)));
	vconn_break(c, "%s: the server does not answer", errtext(Etimedout));
}

static void await(VConn *c, VReq *r)
{
	lock(&c->lk);
	while (!r->done) {
		if (vconn_left(r->deadline) == 0)
			expire(c, r);
		else
			lead_or_follow(c, r, &c->waiters, r->deadline);
	}
	handover(c);
	unlock(&c->lk);
}

int vreq_wait(Venti *v, VReq *r)
{
	char a[SCORETEXT];
	Score got;

	if (r->conn != NULL && !vreq_done(r))
		await(r->conn, r);
	if (r->err != NULL) {
		werrstr("%s", r->err);
		free(r->err);
		r->err = NULL;
		return -1;
	}
	if (r->op == MsgWrite && unsynced_full(v))
		return venti_sync(v);
	if (r->op != MsgRead || r->conn == NULL)
		return 0;
	got = score_of(r->p, r->n);
	if (!score_eq(&got, &r->score))
		return werrstr("%s: block %s/%d came with other contents", v->name, score_print(&r->score, a), r->type);
	return 0;
}
