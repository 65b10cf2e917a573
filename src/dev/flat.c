#include <string.h>
#include <os/clock.h>
#include "flat.h"

static Qid qid_of(const Flat *t, int i)
{
	u8 type = i < 0 ? QTDIR : (u8)(t[i].perm >> 24);

	return (Qid){ .path = (u64)(i + 1), .type = type };
}

int flat_walk(Fid *f, const char *name, const Flat *t, int n)
{
	if (strcmp(name, "..") == 0) {
		f->qid = qid_of(t, -1);
		f->flags = 0;
		return 0;
	}
	for (int i = 0; i < n; i++)
		if (strcmp(t[i].name, name) == 0) {
			f->qid = qid_of(t, i);
			f->flags = t[i].flags;
			return 0;
		}
	return errset(Enonexist);
}

const Flat *flat_at(const Fid *f, const Flat *t)
{
	return f->qid.path == 0 ? NULL : &t[f->qid.path - 1];
}

void flat_dir(Dir *d, const Flat *t, int i, const char *owner)
{
	u32 now = (u32)clock_wall();

	*d = (Dir){
		.qid = qid_of(t, i),
		.mode = i < 0 ? DMDIR | 0555 : t[i].perm,
		.atime = now,
		.mtime = now,
		.name = i < 0 ? "/" : t[i].name,
		.uid = owner,
		.gid = owner,
		.muid = "",
	};
}

void flat_open(Kern *k, Req *r, const Flat *t, const char *owner)
{
	const Flat *e = flat_at(r->fid, t);
	int mode = r->i.mode & 3;

	if (e != NULL && kern_may(k, r, owner, e->perm, r->i.mode & ~OTRUNC) < 0)
		req_fail(r);
	else if (e != NULL && e->text != NULL && mode != OWRITE)
		kern_text(r, e->text(k, r));
	else
		req_ok(r);
}
