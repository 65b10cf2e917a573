/*
 * A file tree in memory as a Srv, for tests: ordinary files and directories
 * that can be made, written, renamed and removed, and in the root
 *
 *	clone   a fresh file at every look-up; a write to it blocks until it is flushed; "ack" is answered at once and
 *	        blocks a while
 *	pipe    a stream: a read blocks until something was written
 *	dev     length 0 for ever; what is written is gone
 *	static/ a directory whose names never change, with one file in it
 */
#ifndef MEMSRV_H
#define MEMSRV_H

#include <base/mem.h>
#include <os/clock.h>
#include <srv/srv.h>
#include <stdlib.h>
#include <string.h>

enum { KindFile, KindClone, KindPipe, KindDev };

typedef struct MFile {
	struct MFile *parent, *kids, *next;
	char *name, *data;
	size_t n, cap;
	Qid qid;
	u32 mode, mtime, flags;
	int kind, refs;
	Rendez z;
} MFile;

static MFile *mem_root;
static u64 mem_path;
static int mem_walks;		/* for tests: how many steps were walked; atomic */
static int mem_stats;		/* and how many Tstats there were; atomic */
static u32 mem_flags;		/* for tests: of every file that is made */
static const char *mem_walkerr; /* for tests: walks fail with this */

static MFile *mf_new(MFile *dir, const char *name, u32 mode, int kind, u32 flags)
{
	MFile *m = mem_new(sizeof *m);

	m->name = mem_str(name);
	m->mode = mode;
	m->mtime = (u32)clock_wall();
	m->kind = kind;
	m->flags = flags;
	m->refs = 1;
	m->qid = (Qid){++mem_path, 0, (u8)(mode >> 24)};
	rendez_init(&m->z);
	m->parent = dir;
	if (dir != NULL) {
		m->next = dir->kids;
		dir->kids = m;
	}
	return m;
}

static void mf_put(MFile *m)
{
	if (--m->refs > 0)
		return;
	free(m->name);
	free(m->data);
	free(m);
}

