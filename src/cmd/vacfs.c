/*
 * vacfs(4): an archive as a file tree.  The Srv is parallel: operations that
 * may ask the venti let another thread read on meanwhile (req_block).  A fid
 * holds its place, a chain of files up to the root; what a fid on a
 * directory has listed is kept for the next read, under its lock.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <srv/srv.h>
#include <venti/vac.h>
#include "cmds.h"
#include "serve.h"
#include "tool.h"

enum { CACHE = 16 << 20, AHEAD = 16, BLOCK = 8192 };

typedef struct Place {
	Ref ref;
	struct Place *up; /* NULL: the root */
	VacFile *f;
} Place;

typedef struct Vfid {
	Place *at;
	Lock lk;       /* the rest */
	VacList *list;
	VacFile *cur;  /* what was listed last, as number i */
	int i;
	u64 next;      /* where the last read ended: atomic */
} Vfid;

static struct {
	Srv srv;
	Vac *vac;
	bool noperm;
} v;

static Place *place_new(Place *up, VacFile *f)
{
	Place *p = mem_new(sizeof *p);

	ref_init(&p->ref, "vacfs place");
	p->up = up;
	p->f = f;
	return p;
}

static Place *place_take(Place *p)
{
	ref_take(&p->ref);
	return p;
}

static void place_drop(Place *p)
{
	while (p != NULL && ref_drop(&p->ref)) {
		Place *up = p->up;

		vacfile_drop(p->f);
		free(p);
		p = up;
	}
}

static void set(Fid *f, Place *p)
{
	Vfid *x = f->aux;

	if (x == NULL) {
		x = f->aux = mem_new(sizeof *x);
		lock_init(&x->lk, RankDev);
		x->i = -1;
	} else
		place_drop(x->at);
	x->at = p;
	f->qid = (Qid){ .path = vacfile_qid(p->f), .vers = p->f->dir.mcount, .type = vacfile_isdir(p->f) ? QTDIR : QTFILE };
	f->flags |= FidCache | FidStatic;
}

static void attach(Req *r)
{
	set(r->fid, place_new(NULL, vac_root(v.vac)));
	req_ok(r);
}

static int fid_clone(Req *r, Fid *from, Fid *to)
{
	to->aux = NULL;
	set(to, place_take(((Vfid *)from->aux)->at));
	return 0;
}

static void fid_clunk(Fid *f)
{
	Vfid *x = f->aux;

	if (x == NULL)
		return;
	vaclist_free(x->list);
	vacfile_drop(x->cur);
	place_drop(x->at);
	free(x);
}

/* allowed: bits of 4 read, 1 walk; groups have one member, of the same name */
static bool allowed(const VacFile *f, const char *user, u32 bits)
{
	u32 m = f->dir.mode, all = m & 7;

	if (strcmp(user, f->dir.gid) == 0)
		all |= m >> 3 & 7;
	if (strcmp(user, f->dir.uid) == 0)
		all |= m >> 6 & 7;
	return v.noperm || (all & bits) == bits;
}

/* block lets another thread read on, if there is one; else requests wait until the venti has answered this one */
static bool block(Req *r) { return req_block(r) == 0; }

static int walk1(Req *r, Fid *f, const char *name)
{
	Place *at = ((Vfid *)f->aux)->at;
	VacFile *to;
	bool blocked;

	if (strcmp(name, "..") == 0) {
		if (at->up != NULL)
			set(f, place_take(at->up));
		return 0;
	}
	if (!allowed(at->f, f->uid, 1))
		return errset(Eperm);
	blocked = block(r);
	to = vacfile_walk(at->f, name);
	if (blocked)
		req_unblock(r);
	if (to == NULL)
		return -1;
	set(f, place_new(place_take(at), to));
	return 0;
}

static void fid_open(Req *r)
{
	const VacFile *f = ((Vfid *)r->fid->aux)->at->f;
	int mode = r->i.mode;
	u32 bits = (mode & 3) == OEXEC ? 1 : 4;

	if ((mode & 3) == OWRITE || (mode & 3) == ORDWR || mode & (OTRUNC | ORCLOSE))
		req_err(r, Erdonly);
	else if (!allowed(f, r->fid->uid, bits))
		req_err(r, Eperm);
	else
		req_ok(r);
}

static void describe(const VacFile *f, bool root, Dir *d)
{
	const VacDir *m = &f->dir;

	*d = (Dir){ .qid = { .path = vacfile_qid(f), .vers = m->mcount }, .mode = m->mode & 0777, .atime = m->atime, .mtime = m->mtime };
	if (m->mode & ModeDir) {
		d->qid.type = QTDIR;
		d->mode |= DMDIR;
	} else
		d->length = f->e.size;
	if (m->mode & ModeAppend) {
		d->qid.type |= QTAPPEND;
		d->mode |= DMAPPEND;
	}
	d->name = root ? "/" : m->elem;
	d->uid = m->uid;
	d->gid = m->gid;
	d->muid = m->mid;
}

