/*
 * Mounts that heal.  When the connection of a mount that can be redialled
 * breaks, a thread, the healer, dials again: at once, then after 100
 * milliseconds, twice as long each time, at most half a minute.
 *
 * The fids of the old connection are gone; each MFid knows the names that led to it
 * (Elem) and is walked to again, and opened again, when it is next wanted.
 * It must be the same file (qid.path) and, if it was open for
 * reading only, the same version.  An open file of a mount of streams is not opened
 * again: what it had said to the server is lost.  What was in flight when
 * the connection broke is asked again if asking twice does no harm; whether a write, create,
 * remove or wstat was done nobody knows, so that is an error.
 *
 * A request that comes while there is no connection waits for one for
 * GRACE after it broke; from then on it is refused with the reason, at once.  In
 * no case does it wait beyond its deadline.
 *
 * Invariants.  1. An MFid whose gen is not the Mnt's is used by nobody but
 * the healer.  2. While requests are parked on m->z the healer runs: each change that
 * they wait for is made under m->lk, and they park under it.
 */
#include <base/mem.h>
#include <os/clock.h>
#include <os/thread.h>
#include <stdlib.h>
#include <string.h>
#include "mntpriv.h"

enum {
	GRACE = 2000,	      /* ms that requests wait for a broken connection */
	FIRST = 100,	      /* ms before the second attempt */
	LONGEST = 30000,      /* ms between attempts */
	GOOD = 5000,	      /* ms that a connection must have lived for the count to begin anew */
	SHAKY = 3,	      /* attempts that one which broke sooner counts for: less than GRACE */
	DEADLINE = 60000,     /* of a request of a mount that has none */
	MAXDEPTH = 1000,
};

static Elem *elem(Elem *up, const char *name)
{
	Elem *e = mem_new(sizeof *e);

	e->refs = 1;
	e->up = up;
	e->name = mem_str(name);
	return e;
}

Elem *elem_take(Elem *e)
{
	if (e != NULL)
		__atomic_add_fetch(&e->refs, 1, __ATOMIC_RELAXED);
	return e;
}

Elem *elem_new(Elem *up, const char *name)
{
	return elem(elem_take(up), name);
}

Elem *elem_root(const char *uname, const char *aname)
{
	Elem *e = elem(NULL, NULL);

	e->uname = mem_str(uname);
	e->aname = mem_str(aname);
	return e;
}

void elem_drop(Elem *e)
{
	while (e != NULL && __atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		Elem *up = e->up;

		free(e->name);
		free(e->uname);
		free(e->aname);
		free(e);
		e = up;
	}
}

static bool current(const Mnt *m, const MFid *mf)
{
	return !m->down && (mf == NULL || mf->gen == m->gen);
}

/* changed has everybody who waits look again. */
static void changed(Mnt *m)
{
	rendez_all(&m->z);
}

static void healer(void *arg);

/* want makes sure that the healer runs; m->lk is held. */
static int want(Mnt *m)
{
	if (m->healing)
		return 0;
	ref_take(&m->ref);
	m->healing = true;
	if (thread_start("mount healer", healer, m) == 0)
		return 0;
	m->healing = false;
	(void)!ref_drop(&m->ref); /* not the last: the caller's Srv holds one */
	return -1;
}

/* broke notes that c, if it still is m's, has broken; m->lk is held. */
static void broke(Mnt *m, const Client *c)
{
	if (m->down || m->c != c)
		return;
	free(m->why);
	m->why = mem_str(rerrstr());
	m->down = true;
	if (clock_ms() - m->since > GOOD)
		m->tries = 0;
	else if (m->tries > SHAKY)
		m->tries = SHAKY;
	m->since = clock_ms();
}

bool heal_lost(Mnt *m, Client *c)
{
	if (m->redial.fn == NULL || !client_broken(c))
		return false;
	lock(&m->lk);
	broke(m, c);
	if (want(m) < 0)
		errset(Enone);
	unlock(&m->lk);
	return true;
}

/* refusal is why r need not wait any longer, or how long it may (*ms); m->lk is held. */
static const char *refusal(const Mnt *m, const MFid *mf, const Req *r, int *ms)
{
	i64 now = clock_ms(), left = r->since + (m->deadline > 0 ? m->deadline : DEADLINE) - now;

	if (mf != NULL && mf->lost != NULL && !m->down && mf->gen == m->gen)
		return mf->lost;
	if (m->down && m->since + GRACE - now < left)
		left = m->since + GRACE - now;
	*ms = (int)left;
	if (left > 0)
		return NULL;
	return m->why != NULL ? m->why : errtext(Etimedout);
}

