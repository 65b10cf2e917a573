/*
 * Files of a server, one call a message.
 *
 * A fid number is used again only when the server surely knows it no more:
 * after an Rclunk, Rremove, or the server's own refusal of a walk or
 * attach.  After a time-out nobody knows, and the number is not used again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include "impl.h"

static int call(CFid *f, Fcall *t, Fcall *r, void *buf, u32 n, int *whose)
{
	t->fid = f->fid;
	return rpc_call(f->c, t, r, buf, n, 0, whose);
}

static CFid *newfid(Client *c)
{
	CFid *f = mem_new(sizeof *f);

	f->c = client_take(c);
	f->fid = client_fid(c);
	f->omode = -1;
	return f;
}

/* freefid forgets f; its number is given back if the server does not know it */
static void freefid(CFid *f, bool unknown)
{
	if (unknown)
		client_fidfree(f->c, f->fid);
	client_drop(f->c);
	free(f);
}

u32 client_keep(CFid *f)
{
	u32 fid = f->fid;

	freefid(f, false);
	return fid;
}

CFid *client_auth(Client *c, const char *uname, const char *aname)
{
	CFid *f = newfid(c);
	Fcall t = { .type = Tauth, .afid = f->fid, .uname = uname, .aname = aname }, r;
	int whose;

	if (rpc_call(c, &t, &r, NULL, 0, 0, &whose) < 0) {
		freefid(f, whose == Remote);
		return NULL;
	}
	f->qid = r.qid;
	f->omode = ORDWR;
	f->iounit = c->msize - IOHDRSZ;
	return f;
}

CFid *client_attach(Client *c, const CFid *afid, const char *uname, const char *aname)
{
	CFid *f = newfid(c);
	Fcall t = { .type = Tattach, .fid = f->fid, .afid = afid != NULL ? afid->fid : NOFID, .uname = uname,
		    .aname = aname }, r;
	int whose;

	if (rpc_call(c, &t, &r, NULL, 0, 0, &whose) < 0) {
		freefid(f, whose == Remote);
		return NULL;
	}
	f->qid = r.qid;
	return f;
}

/* walk1 walks to at most MAXWELEM names; newfid may be fid */
static int walk1(CFid *from, CFid *to, int n, const char *const *name, int *whose)
{
	Fcall t = { .type = Twalk, .newfid = to->fid, .nwname = (u16)n }, r;

	for (int i = 0; i < n; i++)
		t.wname[i] = name[i];
	if (call(from, &t, &r, NULL, 0, whose) < 0)
		return -1;
	if (r.nwqid < n) {
		*whose = Remote;
		return werrstr("'%s' %s", name[r.nwqid], errtext(Enonexist));
	}
	to->qid = n > 0 ? r.wqid[n - 1] : from->qid;
	return 0;
}

CFid *client_walk(CFid *f, int n, const char *const *name)
{
	CFid *to = newfid(f->c), *from = f;
	int whose, k;

	do {
		k = n < MAXWELEM ? n : MAXWELEM;
		if (walk1(from, to, k, name, &whose) < 0) {
			if (from == to)
				client_clunk(to);
			else
				freefid(to, whose == Remote);
			return NULL;
		}
		from = to;
		name += k;
		n -= k;
	} while (n > 0);
	return to;
}

CFid *client_walkpath(CFid *f, const char *path)
{
	autofree char *copy = mem_str(path);
	autofree char **name = mem_array(strlen(path) / 2 + 1, sizeof *name);
	int n = str_fields(copy, name, (int)(strlen(path) / 2 + 1), "/"), m = 0;

	for (int i = 0; i < n; i++)
		if (strcmp(name[i], ".") != 0)
			name[m++] = name[i];
	return client_walk(f, m, (const char *const *)name);
}

/* opened takes over what Ropen and Rcreate say */
static int opened(CFid *f, int mode, const Fcall *r)
{
	u32 most = f->c->msize - IOHDRSZ;

	f->qid = r->qid;
	f->omode = mode;
	f->iounit = r->iounit == 0 || r->iounit > most ? most : r->iounit;
	f->diroff = 0;
	return 0;
}

