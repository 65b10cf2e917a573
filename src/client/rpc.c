/*
 * Requests in flight: tags, answers, flushes.
 *
 * An Rpc is entered under a tag (held).  The tag is free again when the
 * server has answered it and, if it was flushed, the Tflush too (flush(5)).
 * The caller may be told earlier (deadline, broken connection): then the
 * Rpc is left, and belongs to its tag.
 *
 * Invariants: 1. nasync counts Rpcs with async set that are not released;
 * while it is not 0 the reader thread runs.  2. An Rpc is on inflight from
 * rpc_start until complete, then on failed (async ones that never got an
 * answer) or on no list.  3. p->flush->old == p.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/mem.h>
#include <os/clock.h>
#include "impl.h"

i64 rpc_deadline(const Client *c, int ms)
{
	if (ms == 0)
		ms = c->deadline_ms;
	return ms < 0 ? INT64_MAX : clock_ms() + ms;
}

/* rpc_left gives the milliseconds until deadline, as poll and cond_wait take them. */
int rpc_left(i64 deadline)
{
	i64 ms;

	if (deadline == INT64_MAX)
		return -1;
	ms = deadline - clock_ms();
	return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static int newtag(Client *c)
{
	if (c->nfreetag > 0)
		return c->freetag[--c->nfreetag];
	if (c->ntag == MAXTAGS)
		return werrstr("%s: %s: all tags are in use", c->name, errtext(Ebusy));
	if ((c->ntag & (c->ntag - 1)) == 0) {
		u32 cap = c->ntag * 2 + 1;

		c->tag = mem_grow(c->tag, cap, sizeof(Rpc *));
		c->freetag = mem_grow(c->freetag, cap, sizeof c->freetag[0]);
	}
	return (int)c->ntag++;
}

static Rpc *newrpc(Client *c)
{
	Link *k = list_pop(&c->idle);
	Rpc *p;
	Cond cond;

	if (k == NULL) {
		p = mem_new(sizeof *p);
		cond_init(&p->cond);
	} else {
		p = list_item(k, Rpc, link);
		cond = p->cond;
		memset(p, 0, sizeof *p);
		p->cond = cond;
	}
	list_init(&p->link);
	list_init(&p->wait);
	p->evfd = -1;
	return p;
}

Rpc *rpc_start(Client *c, const Fcall *t, int ms)
{
	int tag;
	Rpc *p;

	if (c->why != NULL) {
		werrstr("%s", c->why);
		return NULL;
	}
	tag = newtag(c);
	if (tag < 0)
		return NULL;
	p = newrpc(c);
	p->t = *t;
	p->t.tag = (u16)tag;
	p->id = ++c->serial << 16 | (u64)tag;
	p->since = clock_ms();
	p->deadline = rpc_deadline(c, ms);
	p->held = true;
	c->tag[tag] = p;
	list_add(&c->inflight, &p->link);
	return p;
}

/* freetag lets p's tag be used again; it frees p if nobody waits for it */
static void freetag(Client *c, Rpc *p)
{
	if (!p->held)
		return;
	p->held = false;
	c->tag[p->t.tag] = NULL;
	c->freetag[c->nfreetag++] = p->t.tag;
	if (p->left)
		list_add(&c->idle, &p->link);
}

/* rpc_release is the caller's last word on p, which must be complete. */
void rpc_release(Client *c, Rpc *p)
{
	list_del(&p->link);
	if (p->async)
		c->nasync--;
	p->left = true;
	if (!p->held)
		list_add(&c->idle, &p->link);
}

/* wakeup tells the thread that waits for p, which is complete */
static void wakeup(Rpc *p)
{
	if (p->evfd >= 0) {
		if (write(p->evfd, "", 1) < 0)
			return; /* it was told already */
	} else {
		cond_one(&p->cond);
	}
}

void rpc_fail(Client *c, Rpc *p, const char *why)
{
	if (p->complete)
		return;
	p->complete = true;
	p->err = Local;
	snprintf(p->ename, sizeof p->ename, "%s", why);
	list_del(&p->link);
	if (!p->async || p->evfd >= 0) {
		wakeup(p);
		return;
	}
	list_add(&c->failed, &p->link);
	cond_one(&c->rcond);
	conn_poke(c);
}

void rpc_dropall(Client *c)
{
	for (u32 i = 0; i < c->ntag; i++) {
		Rpc *p = c->tag[i];

		if (p == NULL)
			continue;
		rpc_fail(c, p, c->why);
		p->flush = p->old = NULL;
		freetag(c, p);
	}
}

/* rpc_send sends t under p's tag, or queues it if it may not wait. */
int rpc_send(Client *c, Rpc *p, const Fcall *t, bool wait)
{
	Fcall f = *t;

	f.tag = p->t.tag;
	p->t.wname[0] = p->t.name = p->t.uname = p->t.aname = NULL;
	p->t.data = NULL;
	p->t.stat = NULL;
	return conn_put(c, &f, wait);
}

/* rpc_unsend takes back a request that was never written; it is then complete, and the caller releases it. */
void rpc_unsend(Client *c, Rpc *p)
{
	p->complete = true;
	list_del(&p->link);
	freetag(c, p);
}

/* rpc_needreader counts p among those that the reader thread receives for. */
void rpc_needreader(Client *c, Rpc *p)
{
	p->async = true;
	c->nasync++;
	if (p->deadline < c->soonest) {
		c->soonest = p->deadline;
		conn_poke(c);
		cond_one(&c->rcond);
	}
}

/* post sends a request of our own, whose answer nobody waits for */
static void post(Client *c, Rpc *p, const Fcall *t)
{
	rpc_needreader(c, p);
	rpc_handover(c);
	if (rpc_send(c, p, t, false) < 0 && c->why == NULL)
		conn_break(c, "%s", rerrstr());
}

void rpc_flush(Client *c, Rpc *p)
{
	Fcall t = { .type = Tflush, .oldtag = p->t.tag };
	Rpc *f;

	if (c->why != NULL || !p->held || p->flush != NULL || p->answered)
		return;
	f = rpc_reader(c) < 0 ? NULL : rpc_start(c, &t, c->deadline_ms < 0 ? FLUSHWAIT : 0);
	if (f == NULL) {
		conn_break(c, "cannot flush a request: %s", rerrstr());
		return;
	}
	f->old = p;
	p->flush = f;
	post(c, f, &t);
}

/* flushed is the Rflush of f */
static void flushed(Client *c, Rpc *f)
{
	Rpc *p = f->old;

	if (p == NULL)
		return;
	p->flush = NULL;
	p->answered = true;
	rpc_fail(c, p, errtext(Eintr));
	freetag(c, p);
}

/* clunk gets rid of a fid that an answer made after its caller had left */
static void clunk(Client *c, u32 fid)
{
	Fcall t = { .type = Tclunk, .fid = fid };
	Rpc *p = rpc_reader(c) < 0 ? NULL : rpc_start(c, &t, 0);

	if (p != NULL)
		post(c, p, &t);
}

/* latefid is the fid that answer r to p made */
static u32 latefid(const Rpc *p, const Fcall *r)
{
	if (r->type == Rwalk && p->t.newfid != p->t.fid && r->nwqid == p->t.nwname)
		return p->t.newfid;
	return r->type == Rattach ? p->t.fid : r->type == Rauth ? p->t.afid : NOFID;
}

/* lie checks an answer against its request; NULL if it may be believed */
static const char *lie(const Rpc *p, const Fcall *r)
{
	if (r->type == Rerror)
		return NULL;
	if (r->type != p->t.type + 1)
		return "of another type";
	if ((r->type == Rread || r->type == Rwrite) && r->count > p->t.count)
		return "with more bytes than asked";
	if (r->type == Rwalk && r->nwqid > p->t.nwname)
		return "with more elements than asked";
	return NULL;
}

/* keep gives answer r to the thread that waits for p */
static void keep(Rpc *p, const Fcall *r)
{
	const void *bytes = r->type == Rread ? (const void *)r->data : r->stat;
	u32 n = r->type == Rread ? r->count : r->nstat;

	if (r->type == Rerror) {
		p->err = Remote;
		snprintf(p->ename, sizeof p->ename, "%s", r->ename);
		return;
	}
	if (n > p->n) {
		p->err = Local;
		snprintf(p->ename, sizeof p->ename, "%s", errtext(Etoosmall));
		return;
	}
	*p->r = *r;
	if (n > 0)
		memcpy(p->buf, bytes, n);
	p->r->data = p->buf;
	p->r->stat = p->buf;
}

/* deliver tells the caller of p, which is not complete */
static void deliver(Client *c, Rpc *p, const Fcall *r)
{
	p->complete = true;
	list_del(&p->link);
	if (!p->async || p->evfd >= 0) {
		keep(p, r);
		wakeup(p);
		return;
	}
	unlock(&c->lk);
	if (p->done != NULL)
		p->done(p->arg, r->type == Rerror ? NULL : r, r->type == Rerror ? r->ename : NULL);
	lock(&c->lk);
	rpc_release(c, p);
}

/* rpc_bytag returns the Rpc that has tag, or NULL. */
Rpc *rpc_bytag(Client *c, u16 tag)
{
	return tag < c->ntag ? c->tag[tag] : NULL;
}

/* rpc_mine says whether the leader may take message m: another than the reader leaves it asynchronous answers. */
bool rpc_mine(Client *c, const u8 *m, bool reader)
{
	const Rpc *p = rpc_bytag(c, le16(m + 5));

	return reader || p == NULL || !p->async || p->evfd >= 0;
}

void rpc_dispatch(Client *c, u8 *m, u32 n)
{
	Rpc *p = rpc_bytag(c, le16(m + 5));
	u32 late;
	Fcall r;
	const char *why;

	c->stats.received++;
	if (fcall_decode(m, n, &r) < 0) {
		conn_break(c, "%s: %s", errtext(Ebotch), rerrstr());
		return;
	}
	if (p == NULL || p->answered) {
		conn_break(c, "%s: the server sent %s for tag %u, which nobody asked for", errtext(Ebotch),
			   fcall_name(r.type), r.tag);
		return;
	}
	why = p->old != NULL && r.type == Rerror ? NULL : lie(p, &r);
	if (why != NULL) {
		conn_break(c, "%s: the server answered %s with %s %s", errtext(Ebotch), fcall_name(p->t.type),
			   fcall_name(r.type), why);
		return;
	}
	conn_trace(c, "->", &r);
	p->answered = true;
	late = p->complete ? latefid(p, &r) : NOFID;
	if (p->t.type == Tflush)
		flushed(c, p);
	if (p->flush == NULL) /* else the tag waits for the Rflush */
		freetag(c, p);
	if (late != NOFID)
		clunk(c, late);
	else if (!p->complete)
		deliver(c, p, &r);
}