/* advance makes x->cur file i of the directory; -1 at its end; what is damaged is passed over */
static int advance(Vfid *x, int i)
{
	if (x->list == NULL || i < x->i) {
		vaclist_free(x->list);
		x->list = vaclist_new(x->at->f);
		x->i = -1;
	}
	while (x->list != NULL && x->i < i) {
		VacFile *f;
		int c = vaclist_next(x->list, &f);

		if (c == 0)
			return -1;
		if (c < 0)
			continue;
		vacfile_drop(x->cur);
		x->cur = f;
		x->i++;
	}
	return x->list == NULL ? -1 : 0;
}

static int gen(Req *r, int i, Dir *d)
{
	Vfid *x = r->fid->aux;

	if (advance(x, i) < 0)
		return -1;
	describe(x->cur, false, d);
	return 0;
}

static void fid_read(Req *r)
{
	Vfid *x = r->fid->aux;
	VacFile *f = x->at->f;
	bool blocked = block(r);
	long n;

	if (vacfile_isdir(f)) {
		Fid *fid = fid_take(r->fid); /* once answered, the client may clunk it */

		lock(&x->lk);
		(void)!advance(x, fid->dirindex);
		if (blocked)
			req_unblock(r);
		req_readdir(r, gen);
		unlock(&x->lk);
		fid_drop(fid);
		return;
	}
	if (r->i.offset > 0 && r->i.offset == __atomic_load_n(&x->next, __ATOMIC_RELAXED))
		(void)!tree_ahead(vac_cache(v.vac), &f->e, r->i.offset / f->e.dsize, AHEAD);
	n = vacfile_read(f, r->buf, r->i.count, r->i.offset);
	if (blocked)
		req_unblock(r);
	if (n < 0) {
		req_fail(r);
		return;
	}
	__atomic_store_n(&x->next, r->i.offset + (u64)n, __ATOMIC_RELAXED);
	r->o.count = (u32)n;
	req_ok(r);
}

static void fid_stat(Req *r)
{
	const Place *at = ((Vfid *)r->fid->aux)->at;

	describe(at->f, at->up == NULL, &r->d);
	req_ok(r);
}

static void readonly(Req *r) { req_err(r, Erdonly); }

static const SrvOps ops = {
	.attach = attach,
	.walk1 = walk1,
	.clone = fid_clone,
	.open = fid_open,
	.read = fid_read,
	.stat = fid_stat,
	.create = readonly,
	.remove = readonly,
	.write = readonly,
	.wstat = readonly,
	.clunk = fid_clunk,
};

static u64 memory(const char *s)
{
	autofree char *digits = mem_str(s);
	size_t n = strlen(s);
	int unit = n > 1 ? s[n - 1] | 0x20 : 0, shift = unit == 'k' ? 10 : unit == 'm' ? 20 : unit == 'g' ? 30 : 0;
	u64 m;

	if (shift > 0)
		digits[n - 1] = 0;
	if (str_u64(digits, 0, 1ull << 32, &m) < 0)
		tool_die("-M %s", rerrstr());
	return m << shift;
}

static void open_vac(const char *host, const char *file, u64 mem)
{
	Venti *venti = venti_dial(host, NULL);
	Score s;

	if (venti == NULL || vac_parse(file, &s) < 0)
		tool_die("%s", rerrstr());
	v.vac = vac_open(vcache_new(venti, mem), &s);
	if (v.vac == NULL)
		tool_die("%s", rerrstr());
}

int cmd_vacfs(int argc, char **argv)
{
	const char *host = NULL;
	Serve o = { .flags = NULL };
	u64 mem = CACHE;
	Args a;

	args_init(&a, argc, argv, "vacfs [-dip] [-a addr] [-c blocks] [-h host] [-m mountpoint] [-M mem] [-s] [-S srvname] vacfile");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'a': o.addr = args_value(&a); break;
		case 'c': mem = (u64)args_number(&a, 1, 1 << 24) * BLOCK; break;
		case 'd': o.conn.trace = true; break;
		case 'h': host = args_value(&a); break;
		case 'i': o.stdio = true; break;
		case 'm': o.mount = args_value(&a); break;
		case 'M': mem = memory(args_value(&a)); break;
		case 'p': v.noperm = true; break;
		case 's': o.post = "vacfs"; break;
		case 'S': o.post = args_value(&a); break;
		default: args_usage(&a);
		}
	if (a.argc != 1 || (o.stdio && o.mount != NULL))
		args_usage(&a);
	if (o.mount == NULL && !o.stdio && o.addr == NULL && o.post == NULL)
		o.mount = "/n/vac";
	open_vac(host, a.argv[0], mem);
	srv_init(&v.srv, "vacfs", &ops, NULL);
	v.srv.parallel = true;
	return serve_run(&v.srv, &o);
}
