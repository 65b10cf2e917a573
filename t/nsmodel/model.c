#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/str.h>
#include "model.h"

enum { MAXINODE = 4096, MAXMNT = 1 << 14, DEPTH = 5 };

typedef struct Place {
	Mnt *m, *up; /* the mount that it is in, and what that one is mounted on */
	int kid;     /* of up */
	char rel[MAXREL];
	Inode *i;    /* NULL: the root of a union */
	const char *name;
} Place;

const char Odd[] = "odd", SERVER[] = "/srv/ram";
static const char gone[] = "does not exist", full[] = "the model is full";

static Inode inodes[MAXINODE];
static Mnt mnts[MAXMNT];
static int ninode, nmnt, ids, now;
static Inode *posted; /* the root of the server */

Inode *inode_new(bool dir, bool server, const char *text)
{
	Inode *i = &inodes[ninode++];

	if (ninode >= MAXINODE)
		exit(3);
	*i = (Inode){ .dir = dir, .server = server };
	str_cpy(i->text, sizeof i->text, text);
	return i;
}

void inode_add(Inode *dir, const char *name, Inode *i)
{
	if (dir->n == MAXENT)
		exit(3);
	str_cpy(dir->e[dir->n].name, sizeof dir->e[0].name, name);
	dir->e[dir->n++].i = i;
}

static int slot(const Inode *dir, const char *name)
{
	for (int k = 0; dir != NULL && dir->dir && k < dir->n; k++)
		if (strcmp(dir->e[k].name, name) == 0)
			return k;
	return -1;
}

Inode *inode_find(const Inode *dir, const char *name)
{
	int k = slot(dir, name);

	return k < 0 ? NULL : dir->e[k].i;
}

static void unlink_at(Inode *dir, const char *name)
{
	dir->e[slot(dir, name)] = dir->e[dir->n - 1];
	dir->n--;
}

void world_new(Inode **top, Inode **server)
{
	ninode = nmnt = 0;
	*top = inode_new(true, false, "");
	posted = *server = inode_new(true, true, "");
}

static Mnt *mnt_new(Inode *dir)
{
	Mnt *m = &mnts[nmnt++];

	if (nmnt >= MAXMNT)
		exit(3);
	*m = (Mnt){ .dir = dir };
	return m;
}

static bool below(const char *dir, const char *path, const char **rest)
{
	size_t n = strlen(dir);

	*rest = n == 0 ? path : path + n + 1;
	return n == 0 ? *path != '\0' : strncmp(dir, path, n) == 0 && path[n] == '/';
}

/* mnt_copy copies m's tree at rel with what is mounted there, and with what that hides. */
static Mnt *mnt_copy(const Mnt *m, const char *rel, Inode *i)
{
	Mnt *c = mnt_new(i);
	const char *rest;

	if (*rel == '\0')
		*c = *m;
	c->ours = m->ours;
	c->nkid = 0;
	if (*rel == '\0' && m->under != NULL)
		c->under = mnt_copy(m->under, "", m->under->dir);
	for (int k = 0; k < m->nkid; k++) {
		if (!below(rel, m->kid[k].rel, &rest))
			continue;
		str_cpy(c->kid[c->nkid].rel, MAXREL, rest);
		c->kid[c->nkid++].m = mnt_copy(m->kid[k].m, "", m->kid[k].m->dir);
	}
	return c;
}

/* along marks what is mounted on m as mounted by nobody. */
static void along(Mnt *m)
{
	for (int k = 0; k < m->nkid; k++)
		for (Mnt *c = m->kid[k].m; c != NULL; c = c->under) {
			c->unknown = true;
			along(c);
		}
}

Space space_new(Inode *top)
{
	return (Space){ .root = mnt_new(top) };
}

Space space_copy(const Space *s)
{
	Space c = *s;

	c.root = mnt_copy(s->root, "", s->root->dir);
	return c;
}

static int kid_at(const Mnt *m, const char *rel)
{
	for (int k = 0; k < m->nkid; k++)
		if (strcmp(m->kid[k].rel, rel) == 0)
			return k;
	return -1;
}

