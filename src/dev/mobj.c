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
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/local.h>
#include <ns/mtab.h>
#include <ns/union.h>
#include <os/at.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/procinfo.h>
#include <os/thread.h>
#include <srv/call.h>
#include "mobj.h"

enum {
	MAXMEMBERS = 64,
	MAXFD = 1 << 20,
	YOUNGMS = 300000, /* for what was restored: init renews the mounts meanwhile */
	SETTLEMS = 1000,  /* between collections, and twenty times what the last one took */
	SCANSHARE = 20,
	IDLEMS = 20000,
	CALLMS = 30000,
	MAXNS = 4096,
};

/* members being put together */
typedef struct Draft {
	Omem m[MAXMEMBERS];
	int n;
} Draft;

static void layer_drop(Layer *l)
{
	autofree char *key = NULL;

	if (l == NULL || !ref_drop(&l->ref))
		return;
	key = mem_printf("M/l/%u", l->id);
	kern_unstore(l->k, key);
	srv_drop(l->srv);
	free(l);
}

static Layer *layer_make(Kern *k, u32 id, int fd)
{
	Layer *l;
	Finfo fi;
	Srv *s;

	if (at_stat(fd, "", &fi) < 0)
		return NULL;
	s = local_new(fd, LocalCaller | (at_foreign(fd) ? LocalMayWait : 0));
	if (s == NULL)
		return NULL;
	l = mem_new(sizeof *l);
	ref_init(&l->ref, "Layer");
	*l = (Layer){ l->ref, k, id, fd, s, at_foreign(fd), fi.dev, fi.ino };
	return l;
}

/* layer_new makes a kept layer of directory fd, which it owns. */
static Layer *layer_new(Mobj *t, int fd)
{
	autofree char *key = NULL;
	Layer *l;
	u32 id;

	lock(&t->lk);
	id = ++t->layers;
	unlock(&t->lk);
	key = mem_printf("M/l/%u", id);
	if (at_isfuse(fd)) {
		Finfo fi;
		char dev[32];

		if (at_stat(fd, "", &fi) == 0) {
			at_devname(fi.dev, dev, sizeof dev);
			if (strcmp(dev, t->dev) == 0) {
				close(fd);
				werrstr("a directory of /# must be named by its path");
				return NULL;
			}
		}
	}
	if (kern_store(t->k, key, fd) < 0) {
		close(fd);
		return NULL;
	}
	l = layer_make(t->k, id, fd);
	if (l == NULL)
		close(fd);
	return l;
}

static void omem_free(Omem *m)
{
	layer_drop(m->layer);
	free(m->path);
	free(m->name);
}

static void draft_free(Draft *d)
{
	for (int i = 0; i < d->n; i++)
		omem_free(&d->m[i]);
	free(d);
}

static int draft_add(Draft *d, Layer *l, const char *path, const char *flags, const char *name)
{
	if (d->n == MAXMEMBERS)
		return werrstr("a union of more than %d directories", MAXMEMBERS);
	if (l != NULL)
		ref_take(&l->ref);
	d->m[d->n++] = (Omem){
		.layer = l,
		.path = mem_str(path),
		.create = strchr(flags, 'c') != NULL,
		.base = strchr(flags, 'B') != NULL,
		.name = mem_str(name),
	};
	return 0;
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

static Obj *obj_new(int kind, const char *owner)
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
static Obj *find(Mobj *t, u32 id)
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
	o = find(t, id);
	if (o != NULL)
		ref_take(&o->ref);
	unlock(&t->lk);
	return o != NULL ? o : errnull(Enonexist);
}

static Obj *find_text(Mobj *t, const char *id)
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

