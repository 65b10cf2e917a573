/*
 * Files of the host, by name below a root descriptor.
 *
 * A fid does not hold a descriptor until it is open: FUSE keeps a fid for
 * every name the kernel remembers, and descriptors are few.  Instead it holds
 * a Node, a name in a tree of names; a rename changes the Node, so that
 * fids of files below a renamed directory go on working.  Every operation
 * resolves the Node's path anew with openat2 below the root, which cannot be
 * left by .. or symbolic links.
 *
 * The Srv is parallel: the tree of Nodes has a lock, an open fid does not
 * change.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/local.h>
#include <os/at.h>
#include <os/cred.h>
#include <os/io.h>

typedef struct Node {
	Ref ref;
	struct Node *up; /* NULL at the root; a reference */
	char *name;
	Link byname;     /* unlinked at the root and when it is gone */
	u64 dev;
	bool foreign;    /* on a file system that may keep us waiting */
	bool gone;       /* removed by us */
} Node;

typedef struct Idname {
	Link link;
	u32 id;
	char name[16];
} Idname;

typedef struct Local {
	Srv srv;
	int root, flags;
	Lock lk;  /* protects the Nodes, their table and ids */
	Node *top;
	List *names; /* by directory and name; n is a power of two */
	size_t n, nnode;
	List ids;
	const char *(*name)(void *arg, u32 uid);
	void *namearg;
	bool (*hides)(void *arg, const char *path);
	void *hidesarg;
} Local;

typedef struct Entries {
	Dir *d;
	int n, cap;
} Entries;

typedef struct Lfid {
	Node *node;
	int fd;       /* -1 until open */
	bool stream;  /* no offsets */
	char *target; /* of an open symbolic link */
	Entries dir;
} Lfid;

/* what an operation holds while it touches the host's files */
typedef struct Op {
	Cred cred;
	Req *r;
	bool blocked;
} Op;

static Local *local_of(Fid *f)
{
	return f->srv->aux;
}

static int begin(Op *op, Req *r, Local *l, Node *n)
{
	*op = (Op){ .r = r };
	if (n->foreign || l->flags & LocalMayWait) {
		if (req_block(r) < 0)
			return -1;
		op->blocked = true;
	}
	if (!(l->flags & LocalCaller) || cred_assume(&op->cred, r->caller.pid, r->caller.uid, r->caller.gid) == 0)
		return 0;
	if (op->blocked)
		req_unblock(r);
	return -1;
}

static void end(Op *op)
{
	cred_resume(&op->cred);
	if (op->blocked)
		req_unblock(op->r);
}

static List *names_at(const Local *l, const Node *up, const char *name)
{
	u64 h = (u64)(uintptr_t)up * 0x9E3779B97F4A7C15u;

	for (; *name != '\0'; name++)
		h = (h ^ (u8)*name) * 0x100000001B3u;
	return &l->names[(h ^ h >> 32) & (l->n - 1)];
}

static void names_make(Local *l, size_t n)
{
	l->n = n;
	l->names = mem_array(n, sizeof *l->names);
	for (size_t i = 0; i < n; i++)
		list_init(&l->names[i]);
}

/* names_grow doubles the table when chains get long. */
static void names_grow(Local *l)
{
	List *old = l->names;
	size_t n = l->n;

	if (l->nnode < n * 2)
		return;
	names_make(l, n * 2);
	for (size_t i = 0; i < n; i++)
		list_each (k, &old[i]) {
			Node *m = list_item(k, Node, byname);

			list_del(k);
			list_add(names_at(l, m->up, m->name), k);
		}
	free(old);
}

/* node_find returns the Node in use of name in directory up, NULL if there is none; l->lk is held. */
static Node *node_find(const Local *l, const Node *up, const char *name)
{
	list_each (k, names_at(l, up, name)) {
		Node *m = list_item(k, Node, byname);

		if (m->up == up && strcmp(m->name, name) == 0)
			return m;
	}
	return NULL;
}

static Node *node_new(Local *l, Node *up, const char *name)
{
	Node *n = mem_new(sizeof *n);

	ref_init(&n->ref, "local Node");
	n->name = mem_str(name);
	list_init(&n->byname);
	if (up != NULL) {
		ref_take(&up->ref);
		n->up = up;
		n->dev = up->dev;
		n->foreign = up->foreign;
		l->nnode++;
		names_grow(l);
		list_add(names_at(l, up, name), &n->byname);
	}
	return n;
}