static Inode *union_find(const Mnt *m, const char *name, int *which)
{
	for (int k = 0; k < m->nm; k++) {
		Inode *i = inode_find(m->m[k].dir, name);

		if (i != NULL) {
			if (which != NULL)
				*which = k;
			return i;
		}
	}
	return NULL;
}

static Inode *child(const Place *p, const char *name)
{
	return p->i == NULL ? union_find(p->m, name, NULL) : inode_find(p->i, name);
}

/* use marks m, and what is mounted on it, as what a bind was made of. */
static void use(Mnt *m)
{
	m->used = true;
	for (int k = 0; k < m->nkid; k++)
		use(m->kid[k].m);
}

static bool is_used(const Mnt *m)
{
	bool yes = m->used;

	for (int k = 0; k < m->nkid && !yes; k++)
		yes = is_used(m->kid[k].m);
	return yes;
}

static bool step(Place *p, const char *name)
{
	size_t n = strlen(p->rel);
	Inode *i = child(p, name);

	if (i == NULL)
		return false;
	snprintf(p->rel + n, sizeof p->rel - n, "%s%.20s", n > 0 ? "/" : "", name);
	p->i = i;
	p->kid = kid_at(p->m, p->rel);
	if (p->kid < 0)
		return true;
	p->up = p->m;
	p->m = p->m->kid[p->kid].m;
	p->rel[0] = '\0';
	p->i = p->m->uni ? NULL : p->m->dir;
	return true;
}

static bool resolve(const Space *s, const char *path, Place *p)
{
	char copy[256], *f[16];
	int n;

	*p = (Place){ .m = s->root, .i = s->root->dir, .kid = -1, .name = path };
	str_cpy(copy, sizeof copy, path);
	n = str_fields(copy, f, 16, "/");
	for (int k = 0; k < n; k++)
		if (!step(p, f[k]))
			return false;
	return true;
}

/* source resolves a name that is to be bound. */
static bool source(const Space *s, const char *path, Place *p)
{
	char copy[256];

	str_cpy(copy, sizeof copy, path);
	for (char *e = copy; (e = strchr(e + 1, '/')) != NULL; *e = '/') {
		*e = '\0';
		if (resolve(s, copy, p))
			p->m->used = true;
	}
	if (!resolve(s, path, p))
		return false;
	use(p->m);
	return true;
}

/* parent resolves all but the last element, which is returned; NULL if that is no directory. */
static const char *parent(const Space *s, const char *path, Place *p)
{
	char dir[256];
	const char *name = strrchr(path, '/');

	str_cpy(dir, sizeof dir, path);
	dir[name - path] = '\0';
	return resolve(s, dir, p) && (p->i == NULL || p->i->dir) ? name + 1 : NULL;
}

static bool isdir(const Place *p)
{
	return p->i == NULL || p->i->dir;
}

/* is_bound: something was bound at this very place. */
static bool is_bound(const Place *p)
{
	return *p->rel == '\0' && p->up != NULL;
}

static bool odd(const Place *p)
{
	if (!is_bound(p))
		return false;
	for (const Mnt *m = p->m; m != NULL; m = m->under)
		if (m->unknown)
			return true;
	return false;
}

/* put shows m at p, in place of what is bound there. */
static const char *put(const Place *p, Mnt *m)
{
	if (is_bound(p)) {
		m->under = p->m->under;
		p->up->kid[p->kid].m = m;
		return NULL;
	}
	if (p->m->nkid == MAXKID)
		return full;
	m->under = NULL;
	str_cpy(p->m->kid[p->m->nkid].rel, MAXREL, p->rel);
	p->m->kid[p->m->nkid++].m = m;
	return NULL;
}

static void member(Mnt *u, Inode *i, bool create, int server, const char *name)
{
	Mem *m = &u->m[u->nm++];

	if (u->nm > MAXMEM)
		exit(3);
	*m = (Mem){ .dir = i, .create = create, .server = server, .when = now };
	str_cpy(m->name, sizeof m->name, name);
}

/* server_of says by which mount p's directory is reached, 0: by none. */
static int server_of(const Place *p)
{
	char first[MAXREL];
	int k = 0;

	if (!p->i->server)
		return 0;
	if (!p->m->uni)
		return p->m->id;
	snprintf(first, sizeof first, "%.*s", (int)strcspn(p->rel, "/"), p->rel);
	union_find(p->m, first, &k);
	return p->m->m[k].server;
}