/* shown says whether o is mounted in the caller's name space: then it is the caller's to use, whoever made it. */
static bool shown(Mobj *t, const Obj *o, const Req *r)
{
	autofree char *root = mem_printf("/M/%u", o->id), *dev = NULL;
	Mounts *tab = r->caller.pid != 0 ? mtab_read(r->caller.pid) : NULL;
	bool yes = false;

	lock(&t->lk);
	dev = mem_str(t->dev);
	unlock(&t->lk);
	for (int i = 0; tab != NULL && i < tab->n && !yes; i++) {
		const Mount *m = &tab->m[i];
		char its[32];

		snprintf(its, sizeof its, "%u:%u", m->major, m->minor);
		yes = strcmp(its, dev) == 0 && mtab_below(root, m->root) != NULL;
	}
	mounts_free(tab);
	return yes;
}

/* find_used is find_text for an object that r's caller wants to make another of. */
static Obj *find_used(Mobj *t, const char *id, const Req *r)
{
	Obj *o = find_text(t, id);

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
	static const char *const kinds[] = { "union", "mount", "pipe" };

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

		buf_printf(b, "m %s%s%s ", m->create ? "c" : "", m->base ? "B" : "", !m->create && !m->base ? "-" : "");
		if (m->layer != NULL)
			buf_printf(b, "layer %u", m->layer->id);
		else
			buf_str(b, "tree");
		if (m->layer == NULL)
			word(b, m->path);
		word(b, m->name);
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
static int save(Mobj *t)
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

static bool member_of(const Obj *o, u32 id)
{
	char pre[24];
	size_t n = (size_t)snprintf(pre, sizeof pre, "M/%u", id);

	for (int i = 0; i < o->n; i++)
		if (o->m[i].path != NULL && strncmp(o->m[i].path, pre, n) == 0 &&
		    (o->m[i].path[n] == '\0' || o->m[i].path[n] == '/'))
			return true;
	return false;
}

static void forget(Mobj *t, Obj *o)
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

static void bind_free(Bind *j)
{
	list_del(&j->link);
	free(j->dev);
	free(j->root);
	free(j->point);
	free(j->flags);
	free(j->name);
	free(j);
}

typedef struct Scan {
	Mobj *t;
	char *ns[MAXNS];
	int n;
	bool full;
} Scan;

static void mark_mount(Mobj *t, const Mount *m)
{
	char dev[32];
	bool ours;

	snprintf(dev, sizeof dev, "%u:%u", m->major, m->minor);
	ours = strcmp(dev, t->dev) == 0;
	if (ours && str_prefix(m->root, "/M/")) {
		Obj *o = find(t, (u32)strtoul(m->root + 3, NULL, 10));

		if (o != NULL)
			o->seen = true;
	}
	list_each (l, &t->binds) {
		Bind *j = list_item(l, Bind, link);

		if (strcmp(j->point, m->point) == 0 && strcmp(j->root, m->root) == 0 &&
		    strcmp(j->dev, ours ? "#" : dev) == 0)
			j->seen = true;
	}
}

/* unread: the table of pid, whose name space is the last of s, could not be read. */
static void unread(Scan *s, u32 pid)
{
	autofree char *ns = proc_link(pid, "ns/mnt");

	if (ns != NULL)
		s->full = true; /* what it shows is not known: nothing may go */
	else
		free(s->ns[--s->n]); /* it has ended; another process may show the same name space */
}

static void scan_process(void *arg, u32 pid)
{
	Scan *s = arg;
	char *ns = proc_link(pid, "ns/mnt");
	Mounts *t;

	if (ns == NULL)
		return;
	for (int i = 0; i < s->n; i++)
		if (strcmp(s->ns[i], ns) == 0) {
			free(ns);
			return;
		}
	if (s->n == MAXNS) {
		s->full = true;
		free(ns);
		return;
	}
	s->ns[s->n++] = ns;
	t = mtab_read(pid);
	if (t == NULL) {
		unread(s, pid);
		return;
	}
	for (int i = 0; i < t->n; i++)
		mark_mount(s->t, &t->m[i]);
	mounts_free(t);
}

static void sweep(Mobj *t)
{
	i64 old = clock_ms() - YOUNGMS;

	list_each (l, &t->objs) {
		Obj *o = list_item(l, Obj, link);

		if (o->seen || o->held > 0 || o->born > old)
			list_each (m, &t->objs)
				if (member_of(o, list_item(m, Obj, link)->id))
					list_item(m, Obj, link)->seen = true;
	}
	list_each (l, &t->objs) {
		Obj *o = list_item(l, Obj, link);

		if (!o->seen && o->held == 0 && o->born <= old)
			forget(t, o);
	}
	list_each (l, &t->binds) {
		Bind *j = list_item(l, Bind, link);

		if (!j->seen && j->born <= old) {
			bind_free(j);
			t->nbind--;
		}
	}
}

/* collect frees what no mount table shows, if there may be much of it, or now; t->lk is held. */
static void collect(Mobj *t, bool now)
{
	Scan s = { .t = t };

	if (!now && t->nobj < 2 * t->live + 16 && t->nbind < 2 * t->liveb + 64)
		return;
	list_each (l, &t->objs)
		list_item(l, Obj, link)->seen = false;
	list_each (l, &t->binds)
		list_item(l, Bind, link)->seen = false;
	if (t->dev[0] != '\0' && proc_each(scan_process, &s) == 0 && !s.full)
		sweep(t);
	for (int i = 0; i < s.n; i++)
		free(s.ns[i]);
	t->live = t->nobj;
	t->liveb = t->nbind;
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

void mobj_letgo(Mobj *t, u32 id)
{
	Obj *o;

	lock(&t->lk);
	o = find(t, id);
	if (o != NULL && o->held > 0)
		o->held--;
	t->dirty = true;
	unlock(&t->lk);
}

typedef struct Gone {
	Kern *k;
	u32 *id;
	int n;
} Gone;

static void tell_gone(void *arg)
{
	Gone *g = arg;

	for (int i = 0; i < g->n; i++) {
		autofree char *name = mem_printf("%u", g->id[i]);

		g->k->forgets(g->k->forgetarg, "M", name);
	}
	free(g->id);
	free(g);
}

/* let_go has Linux forget the names of objects that are gone, whose directories it would hold for as long as it likes. */
static void let_go(Mobj *t)
{
	Gone *g;

	if (t->ngone == 0 || t->k->forgets == NULL)
		return;
	g = mem_new(sizeof *g);
	*g = (Gone){ t->k, t->gone, t->ngone };
	t->gone = NULL;
	t->ngone = 0;
	if (thread_start("forget", tell_gone, g) < 0) {
		free(g->id);
		free(g);
	}
}

void mobj_tick(Kern *k)
{
	Mobj *t = k->mnt;
	i64 now = clock_ms();

	if (t == NULL)
		return;
	lock(&t->lk);
	/* an unmount, or the end of a name space, tells nobody */
	if (now >= t->next && (t->dirty || (t->nobj > 0 && now >= t->next + IDLEMS))) {
		int had = t->nobj + t->nbind;

		t->dirty = false;
		collect(t, true);
		t->next = clock_ms() + SETTLEMS + SCANSHARE * (clock_ms() - now);
		if (had != t->nobj + t->nbind && save(t) < 0)
			dprintf(2, "kernel: %s\n", rerrstr());
	}
	let_go(t);
	unlock(&t->lk);
}

/* publish gives o a number and keeps it; the table has the only reference. */
static int publish(Mobj *t, Obj *o, u32 *id)
{
	int rc = 0;

	lock(&t->lk);
	collect(t, false);
	if (room(t, o) < 0) {
		collect(t, true);
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
		rc = save(t);
	if (rc < 0)
		forget(t, o);
	unlock(&t->lk);
	return rc;
}

/* publish_union makes the union of what is in d, which is empty afterwards; a member that is not there is an error. */
static char *publish_union(Mobj *t, const Req *r, Draft *d)
{
	Obj *o = obj_new(ObjUnion, kern_caller(t->k, r));
	Fid *root;
	u32 id;

	o->m = mem_array((size_t)(d->n > 0 ? d->n : 1), sizeof *o->m);
	o->n = d->n;
	memcpy(o->m, d->m, (size_t)d->n * sizeof *o->m);
	d->n = 0;
	root = obj_root(t, o, r);
	if (root == NULL) {
		obj_drop(o);
		return NULL;
	}
	fid_drop(root);
	return publish(t, o, &id) < 0 ? NULL : mem_printf("%u", id);
}

/*
 * canon finds what path inside /# is: a union's root (*u, a reference), a
 * native directory (*l, a reference) or a path of no union (returned, owned).
 */
static char *canon(Mobj *t, const char *path, const Req *r, Obj **u, Layer **l)
{
	const char *rest = str_prefix(path, "M/") ? path + 2 + strspn(path + 2, "0123456789") : NULL;
	autofree char *id = rest != NULL ? mem_strn(path + 2, (size_t)(rest - path - 2)) : NULL, *first = NULL;
	char *p = NULL;
	Obj *o;
	Srv *s;
	int i;

	if (id == NULL || *id == '\0')
		return mem_str(path);
	o = find_used(t, id, r);
	if (o == NULL || (*rest == '\0' && o->kind == ObjUnion)) {
		*u = o;
		return NULL;
	}
	if (o->kind != ObjUnion) {
		obj_drop(o);
		return mem_str(path);
	}
	rest++;
	first = mem_strn(rest, strcspn(rest, "/"));
	{
		Fid *root = obj_root(t, o, r);

		s = root != NULL ? srv_take(root->srv) : NULL;
		fid_drop(root);
	}
	i = s != NULL ? union_find(s, first, &r->caller) : -1;
	srv_drop(s);
	if (i >= 0 && i < o->n && o->m[i].layer != NULL) {
		int fd = at_open(o->m[i].layer->fd, rest, O_PATH | O_DIRECTORY, 0, AtFollow);

		*l = fd >= 0 ? layer_new(t, fd) : NULL;
	} else if (i >= 0 && i < o->n) {
		p = mem_printf("%s/%s", o->m[i].path, rest);
	}
	obj_drop(o);
	return p;
}

/* add_object appends all members of o; with flags the first gets them and the others none. */
static int add_object(Draft *d, const Obj *o, const char *flags)
{
	for (int i = 0; i < o->n; i++) {
		const Omem *m = &o->m[i];
		char own[3] = { m->create ? 'c' : '-', m->base ? 'B' : '-' };

		if (draft_add(d, m->layer, m->path, flags == NULL ? own : i == 0 ? flags : "-", m->name) < 0)
			return -1;
	}
	return 0;
}

static int add_tree(Mobj *t, Draft *d, const Req *r, const char *path, const char *flags, const char *name)
{
	Obj *u = NULL;
	Layer *l = NULL;
	autofree char *p = canon(t, path, r, &u, &l);
	int rc = -1;

	if (u != NULL)
		rc = add_object(d, u, flags);
	else if (l != NULL || p != NULL)
		rc = draft_add(d, l, p, flags, name);
	obj_drop(u);
	layer_drop(l);
	return rc;
}

static int take(const Req *r, const char *num)
{
	u64 fd;

	if (r->caller.pid == 0)
		return werrstr("#M: only processes of this node can mount");
	return str_u64(num, 10, MAXFD, &fd) < 0 ? -1 : kern_takefd(r->caller.pid, (int)fd);
}

/* add_member does one "m FLAGS fd|tree|object WHAT NAME". */
static int add_member(Mobj *t, Draft *d, const Req *r, char **w, int n)
{
	Layer *l;
	Obj *o;
	int rc, fd;

	if (n < 4)
		return errset(Ebadarg);
	if (strcmp(w[2], "object") == 0) {
		o = find_used(t, w[3], r);
		rc = o != NULL ? add_object(d, o, NULL) : -1;
		obj_drop(o);
		return rc;
	}
	if (n < 5)
		return errset(Ebadarg);
	if (strcmp(w[2], "tree") == 0)
		return add_tree(t, d, r, w[3], w[1], w[4]);
	if (strcmp(w[2], "fd") != 0)
		return errset(Ebadarg);
	fd = take(r, w[3]);
	if (fd < 0)
		return -1;
	l = layer_new(t, fd);
	rc = l != NULL ? draft_add(d, l, NULL, w[1], w[4]) : -1;
	layer_drop(l);
	return rc;
}

static char *do_union(Mobj *t, const Req *r, char *rest)
{
	Draft *d = mem_new(sizeof *d);
	char *line, *save_ = NULL, *w[8], *answer = NULL;
	int rc = 0;

	for (line = strtok_r(rest, "\n", &save_); line != NULL && rc == 0; line = strtok_r(NULL, "\n", &save_)) {
		int n = str_tokens(line, w, nelem(w));

		rc = n > 0 && strcmp(w[0], "m") == 0 ? add_member(t, d, r, w, n) : errset(Ebadarg);
	}
	if (rc == 0)
		answer = d->n > 0 ? publish_union(t, r, d) : errnull(Ebadarg);
	draft_free(d);
	return answer;
}

/* posted says whether path is the 9P mount of posted server src ("s/NAME"). */
static bool posted(Mobj *t, const char *path, const char *src)
{
	Obj *o = str_prefix(path, "M/") && strchr(path + 2, '/') == NULL ? find_text(t, path + 2) : NULL;
	bool yes = o != NULL && o->kind == ObjMount && strcmp(o->src, src) == 0;

	obj_drop(o);
	return yes;
}

static bool is_member(Mobj *t, const Omem *m, const char *path, const Finfo *fi)
{
	if (m->layer != NULL)
		return path == NULL && m->layer->dev == fi->dev && m->layer->ino == fi->ino;
	return path != NULL && (strcmp(m->path, path) == 0 || posted(t, m->path, path));
}

static char *without(Mobj *t, const Req *r, const Obj *o, const char *path, const Finfo *fi)
{
	Draft *d = mem_new(sizeof *d);
	char *answer = NULL;
	int at = 0, rc = 0;

	while (at < o->n && !is_member(t, &o->m[at], path, fi))
		at++;
	for (int i = 0; i < o->n && rc == 0; i++) {
		const Omem *m = &o->m[i];
		char own[3] = { m->create ? 'c' : '-', m->base ? 'B' : '-' };

		if (i != at)
			rc = draft_add(d, m->layer, m->path, own, m->name);
	}
	if (at == o->n)
		errset(Enotunion);
	else if (rc == 0)
		answer = d->n == 0 ? mem_str("empty") : d->n == 1 && d->m[0].base ? mem_str("base") : publish_union(t, r, d);
	draft_free(d);
	return answer;
}

/* do_without is "without N fd FD" or "without N tree PATH". */
static char *do_without(Mobj *t, const Req *r, char **w, int n)
{
	Obj *o = n == 4 ? find_used(t, w[1], r) : errnull(Ebadarg), *u = NULL;
	autofree char *path = NULL, *answer = NULL, *self = NULL;
	Layer *l = NULL;
	Finfo fi = { 0 };
	autofd int fd = -1;

	if (o == NULL)
		return NULL;
	if (strcmp(w[2], "tree") == 0) {
		path = canon(t, w[3], r, &u, &l);
		if (l != NULL)
			fi = (Finfo){ .dev = l->dev, .ino = l->ino };
		if (u != NULL)
			path = mem_str(w[3]);
	} else {
		fd = take(r, w[3]);
	}
	self = mem_printf("M/%u", o->id);
	if (path == NULL && l == NULL && (fd < 0 || at_stat(fd, "", &fi) < 0))
		answer = NULL;
	else if (path != NULL && (strcmp(path, self) == 0 || posted(t, self, path)))
		answer = mem_str("empty");
	else
		answer = without(t, r, o, path, &fi);
	obj_drop(o);
	obj_drop(u);
	layer_drop(l);
	return answer != NULL ? mem_str(answer) : NULL;
}

/* do_mount is "mount FLAGS fd FD ANAME NAME" or "mount FLAGS tree s/POST ANAME NAME". */
static char *do_mount(Mobj *t, const Req *r, char **w, int n)
{
	Obj *o;
	u32 id;
	bool tree;
	Fid *root;

	if (n != 6)
		return errnull(Ebadarg);
	tree = strcmp(w[2], "tree") == 0;
	if (tree && !str_prefix(w[3], "s/")) {
		werrstr("%s: not a posted server", w[5]);
		return NULL;
	}
	o = obj_new(ObjMount, kern_caller(t->k, r));
	o->src = mem_str(tree ? w[3] : "fd");
	o->flags = mem_str(w[1]);
	o->aname = mem_str(w[4]);
	o->name = mem_str(w[5]);
	if (!tree)
		o->fd = take(r, w[3]);
	root = !tree && o->fd < 0 ? NULL : obj_root(t, o, r); /* the first attach: errors are the mounter's */
	if (root == NULL) {
		obj_drop(o);
		return NULL;
	}
	fid_drop(root);
	return publish(t, o, &id) < 0 ? NULL : mem_printf("%u", id);
}

static char *do_pipe(Mobj *t, const Req *r)
{
	u32 id;

	return publish(t, obj_new(ObjPipe, kern_caller(t->k, r)), &id) < 0 ? NULL : mem_printf("%u", id);
}

/* learn notes which device number our file system has in the mount table of the caller, who is the host owner: another
 * user may have made a name space in which something else is mounted there. */
static void learn(Mobj *t, u32 pid)
{
	Mounts *tab = mtab_read(pid);
	const Mount *m = tab != NULL ? mtab_at(tab, MTAB_DEVS) : NULL;

	lock(&t->lk);
	if (m != NULL && strcmp(m->point, MTAB_DEVS) == 0)
		snprintf(t->dev, sizeof t->dev, "%u:%u", m->major, m->minor);
	unlock(&t->lk);
	mounts_free(tab);
}

char *mobj_command(Mobj *t, Req *r, char *text)
{
	char *w[8], *rest = strchr(text, '\n');
	int n;

	if (r->caller.pid != 0 && t->dev[0] == '\0' && kern_isowner(t->k, r))
		learn(t, r->caller.pid);
	if (rest != NULL)
		*rest++ = '\0';
	n = str_tokens(text, w, nelem(w));
	if (n == 1 && strcmp(w[0], "union") == 0 && rest != NULL)
		return do_union(t, r, rest);
	if (n == 1 && strcmp(w[0], "pipe") == 0)
		return do_pipe(t, r);
	if (n > 0 && strcmp(w[0], "without") == 0)
		return do_without(t, r, w, n);
	if (n > 0 && strcmp(w[0], "mount") == 0)
		return do_mount(t, r, w, n);
	return errnull(Ebadctl);
}

/* tree_root walks to path of no union, "M/3/dir": whoever made the member could name it. */
static Fid *tree_root(Mobj *t, const char *path, const Req *r)
{
	autofree char *copy = mem_str(path);
	char *name[MAXWELEM + 2];
	int n = str_fields(copy, name, nelem(name), "/");
	Obj *o = n <= MAXWELEM + 1 ? find_text(t, name[1]) : errnull(Etoolong);
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

int mobj_bind(Mobj *t, char **w, int n, u32 uid)
{
	Bind *j = NULL;
	u64 have = 0;
	int rc;

	if (n != 6 || strcmp(w[0], "bind") != 0)
		return errset(Ebadctl);
	lock(&t->lk);
	collect(t, false);
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
	rc = save(t);
	unlock(&t->lk);
	return rc;
}

/* The rest makes the table again from what init kept. */

static Layer *restored_layer(Mobj *t, Layer **known, int *nknown, u32 id)
{
	autofree char *key = mem_printf("M/l/%u", id);
	Layer *l;
	int fd;

	for (int i = 0; i < *nknown; i++)
		if (known[i]->id == id)
			return known[i];
	fd = kern_stored(t->k, key);
	if (fd < 0)
		return NULL;
	l = layer_make(t->k, id, fd);
	if (l == NULL) {
		close(fd);
		return NULL;
	}
	known[(*nknown)++] = l;
	if (id > t->layers)
		t->layers = id;
	return l;
}

static void restore_member(Mobj *t, Obj *o, char **w, Layer **known, int *nknown)
{
	Layer *l = NULL;
	bool native = strcmp(w[2], "layer") == 0;

	if (native)
		l = restored_layer(t, known, nknown, (u32)strtoul(w[3], NULL, 10));
	if (native && l == NULL)
		return;
	if (l != NULL)
		ref_take(&l->ref);
	o->m = mem_grow(o->m, (size_t)o->n + 1, sizeof *o->m);
	o->m[o->n++] = (Omem){ l, native ? NULL : mem_str(w[3]), strchr(w[1], 'c') != NULL, strchr(w[1], 'B') != NULL,
			       mem_str(w[4]) };
}

static Obj *restore_obj(Mobj *t, char **w, int n)
{
	static const char *const kinds[] = { "union", "mount", "pipe" };
	Obj *o;
	int kind = 0;

	while (kind < 3 && strcmp(w[0], kinds[kind]) != 0)
		kind++;
	if (kind == 3 || n < 2 || (kind == ObjMount && n != 6))
		return NULL;
	o = obj_new(kind, kern_hostowner(t->k));
	o->id = (u32)strtoul(w[1], NULL, 10);
	if (kind == ObjMount) {
		autofree char *key = mem_printf("M/f/%u", o->id);

		o->flags = mem_str(w[2]);
		o->src = mem_str(w[3]);
		o->aname = mem_str(w[4]);
		o->name = mem_str(w[5]);
		if (strcmp(o->src, "fd") == 0)
			o->fd = kern_stored(t->k, key);
	}
	o->born = clock_ms();
	if (o->id > t->ids)
		t->ids = o->id;
	list_add(&t->objs, &o->link);
	t->nobj++;
	return o;
}

static void restore_line(Mobj *t, char *line, Obj **last, Layer **known, int *nknown)
{
	char *w[8];
	int n = str_tokens(line, w, nelem(w));
	Obj *o;

	if (n == 7 && strcmp(w[0], "bind") == 0) {
		if (mobj_bind(t, w, 6, (u32)strtoul(w[6], NULL, 10)) < 0)
			errset(Enone);
		return;
	}
	if (n == 5 && strcmp(w[0], "m") == 0 && *last != NULL) {
		restore_member(t, *last, w, known, nknown);
		return;
	}
	if (n == 3 && strcmp(w[0], "owner") == 0 && *last != NULL) {
		free((*last)->owner);
		(*last)->owner = mem_str(w[2]);
		return;
	}
	o = n > 0 ? restore_obj(t, w, n) : NULL;
	if (o != NULL)
		*last = o;
}

static void restore(Mobj *t)
{
	autofd int fd = kern_stored(t->k, "M/table");
	autobuf Buf b = { 0 };
	char *line, *save_ = NULL;
	Obj *last = NULL;
	Layer **known;
	int nknown = 0, kept = 0;
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = pread(fd, buf_room(&b, 65536), 65536, (off_t)b.n)) > 0)
		b.n += (size_t)n;
	buf_ch(&b, '\n');
	for (size_t i = 0; i < b.n; i++)
		kept += b.p[i] == '\n';
	known = mem_array((size_t)kept + 1, sizeof *known);
	for (line = strtok_r(b.p, "\n", &save_); line != NULL; line = strtok_r(NULL, "\n", &save_))
		restore_line(t, line, &last, known, &nknown);
	for (int i = 0; i < nknown; i++)
		layer_drop(known[i]);
	free(known);
	t->live = t->nobj;
}

void mobj_init(Mobj *t, Kern *k)
{
	t->k = k;
	t->memfd = -1;
	lock_init(&t->lk, RankMnt);
	list_init(&t->objs);
	list_init(&t->binds);
	restore(t);
}
