/*
 * #d: the caller's own descriptors (dup(3)): N, which opens as what
 * descriptor N is, and Nctl, which tells about it.  Our tools never open N
 * but duplicate the descriptor; for everybody else it is opened anew.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/at.h>
#include <os/io.h>
#include <os/procinfo.h>
#include "devio.h"
#include "kernpriv.h"

enum { CTL = 1, MAXFD = 1 << 20 };

typedef struct Names {
	u32 *fd;
	int n;
} Names;

/* an open file of #d: the directory's listing, a ctl's text or a descriptor */
typedef struct Dfid {
	Names names;
	char *text;
	int fd;
} Dfid;

static Qid qid(int fd, bool ctl)
{
	return (Qid){ .path = (u64)(fd + 1) << 1 | ctl };
}

static int fd_of(const Fid *f)
{
	return (int)(f->qid.path >> 1) - 1;
}

static void dup_attach(Req *r)
{
	r->fid->qid = (Qid){ .type = QTDIR };
	req_ok(r);
}

/* flags_of returns the open flags of the caller's descriptor fd, -1 if it has none. */
static int flags_of(const Req *r, int fd)
{
	char name[32];
	autofree char *s = NULL;
	const char *p;

	snprintf(name, sizeof name, "fdinfo/%d", fd);
	s = proc_slurp(r->caller.pid, name, NULL);
	p = s != NULL ? strstr(s, "flags:") : NULL;
	return p != NULL ? (int)(strtoul(p + 6, NULL, 8) & (O_ACCMODE | O_PATH)) : errset(Ebadusefd);
}

static int dup_walk1(Req *r, Fid *f, const char *name)
{
	char num[16];
	u64 fd;
	bool ctl = str_suffix(name, "ctl");

	if (strcmp(name, "..") == 0) {
		f->qid = (Qid){ .type = QTDIR };
		return 0;
	}
	if (r->caller.pid == 0)
		return werrstr("#d shows descriptors of processes of this node only");
	if (str_cpy(num, sizeof num, name) < 0)
		return errset(Enonexist);
	if (ctl)
		num[strlen(num) - 3] = '\0';
	if (str_u64(num, 10, MAXFD, &fd) < 0 || flags_of(r, (int)fd) < 0)
		return errset(Enonexist);
	f->qid = qid((int)fd, ctl);
	f->flags = ctl ? 0 : FidFresh | FidStream;
	return 0;
}

static void add_name(void *arg, const char *name)
{
	Names *n = arg;
	u64 v;

	if (str_u64(name, 10, MAXFD, &v) < 0)
		return;
	n->fd = mem_grow(n->fd, (size_t)n->n + 1, sizeof *n->fd);
	n->fd[n->n++] = (u32)v;
}

static int list(Req *r, Names *n)
{
	autofd int d = r->caller.pid != 0 ? proc_open(r->caller.pid, "fd", O_RDONLY | O_DIRECTORY) : -1;

	return d < 0 ? -1 : at_list(d, add_name, n);
}

static char *ctl_text(Req *r)
{
	static const char *modes[] = { "r", "w", "rw", "?" };
	int fd = fd_of(r->fid), m = flags_of(r, fd);
	char name[32];
	autofree char *path = NULL;
	Buf b = { 0 };

	if (m < 0)
		return NULL;
	snprintf(name, sizeof name, "fd/%d", fd);
	path = proc_link(r->caller.pid, name);
	if (path == NULL)
		return NULL;
	buf_printf(&b, "%3d %-2s ", fd, modes[m & 3]);
	str_quote(&b, path);
	buf_ch(&b, '\n');
	return buf_take(&b);
}

static int open_fid(Req *r, Dfid *d)
{
	int m;

	if (r->fid->qid.type & QTDIR)
		return list(r, &d->names);
	if (r->fid->qid.path & CTL) {
		d->text = ctl_text(r);
		return d->text != NULL ? 0 : -1;
	}
	m = flags_of(r, fd_of(r->fid));
	if (m < 0)
		return -1;
	if (devio_may(m, r->i.mode) < 0)
		return -1;
	d->fd = devio_reopen(r->caller.pid, fd_of(r->fid), r->i.mode);
	return d->fd < 0 ? -1 : 0;
}

static void dfid_free(Dfid *d)
{
	free(d->names.fd);
	free(d->text);
	if (d->fd >= 0) {
		park_wakefd(d->fd);
		close(d->fd);
	}
	free(d);
}

static void dup_open(Req *r)
{
	Dfid *d = mem_new(sizeof *d);

	d->fd = -1;
	if (open_fid(r, d) < 0) {
		dfid_free(d);
		req_fail(r);
		return;
	}
	r->fid->aux = d;
	req_ok(r);
}

static void describe(Req *r, Dir *d, int fd, bool ctl)
{
	static const u32 perm[] = { 0400, 0200, 0600, 0400 };
	static _Thread_local char name[24];
	const char *user = r->caller.pid != 0 ? kern_user(r->fid->srv->aux, r->caller.uid) : r->fid->uid;
	int m = fd >= 0 && !ctl ? flags_of(r, fd) : 0;

	if (fd < 0)
		str_cpy(name, sizeof name, "/");
	else
		snprintf(name, sizeof name, ctl ? "%dctl" : "%d", fd);
	*d = (Dir){
		.qid = fd < 0 ? (Qid){ .type = QTDIR } : qid(fd, ctl),
		.mode = fd < 0 ? DMDIR | 0555 : ctl ? 0400 : m < 0 ? 0 : perm[m & 3],
		.name = name,
		.uid = user,
		.gid = user,
		.muid = "",
	};
}

static int gen(Req *r, int i, Dir *d)
{
	Dfid *df = r->fid->aux;

	if (i >= 2 * df->names.n)
		return -1;
	describe(r, d, (int)df->names.fd[i / 2], i & 1);
	return 0;
}

static void dup_read(Req *r)
{
	Dfid *d = r->fid->aux;

	if (r->fid->qid.type & QTDIR)
		req_readdir(r, gen);
	else if (d->text != NULL)
		req_readstr(r, d->text);
	else
		devio_read(r, d->fd);
}

static void dup_write(Req *r)
{
	Dfid *d = r->fid->aux;

	if (d->fd < 0)
		req_err(r, Eperm);
	else
		devio_write(r, d->fd);
}

static void dup_stat(Req *r)
{
	describe(r, &r->d, r->fid->qid.type & QTDIR ? -1 : fd_of(r->fid), r->fid->qid.path & CTL);
	req_ok(r);
}

static void dup_clunk(Fid *f)
{
	if (f->aux != NULL)
		dfid_free(f->aux);
}

static const SrvOps dup_ops = {
	.attach = dup_attach,
	.walk1 = dup_walk1,
	.open = dup_open,
	.read = dup_read,
	.write = dup_write,
	.stat = dup_stat,
	.clunk = dup_clunk,
};

static Srv *dup_new(Kern *k, const char *spec)
{
	Srv *s;

	if (*spec != '\0')
		return errnull(Enodev);
	s = mem_new(sizeof *s);
	srv_init(s, "#d", &dup_ops, k);
	return s;
}

const Dev dev_dup = { 'd', "dup", dup_new };