/* add_new appends what is bound: a union gives all its members, of which only the first may be created in. */
static void add_new(Mnt *u, const Place *n, bool create)
{
	if (n->i != NULL)
		member(u, n->i, create, server_of(n), n->name);
	for (int k = 0; n->i == NULL && k < n->m->nm; k++)
		member(u, n->m->m[k].dir, create && k == 0, n->m->m[k].server, n->name);
}

/* add_old appends what was at the place: as it was bound there, or the directory itself, without creation. */
static void add_old(Mnt *u, const Place *o)
{
	if (o->i == NULL) {
		for (int k = 0; k < o->m->nm; k++)
			u->m[u->nm++] = o->m->m[k];
		memcpy(u->home, o->m->home, sizeof u->home);
		return;
	}
	member(u, o->i, is_bound(o) && o->m->create, server_of(o), is_bound(o) ? o->m->name : "");
	if (is_bound(o))
		u->m[u->nm - 1].when = o->m->when;
	else
		u->m[u->nm - 1].base = str_cpy(u->home, sizeof u->home, o->name) == 0;
}

static Inode *path_in(const Mnt *u, const char *rel)
{
	char copy[MAXREL], *f[16];
	Inode *i;
	int n;

	str_cpy(copy, sizeof copy, rel);
	n = str_fields(copy, f, 16, "/");
	i = union_find(u, f[0], NULL);
	for (int k = 1; k < n && i != NULL; k++)
		i = inode_find(i, f[k]);
	return i;
}

/* carry copies what is mounted below p onto union u, where u shows a directory for it and not one of over. */
static void carry(Mnt *u, const Place *p, const Place *over)
{
	for (int k = 0; k < p->m->nkid; k++) {
		const char *rest;
		char first[MAXREL];
		Inode *i;
		Mnt *c;

		if (!below(p->rel, p->m->kid[k].rel, &rest) || kid_at(u, rest) >= 0)
			continue;
		snprintf(first, sizeof first, "%.*s", (int)strcspn(rest, "/"), rest);
		i = path_in(u, rest);
		if ((over != NULL && child(over, first) != NULL) || i == NULL || !i->dir)
			continue;
		c = mnt_copy(p->m->kid[k].m, "", p->m->kid[k].m->dir);
		c->under = NULL;
		str_cpy(u->kid[u->nkid].rel, MAXREL, rest);
		u->kid[u->nkid++].m = c;
	}
}

/* stale says whether name means something else than when it was bound, or shows other mounts. */
static bool stale(const Space *s, const char *name, int when)
{
	const char *rest;
	bool is = false;

	for (int i = 0; i < s->nlog && *name != '\0'; i++) {
		const char *path = s->log[i].path;

		is |= s->log[i].when > when && (strcmp(path, name) == 0 || below(path, name, &rest) || below(name, path, &rest));
	}
	return is;
}

/* check_names notes whether some name that u, or what is mounted on it, is made of means something else by now. */
static void check_names(Space *s, const Mnt *u)
{
	for (int k = 0; u->uni && k < u->nm; k++)
		s->shaky |= stale(s, u->m[k].name, u->m[k].when);
	s->shaky |= !u->uni && stale(s, u->name, u->when);
	for (int k = 0; k < u->nkid; k++)
		check_names(s, u->kid[k].m);
}

static const char *bind_union(Space *s, const Place *n, const Place *o, int flags)
{
	bool before = flags & MBEFORE;
	Mnt *u = mnt_new(NULL);

	*u = (Mnt){ .uni = true, .ours = true, .id = ++ids };
	if (before)
		add_new(u, n, flags & MCREATE);
	add_old(u, o);
	if (!before)
		add_new(u, n, flags & MCREATE);
	carry(u, before ? n : o, NULL);
	carry(u, before ? o : n, before ? n : o);
	along(u);
	check_names(s, u);
	return put(o, u);
}

