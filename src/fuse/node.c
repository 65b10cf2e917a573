/*
 * The node table: what the kernel knows by number.
 *
 * 1. A name in a directory is one Node for as long as the kernel refers to
 *    it and the name means the same file (qid.path).
 * 2. A directory's number never changes while its name exists, even if its
 *    qid does: a changed number makes Linux detach the mounts below.  Its
 *    Fid is exchanged instead.
 * 3. A file that sets FidFresh is a new Node at every look-up and is not
 *    found by name: Linux serializes the writers of an inode.
 * 4. Numbers are not used twice.
 */
#include "impl.h"
#include <base/mem.h>
#include <os/clock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SETTLE = 2 }; /* seconds: the versions of many servers are times of modification */
enum { DEPTH = 64 }; /* elements of a path shown */

static size_t hash_name(const Node *parent, const char *name)
{
	u64 h = parent->id * 0x9E3779B97F4A7C15u;

	for (; *name != '\0'; name++)
		h = (h ^ (u8)*name) * 0x100000001B3u;
	return (size_t)(h ^ h >> 29);
}

static List *id_slot(Fuse *f, u64 id)
{
	return &f->byid[id & (f->nhash - 1)];
}

static List *name_slot(Fuse *f, const Node *parent, const char *name)
{
	return &f->byname[hash_name(parent, name) & (f->nhash - 1)];
}

static void tables(Fuse *f, size_t n)
{
	f->nhash = n;
	f->byid = mem_array(n, sizeof *f->byid);
	f->byname = mem_array(n, sizeof *f->byname);
	for (size_t i = 0; i < n; i++) {
		list_init(&f->byid[i]);
		list_init(&f->byname[i]);
	}
}

/* grow doubles the tables when chains get long. */
static void grow(Fuse *f)
{
	List *byid = f->byid, *byname = f->byname;
	size_t old = f->nhash;

	if (f->nnode < old * 2)
		return;
	tables(f, old * 2);
	for (size_t i = 0; i < old; i++) {
		list_each (l, &byid[i]) {
			list_del(l);
			list_add(id_slot(f, list_item(l, Node, byid)->id), l);
		}
		list_each (l, &byname[i]) {
			Node *n = list_item(l, Node, byname);

			list_del(l);
			list_add(name_slot(f, n->parent, n->name), l);
		}
	}
	free(byid);
	free(byname);
}

static Node *find_id(Fuse *f, u64 id)
{
	list_each (l, id_slot(f, id))
		if (list_item(l, Node, byid)->id == id)
			return list_item(l, Node, byid);
	return NULL;
}

static Node *find_name(Fuse *f, const Node *parent, const char *name)
{
	list_each (l, name_slot(f, parent, name)) {
		Node *n = list_item(l, Node, byname);

		if (n->parent == parent && strcmp(n->name, name) == 0)
			return n;
	}
	return NULL;
}

static Node *node_new(Fuse *f, Node *parent, const char *name, Fid *fid)
{
	Node *n = mem_new(sizeof *n);

	grow(f);
	n->id = ++f->nextid;
	n->refs = 1;
	n->fid = fid;
	n->name = mem_str(name);
	list_init(&n->byid);
	list_init(&n->byname);
	list_add(id_slot(f, n->id), &n->byid);
	f->nnode++;
	n->parent = parent;
	if (parent == NULL)
		return n;
	parent->refs++;
	if ((fid->flags & FidFresh) == 0)
		list_add(name_slot(f, parent, name), &n->byname);
	return n;
}

/* unref drops one reference of n; the Nodes that were freed are chained by parent and returned for reap. */
static Node *unref(Fuse *f, Node *n)
{
	Node *dead = NULL;

	while (n != NULL && --n->refs == 0) {
		Node *up = n->parent;

		list_del(&n->byid);
		list_del(&n->byname);
		if (n->spare != NULL)
			f->spared[n->slot] = NULL;
		f->nnode--;
		n->parent = dead;
		dead = n;
		n = up;
	}
	return dead;
}