/* park is heal_wait with m->lk held, which it gives up. */
static void park(Req *r, Mnt *m, MFid *mf)
{
	const char *why;
	int ms = 0;

	/* it may be that all is well by now: then r runs again soon */
	why = current(m, mf) && (mf == NULL || mf->lost == NULL) ? NULL : refusal(m, mf, r, &ms);
	if (why == NULL && want(m) < 0)
		why = rerrstr();
	if (why != NULL) {
		werrstr("%s", why);
		unlock(&m->lk);
		req_fail(r);
		return;
	}
	if (mf != NULL && mf->gen != m->gen && !mf->queued && !mf->renewing) {
		list_add(&m->stale, &mf->link);
		mf->queued = true;
		cond_one(&m->wake);
	}
	req_sleep(r, &m->z, ms + 1);
	unlock(&m->lk);
}

void heal_wait(Req *r, Mnt *m, MFid *mf)
{
	lock(&m->lk);
	park(r, m, mf);
}

bool heal_use(Req *r, Mnt *m, MFid *mf, Use *u)
{
	bool heals = m->redial.fn != NULL;

	if (heals)
		lock(&m->lk);
	if (heals && (!current(m, mf) || (mf != NULL && mf->lost != NULL))) {
		park(r, m, mf);
		return false;
	}
	*u = (Use){client_take(mf != NULL ? mf->c : m->c), mf != NULL ? mf->fid : NOFID, m->gen, mf != NULL ? mf->iounit : 0};
	if (heals)
		unlock(&m->lk);
	return true;
}

bool heal_forget(MFid *mf)
{
	Mnt *m = mf->m;
	bool mine;

	if (m->redial.fn == NULL)
		return true;
	lock(&m->lk);
	if (mf->queued)
		list_del(&mf->link);
	mf->queued = false;
	mine = !mf->renewing;
	mf->gone = true;
	unlock(&m->lk);
	return mine;
}

void heal_end(Mnt *m)
{
	lock(&m->lk);
	m->ended = true;
	cond_one(&m->wake);
	unlock(&m->lk);
}

bool heal_away(MFid *mf)
{
	Mnt *m = mf->m;
	bool away;

	if (m->redial.fn == NULL || mf->at->up != NULL || mf->c != NULL)
		return false;
	lock(&m->lk);
	away = m->down && m->gen == 0;
	if (want(m) < 0)
		errset(Enone);
	unlock(&m->lk);
	return away;
}

/* backoff is how long the attempt after n others waits. */
static int backoff(int n)
{
	if (n == 0)
		return 0;
	return n > 9 ? LONGEST : FIRST << (n - 1) < LONGEST ? FIRST << (n - 1) : LONGEST;
}

/* rest waits until it is time for the next attempt. */
static void rest(Mnt *m)
{
	i64 until = clock_ms() + backoff(m->tries);

	while (!m->ended && clock_ms() < until)
		cond_wait(&m->wake, &m->lk, (int)(until - clock_ms()));
}

/* reconnect makes one attempt; m->lk is held, but not meanwhile. */
static void reconnect(Mnt *m)
{
	Client *c, *old;

	rest(m);
	if (m->ended)
		return;
	m->tries++;
	unlock(&m->lk);
	c = m->redial.fn(m->redial.arg, m->c); /* only this thread changes m->c */
	lock(&m->lk);
	if (c == NULL) {
		free(m->why);
		m->why = mem_printf("%s: %s: %s", m->name, errtext(Ehungup), rerrstr());
	} else {
		old = m->c; /* NULL at first, if it was away */
		m->c = c;
		m->gen++;
		m->down = false;
		m->since = clock_ms();
			unlock(&m->lk);
		client_drop(old);
		lock(&m->lk);
	}
	changed(m);
}

/* path copies the names that lead to e from its root, which is returned; m->lk is held. */
static Elem *path(Elem *e, char **name, int *n)
{
	int k = 0;

	for (Elem *p = e; p->up != NULL; p = p->up)
		if (k++ == MAXDEPTH)
			return errnull(Etoolong);
	*n = k;
	for (; e->up != NULL; e = e->up)
		name[--k] = mem_str(e->name);
	return e;
}

