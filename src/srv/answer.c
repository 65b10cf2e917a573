/*
 * What happens when a request of a connection is answered: what the answer
 * means for the fids, its bytes, its place in the queue, and the flushes that
 * waited for it.  Any thread may come here, with a Srv's lock held.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include "connpriv.h"

void trace_fcall(const Fcall *f)
{
	autobuf Buf b = { 0 };

	fcall_print(&b, f);
	buf_ch(&b, '\n');
	(void)!write(2, b.p, b.n);
}

/* inplace says whether an Rread's data lies in the buffer that goes out, as it does unless a Srv has its own. */
static bool inplace(const CReq *q)
{
	const u8 *p = (const u8 *)q->r.o.data;

	return q->r.o.type == Rread && q->reply != NULL && p >= q->reply && p <= q->reply + q->cap;
}

static int encode_any(CReq *q)
{
	u32 size = fcall_size(&q->r.o);

	if (size == 0 || size > (q->c->msize ? q->c->msize : q->c->o.msize))
		return errset(Etoobig);
	return creq_room(q, size) < 0 ? -1 : fcall_encode(&q->r.o, q->reply, size);
}

/* encode makes the reply's bytes; an answer that cannot be sent becomes an error. */
static void encode(CReq *q)
{
	Fcall *o = &q->r.o;
	int n;

	if (inplace(q)) {
		memmove(q->reply + RREADHEAD, o->data, o->count);
		n = fcall_head(o, q->reply, RREADHEAD);
		n = n < 0 ? n : n + (int)o->count;
	} else {
		n = encode_any(q);
	}
	if (n < 0) {
		*o = (Fcall){ .type = Rerror, .tag = q->r.i.tag, .ename = errtext(Etoobig) };
		n = encode_any(q);
	}
	q->nreply = n > 0 ? (u32)n : 0;
}

/* error makes the thread's error string q's answer. */
void answer_error(CReq *q)
{
	(void)!str_cpy(q->r.ename, sizeof q->r.ename, rerrstr());
	q->r.o = (Fcall){ .type = Rerror, .tag = q->r.i.tag, .ename = q->r.ename };
}

/* encode_stat puts Tstat's answer in its wire form. */
static void encode_stat(CReq *q)
{
	u32 n = dir_size(&q->r.d);
	u8 *p = mem_new(n);

	if (dir_encode(&q->r.d, p, n) < 0)
		q->r.o = (Fcall){ .type = Rerror, .tag = q->r.i.tag, .ename = errtext(Eio) };
	q->r.o.stat = p;
	q->r.o.nstat = (u16)n;
}

/* made returns the fid that a good answer brings into being, NULL if none; the reference is the caller's. */
static Fid *made(CReq *q)
{
	Req *r = &q->r;
	Fid *f = NULL;

	if (r->o.type == Rattach) {
		f = r->fid;
		r->fid = NULL;
	} else if (r->o.type == Rauth) {
		f = r->afid;
		r->afid = NULL;
	} else if (r->o.type == Rwalk && r->newfid != r->fid && r->o.nwqid == r->i.nwname) {
		f = r->newfid;
		r->newfid = NULL;
	}
	return f;
}

/* settle does what an answer means for the fids. */
static void settle(CReq *q)
{
	Req *r = &q->r;
	Fid *f = made(q);
	int rc = 0;

	if (f != NULL) {
		lock(&q->c->lk);
		rc = fids_put(&q->c->fids, f);
		unlock(&q->c->lk);
	}
	if (rc < 0) {
		fid_drop(f);
		answer_error(q);
	}
	fid_drop(r->fid);
	if (r->newfid != r->fid)
		fid_drop(r->newfid);
	fid_drop(r->afid);
}

/* ready makes the answer's bytes. */
static void ready(CReq *q)
{
	if (q->r.o.type == Rstat)
		encode_stat(q);
	if (q->c->o.trace)
		trace_fcall(&q->r.o);
	encode(q);
	if (q->r.o.type == Rstat)
		free(q->r.o.stat);
}

/* queue puts the answer in the way out and takes q off the list of requests, in one: a flush finds it or comes after. */
static void queue(CReq *q, List *flushes)
{
	Conn *c = q->c;

	lock(&c->lk);
	list_del(&q->r.link);
	list_move(flushes, &q->r.flushes);
	c->bytes -= q->room;
	out_add(q);
	unlock(&c->lk);
}

/* gone counts one less in flight; the connection may go when the last is gone. */
static void gone(Conn *c)
{
	lock(&c->lk);
	if (--c->nreq == 0)
		cond_all(&c->idle);
	unlock(&c->lk);
}

/* answer_flushes sends the Rflushes that waited for an answer; a flush may itself have been flushed. */
void answer_flushes(Conn *c, List *flushes)
{
	Link *k;

	while ((k = list_pop(flushes)) != NULL) {
		CReq *q = container_of(list_item(k, Req, link), CReq, r);

		q->r.o = (Fcall){ .type = Rflush, .tag = q->r.i.tag };
		ready(q);
		queue(q, flushes);
		gone(c);
	}
}

void answer_done(Req *r)
{
	CReq *q = container_of(r, CReq, r);
	List flushes = LIST_INIT(flushes);
	Conn *c = q->c;

	settle(q);
	ready(q);
	queue(q, &flushes);
	answer_flushes(c, &flushes);
	gone(c);
}

void answer_refuse(CReq *q, Err e)
{
	errset(e);
	answer_error(q);
	answer_done(&q->r);
}
