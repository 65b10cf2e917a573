/*
 * The roots of mount objects: made when they are first needed, shared by all that have the object mounted.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/union.h>
#include <srv/call.h>
#include "mobjpriv.h"

/* tree_root walks to path of no union, "M/3/dir": whoever made the member could name it. */
static Fid *tree_root(Mobj *t, const char *path, const Req *r)
{
	autofree char *copy = mem_str(path);
	char *name[MAXWELEM + 2];
	int n = str_fields(copy, name, nelem(name), "/");
	Obj *o = n <= MAXWELEM + 1 ? mobj_text(t, name[1]) : errnull(Etoolong);
	Fid *root = o != NULL ? obj_root(t, o, r) : NULL, *f;

	obj_drop(o);
	if (root == NULL || n == 2)
		return root;
	f = call_walk(root, n - 2, (const char **)name + 2, &r->caller, CALLMS);
	fid_drop(root);
	return f;
}

static Fid *member_root(Mobj *t, const Omem *m, const Req *r)
{
	const char *u = kern_caller(t->k, r);

	if (m->layer != NULL)
		return call_attach(m->layer->srv, u, "", &r->caller, CALLMS);
	return str_prefix(m->path, "M/") ? tree_root(t, m->path, r) : kern_walk(t->k, m->path, u, &r->caller);
}

static Fid *union_root(Mobj *t, Obj *o, const Req *r)
{
	Member m[MAXMEMBERS];
	bool root = false;
	Srv *s;
	Fid *f;
	int n;

	for (n = 0; n < o->n; n++) {
		m[n].root = member_root(t, &o->m[n], r);
		m[n].create = o->m[n].create;
		root = root || (o->m[n].base && strcmp(o->m[n].name, "/") == 0);
		m[n].waits = o->m[n].layer != NULL ? o->m[n].layer->foreign : str_prefix(o->m[n].path, "M/");
		if (m[n].root == NULL || !(m[n].root->qid.type & QTDIR))
			break;
	}
	if (n < o->n) {
		if (m[n].root != NULL)
			errset(Enotdir);
		for (int i = 0; i <= n; i++)
			fid_drop(m[i].root);
		return NULL;
	}
	s = union_new(m, n, o->id, root);
	f = call_attach(s, r->fid->uid, "", &r->caller, CALLMS);
	srv_drop(s);
	return f;
}

/* make_root makes it as o's owner, who is not the caller when the object was restored. */
static Fid *make_root(Mobj *t, Obj *o, const Req *r)
{
	Fid self = { .uid = o->owner };
	Req as = { .fid = &self };

	if (!str_eq(kern_caller(t->k, r), o->owner))
		r = &as;
	switch (o->kind) {
	case ObjUnion:
		return union_root(t, o, r);
	case ObjMount:
		return mnt9p_root(t->k, o, r);
	}
	return kern_attach(t->k, "|", r->fid->uid, &r->caller);
}

/* Two that need the root first at the same time both make it; one is kept. */
Fid *obj_root(Mobj *t, Obj *o, const Req *r)
{
	Fid *f, *mine = NULL, *to;

	lock(&o->lk);
	f = o->root;
	unlock(&o->lk);
	if (f == NULL) {
		mine = make_root(t, o, r);
		if (mine == NULL)
			return NULL;
		lock(&o->lk);
		f = o->root;
		if (f == NULL)
			o->root = f = mine;
		unlock(&o->lk);
	}
	to = call_walk(f, 0, NULL, &r->caller, CALLMS);
	if (mine != NULL && mine != f)
		fid_drop(mine);
	return to;
}
