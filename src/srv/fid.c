#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include "engine.h"

typedef struct Grave {
	Later later;
	Fid *fid;
} Grave;

void srv_init(Srv *s, const char *name, const SrvOps *ops, void *aux)
{
	*s = (Srv){ .name = name, .ops = ops, .aux = aux };
	ref_init(&s->ref, "Srv");
	lock_init(&s->lk, RankSrv);
}

Srv *srv_take(Srv *s)
{
	ref_take(&s->ref);
	return s;
}

void srv_drop(Srv *s)
{
	if (s != NULL && ref_drop(&s->ref) && s->ops->end != NULL)
		s->ops->end(s);
}

void srv_enter(Srv *s)
{
	if (!s->parallel)
		lock(&s->lk);
}

void srv_leave(Srv *s)
{
	if (!s->parallel)
		unlock(&s->lk);
}

Fid *fid_new(Srv *s, const char *uid)
{
	Fid *f = mem_new(sizeof *f);

	ref_init(&f->ref, "Fid");
	f->srv = srv_take(s);
	f->omode = -1;
	f->uid = mem_str(uid);
	return f;
}

Fid *fid_take(Fid *f)
{
	ref_take(&f->ref);
	return f;
}

/* fid_bury ends f, whose Srv's lock is held. */
void fid_bury(Fid *f)
{
	if (f->live && f->srv->ops->clunk != NULL)
		f->srv->ops->clunk(f);
	f->live = false;
}

void fid_free(Fid *f)
{
	srv_drop(f->srv);
	free(f->uid);
	free(f);
}

static void removed(Req *r)
{
	fid_drop(r->fid);
	free(r);
}

/* remove_closed removes the file of a Fid that was opened with ORCLOSE and is gone without a Tclunk. */
static void remove_closed(Fid *f)
{
	Req *r = mem_new(sizeof *r);

	ref_init(&f->ref, "Fid");
	f->omode &= ~ORCLOSE;
	req_init(r);
	r->i.type = Tremove;
	r->fid = f;
	r->done = removed;
	req_dispatch(r);
}

static void bury_later(Later *l)
{
	Grave *g = container_of(l, Grave, later);
	Fid *f = g->fid;

	free(g);
	if (f->omode >= 0 && (f->omode & ORCLOSE) != 0 && f->srv->ops->remove != NULL) {
		remove_closed(f);
		return;
	}
	srv_enter(f->srv);
	fid_bury(f);
	srv_leave(f->srv);
	fid_free(f);
}

void fid_drop(Fid *f)
{
	Grave *g;

	if (f == NULL || !ref_drop(&f->ref))
		return;
	if (!f->live) {
		fid_free(f);
		return;
	}
	g = mem_new(sizeof *g);
	g->fid = f;
	g->later.fn = bury_later;
	later_add(&g->later);
}

/* point makes f, which is not live, a clone of src; src's Srv's lock is held. */
static int point(Req *r, Fid *f, Fid *src)
{
	if (src->srv->ops->clone != NULL) {
		if (src->srv->ops->clone(r, src, f) < 0)
			return -1;
	} else {
		f->aux = src->aux;
	}
	f->qid = src->qid;
	f->flags = src->flags;
	f->live = true;
	return 0;
}

int fid_clone(Req *r, Fid *f, Fid *src)
{
	if (f->srv != src->srv) {
		Srv *was = f->srv;

		f->srv = srv_take(src->srv);
		srv_drop(was);
	}
	return point(r, f, src);
}

int fid_become(Req *r, Fid *f, Fid *src)
{
	Fid old = *f;
	int rc;

	f->live = false;
	f->srv = srv_take(src->srv);
	if (src->srv != old.srv)
		srv_enter(src->srv);
	rc = point(r, f, src);
	if (src->srv != old.srv)
		srv_leave(src->srv);
	if (rc < 0) {
		srv_drop(f->srv);
		f->srv = old.srv;
		f->aux = old.aux;
		f->live = old.live;
		return -1;
	}
	if (old.live && old.srv->ops->clunk != NULL)
		old.srv->ops->clunk(&old);
	srv_drop(old.srv);
	return 0;
}

void fid_move(Fid *f, Fid *src)
{
	Fid t = *f;

	f->srv = src->srv;
	f->qid = src->qid;
	f->flags = src->flags;
	f->aux = src->aux;
	f->live = src->live;
	src->srv = t.srv;
	src->qid = t.qid;
	src->aux = t.aux;
	src->live = t.live;
}