/* node_gone: its name is another file's, or nobody's. */
static void node_gone(Node *n)
{
	n->gone = true;
	list_del(&n->byname);
}

static void node_drop(Local *l, Node *n)
{
	lock(&l->lk);
	while (n != NULL && ref_drop(&n->ref)) {
		Node *up = n->up;

		list_del(&n->byname);
		l->nnode -= up != NULL;
		free(n->name);
		free(n);
		n = up;
	}
	unlock(&l->lk);
}

static Node *node_child(Local *l, Node *up, const char *name)
{
	Node *n;

	lock(&l->lk);
	n = node_find(l, up, name);
	if (n != NULL)
		ref_take(&n->ref);
	else
		n = node_new(l, up, name);
	unlock(&l->lk);
	return n;
}

static void path_add(Buf *b, const Node *n)
{
	if (n->up == NULL)
		return;
	path_add(b, n->up);
	if (b->n > 0)
		buf_ch(b, '/');
	buf_str(b, n->name);
}

/* hidden says whether the name below the directory (NULL: the directory itself, or file) n is not to be seen. */
static bool hidden(Local *l, Node *n, const char *name)
{
	autobuf Buf b = { 0 };
	autofree char *p = NULL;

	if (l->hides == NULL || (n->up == NULL && name == NULL))
		return false;
	lock(&l->lk);
	path_add(&b, n);
	unlock(&l->lk);
	if (name != NULL)
		buf_printf(&b, "%s%s", b.n > 0 ? "/" : "", name);
	p = mem_printf("/%s", buf_text(&b));
	return l->hides(l->hidesarg, p);
}

/* path appends n's path below the root, "" for the root; -1 if n was removed or is hidden. */
static int path(Local *l, Node *n, Buf *b)
{
	bool gone;

	lock(&l->lk);
	gone = n->gone;
	path_add(b, n);
	unlock(&l->lk);
	return gone || hidden(l, n, NULL) ? errset(Enonexist) : 0;
}

static int how(const Local *l)
{
	return l->flags & LocalFollow ? AtFollow : AtBeneath;
}

static int node_open(Local *l, Node *n, int flags)
{
	autobuf Buf b = { 0 };

	if (path(l, n, &b) < 0)
		return -1;
	return at_open(l->root, buf_text(&b), flags, 0, how(l));
}

static u8 qtype(const Finfo *fi)
{
	return at_isdir(fi) ? QTDIR : at_islink(fi) ? QTSYMLINK : QTFILE;
}

static Qid qid(const Finfo *fi)
{
	return (Qid){
		.path = fi->ino ^ (fi->dev << 44 | fi->dev >> 20),
		.vers = (u32)(fi->change ^ fi->change >> 32),
		.type = qtype(fi),
	};
}

static void describe(Fid *f, const Finfo *fi)
{
	f->qid = qid(fi);
	f->flags = FidNative | (at_isfile(fi) ? FidCache | FidNamed : 0);
}

static const char *idname(Local *l, u32 id)
{
	const char *s = l->name != NULL ? l->name(l->namearg, id) : NULL;
	Idname *n;

	if (s != NULL)
		return s;
	lock(&l->lk);
	list_each (k, &l->ids) {
		n = list_item(k, Idname, link);
		if (n->id == id) {
			unlock(&l->lk);
			return n->name;
		}
	}
	n = mem_new(sizeof *n);
	n->id = id;
	snprintf(n->name, sizeof n->name, "%u", id);
	list_add(&l->ids, &n->link);
	unlock(&l->lk);
	return n->name;
}

static void dir_of(Local *l, Dir *d, const Finfo *fi, const char *name)
{
	u32 type = at_isdir(fi) ? DMDIR : at_islink(fi) ? DMSYMLINK : 0;

	*d = (Dir){
		.qid = qid(fi),
		.mode = type | (fi->mode & 0777),
		.atime = (u32)fi->atime,
		.mtime = (u32)fi->mtime,
		.length = at_isdir(fi) ? 0 : fi->size,
		.name = name,
		.uid = idname(l, fi->uid),
		.gid = idname(l, fi->gid),
		.muid = "",
	};
}

