/*
 * #M/trace/N: write "on", "off" or "clear"; read what was said since.  The
 * messages are those of the connection, which several mounts of one post
 * share, and go on being kept when it is made anew.  It has no data and no
 * stat records, only how long they were.  Only the object's maker and the
 * host owner may open one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mnt.h>
#include <os/clock.h>
#include <srv/call.h>
#include "mtrace.h"

static Mobj *mobj_of(const Fid *f)
{
	return f->srv->aux;
}

/* tap_of returns the Tap of f's object, with a reference for the caller. */
static Tap *tap_of(const Fid *f)
{
	u32 id = (u32)f->qid.path - 1;
	Obj *o = mobj_find(mobj_of(f), id);
	Fid *root = NULL;
	Tap *tap;

	if (o == NULL)
		return NULL;
	lock(&o->lk);
	if (o->root != NULL)
		root = fid_take(o->root);
	unlock(&o->lk);
	tap = root != NULL && mnt_is(root->srv) ? mnt_tap(root->srv) : NULL;
	fid_drop(root);
	obj_drop(o);
	if (tap == NULL)
		werrstr("mount %u is not connected", id);
	return tap;
}

static void trace_attach(Req *r)
{
	r->fid->qid = (Qid){ .type = QTDIR };
	req_ok(r);
}

static int trace_walk1(Req *r, Fid *f, const char *name)
{
	u64 n = 0;
	Obj *o;
	int rc;

	(void)r;
	if (strcmp(name, "..") == 0) {
		f->qid = (Qid){ .type = QTDIR };
		return 0;
	}
	o = f->qid.path == 0 && str_u64(name, 10, UINT32_MAX, &n) == 0 ? mobj_find(mobj_of(f), (u32)n) : NULL;
	rc = o != NULL && o->kind == ObjMount ? 0 : errset(Enonexist);
	obj_drop(o);
	f->qid = (Qid){ .path = n + 1 };
	return rc;
}

/* owner returns whose object id is, owned by the caller. */
static char *owner(Mobj *t, u32 id)
{
	Obj *o = mobj_find(t, id);
	char *s = o != NULL ? mem_str(o->owner) : NULL;

	obj_drop(o);
	return s;
}

static void trace_open(Req *r)
{
	Mobj *t = mobj_of(r->fid);
	autofree char *who = NULL;
	Tap *tap;

	if (r->fid->qid.type & QTDIR) {
		req_ok(r);
		return;
	}
	who = owner(t, (u32)r->fid->qid.path - 1);
	if (who == NULL || kern_may(t->k, r, who, 0600, r->i.mode & ~OTRUNC) < 0 || (tap = tap_of(r->fid)) == NULL) {
		req_fail(r);
		return;
	}
	kern_text(r, tap_text(tap));
	tap_drop(tap);
}

static void describe(Dir *d, u32 id, const char *who)
{
	static _Thread_local char name[16], uid[64];
	u32 now = (u32)clock_wall();

	snprintf(name, sizeof name, "%u", id);
	snprintf(uid, sizeof uid, "%s", who);
	*d = (Dir){ .qid = { .path = (u64)id + 1 }, .mode = 0600, .atime = now, .mtime = now, .name = name, .uid = uid,
		    .gid = uid, .muid = "" };
}

static int gen(Req *r, int i, Dir *d)
{
	Mobj *t = mobj_of(r->fid);
	int rc = -1;

	lock(&t->lk);
	list_each (l, &t->objs) {
		const Obj *o = list_item(l, Obj, link);

		if (o->kind == ObjMount && i-- == 0) {
			describe(d, o->id, o->owner);
			rc = 0;
			break;
		}
	}
	unlock(&t->lk);
	return rc;
}

static void trace_read(Req *r)
{
	if (r->fid->qid.type & QTDIR)
		req_readdir(r, gen);
	else
		kern_readtext(r);
}

static int ctl(Tap *tap, const char *text)
{
	if (strcmp(text, "clear") == 0)
		tap_clear(tap);
	else if (strcmp(text, "on") == 0 || strcmp(text, "off") == 0)
		tap_set(tap, strcmp(text, "on") == 0);
	else
		return errset(Ebadctl);
	return 0;
}

static void trace_write(Req *r)
{
	autofree char *text = req_text(r);
	Tap *tap = text != NULL ? tap_of(r->fid) : NULL;
	int rc = tap != NULL ? ctl(tap, text) : -1;

	tap_drop(tap);
	if (rc < 0) {
		req_fail(r);
		return;
	}
	r->o.count = r->i.count;
	req_ok(r);
}

static void trace_stat(Req *r)
{
	Mobj *t = mobj_of(r->fid);
	autofree char *who = NULL;

	if (r->fid->qid.type & QTDIR) {
		describe(&r->d, 0, kern_hostowner(t->k));
		r->d.name = "trace";
		r->d.qid = r->fid->qid;
		r->d.mode = DMDIR | 0555;
		req_ok(r);
		return;
	}
	who = owner(t, (u32)r->fid->qid.path - 1);
	if (who == NULL) {
		req_fail(r);
		return;
	}
	describe(&r->d, (u32)r->fid->qid.path - 1, who);
	req_ok(r);
}

static void trace_clunk(Fid *f)
{
	free(f->aux);
}

static const SrvOps trace_ops = {
	.attach = trace_attach,
	.walk1 = trace_walk1,
	.open = trace_open,
	.read = trace_read,
	.write = trace_write,
	.stat = trace_stat,
	.clunk = trace_clunk,
};

void mtrace_init(Mobj *t)
{
	srv_init(&t->trace, "#M/trace", &trace_ops, t);
	t->trace.parallel = true;
}

int mtrace_walk(Mobj *t, const Req *r, Fid *f)
{
	Fid *root = call_attach(&t->trace, f->uid, "", &r->caller, 1000);

	if (root == NULL)
		return -1;
	fid_move(f, root);
	fid_drop(root);
	return 0;
}
