/*
 * The life of a request: dispatched by a front, checked, run under its
 * Srv's lock, perhaps parked and run again, answered.  Everything that every
 * server must check (9front's lib9p does the same) is checked here, once.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <srv/crew.h>
#include "engine.h"

static void again(Park *p);

void req_init(Req *r)
{
	park_init(&r->park, again);
	list_init(&r->link);
	list_init(&r->flushes);
}

/* finish gives the answer to the front; r is gone afterwards. */
static void finish(Req *r)
{
	r->o.tag = r->i.tag;
	park_end(&r->park);
	r->done(r);
}

static void fail(Req *r, const char *why)
{
	r->o = (Fcall){ .type = Rerror };
	(void)!str_cpy(r->ename, sizeof r->ename, why[0] != '\0' ? why : errtext(Eio));
	r->o.ename = r->ename;
	finish(r);
}

void req_ack(Req *r)
{
	if (r->ack != NULL)
		r->ack(r);
	r->ack = NULL;
}

void req_fail(Req *r)
{
	char why[ERRMAX];

	(void)!str_cpy(why, sizeof why, rerrstr());
	fail(r, why);
}

void req_err(Req *r, Err e)
{
	fail(r, errtext(e));
}

void req_ok(Req *r)
{
	Fid *f = r->fid;

	r->o.type = (u8)(r->i.type + 1);
	switch (r->i.type) {
	case Tauth:
		r->o.qid = r->afid->qid;
		r->afid->live = true;
		break;
	case Tattach:
		r->o.qid = f->qid;
		f->live = true;
		break;
	case Topen:
	case Tcreate:
		r->o.qid = f->qid;
		f->omode = r->i.mode;
		break;
	case Tread:
		if (r->o.data == NULL)
			r->o.data = r->buf;
		if ((f->qid.type & QTDIR) != 0)
			f->diroff = r->i.offset + r->o.count;
		break;
	}
	finish(r);
}

static const char *check_open(Req *r)
{
	Fid *f = r->fid;

	if (f->omode >= 0)
		return errtext(Ealreadyopen);
	if ((r->i.mode & 0x10) != 0 && (r->i.mode & 3) == OEXEC)
		return errtext(Ebadarg);
	if ((f->qid.type & QTDIR) != 0 && (r->i.mode & ~ORCLOSE) != OREAD)
		return errtext(Eisdir);
	return NULL;
}

