/*
 * The table of mount objects, and the journal of plain binds.
 *
 * A tool describes an object in the words of its own process (descriptors,
 * paths inside /#); here descriptors are taken over and paths made
 * canonical, so that a path through a union becomes the path of the member
 * that answers now.  So a member is always a Layer, a device's directory or
 * a directory of a 9P mount, never a union, and resolving a union never
 * goes through another.
 *
 * What is alive: an object is needed while some mount table of the node
 * shows it, or an object that is needed has it as a member, or the clone file
 * by which it was made is still open: its maker is about to mount it.  The
 * tables are read when the number of objects has doubled, and soon after
 * something has changed (init's pings are the clock).  What was restored is
 * kept for some minutes, until it has been mounted again everywhere.  Files
 * in use hold the Srvs themselves, so an object that is collected too early
 * loses only its number.
 *
 * Under init's fd store are "M/table" (a memfd with mobj_list's text),
 * "M/l/ID" for each layer and "M/f/ID" for each mount from a descriptor.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mtab.h>
#include <os/clock.h>
#include <os/io.h>
#include "mobjpriv.h"

static const char *const kinds[] = { "union", "mount", "pipe" };

int obj_kind(const char *name)
{
	for (int i = 0; i < (int)nelem(kinds); i++)
		if (strcmp(name, kinds[i]) == 0)
			return i;
	return -1;
}

static void obj_free(Obj *o)
{
	fid_drop(o->root);
	free(o->owner);
	for (int i = 0; i < o->n; i++)
		omem_free(&o->m[i]);
	free(o->m);
	free(o->src);
	free(o->aname);
	free(o->flags);
	free(o->name);
	if (o->fd >= 0)
		close(o->fd);
	free(o);
}

void obj_drop(Obj *o)
{
	if (o != NULL && ref_drop(&o->ref))
		obj_free(o);
}

Obj *obj_new(int kind, const char *owner)
{
	Obj *o = mem_new(sizeof *o);

	ref_init(&o->ref, "Obj");
	list_init(&o->link);
	lock_init(&o->lk, RankLeaf);
	o->kind = kind;
	o->owner = mem_str(owner);
	o->fd = -1;
	o->born = INT64_MIN;
	return o;
}

/* find returns object id; t->lk is held. */
Obj *mobj_get(Mobj *t, u32 id)
{
	list_each (l, &t->objs)
		if (list_item(l, Obj, link)->id == id)
			return list_item(l, Obj, link);
	return NULL;
}

Obj *mobj_find(Mobj *t, u32 id)
{
	Obj *o;

	lock(&t->lk);
	o = mobj_get(t, id);
	if (o != NULL)
		ref_take(&o->ref);
	unlock(&t->lk);
	return o != NULL ? o : errnull(Enonexist);
}

Obj *mobj_text(Mobj *t, const char *id)
{
	u64 v;

	return str_u64(id, 10, UINT32_MAX, &v) == 0 ? mobj_find(t, (u32)v) : NULL;
}

static bool owns(Mobj *t, const Obj *o, const Req *r)
{
	return kern_isowner(t->k, r) || str_eq(kern_caller(t->k, r), o->owner);
}

Obj *mobj_named(Mobj *t, u32 id, const Req *r)
{
	Obj *o = mobj_find(t, id);

	if (o == NULL || owns(t, o, r))
		return o;
	obj_drop(o);
	return errnull(Eperm);
}

/* has says whether something in the directory root of /# is mounted in the caller's name space, or with above root is in
 * what is mounted. */
static bool has(Mobj *t, const char *root, bool above, const Req *r)
{
	autofree char *dev = NULL;
	Mounts *tab = r->caller.pid != 0 ? mtab_read(r->caller.pid) : NULL;
	bool yes = false;

	lock(&t->lk);
	dev = mem_str(t->dev);
	unlock(&t->lk);
	for (int i = 0; tab != NULL && i < tab->n && !yes; i++) {
		const Mount *m = &tab->m[i];
		char its[32];

		snprintf(its, sizeof its, "%u:%u", m->major, m->minor);
		if (strcmp(its, dev) != 0 || strcmp(m->root, "/") == 0)
			continue;
		yes = above ? mtab_below(m->root, root) != NULL : mtab_below(root, m->root) != NULL;
	}
	mounts_free(tab);
	return yes;
}

