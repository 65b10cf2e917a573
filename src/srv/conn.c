/*
 * The 9P front: one connection, one Crew.  The leader reads as much as there
 * is, handles the messages one after the other and only then sends the
 * answers and reads again.
 *
 * A message is handled where it lies when it is large (a Twrite gives its
 * buffer away, data and all) and copied out when it is small.  Strings of
 * the message and the reply's data live as long as the CReq.
 *
 * Flush, as in flush(5): a Tflush hangs itself on the request that it names;
 * whatever becomes of that, its answer goes out first and the Rflush after.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/event.h>
#include <os/io.h>
#include <os/thread.h>
#include "connpriv.h"

enum {
	MSIZE = 64 * 1024 + IOHDRSZ,
	MAXREQS = 512,
	MAXTHREADS = 16,
	MAXBYTES = 16 << 20, /* of reply buffers of one connection, beyond one reply */
};

static Lock alllk = LOCK_INIT(RankGrid); /* protects all */
static List all = LIST_INIT(all);
static Cond ended = { PTHREAD_COND_INITIALIZER }; /* one less in all; waited for with a bound only */

/* search looks for tag among the requests in flight and among the flushes that hang on them. */
static CReq *search(List *l, u16 tag)
{
	list_each (k, l) {
		CReq *q = container_of(list_item(k, Req, link), CReq, r);
		CReq *sub;

		if (q->r.i.tag == tag)
			return q;
		sub = search(&q->r.flushes, tag);
		if (sub != NULL)
			return sub;
	}
	return NULL;
}

static void flush(CReq *q)
{
	Conn *c = q->c;
	bool mine = false;
	CReq *old;

	lock(&c->lk);
	list_del(&q->r.link);
	old = search(&c->reqs, q->r.i.oldtag);
	if (old != NULL) {
		list_add(&old->r.flushes, &q->r.link);
		mine = old->r.i.type != Tflush && req_flush(&old->r);
	}
	unlock(&c->lk);
	if (old == NULL) {
		List one = LIST_INIT(one);

		list_add(&one, &q->r.link);
		answer_flushes(c, &one);
	} else if (mine) {
		req_interrupt(&old->r);
	}
}

/* flush_all ends every request in flight but keep and waits until they are gone. */
static void flush_all(Conn *c, int keep)
{
	for (;;) {
		CReq *old = NULL;

		lock(&c->lk);
		list_each (k, &c->reqs) {
			CReq *q = container_of(list_item(k, Req, link), CReq, r);

			if (q->r.i.type != Tversion && req_flush(&q->r)) {
				old = q;
				break;
			}
		}
		while (old == NULL && c->nreq > keep)
			cond_wait(&c->idle, &c->lk, 100);
		unlock(&c->lk);
		if (old == NULL)
			return;
		req_interrupt(&old->r);
	}
}

static void drop_fids(Conn *c)
{
	Fid *f;

	do {
		lock(&c->lk);
		f = fids_any(&c->fids);
		unlock(&c->lk);
		fid_drop(f);
	} while (f != NULL);
}

static void version(CReq *q)
{
	Conn *c = q->c;
	Fcall *i = &q->r.i, *o = &q->r.o;

	flush_all(c, 1);
	drop_fids(c);
	if (i->msize < MSIZEMIN) {
		q->r.o = (Fcall){ .type = Rerror, .tag = i->tag, .ename = "msize is too small" };
	} else {
		*o = (Fcall){ .type = Rversion, .tag = i->tag, .msize = i->msize, .version = VERSION9P };
		if (o->msize > c->o.msize)
			o->msize = c->o.msize;
		if (strncmp(i->version, "9P2000", 6) != 0)
			o->version = "unknown";
		else
			c->msize = o->msize;
	}
	answer_done(&q->r);
}

/* newfid makes a Fid to be numbered id, which must be free. */
static Fid *newfid(CReq *q, u32 id, Srv *s, const char *uid)
{
	Fid *f;
	bool taken;

	if (id == NOFID)
		return errnull(Eunknownfid);
	lock(&q->c->lk);
	taken = fids_get(&q->c->fids, id) != NULL;
	unlock(&q->c->lk);
	if (taken)
		return errnull(Edupfid);
	f = fid_new(s, uid);
	f->id = id;
	return f;
}

static Fid *getfid(CReq *q, u32 id, bool del)
{
	Conn *c = q->c;
	Fid *f;

	lock(&c->lk);
	f = del ? fids_del(&c->fids, id) : fids_get(&c->fids, id);
	if (f != NULL && !del)
		fid_take(f);
	unlock(&c->lk);
	return f != NULL ? f : errnull(Eunknownfid);
}

