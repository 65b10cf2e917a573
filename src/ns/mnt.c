/*
 * Forwarding.  An operation sends its message and parks its request on a
 * Rendez of its own; the answer, on the client's reader thread, is copied,
 * and the request run again there and then (later_begin ... later_end): the
 * second call finds the answer in r->aux and gives it.
 *
 * A Wait is one such question.  Its lock is held from before the message is
 * sent until the request is parked, so that the answer cannot be early; it
 * also decides the race between an answer and a flush.  References: the
 * request's (r->aux), the client's (until answered is called), send's own.
 *
 * A walk or attach that was given up may still make a fid at the server;
 * then its answer has it clunked (after a deadline the client does that).
 */
#include <base/mem.h>
#include <os/clock.h>
#include <srv/later.h>
#include <stdlib.h>
#include <string.h>
#include "mntpriv.h"

typedef struct Wait {
	Lock lk; /* protects what follows but the two last */
	int refs;
	Req *r; /* NULL when it was flushed */
	bool answered, flush;
	bool failed;
	char ename[ERRMAX];
	u64 id;
	u8 type;
	u16 nwqid;
	Qid qid;
	u32 iounit, count;
	u8 *stat;
	u32 nstat;
	Rendez z;
	bool sent;
	Use use;
	MFid *mf;	/* made by this walk, attach or remove */
	u32 asked, got; /* of a read or write in several messages */
} Wait;

static _Thread_local Wait *parking; /* this thread is in req_sleep with its lock */

void mnt_put(Mnt *m)
{
	if (!ref_drop(&m->ref))
		return;
	client_drop(m->c);
	if (m->redial.end != NULL)
		m->redial.end(m->redial.arg);
	free(m->name);
	free(m->uname);
	free(m->aname);
	free(m->why);
	free(m);
}

/* mfid_away is one that the healer is still to make. */
static MFid *mfid_away(Mnt *m)
{
	MFid *mf = mem_new(sizeof *mf);

	ref_take(&m->ref);
	mf->m = m;
	mf->fid = NOFID;
	mf->gen = m->gen;
	mf->omode = -1;
	list_init(&mf->link);
	return mf;
}

static MFid *mfid_new(Mnt *m, const Wait *w)
{
	MFid *mf = mfid_away(m);

	mf->c = client_take(w->use.c);
	mf->fid = client_fid(w->use.c);
	mf->gen = w->use.gen;
	return mf;
}

static void mfid_free(MFid *mf)
{
	client_drop(mf->c);
	elem_drop(mf->at);
	mnt_put(mf->m);
	free(mf->lost);
	free(mf);
}

/* reusable says whether the server has surely forgotten the fid of a message that failed. */
static bool reusable(const char *err)
{
	return strcmp(err, errtext(Etimedout)) != 0 && strcmp(err, errtext(Eintr)) != 0;
}

static void clunked(void *arg, const Fcall *r, const char *err)
{
	MFid *mf = arg;

	if (r != NULL || reusable(err))
		client_fidfree(mf->c, mf->fid);
	mfid_free(mf);
}

void mfid_clunk(MFid *mf)
{
	Fcall t = {.type = Tclunk, .fid = mf->fid};

	if (mf->fid == NOFID || mf->c == NULL || client_send(mf->c, &t, clunked, mf, 0) == 0)
		mfid_free(mf);
}

/* clunk is mfid_clunk for one that the healer may have. */
static void clunk(MFid *mf)
{
	if (heal_forget(mf))
		mfid_clunk(mf);
}

static void wait_put(Wait *w)
{
	bool last;

	lock(&w->lk);
	last = --w->refs == 0;
	unlock(&w->lk);
	if (!last)
		return;
	client_drop(w->use.c);
	free(w->stat);
	free(w);
}

