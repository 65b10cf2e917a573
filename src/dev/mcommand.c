/*
 * What a tool writes to /#/M/clone, done: the description of an object
 * becomes the object.  See mnt.c for the words.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mtab.h>
#include <ns/union.h>
#include <os/at.h>
#include <os/io.h>
#include <os/procinfo.h>
#include <os/sock.h>
#include "redial.h"
#include "mobjpriv.h"

enum { MAXFD = 1 << 20 };

/* members being put together */
typedef struct Draft {
	Omem m[MAXMEMBERS];
	int n;
} Draft;
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

/* draft_copy adds what is member m of another union, with its flags. */
static int draft_copy(Draft *d, const Omem *m)
{
	char own[3] = { m->create ? 'c' : '-', m->base ? 'B' : '-' };

	if (draft_add(d, m->layer, m->path, own, m->name) < 0)
		return -1;
	d->m[d->n - 1].group = m->group != NULL ? mem_str(m->group) : NULL;
	d->m[d->n - 1].also = m->also;
	return 0;
}

/* publish_union makes the union of what is in d, which is empty afterwards; a member that is not there is an error. */
static char *publish_union(Mobj *t, const Req *r, Draft *d)
{
	Obj *o = obj_new(ObjUnion, kern_caller(t->k, r));
	Fid *root;
	u32 id;

	o->narrow = mobj_narrow(t, r);
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
	return mobj_publish(t, o, &id) < 0 ? NULL : mem_printf("%u", id);
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
	o = mobj_mayuse(t, id, r);
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

/* add_object appends all members of o as they are. */
static int add_object(Draft *d, const Obj *o)
{
	for (int i = 0; i < o->n; i++)
		if (draft_copy(d, &o->m[i]) < 0)
			return -1;
	return 0;
}

/* add_union appends all members of o, which was bound as name; the first gets the flags and the others none. */
static int add_union(Draft *d, const Obj *o, const char *flags, const char *name)
{
	for (int i = 0; i < o->n; i++) {
		const Omem *m = &o->m[i];

		if (draft_add(d, m->layer, m->path, i == 0 ? flags : "-", m->name) < 0)
			return -1;
		d->m[d->n - 1].also = i > 0;
		if (i == 0)
			d->m[d->n - 1].group = mem_str(name);
	}
	return 0;
}

static int add_tree(Mobj *t, Draft *d, const Req *r, const char *path, const char *flags, const char *name)
{
	Obj *u = NULL;
	Layer *l = NULL;
	autofree char *p = NULL;
	int rc = -1;

	if (mobj_narrow(t, r) && mobj_narrowuse(t, r, path) < 0)
		return -1;
	p = canon(t, path, r, &u, &l);

	if (u != NULL)
		rc = add_union(d, u, flags, name);
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
		autofree char *path = mem_printf("M/%s", w[3]);

		if (mobj_narrow(t, r) && mobj_narrowuse(t, r, path) < 0)
			return -1;
		o = mobj_mayuse(t, w[3], r);
		rc = o != NULL ? add_object(d, o) : -1;
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
	Obj *o = str_prefix(path, "M/") && strchr(path + 2, '/') == NULL ? mobj_text(t, path + 2) : NULL;
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

/* draft_apart has those members that came with member `at` of o, which is not in d, stand for themselves. */
static void draft_apart(Draft *d, const Obj *o, int at)
{
	int first = at, end = at + 1;

	while (first > 0 && o->m[first].also)
		first--;
	while (end < o->n && o->m[end].also)
		end++;
	for (int i = first; i < end - 1; i++) {
		free(d->m[i].group);
		d->m[i].group = NULL;
		d->m[i].also = false;
	}
}

/* at_home says whether what is left is only the directory at place itself, which shows without a union. */
static bool at_home(const Draft *d, const char *place)
{
	return d->n == 1 && d->m[0].base && strcmp(d->m[0].name, place) == 0;
}

static char *without(Mobj *t, const Req *r, const Obj *o, const char *path, const Finfo *fi, const char *place)
{
	Draft *d = mem_new(sizeof *d);
	char *answer = NULL;
	int at = 0, rc = 0;

	while (at < o->n && !is_member(t, &o->m[at], path, fi))
		at++;
	for (int i = 0; i < o->n && rc == 0; i++)
		if (i != at)
			rc = draft_copy(d, &o->m[i]);
	if (rc == 0 && at < o->n)
		draft_apart(d, o, at);
	if (at == o->n)
		errset(Enotunion);
	else if (rc == 0)
		answer = d->n == 0 ? mem_str("empty") : at_home(d, place) ? mem_str("base") : publish_union(t, r, d);
	draft_free(d);
	return answer;
}

/* do_without is "without N fd FD PLACE" or "without N tree PATH PLACE", for the union that is mounted at PLACE. */
static char *do_without(Mobj *t, const Req *r, char **w, int n)
{
	Obj *o = n == 5 ? mobj_mayuse(t, w[1], r) : errnull(Ebadarg), *u = NULL;
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
		answer = without(t, r, o, path, &fi, w[4]);
	obj_drop(o);
	obj_drop(u);
	layer_drop(l);
	return answer != NULL ? mem_str(answer) : NULL;
}

/* source is the src of a mount of descriptor fd. */
static char *source(const char *kind, int fd)
{
	char addr[100];

	if (strcmp(kind, "dial") == 0 && sock_peer(fd, addr, sizeof addr) == 0)
		return mem_printf(DIALLED "%s", addr);
	return mem_str("fd");
}

/* do_mount is "mount FLAGS fd|dial FD ANAME NAME" or "mount FLAGS tree s/POST ANAME NAME". */
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
	o->flags = mem_str(w[1]);
	o->aname = mem_str(w[4]);
	o->name = mem_str(w[5]);
	if (!tree)
		o->fd = take(r, w[3]);
	o->src = tree ? mem_str(w[3]) : source(w[2], o->fd);
	root = !tree && o->fd < 0 ? NULL : obj_root(t, o, r); /* the first attach: errors are the mounter's */
	if (root == NULL) {
		obj_drop(o);
		return NULL;
	}
	fid_drop(root);
	return mobj_publish(t, o, &id) < 0 ? NULL : mem_printf("%u", id);
}

static char *do_pipe(Mobj *t, const Req *r)
{
	Obj *o = obj_new(ObjPipe, kern_caller(t->k, r));
	u32 id;

	o->narrow = mobj_narrow(t, r);
	return mobj_publish(t, o, &id) < 0 ? NULL : mem_printf("%u", id);
}

/* do_clean is "clean FD": the name space that rfork N starts from goes over the caller's unix socket FD.  A process in it
 * could change it for all, so only the host owner is given it. */
static char *do_clean(Mobj *t, const Req *r, const char *num)
{
	autofd int to = -1;

	if (!kern_isowner(t->k, r))
		return errnull(Eperm);
	if (t->k->clean < 0) {
		werrstr("no clean name space was kept: this kernel process is not a node's");
		return NULL;
	}
	to = take(r, num);
	return to < 0 || io_trysendfds(to, "c", 1, &t->k->clean, 1, 0) < 0 ? NULL : mem_str("sent");
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
	if (n > 0 && mobj_narrow(t, r) && (strcmp(w[0], "clean") == 0 || strcmp(w[0], "mount") == 0))
		return errnull(Enoattach);
	if (n == 2 && strcmp(w[0], "clean") == 0)
		return do_clean(t, r, w[1]);
	if (n > 0 && strcmp(w[0], "without") == 0)
		return do_without(t, r, w, n);
	if (n > 0 && strcmp(w[0], "mount") == 0)
		return do_mount(t, r, w, n);
	return errnull(Ebadctl);
}
