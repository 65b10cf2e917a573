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
#include <ns/mnt.h>
#include <srv/later.h>
#include <stdlib.h>
#include <string.h>

typedef struct Mnt {
	Srv srv;
	Ref ref; /* the Srv, each MFid */
	Client *c;
	char *uname, *aname;
	u32 afid;
	int deadline;
	bool stream;
	u32 flags; /* of its files */
} Mnt;

/* what a Fid's aux is: the fid at the server */
typedef struct MFid {
	Mnt *m;
	u32 fid;    /* NOFID when it was removed */
	u32 iounit; /* the most bytes of one message */
} MFid;

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
	MFid *mf;	/* made by this walk, attach or remove */
	u32 asked, got; /* of a read or write in several messages */
} Wait;

static _Thread_local Wait *parking; /* this thread is in req_sleep with its lock */

static void mnt_put(Mnt *m)
{
	if (!ref_drop(&m->ref))
		return;
	client_drop(m->c);
	free(m->uname);
	free(m->aname);
	free(m);
}

static MFid *mfid_new(Mnt *m)
{
	MFid *mf = mem_new(sizeof *mf);

	ref_take(&m->ref);
	mf->m = m;
	mf->fid = client_fid(m->c);
	return mf;
}

static void mfid_free(MFid *mf)
{
	mnt_put(mf->m);
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
		client_fidfree(mf->m->c, mf->fid);
	mfid_free(mf);
}

/* clunk gives the server's fid back, without waiting, and frees mf. */
static void clunk(MFid *mf)
{
	Fcall t = {.type = Tclunk, .fid = mf->fid};

	if (mf->fid == NOFID || client_send(mf->m->c, &t, clunked, mf, 0) == 0)
		mfid_free(mf);
}