static const char *bind_plain(const Place *n, const Place *o, int flags)
{
	Mnt *c = mnt_copy(n->m, n->rel, n->i);

	if (!c->root)
		c->create = flags & MCREATE;
	c->unknown = false;
	c->when = now;
	str_cpy(c->name, sizeof c->name, n->name);
	if (n->i != NULL && n->i->server)
		c->id = server_of(n);
	along(c);
	return put(o, c);
}

/* disturb notes that what is at p, or below it, changes. */
static void disturb(Space *s, const Place *p)
{
	const char *rest;

	s->log[s->nlog].when = ++now;
	str_cpy(s->log[s->nlog++].path, MAXREL, p->name);
	if (is_bound(p))
		s->shaky |= is_used(p->m);
	for (int k = 0; k < p->m->nkid; k++)
		if (below(p->rel, p->m->kid[k].rel, &rest))
			s->shaky |= is_used(p->m->kid[k].m);
}

static const char *bind_place(Space *s, const Place *n, const Place *o, int flags)
{
	if (odd(o))
		return Odd;
	if (isdir(n) != isdir(o) || (flags & (MBEFORE | MAFTER) && !isdir(n)))
		return "inconsistent mount";
	disturb(s, o);
	return flags & (MBEFORE | MAFTER) ? bind_union(s, n, o, flags) : bind_plain(n, o, flags);
}

/* ours: seen by way of the kernel process, since it is in a union or a server's tree. */
const char *model_bind(Space *s, const char *name, const char *old, int flags)
{
	Place n, o;

	return !source(s, name, &n) || !resolve(s, old, &o) ? gone : bind_place(s, &n, &o, flags);
}

const char *model_mount(Space *s, Inode *server, const char *old, int flags)
{
	Mnt *m = mnt_new(server);
	Place n = { .m = m, .i = server, .kid = -1, .name = "" }, o;

	m->id = ++ids;
	m->ours = m->root = true;
	m->create = flags & MCREATE;
	return resolve(s, old, &o) ? bind_place(s, &n, &o, flags) : gone;
}

static const char *off(const Place *o)
{
	o->up->kid[o->kid] = o->up->kid[o->up->nkid - 1];
	o->up->nkid--;
	return NULL;
}

/* without takes member k out. */
static const char *without(Space *s, const Place *o, int k)
{
	Mnt *u = mnt_new(NULL);

	*u = *o->m;
	u->id = ++ids;
	u->nkid = 0;
	memmove(&u->m[k], &u->m[k + 1], (size_t)(u->nm - k - 1) * sizeof u->m[0]);
	u->nm--;
	if (u->nm == 0 || (u->nm == 1 && u->m[0].base && strcmp(u->home, o->name) == 0))
		return off(o);
	carry(u, o, NULL);
	along(u);
	check_names(s, u);
	return put(o, u);
}

static const char *unmount_member(Space *s, const Place *n, const Place *o)
{
	for (int k = 0; k < o->m->nm; k++)
		if (o->m->m[k].dir == n->i && (!n->i->server || n->m->id == 0 || o->m->m[k].server == server_of(n)))
			return without(s, o, k);
	return "not in union";
}

static const char *unmount_from(Space *s, const Place *n, const Place *o)
{
	if (!isdir(n))
		return "not in union";
	if (o->m->uni && n->i != NULL)
		return unmount_member(s, n, o);
	if (o->m->uni)
		return n->m->id == o->m->id ? off(o) : Odd;
	if (n->i == NULL)
		return "not in union";
	if (o->m->root && n->m->root && *n->rel == '\0')
		return n->m->id == 0 || n->m->id == o->m->id ? off(o) : "not in union";
	if (o->m->ours || n->m->ours)
		return Odd;
	return n->i == o->m->dir ? off(o) : "not in union";
}

const char *model_unmount(Space *s, const char *name, const char *old)
{
	Mnt any = { .root = true, .ours = true };
	Place n = { .kid = -1 }, o;

	if (!resolve(s, old, &o))
		return gone;
	if (odd(&o))
		return Odd;
	if (name == SERVER)
		n = (Place){ .m = &any, .kid = -1, .i = posted };
	else if (name != NULL && !resolve(s, name, &n))
		return gone;
	if (!is_bound(&o))
		return "not mounted";
	disturb(s, &o);
	return name == NULL ? off(&o) : unmount_from(s, &n, &o);
}

