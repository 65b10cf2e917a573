/*
 * #c: the console and small facts (cons(3)).
 *
 * A process that has a terminal gets that when it opens cons: the one of its
 * descriptors 0, 1, 2 that is its controlling terminal is opened anew.
 * Any other gets the node's console, kept by init under the key "cons".
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/at.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/procinfo.h>
#include <os/pty.h>
#include <os/random.h>
#include "flat.h"
#include "kernpriv.h"

enum { NAMEMAX = 64, HZ = 100 };

/* an open cons or consctl */
typedef struct Tty {
	int fd;
	void *saved; /* what to restore when consctl is closed */
} Tty;

static char *domain; /* protected by the Srv's lock */

/* number formats v as cons(3) has it: 11 digits and a blank, or 21 and a blank. */
static void number(Buf *b, u64 v)
{
	buf_printf(b, v <= UINT32_MAX ? "%11llu " : "%21llu ", (unsigned long long)v);
}

static void number64(Buf *b, u64 v)
{
	buf_printf(b, "%21llu ", (unsigned long long)v);
}

static char *owner_text(Kern *k, Req *r)
{
	(void)r;
	return mem_str(kern_hostowner(k));
}

static char *user_text(Kern *k, Req *r)
{
	return mem_str(r->caller.pid != 0 ? kern_user(k, r->caller.uid) : r->fid->uid);
}

static char *domain_text(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return mem_str(domain != NULL ? domain : "");
}

static char *drivers_text(Kern *k, Req *r)
{
	Buf b = { 0 };

	(void)k;
	(void)r;
	for (int i = 0; i < ndevtab; i++) {
		char c[UTFmax + 1];

		c[utf_put(c, devtab[i]->letter)] = '\0';
		buf_printf(&b, "#%s %s\n", c, devtab[i]->name);
	}
	return buf_take(&b);
}

static char *version_text(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return mem_str("2000");
}

static char *pid_text(Kern *k, Req *r)
{
	Buf b = { 0 };

	(void)k;
	number(&b, r->caller.pid != 0 ? proc_leader(r->caller.pid) : 0);
	return buf_take(&b);
}

static char *ppid_text(Kern *k, Req *r)
{
	autofree char *s = r->caller.pid != 0 ? proc_field(r->caller.pid, "PPid") : NULL;
	Buf b = { 0 };

	(void)k;
	number(&b, s != NULL ? strtoull(s, NULL, 10) : 0);
	return buf_take(&b);
}

static char *sysname_text(Kern *k, Req *r)
{
	char name[256] = "";

	(void)k;
	(void)r;
	if (gethostname(name, sizeof name - 1) < 0)
		name[0] = '\0';
	return mem_str(name);
}

static char *time_text(Kern *k, Req *r)
{
	Buf b = { 0 };

	(void)k;
	(void)r;
	number(&b, (u64)clock_wall());
	number64(&b, (u64)clock_wallns());
	number64(&b, (u64)clock_ns());
	number64(&b, 1000000000);
	return buf_take(&b);
}

/* cputime_text has user, system, real and the same for exited children, in milliseconds. */
static char *cputime_text(Kern *k, Req *r)
{
	autofree char *s = r->caller.pid != 0 ? proc_slurp(proc_leader(r->caller.pid), "stat", NULL) : NULL;
	unsigned long long t[4] = { 0 }, start = 0;
	char *p = s != NULL ? strrchr(s, ')') : NULL;
	Buf b = { 0 };

	(void)k;
	if (p != NULL &&
	    sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu %*d %*d %*d %*d %llu", &t[0],
	           &t[1], &t[2], &t[3], &start) != 5)
		memset(t, 0, sizeof t);
	number(&b, t[0] * 1000 / HZ);
	number(&b, t[1] * 1000 / HZ);
	number(&b, (u64)clock_ns() / 1000000 - start * 1000 / HZ);
	number(&b, t[2] * 1000 / HZ);
	number(&b, t[3] * 1000 / HZ);
	number(&b, 0);
	return buf_take(&b);
}

/* name_arg returns what is written to a file that holds a name; owned by the caller. */
static char *name_arg(Kern *k, Req *r)
{
	char *s;

	if (!kern_isowner(k, r))
		return errnull(Eperm);
	s = req_text(r);
	if (s != NULL && *s != '\0' && strlen(s) < NAMEMAX && strpbrk(s, " \t\n/") == NULL)
		return s;
	free(s);
	return errnull(Ebadarg);
}