static void reap(Node *dead)
{
	while (dead != NULL) {
		Node *n = dead;

		dead = n->parent;
		fid_drop(n->fid);
		fid_drop(n->spare);
		free(n->name);
		free(n);
	}
}

void node_init(Fuse *f, Fid *root)
{
	tables(f, 256);
	f->rootnode = node_new(f, NULL, "", root);
	f->rootnode->nlookup = 1;
}

void node_end(Fuse *f)
{
	for (size_t i = 0; i < f->nhash; i++)
		list_each (l, &f->byid[i]) {
			Node *n = list_item(l, Node, byid);

			fid_drop(n->fid);
			fid_drop(n->spare);
			free(n->name);
			free(n);
		}
	free(f->byid);
	free(f->byname);
	f->byid = f->byname = NULL;
	f->nhash = 0;
}

Node *node_get(Fuse *f, u64 id)
{
	Node *n;

	lock(&f->lk);
	n = find_id(f, id);
	if (n != NULL)
		n->refs++;
	unlock(&f->lk);
	return n;
}

void node_put(Fuse *f, Node *n)
{
	lock(&f->lk);
	n = unref(f, n);
	unlock(&f->lk);
	reap(n);
}

Fid *node_fid(Fuse *f, Node *n)
{
	Fid *fid;

	lock(&f->lk);
	fid = fid_take(n->fid);
	unlock(&f->lk);
	return fid;
}

/* same says whether what was looked up again is what n was. */
static bool same(const Node *n, const Fid *fid)
{
	u8 kind = QTDIR | QTSYMLINK, was = n->fid->qid.type & kind, is = fid->qid.type & kind;

	return was == is && ((is & QTDIR) != 0 || n->fid->qid.path == fid->qid.path);
}

void node_attr(Fuse *f, const Dir *d, struct fuse_attr *a)
{
	memset(a, 0, sizeof *a);
	a->ino = f->o.qidino ? d->qid.path ^ (d->qid.path == 0) : 0;
	a->size = d->mode & DMDIR ? 0 : d->length;
	a->blocks = (a->size + 511) / 512;
	a->blksize = 4096;
	a->atime = d->atime;
	a->mtime = a->ctime = d->mtime;
	a->mode = (d->mode & 0777) | (d->mode & DMDIR ? S_IFDIR : d->mode & DMSYMLINK ? S_IFLNK : S_IFREG);
	a->nlink = 1;
	a->uid = f->uid;
	a->gid = f->gid;
	if (f->o.owner != NULL)
		f->o.owner(f->o.arg, d, &a->uid, &a->gid);
}

static void saw(Node *n, u32 mode, struct fuse_attr *a)
{
	if (a->ino == 0)
		a->ino = n->id;
	n->mode = mode;
	n->settled = (i64)a->mtime + SETTLE < clock_wall();
	n->attr = *a;
}

void node_saw(Fuse *f, Node *n, u32 mode, struct fuse_attr *a)
{
	lock(&f->lk);
	saw(n, mode, a);
	unlock(&f->lk);
}

/*
 * spare keeps the Fid that n has just got a newer one for: an open then need
 * not make one.  It returns the Fid that nobody needs any more, perhaps this.
 */
static Fid *spare(Fuse *f, Node *n, Fid *old)
{
	Fid *out = n->spare;

	if ((old->flags & FidRemote) == 0 || old->srv != n->fid->srv || old->qid.path != n->fid->qid.path ||
	    old->qid.type & QTDIR)
		return old;
	if (out == NULL) {
		Node *last = f->spared[f->nextspare];

		n->slot = f->nextspare;
		f->spared[n->slot] = n;
		f->nextspare = (f->nextspare + 1) % NSPARE;
		if (last != NULL) {
			out = last->spare;
			last->spare = NULL;
		}
	}
	n->spare = old;
	return out;
}