/* keep copies what is needed of an answer; w->lk is held and the request is there. */
static void keep(Wait *w, const Fcall *r, const char *err)
{
	w->answered = true;
	w->failed = err != NULL;
	if (err != NULL) {
		w->ename[0] = '\0';
		strncat(w->ename, err, sizeof w->ename - 1);
		return;
	}
	w->nwqid = r->nwqid;
	w->qid = r->qid;
	w->iounit = r->iounit;
	w->count = r->count;
	if (r->type == Rwalk) {
		for (int i = 0; i < r->nwqid; i++)
			w->r->o.wqid[i] = r->wqid[i];
	} else if (r->type == Rread) {
		memcpy(w->r->buf + w->got, r->data, r->count);
	} else if (r->type == Rstat) {
		w->stat = mem_new(r->nstat);
		w->nstat = r->nstat;
		memcpy(w->stat, r->stat, r->nstat);
	}
}

/* disown deals with the fid that a given-up walk or attach was to make. */
static void disown(Wait *w, bool made, const char *err)
{
	if (made) {
		clunk(w->mf);
		return;
	}
	if (err == NULL || reusable(err))
		client_fidfree(w->mf->c, w->mf->fid);
	mfid_free(w->mf);
}

/* answered is called once for every message sent, on the reader thread. */
static void answered(void *arg, const Fcall *r, const char *err)
{
	Wait *w = arg;
	bool there;

	lock(&w->lk);
	there = w->r != NULL;
	if (there)
		keep(w, r, err);
	unlock(&w->lk);
	if (there) {
		later_begin();
		rendez_all(&w->z);
		later_end();
	} else if (w->mf != NULL) {
		disown(w, r != NULL && (r->type == Rattach || (r->type == Rwalk && r->nwqid == w->asked)), err);
	}
	wait_put(w);
}

static Wait *wait_new(Req *r, const Use *u)
{
	Wait *w = mem_new(sizeof *w);

	lock_init(&w->lk, RankMnt);
	rendez_init(&w->z);
	w->refs = 1;
	w->r = r;
	w->type = r->i.type;
	w->use = *u;
	r->aux = w;
	return w;
}

/* harmless says whether a message may be sent again when nobody knows whether it arrived. */
static bool harmless(const Req *r)
{
	switch (r->i.type) {
	case Tattach:
	case Twalk:
	case Tread:
	case Tstat:
		return true;
	case Topen:
		return (r->i.mode & (OTRUNC | ORCLOSE)) == 0;
	}
	return false;
}

/* fail answers r, whose message was not answered or refused with w's error: perhaps it is sent again. */
static void fail(Req *r, Wait *w)
{
	Mnt *m = mnt_of(r->srv);
	bool lost = heal_lost(m, w->use.c);

	r->aux = NULL;
	if (w->mf != NULL) {
		if (reusable(w->ename))
			client_fidfree(w->mf->c, w->mf->fid);
		mfid_free(w->mf);
	}
	if (lost && harmless(r)) {
		wait_put(w);
		heal_wait(r, m, r->fid->aux);
		return;
	}
	werrstr("%s", w->ename);
	wait_put(w);
	req_fail(r);
}

/* send asks t and parks w's request; it is gone if that fails. */
static void send(Wait *w, const Fcall *t)
{
	Req *r = w->r;
	Mnt *m = mnt_of(r->srv);
	bool slow = t->type == Topen || t->type == Tread || t->type == Twrite, flush;

	lock(&w->lk);
	w->answered = false;
	w->sent = true;
	w->id = client_send(w->use.c, t, answered, w, m->stream && slow ? -1 : m->deadline);
	if (w->id == 0) {
		w->ename[0] = '\0';
		strncat(w->ename, rerrstr(), sizeof w->ename - 1);
		unlock(&w->lk);
		fail(r, w);
		return;
	}
	w->refs += 2;
	parking = w;
	req_sleep(r, &w->z, -1);
	parking = NULL;
	flush = w->flush;
	unlock(&w->lk);
	if (flush)
		client_flush(w->use.c, w->id);
	wait_put(w);
}