static MFile *mf_find(MFile *dir, const char *name)
{
	for (MFile *m = dir->kids; m != NULL; m = m->next)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static void mf_point(Fid *f, MFile *m)
{
	MFile *old = f->aux;

	m->refs++;
	f->aux = m;
	f->qid = m->qid;
	f->flags = m->flags;
	if (old != NULL)
		mf_put(old);
}

static void memsrv_attach(Req *r)
{
	mf_point(r->fid, mem_root);
	req_ok(r);
}

static int memsrv_walk1(Req *r, Fid *f, const char *name)
{
	MFile *m = f->aux, *to = strcmp(name, "..") == 0 ? m->parent != NULL ? m->parent : m : mf_find(m, name);

	__atomic_add_fetch(&mem_walks, 1, __ATOMIC_RELAXED);
	if (mem_walkerr != NULL)
		return werrstr("%s", mem_walkerr);
	if (to == NULL)
		return errset(Enonexist);
	mf_point(f, to);
	return 0;
}

static int memsrv_clone(Req *r, Fid *from, Fid *to)
{
	to->aux = NULL;
	mf_point(to, from->aux);
	return 0;
}

static void memsrv_clunk(Fid *f)
{
	mf_put(f->aux);
	f->aux = NULL;
}

static void mf_size(MFile *m, u64 n)
{
	if (n > m->cap) {
		m->cap = n * 2;
		m->data = mem_grow(m->data, m->cap, 1);
	}
	if (n > m->n)
		memset(m->data + m->n, 0, n - m->n);
	m->n = n;
	m->qid.vers++;
	m->mtime = (u32)clock_wall();
}

static void memsrv_open(Req *r)
{
	MFile *m = r->fid->aux;

	if (r->i.mode & OTRUNC && m->kind == KindFile)
		mf_size(m, 0);
	if ((r->i.mode & 3) == OEXEC && (m->mode & 0111) == 0) {
		req_err(r, Eperm);
		return;
	}
	r->fid->qid = m->qid;
	req_ok(r);
}

static void memsrv_create(Req *r)
{
	MFile *dir = r->fid->aux;

	if (mf_find(dir, r->i.name) != NULL) {
		req_err(r, Eexist);
		return;
	}
	MFile *m = mf_new(dir, r->i.name, r->i.perm, KindFile, mem_flags);

	dir->qid.vers++;
	mf_point(r->fid, m);
	req_ok(r);
}

static void mf_dir(MFile *m, Dir *d)
{
	*d = (Dir){.qid = m->qid,
		   .mode = m->mode,
		   .atime = m->mtime,
		   .mtime = m->mtime,
		   .length = m->kind == KindFile && (m->mode & DMDIR) == 0 ? m->n : 0,
		   .name = m->name,
		   .uid = "glenda",
		   .gid = "glenda",
		   .muid = "glenda"};
}

static int mf_gen(Req *r, int i, Dir *d)
{
	MFile *m = ((MFile *)r->fid->aux)->kids;

	for (; m != NULL && i > 0; i--)
		m = m->next;
	if (m == NULL)
		return -1;
	mf_dir(m, d);
	return 0;
}

static void memsrv_read(Req *r)
{
	MFile *m = r->fid->aux;

	if (m->mode & DMDIR) {
		req_readdir(r, mf_gen);
	} else if (m->kind == KindPipe) {
		if (m->n == 0) {
			req_sleep(r, &m->z, -1);
			return;
		}
		r->o.count = m->n < r->i.count ? (u32)m->n : r->i.count;
		memcpy(r->buf, m->data, r->o.count);
		memmove(m->data, m->data + r->o.count, m->n - r->o.count);
		m->n -= r->o.count;
		req_ok(r);
	} else {
		req_readbuf(r, m->data, m->n);
	}
}

static void memsrv_write(Req *r)
{
	MFile *m = r->fid->aux;
	u64 off = m->kind == KindPipe || m->mode & DMAPPEND ? m->n : r->i.offset;

	r->o.count = r->i.count;
	if (m->kind == KindClone && r->i.count == 3 && memcmp(r->i.data, "ack", 3) == 0) {
		if (req_timedout(r)) {
			req_ok(r);
			return;
		}
		req_ack(r);
		req_sleep(r, &m->z, 300);
		return;
	}
	if (m->kind == KindClone) {
		req_sleep(r, &m->z, -1);
		return;
	}
	if (m->kind == KindDev) {
		req_ok(r);
		return;
	}
	if (off > 1 << 28) {
		req_err(r, Etoobig);
		return;
	}
	if (off + r->i.count > m->n)
		mf_size(m, off + r->i.count);
	if (r->i.count > 0)
		memcpy(m->data + off, r->i.data, r->i.count);
	m->qid.vers++;
	m->mtime = (u32)clock_wall();
	rendez_all(&m->z);
	req_ok(r);
}

static void memsrv_remove(Req *r)
{
	MFile *m = r->fid->aux, **p;

	if (m->parent == NULL || m->kids != NULL) {
		req_err(r, m->parent == NULL ? Enoremove : Enotempty);
		return;
	}
	for (p = &m->parent->kids; *p != NULL && *p != m; p = &(*p)->next)
		;
	if (*p == NULL) {
		req_err(r, Enonexist);
		return;
	}
	*p = m->next;
	m->parent->qid.vers++;
	m->refs--; /* the fid has one */
	req_ok(r);
}

static void memsrv_stat(Req *r)
{
	__atomic_add_fetch(&mem_stats, 1, __ATOMIC_RELAXED);
	mf_dir(r->fid->aux, &r->d);
	req_ok(r);
}

static void memsrv_wstat(Req *r)
{
	MFile *m = r->fid->aux;

	if (r->d.name != NULL && r->d.name[0] != '\0') {
		MFile *there = m->parent != NULL ? mf_find(m->parent, r->d.name) : m;

		if (there != NULL && there != m) {
			req_err(r, Eexist);
			return;
		}
		free(m->name);
		m->name = mem_str(r->d.name);
	}
	if (r->d.length != ~0ull) {
		if (r->d.length > 1 << 28 || m->kind != KindFile) {
			req_err(r, Eperm);
			return;
		}
		mf_size(m, r->d.length);
	}
	if (r->d.mode != ~0u)
		m->mode = r->d.mode;
	if (r->d.mtime != ~0u)
		m->mtime = r->d.mtime;
	req_ok(r);
}

static const SrvOps memsrv_ops = {
	.attach = memsrv_attach,
	.walk1 = memsrv_walk1,
	.clone = memsrv_clone,
	.open = memsrv_open,
	.create = memsrv_create,
	.read = memsrv_read,
	.write = memsrv_write,
	.remove = memsrv_remove,
	.stat = memsrv_stat,
	.wstat = memsrv_wstat,
	.clunk = memsrv_clunk,
};

static void mf_free(MFile *m)
{
	while (m->kids != NULL) {
		MFile *k = m->kids;

		m->kids = k->next;
		mf_free(k);
	}
	mf_put(m);
}

/* memsrv_begin makes *s the tree; memsrv_end frees it when nobody uses it any more. */
static void memsrv_begin(Srv *s)
{
	MFile *dir;

	srv_init(s, "memsrv", &memsrv_ops, NULL);
	mem_root = mf_new(NULL, "", DMDIR | 0777, KindFile, 0);
	mf_new(mem_root, "clone", 0666, KindClone, FidFresh | FidStream);
	mf_new(mem_root, "pipe", 0666, KindPipe, FidStream);
	mf_new(mem_root, "dev", 0666, KindDev, 0);
	dir = mf_new(mem_root, "static", DMDIR | 0555, KindFile, FidStatic);
	mf_size(mf_new(dir, "file", 0444, KindFile, FidStatic), 100);
}

__attribute__((unused)) static void memsrv_end(void)
{
	mf_free(mem_root);
}

#endif