/* renew makes fid n's; it returns the Fid to be dropped, or NULL. */
static Fid *renew(Fuse *f, Node *n, Fid *fid)
{
	Fid *old = n->fid;

	n->fid = fid;
	return spare(f, n, old);
}

Fid *node_spare(Fuse *f, Node *n)
{
	Fid *fid;

	lock(&f->lk);
	fid = n->spare;
	n->spare = NULL;
	if (fid != NULL)
		f->spared[n->slot] = NULL;
	unlock(&f->lk);
	return fid;
}

Node *node_enter(Fuse *f, Node *parent, const char *name, Fid *fid, u32 mode, struct fuse_attr *a)
{
	Fid *old = NULL;
	Node *n;

	lock(&f->lk);
	n = fid->flags & FidFresh ? NULL : find_name(f, parent, name);
	if (n != NULL && same(n, fid)) {
		old = renew(f, n, fid);
	} else {
		if (n != NULL)
			list_del(&n->byname);
		n = node_new(f, parent, name, fid);
		n->refs--; /* node_new's becomes the kernel's, below */
	}
	if (n->nlookup++ == 0)
		n->refs++;
	saw(n, mode, a);
	n->refs++; /* the caller's */
	unlock(&f->lk);
	if (old != NULL)
		fid_drop(old);
	return n;
}

/*
 * node_unchanged spares the Tstat of a look-up: the version says that what
 * was seen last still holds, and a look-up is mostly followed by an open.
 * (The answer's attributes are not valid for a stat: that asks again.)
 */
Node *node_unchanged(Fuse *f, Node *parent, const char *name, Fid *fid)
{
	Fid *old = NULL;
	Node *n;

	lock(&f->lk);
	n = (fid->flags & (FidRemote | FidFresh)) == FidRemote && fid->qid.vers != 0 ? find_name(f, parent, name)
										     : NULL;
	if (n != NULL && (n->stats || !n->settled || !same(n, fid) || n->fid->qid.path != fid->qid.path ||
			  n->fid->qid.vers != fid->qid.vers))
		n = NULL;
	if (n != NULL) {
		old = renew(f, n, fid);
		if (n->nlookup++ == 0)
			n->refs++;
		n->refs++;
	}
	unlock(&f->lk);
	fid_drop(old);
	return n;
}

/*
 * A name that Linux keeps a moment (FidNamed) may mean another file by now,
 * changed on the host or by another way into the union.  Therefore whoever
 * opens or looks at it walks to it again first, from its directory: the Fid
 * found becomes the node's.  If it is another file, then only as long as
 * nobody has the old one open; else Linux is told to look the name up again
 * (ESTALE), and makes a new node.
 */
bool node_named(Op *op)
{
	Fuse *f = op->f;
	Node *n = op->node;
	bool is;

	lock(&f->lk);
	is = n->fid->flags & FidNamed && n->parent != NULL && !list_empty(&n->byname);
	if (is) {
		char *to = (char *)op->in + sizeof op->in - NAME_MAX - 1;

		memcpy(to, n->name, strlen(n->name) + 1);
		op->name2 = to;
		op->fid = fid_take(n->parent->fid);
	}
	unlock(&f->lk);
	return is;
}

/*
 * node_sure says that the Fid's own server finds by the node's name what the
 * node is now: no walk from the directory could find another.  What is found
 * may be another file still (node_is).
 */
bool node_sure(Fuse *f, Node *n)
{
	bool is;

	lock(&f->lk);
	is = n->fid->flags & FidNamed && n->parent != NULL && !list_empty(&n->byname) &&
	     (n->fid->flags & FidFirst || n->fid->srv == n->parent->fid->srv);
	unlock(&f->lk);
	return is;
}