/* shown says whether o is mounted in the caller's name space: then it is the caller's to use, whoever made it. */
static bool shown(Mobj *t, const Obj *o, const Req *r)
{
	autofree char *root = mem_printf("/M/%u", o->id);

	return has(t, root, false, r);
}

bool mobj_narrow(Mobj *t, const Req *r)
{
	return r->fid->srv == &t->narrow && (r->caller.pid == 0 || mtab_narrow(r->caller.pid));
}

int mobj_narrowuse(Mobj *t, const Req *r, const char *path)
{
	autofree char *root = mem_printf("/%s", path);
	Obj *o = NULL;
	bool yes = kern_isnarrow(path) || has(t, root, true, r);

	if (!yes && str_prefix(path, "M/")) {
		autofree char *id = mem_strn(path + 2, strcspn(path + 2, "/"));

		o = mobj_text(t, id);
		yes = o != NULL && (o->narrow || shown(t, o, r));
		obj_drop(o);
	}
	return yes ? 0 : errset(Enoattach);
}

/* find_used is find_text for an object that r's caller wants to make another of. */
Obj *mobj_mayuse(Mobj *t, const char *id, const Req *r)
{
	Obj *o = mobj_text(t, id);

	if (o == NULL || owns(t, o, r) || shown(t, o, r))
		return o;
	obj_drop(o);
	return errnull(Eperm);
}

static void word(Buf *b, const char *s)
{
	buf_ch(b, ' ');
	str_quote(b, s);
}

static void list_obj(Buf *b, const Obj *o)
{
	buf_printf(b, "%s %u", kinds[o->kind], o->id);
	if (o->kind == ObjMount) {
		word(b, o->flags);
		word(b, o->src);
		word(b, o->aname);
		word(b, o->name);
	}
	buf_ch(b, '\n');
	for (int i = 0; i < o->n; i++) {
		const Omem *m = &o->m[i];

		buf_printf(b, "m %s%s%s ", m->create ? "c" : "", m->base ? "B" : "",
			   m->also ? "u" : !m->create && !m->base ? "-" : "");
		if (m->layer != NULL)
			buf_printf(b, "layer %u", m->layer->id);
		else
			buf_str(b, "tree");
		if (m->layer == NULL)
			word(b, m->path);
		word(b, m->name);
		if (m->group != NULL)
			word(b, m->group);
		buf_ch(b, '\n');
	}
	buf_printf(b, "owner %u", o->id);
	word(b, o->owner);
	buf_ch(b, '\n');
}

static void list_all(Mobj *t, Buf *b)
{
	list_each (l, &t->objs)
		list_obj(b, list_item(l, Obj, link));
	list_each (l, &t->binds) {
		Bind *j = list_item(l, Bind, link);

		buf_str(b, "bind");
		word(b, j->dev);
		word(b, j->root);
		word(b, j->point);
		word(b, j->flags);
		word(b, j->name);
		buf_printf(b, " %u\n", j->uid);
	}
}

char *mobj_list(Mobj *t)
{
	Buf b = { 0 };

	lock(&t->lk);
	list_all(t, &b);
	unlock(&t->lk);
	return buf_take(&b);
}

/* save rewrites what init keeps; t->lk is held. */
int mobj_save(Mobj *t)
{
	autobuf Buf b = { 0 };

	if (t->k->initfd < 0)
		return 0;
	if (t->memfd < 0) {
		t->memfd = io_memfd("mounts");
		if (t->memfd < 0 || kern_store(t->k, "M/table", t->memfd) < 0)
			return -1;
	}
	list_all(t, &b);
	if (pwrite(t->memfd, buf_text(&b), b.n, 0) != (ssize_t)b.n || ftruncate(t->memfd, (off_t)b.n) < 0)
		return os_werr("mount table");
	return 0;
}