static void mnt_cancel(Req *r)
{
	Wait *w = r->aux;
	bool own = w == parking; /* req_sleep found r flushed: send goes on when it returns */

	if (w == NULL)
		return;
	r->aux = NULL;
	if (!own)
		lock(&w->lk);
	w->r = NULL;
	w->flush = own;
	if (w->answered && w->mf != NULL) {
		/* the answer came first, but nobody will look at it */
		MFid *mf = w->mf;
		bool made = !w->failed && (w->type == Tattach || (w->type == Twalk && w->nwqid == w->asked));

		w->mf = NULL;
		if (made)
			clunk(mf);
		else
			mfid_free(mf);
	}
	if (own) {
		w->refs--; /* send's reference is left */
		return;
	}
	unlock(&w->lk);
	client_flush(w->use.c, w->id);
	wait_put(w);
}

/*
 * begin returns the Wait with the answer that r was run again for (->sent), or a new one for r's message about mf (NULL:
 * an attach); NULL: r was answered or waits.
 */
static Wait *begin(Req *r, MFid *mf)
{
	Wait *w = r->aux;
	Use u;

	if (w == NULL)
		return heal_use(r, mnt_of(r->srv), mf, &u) ? wait_new(r, &u) : NULL;
	if (!w->failed)
		return w;
	fail(r, w);
	return NULL;
}

/* finish answers r with success and lets go of w; what the answer points to lives until the front has seen it. */
static void finish(Req *r, Wait *w)
{
	r->aux = NULL;
	req_ok(r);
	wait_put(w);
}

static void point(Fid *f, MFid *mf, Qid qid, Elem *at)
{
	mf->at = at;
	mf->qid = qid;
	f->aux = mf;
	f->qid = qid;
	f->flags = mf->m->flags;
	f->live = true;
}

/* become makes f the fid that w's message made; at is where it is. */
static void become(Fid *f, Wait *w, Qid qid, Elem *at)
{
	point(f, w->mf, qid, at);
	w->mf = NULL;
}

static void mnt_attach(Req *r)
{
	Mnt *m = mnt_of(r->srv);
	const char *uname = m->uname != NULL ? m->uname : r->i.uname, *aname = m->aname != NULL ? m->aname : r->i.aname;
	Wait *w = begin(r, NULL);

	if (w == NULL)
		return;
	if (w->sent) {
		become(r->fid, w, w->qid, m->redial.fn != NULL ? elem_root(uname, aname) : NULL);
		finish(r, w);
	} else {
		w->mf = mfid_new(m, w);
		send(w, &(Fcall){.type = Tattach, .afid = m->afid, .fid = w->mf->fid, .uname = uname, .aname = aname});
	}
}

/* along is where name[n] leads from e; a new reference. */
static Elem *along(Elem *e, const char *const *name, int n)
{
	Elem *at = elem_take(e);

	for (int i = 0; i < n && e != NULL; i++) {
		Elem *to = strcmp(name[i], "..") != 0 ? elem_new(at, name[i]) : elem_take(at->up != NULL ? at->up : at);

		elem_drop(at);
		at = to;
	}
	return at;
}

/* walked gives the answer to a Twalk; a short one made no fid. */
static void walked(Req *r, Wait *w)
{
	int n = r->o.nwqid = w->nwqid;
	Qid qid = n > 0 ? r->o.wqid[n - 1] : r->fid->qid;

	if (n < r->i.nwname) {
		client_fidfree(w->mf->c, w->mf->fid);
		mfid_free(w->mf);
		w->mf = NULL;
	} else {
		MFid *from = r->fid->aux, *old = r->newfid == r->fid ? from : NULL;

		become(r->newfid, w, qid, along(from->at, r->i.wname, n));
		if (old != NULL)
			clunk(old);
	}
	finish(r, w);
}

static void mnt_walk(Req *r)
{
	MFid *mf = r->fid->aux;
	Fcall t = {.type = Twalk, .nwname = r->i.nwname};
	Wait *w;

	if (r->aux == NULL && r->i.nwname == 0 && r->newfid != r->fid && heal_away(mf)) {
		point(r->newfid, mfid_away(mf->m), r->fid->qid, elem_take(mf->at));
		req_ok(r);
		return;
	}
	w = begin(r, mf);
	if (w == NULL)
		return;
	if (w->sent) {
		walked(r, w);
		return;
	}
	memcpy(t.wname, r->i.wname, sizeof t.wname);
	w->mf = mfid_new(mf->m, w);
	w->asked = r->i.nwname;
	t.fid = w->use.fid;
	t.newfid = w->mf->fid;
	send(w, &t);
}