/* newfids makes the fids that q asks for; they are entered only when the answer is good. */
static int newfids(CReq *q)
{
	Req *r = &q->r;
	Fcall *i = &r->i;

	switch (i->type) {
	case Tauth:
		r->afid = newfid(q, i->afid, q->c->srv, i->uname);
		return r->afid != NULL ? 0 : -1;
	case Tattach:
		if (i->afid != NOFID && (r->afid = getfid(q, i->afid, false)) == NULL)
			return -1;
		r->fid = newfid(q, i->fid, q->c->srv, i->uname);
		return r->fid != NULL ? 0 : -1;
	case Twalk:
		r->newfid = i->newfid == i->fid ? r->fid : newfid(q, i->newfid, r->fid->srv, r->fid->uid);
		return r->newfid != NULL ? 0 : -1;
	}
	return 0;
}

/* prepare finds q's fids and buffers. */
static int prepare(CReq *q)
{
	Req *r = &q->r;
	Fcall *i = &r->i;
	bool del = i->type == Tclunk || i->type == Tremove;
	u32 most = q->c->msize - IOHDRSZ;

	if (i->type != Tauth && i->type != Tattach) {
		r->fid = getfid(q, i->fid, del);
		if (r->fid == NULL)
			return -1;
	}
	if (newfids(q) < 0)
		return -1;
	if (i->type == Twstat && dir_decode(i->stat, i->nstat, &r->d) < 0)
		return -1;
	if (i->type == Tread) {
		if (i->count > most)
			i->count = most;
		if (creq_room(q, RREADHEAD + i->count) < 0)
			return -1;
		r->buf = (char *)q->reply + RREADHEAD;
	}
	return 0;
}

/* enter puts q among the requests in flight; an error if its tag is there, or there are too many. */
static Err enter(CReq *q)
{
	Conn *c = q->c;
	u32 room = q->r.i.type != Tread ? 0 : q->r.i.count < c->msize ? q->r.i.count : c->msize;
	Err e = Enone;

	lock(&c->lk);
	if (q->r.i.type == Tflush || q->r.i.type == Tversion)
		e = Enone;
	else if (search(&c->reqs, q->r.i.tag) != NULL)
		e = Edupreq;
	else if (c->nreq >= c->o.maxreqs || c->bytes + room > MAXBYTES + c->msize)
		e = Ebusy;
	else
		q->room = room;
	c->nreq++;
	c->bytes += q->room;
	list_add(&c->reqs, &q->r.link);
	unlock(&c->lk);
	return e;
}

static void request(CReq *q)
{
	if (prepare(q) == 0) {
		req_dispatch(&q->r);
	} else {
		answer_error(q);
		answer_done(&q->r);
	}
}

static void handle(CReq *q)
{
	Err e = enter(q);

	if (q->c->o.trace)
		trace_fcall(&q->r.i);
	if (e != Enone)
		answer_refuse(q, e);
	else if (q->r.i.type == Tversion)
		version(q);
	else if (q->c->msize == 0 || (q->r.i.type & 1) != 0)
		answer_refuse(q, Ebotch);
	else if (q->r.i.type == Tflush)
		flush(q);
	else
		request(q);
}

static bool isjunk(const u8 *p, u32 n, u32 msize)
{
	u32 size = n >= 4 ? le32(p) : 7;

	return size < 7 || size > msize;
}

/* take cuts the next message out of the input as a new CReq; NULL if it cannot be understood. */
static CReq *take(Conn *c, u32 size)
{
	CReq *q = creq_new(c, size);

	if (fcall_decode(q->msg, size, &q->r.i) >= 0)
		return q;
	creq_free(q);
	return NULL;
}

/* fill reads more input; false at the end of the connection. */
static bool fill(Conn *c)
{
	bool wait = !c->socket;
	ssize_t n;

	memmove(c->in, c->in + c->from, c->nin - c->from);
	c->nin -= c->from;
	c->from = 0;
	out_flush(c);
	do {
		if (wait && io_wait(c->rfd, POLLIN, c->stopfd, -1) != 1)
			return false;
		n = io_readsome(c->rfd, c->in + c->nin, c->incap - c->nin);
		wait = wait || n == -2;
	} while (n == -2);
	lock(&c->olk);
	c->waiting = false;
	unlock(&c->olk);
	if (n <= 0)
		return false;
	c->nin += (u32)n;
	return true;
}