static int owner_write(Kern *k, Req *r)
{
	char *s = name_arg(k, r);

	if (s == NULL)
		return -1;
	k->hostowner = s; /* the old name is in Dirs and Fids: it stays */
	return 0;
}

static int domain_write(Kern *k, Req *r)
{
	char *s = name_arg(k, r);

	if (s == NULL)
		return -1;
	free(domain);
	domain = s;
	return 0;
}

static int sysname_write(Kern *k, Req *r)
{
	autofree char *s = name_arg(k, r);

	if (s == NULL)
		return -1;
	return sethostname(s, strlen(s)) < 0 ? os_werr("sysname") : 0;
}

static int drivers_write(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return werrstr("chdev: not implemented");
}

static int reboot_write(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return werrstr("reboot: not implemented: end the node with `anthill grid down`");
}

static int null_write(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return 0;
}

static int cons_write(Kern *k, Req *r);
static int consctl_write(Kern *k, Req *r);

static const Flat files[] = {
	{ "bintime", 0444, FidStream, NULL, NULL },
	{ "cons", 0660, FidStream, NULL, cons_write },
	{ "consctl", 0220, FidStream, NULL, consctl_write },
	{ "cputime", 0444, 0, cputime_text, NULL },
	{ "drivers", 0644, 0, drivers_text, drivers_write },
	{ "errstr", 0444, 0, errstr_text, NULL },
	{ "hostdomain", 0664, 0, domain_text, domain_write },
	{ "hostowner", 0664, 0, owner_text, owner_write },
	{ "null", 0666, FidStream, NULL, null_write },
	{ "osversion", 0444, 0, version_text, NULL },
	{ "pid", 0444, 0, pid_text, NULL },
	{ "ppid", 0444, 0, ppid_text, NULL },
	{ "random", 0444, FidStream, NULL, NULL },
	{ "reboot", 0220, 0, NULL, reboot_write },
	{ "sysname", 0664, 0, sysname_text, sysname_write },
	{ "time", 0664, 0, time_text, NULL },
	{ "user", 0444, 0, user_text, NULL },
	{ "zero", 0444, FidStream, NULL, NULL },
};

static Kern *kern_of(Req *r)
{
	return r->fid->srv->aux;
}

static bool is(const Req *r, const char *name)
{
	const Flat *e = flat_at(r->fid, files);

	return e != NULL && strcmp(e->name, name) == 0;
}

static bool is_tty(const Fid *f)
{
	const Flat *e = flat_at(f, files);

	return e != NULL && str_prefix(e->name, "cons");
}