static Lfid *lfid_new(Node *n)
{
	Lfid *lf = mem_new(sizeof *lf);

	lf->node = n;
	lf->fd = -1;
	return lf;
}

static void local_attach(Req *r)
{
	Local *l = local_of(r->fid);
	Finfo fi;

	if (at_stat(l->root, "", &fi) < 0) {
		req_fail(r);
		return;
	}
	describe(r->fid, &fi);
	ref_take(&l->top->ref);
	r->fid->aux = lfid_new(l->top);
	req_ok(r);
}

static int local_clone(Req *r, Fid *from, Fid *to)
{
	Lfid *lf = from->aux;

	(void)r;
	ref_take(&lf->node->ref);
	to->aux = lfid_new(lf->node);
	return 0;
}

/* single says whether n is a name in the root itself, which needs no care against leaving it. */
static bool single(const Node *n)
{
	return n->up != NULL && n->up->up == NULL;
}

/* peek is at_stat of n without a descriptor if that can be had; links are not followed in a tree that does not. */
static int peek(Local *l, Node *n, Finfo *fi)
{
	autobuf Buf b = { 0 };

	if (!single(n) || l->flags & LocalFollow)
		return 1;
	return path(l, n, &b) < 0 || at_stat(l->root, buf_text(&b), fi) < 0 ? -1 : fi->dev != n->dev;
}

static int look(Local *l, Node *n, Finfo *fi)
{
	int rc = peek(l, n, fi);
	autofd int fd = rc > 0 ? node_open(l, n, O_PATH) : -1;

	if (rc <= 0)
		return rc;
	if (fd < 0 || at_stat(fd, "", fi) < 0)
		return -1;
	if (fi->dev != n->dev) {
		n->dev = fi->dev;
		n->foreign = at_foreign(fd);
	}
	return 0;
}

static int local_walk1(Req *r, Fid *f, const char *name)
{
	Local *l = local_of(f);
	Lfid *lf = f->aux;
	Node *n;
	Finfo fi;
	Op op;
	int rc;

	if (strcmp(name, "..") == 0) {
		n = lf->node->up != NULL ? lf->node->up : lf->node;
		ref_take(&n->ref);
	} else {
		n = node_child(l, lf->node, name);
	}
	rc = begin(&op, r, l, lf->node);
	if (rc == 0) {
		rc = look(l, n, &fi);
		end(&op);
	}
	if (rc < 0) {
		node_drop(l, n);
		return -1;
	}
	describe(f, &fi);
	node_drop(l, lf->node);
	lf->node = n;
	return 0;
}

static int oflags(int mode)
{
	static const int acc[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY };

	return acc[mode & 3] | (mode & OTRUNC ? O_TRUNC : 0) | O_NONBLOCK | O_NOCTTY;
}

static char *readlink_of(Local *l, Node *n)
{
	autofd int fd = node_open(l, n, O_PATH);

	return fd < 0 ? NULL : at_readlink(fd, "");
}

static int opened(Fid *f)
{
	Lfid *lf = f->aux;
	Finfo fi;

	if (lf->fd < 0)
		return 0;
	if (at_stat(lf->fd, "", &fi) < 0)
		return -1;
	describe(f, &fi);
	lf->stream = !at_isdir(&fi) && !at_isfile(&fi) && lseek(lf->fd, 0, SEEK_CUR) < 0;
	if (lf->stream)
		f->flags = FidStream;
	return 0;
}

static int rdonly(const Local *l)
{
	return l->flags & LocalRdonly ? errset(Erdonly) : 0;
}

static int open_node(Req *r)
{
	Local *l = local_of(r->fid);
	Lfid *lf = r->fid->aux;
	int m = r->i.mode;

	if ((m & (OTRUNC | ORCLOSE) || (m & 3) == OWRITE || (m & 3) == ORDWR) && rdonly(l) < 0)
		return -1;
	if (r->fid->qid.type & QTSYMLINK) {
		lf->target = readlink_of(l, lf->node);
		return lf->target != NULL ? opened(r->fid) : -1;
	}
	lf->fd = node_open(l, lf->node, oflags(m) | (r->fid->qid.type & QTDIR ? O_DIRECTORY : 0));
	return lf->fd < 0 ? -1 : opened(r->fid);
}