static void wait_put(Wait *w)
{
	bool last;

	lock(&w->lk);
	last = --w->refs == 0;
	unlock(&w->lk);
	if (!last)
		return;
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
		client_fidfree(w->mf->m->c, w->mf->fid);
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

static Wait *wait_new(Req *r)
{
	Wait *w = mem_new(sizeof *w);

	lock_init(&w->lk, RankMnt);
	rendez_init(&w->z);
	w->refs = 1;
	w->r = r;
	w->type = r->i.type;
	r->aux = w;
	return w;
}

static Mnt *mnt_of(const Srv *s)
{
	return container_of(s, Mnt, srv);
}

/* send asks t and parks w's request; it is gone if that fails. */
static void send(Wait *w, const Fcall *t)
{
	Req *r = w->r;
	Mnt *m = mnt_of(r->srv);
	bool slow = t->type == Topen || t->type == Tread || t->type == Twrite, flush;

	lock(&w->lk);
	w->answered = false;
	w->id = client_send(m->c, t, answered, w, m->stream && slow ? -1 : m->deadline);
	if (w->id == 0) {
		unlock(&w->lk);
		r->aux = NULL;
		if (w->mf != NULL)
			mfid_free(w->mf);
		wait_put(w);
		req_fail(r);
		return;
	}
	w->refs += 2;
	parking = w;
	req_sleep(r, &w->z, -1);
	parking = NULL;
	flush = w->flush;
	unlock(&w->lk);
	if (flush)
		client_flush(m->c, w->id);
	wait_put(w);
}

static void mnt_cancel(Req *r)
{
	Wait *w = r->aux;
	Mnt *m = mnt_of(r->srv);
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
	client_flush(m->c, w->id);
	wait_put(w);
}

/* answer returns the Wait whose answer r was run again for, NULL if r is new; an error is answered here (*done). */
static Wait *answer(Req *r, bool *done)
{
	Wait *w = r->aux;

	*done = false;
	if (w == NULL)
		return NULL;
	if (!w->failed)
		return w;
	*done = true;
	r->aux = NULL;
	if (w->mf != NULL) {
		if (reusable(w->ename))
			client_fidfree(w->mf->m->c, w->mf->fid);
		mfid_free(w->mf);
	}
	werrstr("%s", w->ename);
	wait_put(w);
	req_fail(r);
	return NULL;
}

/* finish answers r with success and lets go of w; what the answer points to lives until the front has seen it. */
static void finish(Req *r, Wait *w)
{
	r->aux = NULL;
	req_ok(r);
	wait_put(w);
}

/* become makes f the fid that w's message made. */
static void become(Fid *f, Wait *w, Qid qid)
{
	f->aux = w->mf;
	f->qid = qid;
	f->flags = w->mf->m->flags;
	f->live = true;
	w->mf = NULL;
}

static void mnt_attach(Req *r)
{
	Mnt *m = mnt_of(r->srv);
	Fcall t = {.type = Tattach, .afid = m->afid};
	bool done;
	Wait *w = answer(r, &done);

	if (w != NULL) {
		become(r->fid, w, w->qid);
		finish(r, w);
	} else if (!done) {
		w = wait_new(r);
		w->mf = mfid_new(m);
		t.fid = w->mf->fid;
		t.uname = m->uname != NULL ? m->uname : r->i.uname;
		t.aname = m->aname != NULL ? m->aname : r->i.aname;
		send(w, &t);
	}
}

/* walked gives the answer to a Twalk; a short one made no fid. */
static void walked(Req *r, Wait *w)
{
	int n = r->o.nwqid = w->nwqid;
	Qid qid = n > 0 ? r->o.wqid[n - 1] : r->fid->qid;

	if (n < r->i.nwname) {
		client_fidfree(w->mf->m->c, w->mf->fid);
		mfid_free(w->mf);
		w->mf = NULL;
	} else {
		MFid *old = r->newfid == r->fid ? r->fid->aux : NULL;

		become(r->newfid, w, qid);
		if (old != NULL)
			clunk(old);
	}
	finish(r, w);
}

static void mnt_walk(Req *r)
{
	MFid *mf = r->fid->aux;
	Fcall t = {.type = Twalk, .fid = mf->fid, .nwname = r->i.nwname};
	bool done;
	Wait *w = answer(r, &done);

	if (w != NULL) {
		walked(r, w);
	} else if (!done) {
		memcpy(t.wname, r->i.wname, sizeof t.wname);
		w = wait_new(r);
		w->mf = mfid_new(mf->m);
		w->asked = r->i.nwname;
		t.newfid = w->mf->fid;
		send(w, &t);
	}
}

/* opened: a message may carry what the server says, or what fits. */
static void opened(Req *r, Wait *w)
{
	MFid *mf = r->fid->aux;
	u32 most = client_msize(mf->m->c) - IOHDRSZ;

	mf->iounit = w->iounit > 0 && w->iounit < most ? w->iounit : most;
	r->fid->qid = w->qid;
	r->o.iounit = w->iounit;
	finish(r, w);
}

static void mnt_open(Req *r)
{
	Fcall t = {.type = Topen, .fid = ((MFid *)r->fid->aux)->fid, .mode = r->i.mode};
	bool done;
	Wait *w = answer(r, &done);

	if (w != NULL)
		opened(r, w);
	else if (!done)
		send(wait_new(r), &t);
}

static void mnt_create(Req *r)
{
	Fcall t = {.type = Tcreate, .fid = ((MFid *)r->fid->aux)->fid, .mode = r->i.mode, .perm = r->i.perm};
	bool done;
	Wait *w = answer(r, &done);

	t.name = r->i.name;
	if (w != NULL)
		opened(r, w);
	else if (!done)
		send(wait_new(r), &t);
}

/* transfer asks for the next piece of a read or write. */
static void transfer(Req *r, Wait *w)
{
	MFid *mf = r->fid->aux;
	Fcall t = {.type = r->i.type, .fid = mf->fid, .offset = r->i.offset + w->got, .count = r->i.count - w->got};

	if (t.count > mf->iounit)
		t.count = mf->iounit;
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
	bool done;

	if (w != NULL && w->failed && w->got > 0) { /* what was moved before the error counts */
		r->o.count = w->got;
		finish(r, w);
		return;
	}
	w = answer(r, &done);
	if (done)
		return;
	if (w == NULL) {
		transfer(r, wait_new(r));
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
	Fcall t = {.type = Tremove, .fid = mf->fid};
	bool done;
	Wait *w = answer(r, &done);

	if (w != NULL) {
		finish(r, w);
	} else if (!done) {
		mf->fid = NOFID; /* Tremove clunks, whatever the answer; the number is not used again */
		send(wait_new(r), &t);
	}
}

static void mnt_stat(Req *r)
{
	Fcall t = {.type = Tstat, .fid = ((MFid *)r->fid->aux)->fid};
	bool done;
	Wait *w = answer(r, &done);

	if (w == NULL) {
		if (!done)
			send(wait_new(r), &t);
	} else if (dir_decode(w->stat, w->nstat, &r->d) < 0) {
		r->aux = NULL;
		wait_put(w);
		req_fail(r);
	} else {
		finish(r, w);
	}
}

static void mnt_wstat(Req *r)
{
	Fcall t = {.type = Twstat, .fid = ((MFid *)r->fid->aux)->fid};
	autofree u8 *stat = NULL;
	bool done;
	Wait *w = answer(r, &done);
	int n;

	if (w != NULL) {
		finish(r, w);
		return;
	}
	if (done)
		return;
	stat = mem_new(dir_size(&r->d));
	n = dir_encode(&r->d, stat, dir_size(&r->d));
	if (n < 0) {
		req_fail(r);
		return;
	}
	t.stat = stat;
	t.nstat = (u16)n;
	send(wait_new(r), &t);
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
	mnt_put(mnt_of(s));
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

Srv *mnt_new(Client *c, const MntOpts *o)
{
	static const MntOpts none;
	Mnt *m = mem_new(sizeof *m);

	if (o == NULL)
		o = &none;
	m->c = client_take(c);
	ref_init(&m->ref, "mnt");
	srv_init(&m->srv, client_name(c), &mnt_ops, NULL);
	m->srv.parallel = true;
	m->uname = mem_str(o->uname);
	m->aname = mem_str(o->aname);
	m->afid = o->afid != NULL ? o->afid->fid : NOFID;
	m->deadline = o->deadline;
	m->stream = o->stream;
	m->flags = FidRemote | (o->stream ? FidStream : 0) | (o->cache ? FidCache : 0);
	return &m->srv;
}

bool mnt_is(const Srv *s)
{
	return s->ops == &mnt_ops;
}

Client *mnt_client(const Srv *s)
{
	return mnt_of(s)->c;
}