bool node_is(Fuse *f, Node *n, const Fid *fid)
{
	bool is;

	lock(&f->lk);
	is = same(n, fid);
	unlock(&f->lk);
	return is;
}

bool node_rebind(Fuse *f, Node *n, Fid *fid)
{
	Fid *old = NULL;
	bool is;

	lock(&f->lk);
	is = same(n, fid);
	if (!is && n->opens == 0 && ((n->fid->qid.type | fid->qid.type) & (QTDIR | QTSYMLINK)) == 0) {
		is = true;
		n->cached = false;
	}
	if (is)
		old = renew(f, n, fid_take(fid));
	unlock(&f->lk);
	fid_drop(old);
	return is;
}

void node_use(Fuse *f, Node *n, bool stats)
{
	lock(&f->lk);
	n->stats = stats;
	unlock(&f->lk);
}

Node *node_known(Fuse *f, Node *parent, const char *name)
{
	Node *n;

	lock(&f->lk);
	n = find_name(f, parent, name);
	if (n != NULL) {
		if (n->nlookup++ == 0)
			n->refs++;
		n->refs++;
	}
	unlock(&f->lk);
	return n;
}

u64 node_child(Fuse *f, Node *parent, const char *name)
{
	Node *n;
	u64 id;

	lock(&f->lk);
	n = find_name(f, parent, name);
	id = n != NULL ? n->id : 0;
	unlock(&f->lk);
	return id;
}

bool node_there(Fuse *f, Node *parent, const char *name)
{
	bool is;

	lock(&f->lk);
	is = find_name(f, parent, name) != NULL;
	unlock(&f->lk);
	return is;
}

void node_forget(Fuse *f, u64 id, u64 nlookup)
{
	Node *n, *dead = NULL;

	lock(&f->lk);
	n = find_id(f, id);
	if (n != NULL && n != f->rootnode && n->nlookup > 0) {
		n->nlookup -= nlookup < n->nlookup ? nlookup : n->nlookup;
		if (n->nlookup == 0)
			dead = unref(f, n);
	}
	unlock(&f->lk);
	reap(dead);
}

void node_gone(Fuse *f, Node *parent, const char *name)
{
	Node *n;

	lock(&f->lk);
	n = find_name(f, parent, name);
	if (n != NULL)
		list_del(&n->byname);
	unlock(&f->lk);
}

void node_rename(Fuse *f, Node *parent, const char *from, const char *to)
{
	char *name = mem_str(to);
	Node *n, *there;

	lock(&f->lk);
	n = find_name(f, parent, from);
	there = find_name(f, parent, to);
	if (there != NULL && there != n)
		list_del(&there->byname);
	if (n != NULL) {
		char *old = n->name;

		list_del(&n->byname);
		n->name = name;
		name = old;
		list_add(name_slot(f, parent, to), &n->byname);
	}
	unlock(&f->lk);
	free(name);
}

Node *node_opened(Fuse *f, Node *parent, const char *name)
{
	Node *n;

	lock(&f->lk);
	n = find_name(f, parent, name);
	if (n != NULL && n->opens > 0)
		n->refs++;
	else
		n = NULL;
	unlock(&f->lk);
	return n;
}

void node_path(Node *n, Buf *b)
{
	const Node *up[DEPTH];
	int i = 0;

	for (; n->parent != NULL && i < DEPTH; n = n->parent)
		up[i++] = n;
	if (n->parent != NULL)
		buf_str(b, "...");
	while (i-- > 0)
		buf_printf(b, "/%s", up[i]->name);
}

u64 node_ino(Fuse *f, Node *parent, const Dir *d)
{
	u64 ino = 0xFFFFFFFF; /* what Linux shows for "not known" */
	Node *n;

	if (f->o.qidino)
		return d->qid.path ^ (d->qid.path == 0);
	lock(&f->lk);
	n = find_name(f, parent, d->name);
	if (n != NULL)
		ino = n->id;
	unlock(&f->lk);
	return ino;
}
