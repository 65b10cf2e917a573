/*
 * #/: the root of last resort (root(3)): empty directories to bind things on.
 */
#include <string.h>
#include <base/mem.h>
#include "flat.h"
#include "kernpriv.h"

static const Flat dirs[] = {
	{ "bin", DMDIR | 0555, FidStatic, NULL, NULL },  { "boot", DMDIR | 0555, FidStatic, NULL, NULL },
	{ "dev", DMDIR | 0555, FidStatic, NULL, NULL },  { "env", DMDIR | 0555, FidStatic, NULL, NULL },
	{ "fd", DMDIR | 0555, FidStatic, NULL, NULL },   { "mnt", DMDIR | 0555, FidStatic, NULL, NULL },
	{ "n", DMDIR | 0555, FidStatic, NULL, NULL },    { "net", DMDIR | 0555, FidStatic, NULL, NULL },
	{ "net.alt", DMDIR | 0555, FidStatic, NULL, NULL }, { "proc", DMDIR | 0555, FidStatic, NULL, NULL },
	{ "rc", DMDIR | 0555, FidStatic, NULL, NULL },   { "root", DMDIR | 0555, FidStatic, NULL, NULL },
	{ "srv", DMDIR | 0555, FidStatic, NULL, NULL },
};

static void root_attach(Req *r)
{
	r->fid->qid = (Qid){ .type = QTDIR };
	r->fid->flags = FidStatic;
	req_ok(r);
}

static int root_walk1(Req *r, Fid *f, const char *name)
{
	(void)r;
	if (f->qid.path != 0 && strcmp(name, "..") != 0)
		return errset(Enonexist);
	return flat_walk(f, name, dirs, nelem(dirs));
}

static int gen(Req *r, int i, Dir *d)
{
	if (r->fid->qid.path != 0 || i >= (int)nelem(dirs))
		return -1;
	flat_dir(d, dirs, i, kern_hostowner(r->fid->srv->aux));
	return 0;
}

static void root_read(Req *r)
{
	req_readdir(r, gen);
}

static void root_stat(Req *r)
{
	flat_dir(&r->d, dirs, (int)r->fid->qid.path - 1, kern_hostowner(r->fid->srv->aux));
	req_ok(r);
}

static const SrvOps root_ops = {
	.attach = root_attach,
	.walk1 = root_walk1,
	.read = root_read,
	.stat = root_stat,
};

static Srv *root_new(Kern *k, const char *spec)
{
	Srv *s;

	if (*spec != '\0')
		return errnull(Enodev);
	s = mem_new(sizeof *s);
	srv_init(s, "#/", &root_ops, k);
	return s;
}

const Dev dev_root = { '/', "root", root_new };