void mobj_forget(Mobj *t, Obj *o)
{
	autofree char *key = mem_printf("M/f/%u", o->id);

	list_del(&o->link);
	t->nobj--;
	t->gone = mem_grow(t->gone, (size_t)t->ngone + 1, sizeof *t->gone);
	t->gone[t->ngone++] = o->id;
	if (o->fd >= 0)
		kern_unstore(t->k, key);
	obj_drop(o);
}

void bind_free(Bind *j)
{
	list_del(&j->link);
	free(j->dev);
	free(j->root);
	free(j->point);
	free(j->flags);
	free(j->name);
	free(j);
}

static int count_layers(const Obj *o)
{
	int n = o->fd >= 0;

	for (int i = 0; i < o->n; i++)
		n += o->m[i].layer != NULL;
	return n;
}

/* room says whether o's owner may have it too; t->lk is held. */
static int room(Mobj *t, const Obj *o)
{
	u64 n = 0, fds = (u64)count_layers(o);

	list_each (l, &t->objs) {
		const Obj *p = list_item(l, Obj, link);

		if (strcmp(p->owner, o->owner) != 0)
			continue;
		n++;
		fds += (u64)count_layers(p);
	}
	if (kern_limit(t->k, o->owner, n, MaxObjects, "unions and mounts") < 0)
		return -1;
	return kern_limit(t->k, o->owner, fds, MaxLayers, "directories in unions");
}

/* mobj_publish gives o a number and keeps it; the table has the only reference. */
int mobj_publish(Mobj *t, Obj *o, u32 *id)
{
	int rc = 0;

	lock(&t->lk);
	mcollect_run(t, false);
	if (room(t, o) < 0) {
		mcollect_run(t, true);
		if (room(t, o) < 0) {
			unlock(&t->lk);
			obj_drop(o);
			return -1;
		}
	}
	*id = o->id = ++t->ids;
	o->held = 1; /* mobj_letgo */
	t->dirty = true;
	list_add(&t->objs, &o->link);
	t->nobj++;
	if (o->fd >= 0) {
		autofree char *key = mem_printf("M/f/%u", o->id);

		rc = kern_store(t->k, key, o->fd);
	}
	if (rc == 0)
		rc = mobj_save(t);
	if (rc < 0)
		mobj_forget(t, o);
	unlock(&t->lk);
	return rc;
}

int mobj_bind(Mobj *t, char **w, int n, u32 uid)
{
	Bind *j = NULL;
	u64 have = 0;
	int rc;

	if (n != 6 || strcmp(w[0], "bind") != 0)
		return errset(Ebadctl);
	lock(&t->lk);
	mcollect_run(t, false);
	list_each (l, &t->binds) {
		Bind *b = list_item(l, Bind, link);

		have += b->uid == uid;
		if (b->uid == uid && strcmp(b->dev, w[1]) == 0 && strcmp(b->root, w[2]) == 0 && strcmp(b->point, w[3]) == 0)
			j = b;
	}
	if (j != NULL) {
		bind_free(j);
		t->nbind--;
	} else if (kern_limit(t->k, kern_user(t->k, uid), have, MaxBinds, "binds in the journal") < 0) {
		unlock(&t->lk);
		return -1;
	}
	j = mem_new(sizeof *j);
	*j = (Bind){ .dev = mem_str(w[1]), .root = mem_str(w[2]), .point = mem_str(w[3]), .flags = mem_str(w[4]),
		     .name = mem_str(w[5]), .uid = uid, .born = clock_ms() };
	list_add(&t->binds, &j->link);
	t->nbind++;
	rc = mobj_save(t);
	unlock(&t->lk);
	return rc;
}

void mobj_init(Mobj *t, Kern *k)
{
	t->k = k;
	t->memfd = -1;
	lock_init(&t->lk, RankMnt);
	list_init(&t->objs);
	list_init(&t->binds);
	mrestore_run(t);
}
