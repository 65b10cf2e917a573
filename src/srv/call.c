#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <os/clock.h>
#include <srv/call.h>
#include "engine.h"

/* a request on the caller's stack, which waits for the answer whatever happens */
typedef struct Call {
	Req r;
	Lock lk;
	Cond done;
	bool answered; /* protected by lk */
} Call;

static void answered(Req *r)
{
	Call *c = container_of(r, Call, r);

	lock(&c->lk);
	c->answered = true;
	cond_all(&c->done);
	unlock(&c->lk);
}

static void begin(Call *c, int type, Fid *f, const Caller *who)
{
	memset(&c->r, 0, sizeof c->r);
	req_init(&c->r);
	lock_init(&c->lk, RankReq);
	cond_init(&c->done);
	c->answered = false;
	c->r.i.type = (u8)type;
	c->r.fid = f;
	c->r.done = answered;
	if (who != NULL)
		c->r.caller = *who;
}

/* await waits for the answer; late, it asks for the end and waits for that: every operation can be flushed. */
static void await(Call *c, int ms)
{
	bool mine = false;

	later_handoff();
	lock(&c->lk);
	while (!c->answered && cond_wait(&c->done, &c->lk, ms))
		;
	if (!c->answered)
		mine = req_flush(&c->r);
	unlock(&c->lk);
	if (mine)
		req_interrupt(&c->r);
	lock(&c->lk);
	while (!c->answered)
		cond_wait(&c->done, &c->lk, -1);
	unlock(&c->lk);
}

/* finish dispatches and waits; -1 with the error of the answer. */
static int finish(Call *c, int ms)
{
	i64 t0 = clock_ms();

	req_dispatch(&c->r);
	await(c, ms);
	if (c->r.o.type != Rerror)
		return 0;
	if (ms >= 0 && clock_ms() - t0 >= ms && strcmp(c->r.ename, errtext(Eintr)) == 0)
		return errset(Etimedout);
	return werrstr("%s", c->r.ename);
}

Fid *call_attach(Srv *s, const char *uname, const char *aname, const Caller *who, int ms)
{
	Fid *f = fid_new(s, uname);
	Call c;

	begin(&c, Tattach, f, who);
	c.r.i.uname = uname;
	c.r.i.aname = aname;
	if (finish(&c, ms) == 0)
		return f;
	fid_drop(f);
	return NULL;
}

Fid *call_walk(Fid *f, int nwname, const char **wname, const Caller *who, int ms)
{
	Fid *nf = fid_new(f->srv, f->uid);
	Call c;

	begin(&c, Twalk, f, who);
	c.r.newfid = nf;
	if (nwname > MAXWELEM)
		nwname = MAXWELEM;
	c.r.i.nwname = (u16)nwname;
	for (int i = 0; i < nwname; i++)
		c.r.i.wname[i] = wname[i];
	if (finish(&c, ms) == 0) {
		if (c.r.o.nwqid == nwname)
			return nf;
		errset(Enonexist);
	}
	fid_drop(nf);
	return NULL;
}

int call_open(Fid *f, int mode, const Caller *who, int ms)
{
	Call c;

	begin(&c, Topen, f, who);
	c.r.i.mode = (u8)mode;
	return finish(&c, ms);
}

int call_create(Fid *f, const char *name, int mode, u32 perm, const Caller *who, int ms)
{
	Call c;

	begin(&c, Tcreate, f, who);
	c.r.i.name = name;
	c.r.i.mode = (u8)mode;
	c.r.i.perm = perm;
	return finish(&c, ms);
}

long call_read(Fid *f, void *p, u32 n, u64 off, const Caller *who, int ms)
{
	Call c;

	begin(&c, Tread, f, who);
	c.r.i.count = n;
	c.r.i.offset = off;
	c.r.buf = p;
	if (finish(&c, ms) < 0)
		return -1;
	if (c.r.o.data != p)
		memmove(p, c.r.o.data, c.r.o.count);
	return (long)c.r.o.count;
}

long call_write(Fid *f, const void *p, u32 n, u64 off, const Caller *who, int ms)
{
	Call c;

	begin(&c, Twrite, f, who);
	c.r.i.count = n;
	c.r.i.offset = off;
	c.r.i.data = (char *)(uintptr_t)p;
	return finish(&c, ms) < 0 ? -1 : (long)c.r.o.count;
}

/* The strings of an answer die with the operation, so the front's done keeps a copy. */
typedef struct StatCall {
	Call c;
	u8 *copy;
	u32 n;
} StatCall;

static void stat_answered(Req *r)
{
	StatCall *s = container_of(r, StatCall, c.r);

	if (r->o.type == Rstat) {
		s->n = dir_size(&r->d);
		s->copy = mem_new(s->n);
		if (dir_encode(&r->d, s->copy, s->n) < 0)
			s->n = 0;
	}
	answered(r);
}

int call_stat(Fid *f, Dir *d, char **strings, const Caller *who, int ms)
{
	StatCall s = { 0 };

	begin(&s.c, Tstat, f, who);
	s.c.r.done = stat_answered;
	if (finish(&s.c, ms) < 0)
		return -1;
	if (s.n == 0 || dir_decode(s.copy, s.n, d) < 0) {
		free(s.copy);
		return werrstr("bad stat record from %s", f->srv->name);
	}
	*strings = (char *)s.copy;
	return 0;
}

int call_wstat(Fid *f, const Dir *d, const Caller *who, int ms)
{
	Call c;

	begin(&c, Twstat, f, who);
	c.r.d = *d;
	return finish(&c, ms);
}

int call_remove(Fid *f, const Caller *who, int ms)
{
	Call c;
	int rc;

	begin(&c, Tremove, f, who);
	rc = finish(&c, ms);
	fid_drop(f);
	return rc;
}