/* own_tty opens the caller's terminal anew, -1 if it has none. */
static int own_tty(u32 pid)
{
	if (pid == 0)
		return -1;
	for (int i = 0; i < 3; i++) {
		char name[16];
		int fd;

		snprintf(name, sizeof name, "fd/%d", i);
		fd = -1;
		if (proc_istty(pid, i))
			fd = proc_open(pid, name, O_RDWR | O_NOCTTY | O_NONBLOCK);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

static void tty_open(Req *r)
{
	Tty *t = mem_new(sizeof *t);

	t->fd = own_tty(r->caller.pid);
	if (t->fd < 0)
		t->fd = kern_stored(kern_of(r), "cons");
	if (t->fd < 0) {
		free(t);
		werrstr("no console: this process has no terminal and the node has none");
		req_fail(r);
		return;
	}
	r->fid->aux = t;
	req_ok(r);
}

static void cons_open(Req *r)
{
	if (is_tty(r->fid)) {
		if (kern_may(kern_of(r), r, kern_hostowner(kern_of(r)), 0666, r->i.mode & ~OTRUNC) < 0)
			req_fail(r);
		else
			tty_open(r);
		return;
	}
	flat_open(kern_of(r), r, files, kern_hostowner(kern_of(r)));
}

static int gen(Req *r, int i, Dir *d)
{
	if (i >= (int)nelem(files))
		return -1;
	flat_dir(d, files, i, kern_hostowner(kern_of(r)));
	return 0;
}

static void read_tty(Req *r)
{
	Tty *t = r->fid->aux;
	ssize_t n;

	n = io_readat(t->fd, r->buf, r->i.count, -1);
	if (n == -2) {
		req_poll(r, t->fd, POLLIN, -1);
		return;
	}
	if (n < 0) {
		req_fail(r);
		return;
	}
	r->o.count = (u32)n;
	req_ok(r);
}

static void read_bintime(Req *r)
{
	u8 b[24];
	u64 v[3] = { (u64)clock_wallns(), (u64)clock_ns(), 1000000000 };

	for (int i = 0; i < 3; i++) {
		put_be32(b + i * 8, (u32)(v[i] >> 32));
		put_be32(b + i * 8 + 4, (u32)v[i]);
	}
	r->o.count = r->i.count < sizeof b ? r->i.count : sizeof b;
	memcpy(r->buf, b, r->o.count);
	req_ok(r);
}

static void read_fill(Req *r)
{
	r->o.count = r->i.count;
	if (is(r, "random"))
		random_bytes(r->buf, r->i.count);
	else if (is(r, "zero"))
		memset(r->buf, 0, r->i.count);
	else
		r->o.count = 0;
	req_ok(r);
}

static void cons_read(Req *r)
{
	const Flat *e = flat_at(r->fid, files);

	if (e == NULL)
		req_readdir(r, gen);
	else if (e->text != NULL)
		kern_readtext(r);
	else if (is(r, "bintime"))
		read_bintime(r);
	else if (is(r, "cons"))
		read_tty(r);
	else
		read_fill(r);
}

/* cons_write answers by itself: 1 means that r is gone. */
static int cons_write(Kern *k, Req *r)
{
	Tty *t = r->fid->aux;
	ssize_t n = io_writeat(t->fd, r->i.data, r->i.count, -1);

	(void)k;
	if (n == -2) {
		req_poll(r, t->fd, POLLOUT, -1);
		return 1;
	}
	if (n < 0)
		return -1;
	r->o.count = (u32)n;
	req_ok(r);
	return 1;
}

static int consctl_write(Kern *k, Req *r)
{
	autofree char *s = req_text(r);
	Tty *t = r->fid->aux;

	(void)k;
	if (s == NULL)
		return -1;
	if (strcmp(s, "rawon") == 0) {
		if (t->saved == NULL)
			t->saved = tty_raw(t->fd);
		return t->saved != NULL ? 0 : -1;
	}
	if (strcmp(s, "rawoff") == 0) {
		if (t->saved != NULL)
			tty_restore(t->fd, t->saved);
		t->saved = NULL;
		return 0;
	}
	return errset(Ebadctl);
}

static void cons_dowrite(Req *r)
{
	const Flat *e = flat_at(r->fid, files);
	int rc = e->write != NULL ? e->write(kern_of(r), r) : errset(Enowrite);

	if (rc > 0)
		return;
	r->o.count = r->i.count;
	if (rc < 0)
		req_fail(r);
	else
		req_ok(r);
}

static void cons_stat(Req *r)
{
	flat_dir(&r->d, files, (int)r->fid->qid.path - 1, kern_hostowner(kern_of(r)));
	req_ok(r);
}

static void cons_clunk(Fid *f)
{
	Tty *t = f->aux;

	if (t == NULL)
		return;
	if (is_tty(f)) {
		if (t->saved != NULL)
			tty_restore(t->fd, t->saved);
		park_wakefd(t->fd);
		close(t->fd);
	}
	free(t);
}

static void cons_attach(Req *r)
{
	r->fid->qid = (Qid){ .type = QTDIR };
	req_ok(r);
}

static int cons_walk1(Req *r, Fid *f, const char *name)
{
	(void)r;
	return flat_walk(f, name, files, nelem(files));
}

/* only an open fid has an aux, and an open fid cannot be cloned */
static const SrvOps cons_ops = {
	.attach = cons_attach,
	.walk1 = cons_walk1,
	.open = cons_open,
	.read = cons_read,
	.write = cons_dowrite,
	.stat = cons_stat,
	.clunk = cons_clunk,
};

static Srv *cons_new(Kern *k, const char *spec)
{
	Srv *s;

	if (*spec != '\0')
		return errnull(Enodev);
	s = mem_new(sizeof *s);
	srv_init(s, "#c", &cons_ops, k);
	return s;
}

const Dev dev_cons = { 'c', "cons", cons_new };