/* directory returns where files of p are made, NULL if nowhere. */
static Inode *directory(const Place *p)
{
	for (int k = 0; p->i == NULL && k < p->m->nm; k++)
		if (p->m->m[k].create)
			return p->m->m[k].dir;
	return p->i;
}

const char *model_create(Space *s, const char *path, bool dir, const char *text)
{
	Place p;
	const char *name = parent(s, path, &p);
	Inode *d;

	if (name == NULL)
		return "No such";
	if (child(&p, name) != NULL)
		return "File exists";
	d = directory(&p);
	if (d == NULL)
		return "Permission denied";
	inode_add(d, name, inode_new(dir, d->server, text));
	return NULL;
}

const char *model_write(Space *s, const char *path, const char *text)
{
	Place p;

	if (!resolve(s, path, &p))
		return "No such";
	if (isdir(&p))
		return "Is a directory";
	str_cpy(p.i->text, sizeof p.i->text, text);
	return NULL;
}

/* holder returns the directory that the child of p called name is in. */
static Inode *holder(const Place *p, const char *name)
{
	int k = 0;

	if (p->i != NULL)
		return p->i;
	return union_find(p->m, name, &k) == NULL ? NULL : p->m->m[k].dir;
}

const char *model_remove(Space *s, const char *path, bool dir)
{
	Place p;
	const char *name = parent(s, path, &p);
	Inode *i = name != NULL ? child(&p, name) : NULL;

	if (i == NULL)
		return "No such";
	if (i->dir != dir)
		return dir ? "Not a directory" : "Is a directory";
	if (i->n > 0)
		return "";
	unlink_at(holder(&p, name), name);
	return NULL;
}

/* A file stays in its member; what the new name was, seen from there, is gone. */
const char *model_rename(Space *s, const char *path, const char *name)
{
	Place p;
	const char *old = parent(s, path, &p);
	Inode *i = old != NULL ? child(&p, old) : NULL, *there = i != NULL ? child(&p, name) : NULL, *in, *d;
	int from = 0, to = 0;

	if (i == NULL)
		return "No such";
	if (i->dir || (there != NULL && there->dir))
		return Odd;
	if (there == i)
		return NULL;
	in = holder(&p, old);
	if (p.i == NULL) {
		union_find(p.m, old, &from);
		union_find(p.m, name, &to);
	}
	d = there != NULL && to < from ? holder(&p, name) : NULL;
	if (d != NULL)
		unlink_at(d, name);
	if (inode_find(in, name) != NULL)
		unlink_at(in, name);
	unlink_at(in, old);
	inode_add(in, name, i);
	return NULL;
}

Inode *model_file(Space *s, const char *path)
{
	Place p;

	return resolve(s, path, &p) && !isdir(&p) ? p.i : NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int names(const Place *p, char (*list)[24])
{
	int n = 0, members = p->i == NULL ? p->m->nm : 1;

	for (int k = 0; k < members; k++) {
		const Inode *d = p->i == NULL ? p->m->m[k].dir : p->i;

		for (int e = 0; e < d->n; e++) {
			int j = 0;

			while (j < n && strcmp(list[j], d->e[e].name) != 0)
				j++;
			if (j == n)
				memcpy(list[n++], d->e[e].name, sizeof d->e[e].name);
		}
	}
	qsort(list, (size_t)n, sizeof list[0], by_name);
	return n;
}

static void dump(Buf *b, const Place *p, const char *path, int depth)
{
	char list[MAXENT * MAXMEM][24];
	int n = names(p, list);

	for (int k = 0; k < n; k++) {
		Place q = *p;
		autobuf Buf sub = { 0 };

		if (!step(&q, list[k]))
			exit(3);
		buf_printf(&sub, "%s/%s", path, list[k]);
		if (isdir(&q))
			buf_printf(b, "%s/\n", buf_text(&sub));
		else
			buf_printf(b, "%s=%s\n", buf_text(&sub), q.i->text);
		if (isdir(&q) && depth > 1)
			dump(b, &q, buf_text(&sub), depth - 1);
	}
}

void model_dump(Buf *b, Space *s)
{
	Place p;

	if (resolve(s, "", &p))
		dump(b, &p, "", DEPTH);
}