/* same says whether what was found for mf is what it was. */
static int same(const MFid *mf, Qid q)
{
	bool reading = mf->omode >= 0 && (mf->omode & 3) != OWRITE && (mf->omode & 3) != ORDWR;

	if (mf->at->up == NULL && mf->omode < 0)
		return 0;
	if (q.path != mf->qid.path || ((q.type ^ mf->qid.type) & QTDIR) != 0)
		return werrstr("%s: the connection broke, and this name is another file now", mf->m->name);
	if (reading && q.vers != mf->qid.vers)
		return werrstr("%s: the connection broke, and this file has changed since it was opened", mf->m->name);
	return 0;
}

/* again walks to mf's file on c, and opens it if it was open. */
static CFid *again(Client *c, const MFid *mf, const Elem *root, char **name, int n)
{
	CFid *top, *f;

	if (mf->omode >= 0 && mf->m->stream) {
		werrstr("%s: the connection broke while this was open", mf->m->name);
		return NULL;
	}
	top = client_attach(c, NULL, root->uname, root->aname);
	f = top != NULL ? client_walk(top, n, (const char *const *)name) : NULL;
	client_clunk(top);
	if (f == NULL)
		return NULL;
	if ((mf->omode >= 0 && client_open(f, mf->omode & ~OTRUNC) < 0) || same(mf, f->qid) < 0) {
		client_clunk(f);
		return NULL;
	}
	return f;
}

/* settle gives mf the fid f of connection gen, which is c; m->lk is held. */
static Client *settle(MFid *mf, Client *c, u32 gen, CFid *f)
{
	Client *old = NULL;

	free(mf->lost);
	mf->lost = f == NULL ? mem_str(rerrstr()) : NULL;
	mf->gen = gen;
	if (f != NULL) {
		old = mf->c;
		mf->c = client_take(c);
		mf->iounit = f->iounit;
		mf->fid = client_keep(f);
	}
	return old;
}

/* renew has the first of those that are wanted made again; m->lk is held, but not meanwhile. */
static void renew(Mnt *m)
{
	MFid *mf = list_item(m->stale.next, MFid, link);
	char **name = mem_array(MAXDEPTH, sizeof *name);
	Client *c = client_take(m->c), *old = NULL;
	u32 gen = m->gen;
	int n = 0;
	Elem *root = path(mf->at, name, &n);
	CFid *f = NULL;
	bool gone;

	list_del(&mf->link);
	mf->queued = false;
	mf->renewing = true;
	unlock(&m->lk);
	if (root != NULL)
		f = again(c, mf, root, name, n);
	if (f != NULL || (!heal_lost(m, c) && errcode(rerrstr()) != Etimedout)) {
		lock(&m->lk);
		old = settle(mf, c, gen, f);
		unlock(&m->lk);
	}
	client_drop(old);
	client_drop(c);
	for (int i = 0; i < n; i++)
		free(name[i]);
	free(name);
	lock(&m->lk);
	mf->renewing = false;
	gone = mf->gone;
	changed(m);
	unlock(&m->lk);
	if (gone)
		mfid_clunk(mf);
	lock(&m->lk);
}

static void healer(void *arg)
{
	Mnt *m = arg;

	lock(&m->lk);
	while (!m->ended && (m->down || !list_empty(&m->stale))) {
		if (m->down)
			reconnect(m);
		else
			renew(m);
	}
	m->healing = false;
	changed(m);
	unlock(&m->lk);
	mnt_put(m);
}

Tap *mnt_tap(const Srv *s)
{
	Mnt *m = mnt_of(s);
	Tap *t;

	lock(&m->lk);
	t = m->c != NULL ? tap_take(client_tap(m->c)) : NULL;
	unlock(&m->lk);
	return t;
}

void mnt_state(const Srv *s, Buf *b)
{
	Mnt *m = mnt_of(s);
	i64 secs;

	lock(&m->lk);
	if (m->redial.fn != NULL && m->down)
		buf_printf(b, "%s: broken for %lld s, %d attempts to connect again: %s\n", m->name,
			   (long long)(clock_ms() - m->since) / 1000, m->tries, m->why);
	else if (client_broken(m->c))
		buf_printf(b, "%s\n", rerrstr());
	else {
		secs = (clock_ms() - m->since) / 1000;
		buf_printf(b, "%s: connected for %lld s", m->name, (long long)secs);
		if (m->gen > 0)
			buf_printf(b, ", for the %uth time", m->gen + 1);
		buf_ch(b, '\n');
	}
	unlock(&m->lk);
}
