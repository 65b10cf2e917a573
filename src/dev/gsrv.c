/*
 * #z: what is posted in #s for the whole node, whatever /srv a process has (rfork V).
 */
#include <base/mem.h>
#include <srv/call.h>
#include "kernpriv.h"

static void gsrv_attach(Req *r)
{
	Fid *f = kern_attach(r->srv->aux, "s", r->i.uname, &r->caller);
	int rc = f != NULL ? fid_become(r, r->fid, f) : -1;

	fid_drop(f);
	if (rc < 0)
		req_fail(r);
	else
		req_ok(r);
}

static const SrvOps gsrv_ops = { .attach = gsrv_attach };

static Srv *gsrv_new(Kern *k, const char *spec)
{
	Srv *s;

	if (*spec != '\0')
		return errnull(Enodev);
	s = mem_new(sizeof *s);
	srv_init(s, "#z", &gsrv_ops, k);
	s->parallel = true;
	return s;
}

const Dev dev_gsrv = { 'z', "gsrv", gsrv_new };