int client_open(CFid *f, int mode)
{
	Fcall t = { .type = Topen, .mode = (u8)mode }, r;

	return call(f, &t, &r, NULL, 0, NULL) < 0 ? -1 : opened(f, mode, &r);
}

int client_create(CFid *f, const char *name, int mode, u32 perm)
{
	Fcall t = { .type = Tcreate, .name = name, .mode = (u8)mode, .perm = perm }, r;

	return call(f, &t, &r, NULL, 0, NULL) < 0 ? -1 : opened(f, mode, &r);
}

long client_read(CFid *f, void *p, u32 n, u64 off)
{
	Fcall t = { .type = Tread, .offset = off, .count = n < f->iounit ? n : f->iounit }, r;

	if (f->omode < 0)
		return errset(Enotopen);
	return call(f, &t, &r, p, n, NULL) < 0 ? -1 : (long)r.count;
}

long client_write(CFid *f, const void *p, u32 n, u64 off)
{
	Fcall t = { .type = Twrite, .offset = off, .count = n < f->iounit ? n : f->iounit,
		    .data = (char *)(uintptr_t)p }, r;

	if (f->omode < 0)
		return errset(Enotopen);
	return call(f, &t, &r, NULL, 0, NULL) < 0 ? -1 : (long)r.count;
}

int client_stat(CFid *f, Dir *d, char **strings)
{
	Fcall t = { .type = Tstat }, r;
	autofree u8 *rec = mem_new(0x10000);

	if (call(f, &t, &r, rec, 0xFFFF, NULL) < 0)
		return -1;
	if (dir_decode(rec, r.nstat, d) != r.nstat)
		return werrstr("%s: the server's %s", f->c->name, rerrstr());
	*strings = (char *)rec;
	rec = NULL;
	return 0;
}

int client_wstat(CFid *f, const Dir *d)
{
	u32 n = dir_size(d);
	autofree u8 *rec = mem_new(n + 1);
	Fcall t = { .type = Twstat, .stat = rec }, r;
	int len = dir_encode(d, rec, n);

	if (len < 0)
		return -1;
	t.nstat = (u16)len;
	return call(f, &t, &r, NULL, 0, NULL);
}

/* end sends a Tclunk or Tremove and forgets f; a server forgets a fid even if the remove fails */
static int end(CFid *f, int type)
{
	Fcall t = { .type = (u8)type }, r;
	int whose = 0, rc = call(f, &t, &r, NULL, 0, &whose);

	freefid(f, whose != Local);
	return rc;
}

int client_remove(CFid *f)
{
	return end(f, Tremove);
}

void client_clunk(CFid *f)
{
	char was[ERRMAX];

	if (f == NULL)
		return;
	snprintf(was, sizeof was, "%s", rerrstr());
	end(f, Tclunk);
	werrstr("%s", was);
}

/* records gives each record in buf[n] to each; 1 if that had enough */
static int records(const CFid *f, u8 *buf, u32 n, int (*each)(void *arg, const Dir *d), void *arg)
{
	Dir d;

	for (u32 i = 0; i < n;) {
		int len = dir_decode(buf + i, n - i, &d);

		if (len < 0)
			return werrstr("%s: the server's directory: %s", f->c->name, rerrstr());
		i += (u32)len;
		if (each(arg, &d) < 0)
			return 1;
	}
	return 0;
}

int client_readdir(CFid *f, int (*each)(void *arg, const Dir *d), void *arg)
{
	autofree u8 *buf = mem_new(f->iounit + 1);
	long n;

	if ((f->qid.type & QTDIR) == 0)
		return errset(Enotdir);
	while ((n = client_read(f, buf, f->iounit, f->diroff)) > 0) {
		int rc = records(f, buf, (u32)n, each, arg);

		if (rc != 0)
			return rc < 0 ? -1 : 0;
		f->diroff += (u64)n;
	}
	return (int)n;
}
