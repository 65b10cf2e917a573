/*
 * A walk to a name makes it: qid.path is its index + 1, for ever.  Names are
 * bounded, since anybody who may walk can make them; beyond that the oldest
 * would be in use as mount points, so new ones are refused.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <fs/mntgen.h>
#include <os/clock.h>

enum { MAXNAMES = 4096, MAXNAME = 255 };

typedef struct Mntgen {
	Srv srv;
	char **name; /* protected by srv.lk */
	int n;
	u32 made;
} Mntgen;

static Qid qid(u64 path)
{
	return (Qid){ .path = path, .type = QTDIR };
}

static void attach(Req *r)
{
	r->fid->qid = qid(0);
	req_ok(r);
}

static int lookup(Mntgen *m, const char *name)
{
	for (int i = 0; i < m->n; i++)
		if (strcmp(m->name[i], name) == 0)
			return i;
	if (m->n == MAXNAMES)
		return werrstr("mntgen: more than %d names", MAXNAMES);
	if (strlen(name) > MAXNAME)
		return errset(Etoolong);
	m->name = mem_grow(m->name, (size_t)m->n + 1, sizeof m->name[0]);
	m->name[m->n] = mem_str(name);
	return m->n++;
}

static int walk1(Req *r, Fid *f, const char *name)
{
	int i;

	if (strcmp(name, "..") == 0) {
		f->qid = qid(0);
		return 0;
	}
	if (f->qid.path != 0)
		return errset(Enonexist);
	i = lookup(f->srv->aux, name);
	if (i < 0)
		return -1;
	f->qid = qid((u64)i + 1);
	return 0;
}

static void describe(Mntgen *m, u64 path, Dir *d)
{
	*d = (Dir){ .qid = qid(path), .mode = DMDIR | 0555, .atime = m->made, .mtime = m->made };
	d->name = path == 0 ? "/" : m->name[path - 1];
	d->uid = d->gid = d->muid = "sys";
}

static int gen(Req *r, int i, Dir *d)
{
	Mntgen *m = r->srv->aux;

	if (r->fid->qid.path != 0 || i >= m->n)
		return -1;
	describe(m, (u64)i + 1, d);
	return 0;
}

static void readdir(Req *r)
{
	req_readdir(r, gen);
}

static void stat(Req *r)
{
	describe(r->srv->aux, r->fid->qid.path, &r->d);
	req_ok(r);
}

static void end(Srv *s)
{
	Mntgen *m = s->aux;

	for (int i = 0; i < m->n; i++)
		free(m->name[i]);
	free(m->name);
	free(m);
}

static const SrvOps ops = { .attach = attach, .walk1 = walk1, .read = readdir, .stat = stat, .end = end };

Srv *mntgen_new(void)
{
	Mntgen *m = mem_new(sizeof *m);

	m->made = (u32)clock_wall();
	srv_init(&m->srv, "mntgen", &ops, m);
	return &m->srv;
}