/* opened: a message may carry what the server says, or what fits; name: the file was created. */
static void opened(Req *r, Wait *w, const char *name)
{
	MFid *mf = r->fid->aux;
	u32 most = client_msize(w->use.c) - IOHDRSZ;
	Elem *was = NULL;

	lock(&mf->m->lk);
	mf->iounit = w->iounit > 0 && w->iounit < most ? w->iounit : most;
	mf->qid = r->fid->qid = w->qid;
	mf->omode = r->i.mode;
	mf->gen = w->use.gen; /* if there is a new connection already, it is to be opened there */
	if (name != NULL && mf->at != NULL) {
		was = mf->at;
		mf->at = elem_new(was, name);
	}
	unlock(&mf->m->lk);
	elem_drop(was);
	r->o.iounit = w->iounit;
	finish(r, w);
}

static void mnt_open(Req *r)
{
	Wait *w = begin(r, r->fid->aux);

	if (w != NULL && w->sent)
		opened(r, w, NULL);
	else if (w != NULL)
		send(w, &(Fcall){.type = Topen, .fid = w->use.fid, .mode = r->i.mode});
}

static void mnt_create(Req *r)
{
	Wait *w = begin(r, r->fid->aux);

	if (w == NULL)
		return;
	if (w->sent)
		opened(r, w, r->i.name);
	else
		send(w, &(Fcall){.type = Tcreate, .fid = w->use.fid, .mode = r->i.mode, .perm = r->i.perm, .name = r->i.name});
}

/* transfer asks for the next piece of a read or write. */
static void transfer(Req *r, Wait *w)
{
	Fcall t = {.type = r->i.type, .fid = w->use.fid, .offset = r->i.offset + w->got, .count = r->i.count - w->got};

	if (t.count > w->use.iounit)
		t.count = w->use.iounit;
	if (t.type == Twrite)
		t.data = r->i.data + w->got;
	w->asked = t.count;
	send(w, &t);
}

/* whole says whether the transfer is over: a piece was short, or a stream or directory has given one. */
static bool whole(Req *r, const Wait *w)
{
	bool one = r->i.type == Tread && (r->fid->flags & FidStream || r->fid->qid.type & QTDIR);

	return one || w->got >= r->i.count || w->count == 0 || (w->count < w->asked && (r->fid->flags & FidCache) == 0);
}

static void mnt_rw(Req *r)
{
	Wait *w = r->aux;

	if (w != NULL && w->failed && w->got > 0) { /* what was moved before the error counts */
		r->o.count = w->got;
		finish(r, w);
		return;
	}
	w = begin(r, r->fid->aux);
	if (w == NULL)
		return;
	if (!w->sent) {
		transfer(r, w);
		return;
	}
	w->got += w->count;
	if (whole(r, w)) {
		r->o.count = w->got;
		finish(r, w);
	} else {
		transfer(r, w);
	}
}

static void mnt_remove(Req *r)
{
	MFid *mf = r->fid->aux;
	Wait *w = begin(r, mf);

	if (w != NULL && w->sent) {
		finish(r, w);
	} else if (w != NULL) {
		lock(&mf->m->lk);
		mf->fid = NOFID; /* Tremove clunks, whatever the answer; the number is not used again */
		unlock(&mf->m->lk);
		send(w, &(Fcall){.type = Tremove, .fid = w->use.fid});
	}
}

/* made_up is the stat of a directory of which nothing is known yet. */
static void made_up(Req *r)
{
	const char *user = ((MFid *)r->fid->aux)->at->uname;
	u32 now = (u32)clock_wall();

	r->d = (Dir){.qid = r->fid->qid, .mode = DMDIR | 0555, .atime = now, .mtime = now, .name = "/", .uid = user, .gid = user, .muid = ""};
	req_ok(r);
}