static void answer(Req *r, int rc)
{
	if (rc < 0)
		req_fail(r);
	else
		req_ok(r);
}

static void local_open(Req *r)
{
	Lfid *lf = r->fid->aux;
	Op op;
	int rc;

	rc = begin(&op, r, local_of(r->fid), lf->node);
	if (rc == 0) {
		rc = open_node(r);
		end(&op);
	}
	answer(r, rc);
}

/* make creates r's file in the directory and returns its open descriptor. */
static int make(Req *r, int dirfd)
{
	const char *name = r->i.name;

	if (r->i.perm & DMSYMLINK)
		return werrstr("symbolic links cannot be made through 9P");
	if (!(r->i.perm & DMDIR))
		return at_open(dirfd, name, oflags(r->i.mode) | O_CREAT | O_EXCL, r->i.perm & 0777, AtBeneath);
	if (at_mkdir(dirfd, name, r->i.perm & 0777) < 0)
		return -1;
	return at_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0, AtBeneath);
}

static int create_node(Req *r)
{
	Local *l = local_of(r->fid);
	Lfid *lf = r->fid->aux;
	autofd int dirfd = -1;
	Node *n;

	if (rdonly(l) < 0)
		return -1;
	if (hidden(l, lf->node, r->i.name))
		return errset(Eperm);
	dirfd = node_open(l, lf->node, O_PATH | O_DIRECTORY);
	if (dirfd < 0)
		return -1;
	lf->fd = make(r, dirfd);
	if (lf->fd < 0)
		return -1;
	n = node_child(l, lf->node, r->i.name);
	node_drop(l, lf->node);
	lf->node = n;
	return opened(r->fid);
}

static void local_create(Req *r)
{
	Lfid *lf = r->fid->aux;
	Op op;
	int rc;

	rc = begin(&op, r, local_of(r->fid), lf->node);
	if (rc == 0) {
		rc = create_node(r);
		end(&op);
	}
	answer(r, rc);
}

static void entries_free(Entries *e)
{
	for (int i = 0; i < e->n; i++)
		free((char *)(uintptr_t)e->d[i].name);
	free(e->d);
	*e = (Entries){ 0 };
}

typedef struct Listing {
	Local *l;
	Lfid *lf;
} Listing;

static void list_one(void *arg, const char *name)
{
	Listing *g = arg;
	Entries *e = &g->lf->dir;
	Finfo fi;

	if (hidden(g->l, g->lf->node, name) || at_stat(g->lf->fd, name, &fi) < 0)
		return; /* or gone since */
	if (e->n == e->cap) {
		e->cap = e->cap * 2 + 16;
		e->d = mem_grow(e->d, (size_t)e->cap, sizeof *e->d);
	}
	dir_of(g->l, &e->d[e->n++], &fi, mem_str(name));
}

static int gen(Req *r, int i, Dir *d)
{
	Lfid *lf = r->fid->aux;

	if (i >= lf->dir.n)
		return -1;
	*d = lf->dir.d[i];
	return 0;
}

static int load(Req *r)
{
	Lfid *lf = r->fid->aux;
	Listing g = { local_of(r->fid), lf };
	Op op;
	int rc;

	if (begin(&op, r, g.l, lf->node) < 0)
		return -1;
	entries_free(&lf->dir);
	rc = at_list(lf->fd, list_one, &g);
	end(&op);
	return rc;
}

static void read_dir(Req *r)
{
	if (r->i.offset == 0 && load(r) < 0)
		req_fail(r);
	else
		req_readdir(r, gen);
}

/* moved answers a read or write that moved n bytes; one that would have to wait is parked. */
static void moved(Req *r, Lfid *lf, ssize_t n, int events)
{
	if (n == -2) {
		req_poll(r, lf->fd, events, -1);
		return;
	}
	if (n < 0) {
		req_fail(r);
		return;
	}
	r->o.count = (u32)n;
	req_ok(r);
}