static bool goodname(const char *s)
{
	return s[0] != '\0' && strchr(s, '/') == NULL && strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

/* prohibited is the text for what s has no operation for: a device's, as in Plan 9's kernel, or a server's, as in lib9p. */
static const char *prohibited(const Srv *s, Err e)
{
	return errtext(s->name[0] == '#' ? Eperm : e);
}

static const char *check_create(Req *r)
{
	if (r->fid->omode >= 0)
		return errtext(Ealreadyopen);
	if ((r->fid->qid.type & QTDIR) == 0)
		return errtext(Enotdir);
	if (!goodname(r->i.name))
		return errtext(Ebadchar);
	if ((r->i.perm & DMDIR) != 0 && (r->i.mode & ~ORCLOSE) != OREAD)
		return errtext(Eisdir);
	return r->fid->srv->ops->create == NULL ? prohibited(r->fid->srv, Enocreate) : NULL;
}

static const char *check_read(Req *r)
{
	Fid *f = r->fid;
	int mode = f->omode & 3;

	if (f->omode < 0 || mode == OWRITE)
		return errtext(Enotopen);
	if ((f->qid.type & QTDIR) != 0 && r->i.offset != 0 && r->i.offset != f->diroff)
		return errtext(Ebadoffset);
	return f->srv->ops->read == NULL ? errtext(Eperm) : NULL;
}

static const char *check_write(Req *r)
{
	Fid *f = r->fid;
	int mode = f->omode & 3;

	if (f->omode < 0 || (mode != OWRITE && mode != ORDWR))
		return errtext(Enotopen);
	if ((f->qid.type & QTDIR) != 0)
		return errtext(Eisdir);
	return f->srv->ops->write == NULL ? prohibited(f->srv, Enowrite) : NULL;
}

static const char *check_wstat(Req *r)
{
	if (r->fid->srv->ops->wstat == NULL)
		return prohibited(r->fid->srv, Enowstat);
	if (r->d.name != NULL && r->d.name[0] != '\0' && !goodname(r->d.name))
		return errtext(Ebadchar);
	return NULL;
}

static const char *check_walk(Req *r)
{
	if (r->fid->omode >= 0)
		return "cannot clone open fid";
	if (r->i.nwname > 0 && (r->fid->qid.type & QTDIR) == 0)
		return errtext(Enotdir);
	return NULL;
}

/* check returns why r may not go on, NULL if it may. */
static const char *check(Req *r)
{
	const SrvOps *ops = r->srv->ops;

	switch (r->i.type) {
	case Tauth:
		return ops->auth == NULL ? errtext(Enoauth) : NULL;
	case Twalk:
		return check_walk(r);
	case Topen:
		return check_open(r);
	case Tcreate:
		return check_create(r);
	case Tread:
		return check_read(r);
	case Twrite:
		return check_write(r);
	case Tremove:
		return ops->remove == NULL ? prohibited(r->srv, Enoremove) : NULL;
	case Tstat:
		return ops->stat == NULL ? errtext(Enostat) : NULL;
	case Twstat:
		return check_wstat(r);
	case Tattach:
	case Tclunk:
		return NULL;
	}
	return errtext(Ebotch);
}

/* clunk ends the fid before the answer, so that who waits for the answer finds the file free. */
static void clunk(Req *r)
{
	Fid *f = r->fid;

	r->fid = NULL;
	if (ref_drop(&f->ref)) {
		fid_bury(f);
		fid_free(f);
	}
	r->o.type = Rclunk;
	finish(r);
}

/* oper calls the operation for r, whose Srv's lock is held. */
static void oper(Req *r)
{
	const SrvOps *ops = r->srv->ops;

	switch (r->i.type) {
	case Tauth:
		ops->auth(r);
		break;
	case Tattach:
		ops->attach(r);
		break;
	case Twalk:
		ops->walk(r);
		break;
	case Topen:
		if (ops->open != NULL)
			ops->open(r);
		else
			req_ok(r);
		break;
	case Tcreate:
		ops->create(r);
		break;
	case Tread:
		ops->read(r);
		break;
	case Twrite:
		ops->write(r);
		break;
	case Tclunk:
		if (r->fid->omode >= 0 && (r->fid->omode & ORCLOSE) != 0 && ops->remove != NULL) {
			r->fid->omode &= ~ORCLOSE;
			ops->remove(r);
		} else {
			clunk(r);
		}
		break;
	case Tremove:
		ops->remove(r);
		break;
	case Tstat:
		ops->stat(r);
		break;
	case Twstat:
		ops->wstat(r);
		break;
	}
}

static void run(Req *r)
{
	Srv *s = srv_take(r->srv);

	later_begin();
	if (r->i.type == Twalk && s->ops->walk == NULL) {
		walk_run(r);
	} else {
		srv_enter(s);
		oper(r);
		srv_leave(s);
	}
	later_end();
	srv_drop(s);
}

void req_interrupt(Req *r)
{
	Srv *s = srv_take(r->srv);

	later_begin();
	if (s->ops->cancel != NULL) {
		srv_enter(s);
		s->ops->cancel(r);
		srv_leave(s);
	}
	fail(r, errtext(Eintr));
	later_end();
	srv_drop(s);
}

/* again runs a parked request that is ready. */
static void again(Park *p)
{
	Req *r = container_of(p, Req, park);

	if (park_begin(p))
		run(r);
	else
		req_interrupt(r);
}

void req_dispatch(Req *r)
{
	const char *why;

	r->srv = r->i.type == Tauth ? r->afid->srv : r->fid->srv;
	r->since = clock_ms();
	why = check(r);
	if (why != NULL)
		fail(r, why);
	else
		run(r);
}

/* parked ends an attempt to wait that the flusher or the system forbade. */
static void notparked(Req *r, Err e)
{
	if (e == Eintr && r->srv->ops->cancel != NULL)
		r->srv->ops->cancel(r);
	fail(r, errtext(e));
}

void req_poll(Req *r, int fd, int events, int ms)
{
	Err e;

	if (!park_fd(&r->park, fd, events, ms, &e))
		notparked(r, e);
}

void req_sleep(Req *r, Rendez *z, int ms)
{
	if (!park_rendez(&r->park, z, ms))
		notparked(r, Eintr);
}

bool req_flush(Req *r)
{
	return park_take(&r->park);
}

bool req_flushed(Req *r)
{
	return park_flushed(&r->park);
}

bool req_timedout(Req *r)
{
	return r->park.timedout;
}

int req_evfd(Req *r)
{
	return park_evfd(&r->park);
}

int req_block(Req *r)
{
	if (crew_leave() < 0)
		return -1;
	srv_leave(r->srv);
	later_handoff();
	return 0;
}

void req_unblock(Req *r)
{
	srv_enter(r->srv);
}