static void mnt_stat(Req *r)
{
	Wait *w;

	if (r->aux == NULL && heal_away(r->fid->aux)) {
		made_up(r);
		return;
	}
	w = begin(r, r->fid->aux);
	if (w == NULL)
		return;
	if (!w->sent) {
		send(w, &(Fcall){.type = Tstat, .fid = w->use.fid});
	} else if (dir_decode(w->stat, w->nstat, &r->d) < 0) {
		r->aux = NULL;
		wait_put(w);
		req_fail(r);
	} else {
		finish(r, w);
	}
}

/* renamed notes mf's new name, for all that were walked to through it. */
static void renamed(MFid *mf, const char *name)
{
	if (name == NULL || *name == '\0' || mf->at == NULL || mf->at->up == NULL)
		return;
	lock(&mf->m->lk);
	free(mf->at->name);
	mf->at->name = mem_str(name);
	unlock(&mf->m->lk);
}

static void mnt_wstat(Req *r)
{
	Wait *w = begin(r, r->fid->aux);
	autofree u8 *stat = NULL;
	int n;

	if (w == NULL)
		return;
	if (w->sent) {
		renamed(r->fid->aux, r->d.name);
		finish(r, w);
		return;
	}
	stat = mem_new(dir_size(&r->d));
	n = dir_encode(&r->d, stat, dir_size(&r->d));
	if (n < 0) {
		r->aux = NULL;
		wait_put(w);
		req_fail(r);
		return;
	}
	send(w, &(Fcall){.type = Twstat, .fid = w->use.fid, .stat = stat, .nstat = (u16)n});
}

static void mnt_clunk(Fid *f)
{
	MFid *mf = f->aux;

	f->aux = NULL;
	if (mf != NULL)
		clunk(mf);
}

static void mnt_end(Srv *s)
{
	Mnt *m = mnt_of(s);

	heal_end(m);
	mnt_put(m);
}

static const SrvOps mnt_ops = {
	.attach = mnt_attach,
	.walk = mnt_walk,
	.open = mnt_open,
	.create = mnt_create,
	.read = mnt_rw,
	.write = mnt_rw,
	.remove = mnt_remove,
	.stat = mnt_stat,
	.wstat = mnt_wstat,
	.cancel = mnt_cancel,
	.clunk = mnt_clunk,
	.end = mnt_end,
};

static Mnt *make(Client *c, const char *name, const MntOpts *o)
{
	Mnt *m = mem_new(sizeof *m);

	m->c = c != NULL ? client_take(c) : NULL;
	m->down = c == NULL;
	m->name = mem_str(name);
	m->since = clock_ms();
	lock_init(&m->lk, RankMount);
	list_init(&m->stale);
	rendez_init(&m->z);
	cond_init(&m->wake);
	ref_init(&m->ref, "mnt");
	srv_init(&m->srv, m->name, &mnt_ops, NULL);
	m->srv.parallel = true;
	m->uname = mem_str(o->uname);
	m->aname = mem_str(o->aname);
	m->afid = o->afid != NULL ? o->afid->fid : NOFID;
	m->redial = o->redial;
	m->deadline = o->deadline;
	m->stream = o->stream;
	m->flags = FidRemote | (o->stream ? FidStream : 0) | (o->cache ? FidCache : 0);
	return m;
}

Srv *mnt_new(Client *c, const MntOpts *o)
{
	static const MntOpts none;

	return &make(c, client_name(c), o != NULL ? o : &none)->srv;
}

Fid *mnt_away(const char *name, const MntOpts *o, const char *uname, const char *aname)
{
	Mnt *m = make(NULL, name, o);
	Fid *f = fid_new(&m->srv, uname);

	point(f, mfid_away(m), (Qid){.type = QTDIR}, elem_root(uname, aname));
	srv_drop(&m->srv);
	return f;
}

bool mnt_is(const Srv *s)
{
	return s->ops == &mnt_ops;
}

Client *mnt_client(const Srv *s)
{
	Mnt *m = mnt_of(s);
	Client *c;

	lock(&m->lk);
	c = m->c != NULL ? client_take(m->c) : NULL;
	unlock(&m->lk);
	return c;
}