static void local_read(Req *r)
{
	Lfid *lf = r->fid->aux;
	ssize_t n;
	Op op;

	if (lf->target != NULL) {
		req_readstr(r, lf->target);
		return;
	}
	if (r->fid->qid.type & QTDIR) {
		read_dir(r);
		return;
	}
	if (begin(&op, r, local_of(r->fid), lf->node) < 0) {
		req_fail(r);
		return;
	}
	n = io_readat(lf->fd, r->buf, r->i.count, lf->stream ? -1 : (i64)r->i.offset);
	end(&op);
	moved(r, lf, n, POLLIN);
}

static void local_write(Req *r)
{
	Lfid *lf = r->fid->aux;
	ssize_t n;
	Op op;

	if (begin(&op, r, local_of(r->fid), lf->node) < 0) {
		req_fail(r);
		return;
	}
	n = io_writeat(lf->fd, r->i.data, r->i.count, lf->stream ? -1 : (i64)r->i.offset);
	end(&op);
	moved(r, lf, n, POLLOUT);
}

static int unlink_node(Local *l, Node *n, bool isdir)
{
	autofd int dirfd = -1;
	autofree char *name = NULL;

	if (n->up == NULL)
		return errset(Eperm);
	if (rdonly(l) < 0)
		return -1;
	dirfd = node_open(l, n->up, O_PATH | O_DIRECTORY);
	if (dirfd < 0)
		return -1;
	lock(&l->lk);
	name = mem_str(n->name);
	unlock(&l->lk);
	if (at_remove(dirfd, name, isdir) < 0)
		return -1;
	lock(&l->lk);
	node_gone(n);
	unlock(&l->lk);
	return 0;
}

static void local_remove(Req *r)
{
	Lfid *lf = r->fid->aux;
	Op op;
	int rc;

	rc = begin(&op, r, local_of(r->fid), lf->node);
	if (rc == 0) {
		rc = unlink_node(local_of(r->fid), lf->node, r->fid->qid.type & QTDIR);
		end(&op);
	}
	answer(r, rc);
}

static int stat_node(Local *l, Lfid *lf, Finfo *fi)
{
	autofd int fd = -1;
	int rc;

	if (lf->fd >= 0)
		return at_stat(lf->fd, "", fi);
	rc = peek(l, lf->node, fi);
	if (rc <= 0)
		return rc;
	fd = node_open(l, lf->node, O_PATH);
	return fd < 0 ? -1 : at_stat(fd, "", fi);
}

static void local_stat(Req *r)
{
	Local *l = local_of(r->fid);
	Lfid *lf = r->fid->aux;
	Finfo fi;
	Op op;
	int rc;

	rc = begin(&op, r, l, lf->node);
	if (rc == 0) {
		rc = stat_node(l, lf, &fi);
		end(&op);
	}
	if (rc == 0)
		dir_of(l, &r->d, &fi, lf->node->up != NULL ? lf->node->name : "/");
	answer(r, rc);
}

static int parse_id(const char *s, i64 *id)
{
	if (s == NULL || *s == '\0') {
		*id = -1;
		return 0;
	}
	if (str_int(s, 0, UINT32_MAX - 1, id) < 0)
		return werrstr("unknown user '%s': this tree knows numbers only", s);
	return 0;
}

static int truncate_node(Local *l, Lfid *lf, u64 length)
{
	autofd int fd = -1;

	if (lf->fd >= 0 && ftruncate(lf->fd, (off_t)length) == 0)
		return 0;
	fd = node_open(l, lf->node, O_WRONLY | O_NONBLOCK);
	if (fd < 0)
		return -1;
	return ftruncate(fd, (off_t)length) < 0 ? os_err() : 0;
}

static int rename_node(Local *l, Node *n, int dirfd, const char *name)
{
	Node *there;

	if (strcmp(name, n->name) == 0)
		return 0;
	if (hidden(l, n->up, name))
		return errset(Eperm);
	if (at_rename(dirfd, n->name, dirfd, name) < 0)
		return -1;
	lock(&l->lk);
	there = node_find(l, n->up, name);
	if (there != NULL && there != n)
		node_gone(there);
	list_del(&n->byname);
	free(n->name);
	n->name = mem_str(name);
	if (!n->gone)
		list_add(names_at(l, n->up, name), &n->byname);
	unlock(&l->lk);
	return 0;
}

