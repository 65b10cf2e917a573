/*
 * Twalk for Srvs that walk one name at a time.  A walk may cross from one
 * Srv into others (fid_become); each step is made under the lock of the Srv
 * that the fid is on then.  A fid that is to be walked in place is moved
 * only when the whole walk was good: the steps are made on a clone.
 */
#include <stdlib.h>
#include <base/mem.h>
#include <srv/call.h>
#include <srv/crew.h>
#include "engine.h"

enum { STEPMS = 30000 }; /* for a step on a Srv that answers later, such as a tree behind the wire */

/* far steps on a Srv with a .walk of its own. */
static int far(Req *r, Fid *f, const char *name)
{
	Fid *nf;

	if (crew_leave() < 0)
		return -1;
	later_handoff();
	nf = call_walk(f, 1, &name, &r->caller, STEPMS);
	if (nf == NULL)
		return -1;
	fid_move(f, nf);
	fid_drop(nf);
	return 0;
}

static int step(Req *r, Fid *f, const char *name)
{
	Srv *s;
	int rc;

	if ((f->qid.type & QTDIR) == 0)
		return errset(Enotdir);
	if (f->srv->ops->walk != NULL)
		return far(r, f, name);
	if (f->srv->ops->walk1 == NULL)
		return errset(Enowalk);
	s = srv_take(f->srv);
	srv_enter(s);
	rc = s->ops->walk1(r, f, name);
	srv_leave(s);
	srv_drop(s);
	return rc;
}

static int copy(Req *r, Fid *f, Fid *from)
{
	int rc;

	srv_enter(from->srv);
	rc = fid_clone(r, f, from);
	srv_leave(from->srv);
	return rc;
}

void walk_run(Req *r)
{
	bool inplace = r->newfid == r->fid;
	Fid *to = inplace ? fid_new(r->fid->srv, r->fid->uid) : r->newfid;
	int n = 0;

	if (copy(r, to, r->fid) < 0) {
		n = -1;
	} else {
		for (; n < r->i.nwname && step(r, to, r->i.wname[n]) == 0; n++)
			r->o.wqid[n] = to->qid;
	}
	r->o.nwqid = (u16)(n > 0 ? n : 0);
	if (inplace && n == r->i.nwname)
		fid_move(r->fid, to);
	if (n < 0 || (n == 0 && r->i.nwname > 0))
		req_fail(r);
	else
		req_ok(r);
	if (inplace)
		fid_drop(to);
}
