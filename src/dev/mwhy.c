/*
 * Where a file of /# comes from, for `anthill why`: the place that a process
 * sees it at, the mount, the server, since when.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mnt.h>
#include <ns/mtab.h>
#include "mobj.h"

/* place appends where process pid sees path, which is inside /#. */
static void place(u32 pid, const char *path, Buf *b)
{
	Mounts *t = mtab_read(pid);

	for (int i = 0; t != NULL && i < t->n; i++) {
		const Mount *m = &t->m[i];
		const char *rest = mtab_ours(t, m) && strcmp(m->root, "/") != 0 ? mtab_below(m->root, path) : NULL;

		if (rest != NULL && mtab_visible(t, m)) {
			buf_printf(b, "  it is %s%s%s to process %u\n", m->point, *rest != '\0' ? "/" : "", rest, pid);
			break;
		}
	}
	mounts_free(t);
}

static void server(Obj *o, Buf *b)
{
	ClientStats cs;
	Client *c = NULL;
	Fid *root = NULL;

	lock(&o->lk);
	if (o->root != NULL)
		root = fid_take(o->root);
	unlock(&o->lk);
	buf_printf(b, "  in mount %u of %s, made by %s\n", o->id, o->name, o->owner);
	if (root != NULL && mnt_is(root->srv)) {
		buf_str(b, "  its server is ");
		mnt_state(root->srv, b);
		c = mnt_client(root->srv);
	}
	if (c != NULL) {
		client_stats(c, &cs);
		buf_printf(b, "  which has %d message%s to answer, the oldest for %lld.%lld s\n", cs.inflight,
			   cs.inflight == 1 ? "" : "s", (long long)cs.oldest_ms / 1000, (long long)cs.oldest_ms % 1000 / 100);
		client_drop(c);
	}
	fid_drop(root);
}

/* members appends what union o is made of, and the servers among them. */
static void members(Mobj *t, const Obj *o, Buf *b)
{
	buf_printf(b, "  in union %u of", o->id);
	for (int i = 0; i < o->n; i++)
		buf_printf(b, " %s", o->m[i].name);
	buf_ch(b, '\n');
	for (int i = 0; i < o->n; i++) {
		const char *path = o->m[i].path;
		Obj *m = path != NULL && str_prefix(path, "M/") ? mobj_find(t, (u32)strtoul(path + 2, NULL, 10)) : NULL;

		if (m != NULL && m->kind == ObjMount)
			server(m, b);
		obj_drop(m);
	}
}

void kern_explain(Kern *k, u32 pid, const char *path, Buf *b)
{
	Mobj *t = k->mnt;
	Obj *o = str_prefix(path, "/M/") ? mobj_find(t, (u32)strtoul(path + 3, NULL, 10)) : NULL;

	place(pid, path, b);
	if (o != NULL && o->kind == ObjMount)
		server(o, b);
	else if (o != NULL && o->kind == ObjUnion)
		members(t, o, b);
	else
		buf_printf(b, "  of device #%.*s, which this kernel process serves itself\n", (int)strcspn(path + 1, "/"), path + 1);
	obj_drop(o);
}