/* attributes changes what d says of the file dirfd/name, or with name "" of the open file dirfd. */
static int attributes(int dirfd, const char *name, const Dir *d)
{
	i64 uid, gid;

	if (parse_id(d->uid, &uid) < 0 || parse_id(d->gid, &gid) < 0)
		return -1;
	if (d->mode != ~(u32)0 && at_chmod(dirfd, name, d->mode & 0777) < 0)
		return -1;
	if ((uid >= 0 || gid >= 0) && at_chown(dirfd, name, uid, gid) < 0)
		return -1;
	if ((d->mtime != ~(u32)0 || d->atime != ~(u32)0) &&
	    at_times(dirfd, name, d->atime != ~(u32)0 ? (i64)d->atime : -1,
	             d->mtime != ~(u32)0 ? (i64)d->mtime : -1) < 0)
		return -1;
	return 0;
}

/* change is Twstat; an open file need not have its name any more. */
static int change(Local *l, Lfid *lf, const Dir *d, bool isdir)
{
	Node *n = lf->node;
	autofd int dirfd = -1;
	bool rename = d->name != NULL && *d->name != '\0';

	if (rdonly(l) < 0)
		return -1;
	if (rename || lf->fd < 0) {
		dirfd = node_open(l, n->up != NULL ? n->up : n, O_PATH | O_DIRECTORY);
		if (dirfd < 0)
			return -1;
	}
	if (d->length != ~(u64)0 && (isdir ? errset(Eisdir) : truncate_node(l, lf, d->length)) < 0)
		return -1;
	if (attributes(lf->fd >= 0 ? lf->fd : dirfd, lf->fd >= 0 ? "" : n->up != NULL ? n->name : ".", d) < 0)
		return -1;
	if (!rename)
		return 0;
	return n->up != NULL ? rename_node(l, n, dirfd, d->name) : errset(Eperm);
}

static void local_wstat(Req *r)
{
	Lfid *lf = r->fid->aux;
	Op op;
	int rc;

	rc = begin(&op, r, local_of(r->fid), lf->node);
	if (rc == 0) {
		rc = change(local_of(r->fid), lf, &r->d, r->fid->qid.type & QTDIR);
		end(&op);
	}
	answer(r, rc);
}

static void local_clunk(Fid *f)
{
	Local *l = local_of(f);
	Lfid *lf = f->aux;

	if (lf->fd >= 0) {
		if (lf->stream)
			park_wakefd(lf->fd);
		close(lf->fd);
	}
	entries_free(&lf->dir);
	node_drop(l, lf->node);
	free(lf->target);
	free(lf);
}

static void local_end(Srv *s)
{
	Local *l = s->aux;
	Link *k;

	node_drop(l, l->top);
	while ((k = list_pop(&l->ids)) != NULL)
		free(list_item(k, Idname, link));
	close(l->root);
	free(l->names);
	free(l);
}

static const SrvOps local_ops = {
	.attach = local_attach,
	.walk1 = local_walk1,
	.clone = local_clone,
	.open = local_open,
	.create = local_create,
	.read = local_read,
	.write = local_write,
	.remove = local_remove,
	.stat = local_stat,
	.wstat = local_wstat,
	.clunk = local_clunk,
	.end = local_end,
};

Srv *local_new(int dirfd, int flags)
{
	Local *l;
	Finfo fi;

	if (at_stat(dirfd, "", &fi) < 0)
		return NULL;
	if (!at_isdir(&fi))
		return errnull(Enotdir);
	l = mem_new(sizeof *l);
	srv_init(&l->srv, "local", &local_ops, l);
	l->srv.parallel = true;
	l->root = dirfd;
	l->flags = flags;
	lock_init(&l->lk, RankLeaf);
	list_init(&l->ids);
	names_make(l, 16);
	l->top = node_new(l, NULL, "/");
	l->top->dev = fi.dev;
	l->top->foreign = at_foreign(dirfd);
	return &l->srv;
}

void local_names(Srv *s, const char *(*name)(void *arg, u32 uid), void *arg)
{
	Local *l = s->aux;

	l->namearg = arg;
	l->name = name;
}

void local_hide(Srv *s, bool (*hides)(void *arg, const char *path), void *arg)
{
	Local *l = s->aux;

	l->hidesarg = arg;
	l->hides = hides;
}

int local_fd(Srv *s)
{
	Local *l = s->aux;

	return l->root;
}