/* crowded says whether the peer has sent more flushes than there can be requests to flush. */
static bool crowded(Conn *c)
{
	bool yes;

	lock(&c->lk);
	yes = c->nreq > 2 * c->o.maxreqs;
	unlock(&c->lk);
	return yes;
}

/* message handles one message; false at the end of the stream or of its sense. */
static bool message(Conn *c)
{
	u32 have, size;
	CReq *q;

	for (;;) {
		have = c->nin - c->from;
		if (have >= 4 && isjunk(c->in + c->from, have, c->msize ? c->msize : c->o.msize))
			return false;
		size = have >= 4 ? le32(c->in + c->from) : 0;
		if (size != 0 && have >= size)
			break;
		if (!fill(c))
			return false;
	}
	q = crowded(c) ? NULL : take(c, size);
	if (q == NULL)
		return false;
	handle(q);
	return true;
}

/* step is the crew's: at the end, who leads frees the others, who may be blocked in requests. */
static bool step(void *arg)
{
	if (message(arg))
		return true;
	flush_all(arg, 0);
	return false;
}

static void defaults(Conn *c, const ConnOpts *o)
{
	if (o != NULL)
		c->o = *o;
	if (c->o.msize == 0)
		c->o.msize = MSIZE;
	if (c->o.msize > MSIZEMAX + IOHDRSZ)
		c->o.msize = MSIZEMAX + IOHDRSZ;
	if (c->o.maxreqs == 0)
		c->o.maxreqs = MAXREQS;
	if (c->o.maxthreads == 0)
		c->o.maxthreads = MAXTHREADS;
}

static Conn *conn_new(Srv *s, int rfd, int wfd, const ConnOpts *o)
{
	Conn *c = mem_new(sizeof *c);

	c->srv = srv_take(s);
	c->rfd = rfd;
	c->wfd = wfd;
	c->socket = rfd == wfd && io_issocket(wfd);
	c->stopfd = event_flag();
	defaults(c, o);
	c->incap = c->o.msize;
	c->in = mem_new(c->incap);
	lock_init(&c->lk, RankConn);
	cond_init(&c->idle);
	list_init(&c->reqs);
	out_init(c);
	c->crew = crew_new("9p", step, c, c->o.maxthreads);
	lock(&alllk);
	list_add(&all, &c->all);
	unlock(&alllk);
	return c;
}

static void conn_free(Conn *c)
{
	crew_free(c->crew);
	out_end(c);
	drop_fids(c);
	lock(&alllk);
	list_del(&c->all);
	cond_all(&ended);
	unlock(&alllk);
	srv_drop(c->srv);
	if (c->stopfd >= 0)
		close(c->stopfd);
	free(c->in);
	creq_end(c);
	free(c);
}

int conn_serve(Srv *s, int rfd, int wfd, const ConnOpts *o)
{
	int flags = fcntl(wfd, F_GETFL);
	Conn *c;

	if (flags < 0)
		return os_werr("descriptor %d", wfd);
	if (!(rfd == wfd && io_issocket(wfd)) && io_nonblock(wfd, true) < 0)
		return -1;
	c = conn_new(s, rfd, wfd, o);
	crew_run(c->crew);
	conn_free(c);
	fcntl(wfd, F_SETFL, flags);
	return 0;
}

void conn_stop(Srv *s)
{
	bool any;

	listen_stop(s);
	do {
		any = false;
		lock(&alllk);
		list_each (k, &all) {
			Conn *c = list_item(k, Conn, all);

			if (c->srv != s)
				continue;
			any = true;
			event_raise(c->stopfd);
			if (c->socket)
				io_hangup(c->rfd);
		}
		if (any)
			cond_wait(&ended, &alllk, 1000);
		unlock(&alllk);
	} while (any);
}

static void dump1(Buf *b, const Req *r)
{
	Fcall f = r->i;
	i64 ms = clock_ms() - r->since;

	f.data = NULL;
	buf_printf(b, "%s %lld ms %s: ", r->srv != NULL ? r->srv->name : "9p", (long long)ms,
		   r->park.state == ParkWaiting ? "parked" : "running");
	buf_printf(b, "%s tag %u fid %u\n", fcall_name(f.type), f.tag, f.fid);
}

void req_dump(Buf *b)
{
	lock(&alllk);
	list_each (k, &all) {
		Conn *c = list_item(k, Conn, all);

		lock(&c->lk);
		list_each (j, &c->reqs)
			dump1(b, list_item(j, Req, link));
		unlock(&c->lk);
	}
	unlock(&alllk);
}
