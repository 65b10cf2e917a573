/*
 * #c: the console and small facts (cons(3)).
 *
 * A process that has a terminal gets that when it opens cons: the one of its
 * descriptors 0, 1, 2 that is its controlling terminal is opened anew.
 * Any other gets the node's console, the terminal that is this process's
 * descriptor 2, or where that is none writes to it, the node's log.
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
#include "cons.h"
#include "kernpriv.h"

enum { RINGMAX = 16 * 1024 };

/* an open cons or consctl */
typedef struct Tty {
	int fd;
	void *saved; /* what to restore when consctl is closed */
	bool node;   /* the node's console: what is written there is kept */
} Tty;

/* the last of what was written to the node's console; protected by the Srv's lock, as what follows */
static struct {
	char text[RINGMAX];
	u64 n;        /* bytes ever written */
	u64 read;     /* by who has kprint open */
	bool open;
	Rendez more;
} ring;

static int cons_write(Kern *k, Req *r);
static int consctl_write(Kern *k, Req *r);

static void ring_add(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ring.text[ring.n++ % RINGMAX] = p[i];
	rendez_all(&ring.more);
}

/* ring_get copies up to n bytes from the one numbered *at on. */
static u32 ring_get(char *p, u32 n, u64 *at)
{
	u32 got = 0;

	if (ring.n > RINGMAX && *at < ring.n - RINGMAX)
		*at = ring.n - RINGMAX;
	while (got < n && *at < ring.n)
		p[got++] = ring.text[(*at)++ % RINGMAX];
	return got;
}

static char *kmesg_text(Kern *k, Req *r)
{
	char *s = mem_new(RINGMAX + 1);
	u64 at = 0;

	(void)k;
	(void)r;
	s[ring_get(s, RINGMAX, &at)] = '\0';
	return s;
}

static const Flat files[] = {
	{ "bintime", 0664, FidStream, NULL, bintime_write },
	{ "config", 0444, 0, config_text, NULL },
	{ "cons", 0660, FidStream, NULL, cons_write },
	{ "consctl", 0220, FidStream, NULL, consctl_write },
	{ "cputime", 0444, 0, cputime_text, NULL },
	{ "drivers", 0666, 0, drivers_text, drivers_write },
	{ "errstr", 0444, 0, errstr_text, NULL },
	{ "hostdomain", 0664, 0, domain_text, domain_write },
	{ "hostowner", 0664, 0, owner_text, owner_write },
	{ "kmesg", 0440, 0, kmesg_text, NULL },
	{ "kprint", 0440, FidStream, NULL, NULL },
	{ "mordor", 0666, FidStream, NULL, mordor_write },
	{ "null", 0666, FidStream, NULL, null_write },
	{ "osversion", 0444, 0, version_text, NULL },
	{ "pgrpid", 0444, 0, pgrpid_text, NULL },
	{ "pid", 0444, 0, pid_text, NULL },
	{ "ppid", 0444, 0, ppid_text, NULL },
	{ "random", 0444, FidStream, NULL, NULL },
	{ "reboot", 0220, 0, NULL, reboot_write },
	{ "swap", 0664, 0, swap_text, swap_write },
	{ "sysname", 0664, 0, sysname_text, sysname_write },
	{ "sysstat", 0664, 0, sysstat_text, sysstat_write },
	{ "time", 0664, 0, time_text, time_write },
	{ "user", 0666, 0, user_text, user_write },
	{ "zero", 0444, FidStream, NULL, NULL },
};

static Kern *kern_of(Req *r)
{
	return r->fid->srv->aux;
}

static bool is(const Fid *f, const char *name)
{
	const Flat *e = flat_at(f, files);

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

/* node_tty opens the node's console anew, -1 if it has no terminal. */
static int node_tty(void)
{
	return isatty(2) ? proc_open((u32)getpid(), "fd/2", O_RDWR | O_NOCTTY | O_NONBLOCK) : -1;
}

static void tty_open(Req *r)
{
	Tty *t = mem_new(sizeof *t);

	t->fd = own_tty(r->caller.pid);
	t->node = t->fd < 0;
	if (t->fd < 0)
		t->fd = node_tty();
	r->fid->aux = t;
	req_ok(r);
}

static void kprint_open(Req *r)
{
	if (kern_may(kern_of(r), r, kern_hostowner(kern_of(r)), 0440, r->i.mode & ~OTRUNC) < 0) {
		req_fail(r);
	} else if (ring.open) {
		req_err(r, Einuse);
	} else {
		ring.open = true;
		ring.read = ring.n;
		req_ok(r);
	}
}

static void cons_open(Req *r)
{
	if (is(r->fid, "kprint")) {
		kprint_open(r);
		return;
	}
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
	ssize_t n = t->fd < 0 ? werrstr("no console: this process has no terminal and the node has none")
			      : io_readat(t->fd, r->buf, r->i.count, -1);

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

static void read_kprint(Req *r)
{
	if (ring.read == ring.n) {
		req_sleep(r, &ring.more, -1);
		return;
	}
	r->o.count = ring_get(r->buf, r->i.count, &ring.read);
	req_ok(r);
}

static void read_fill(Req *r)
{
	r->o.count = r->i.count;
	if (is(r->fid, "random"))
		random_bytes(r->buf, r->i.count);
	else if (is(r->fid, "zero"))
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
	else if (is(r->fid, "bintime"))
		read_bintime(r);
	else if (is(r->fid, "kprint"))
		read_kprint(r);
	else if (is(r->fid, "mordor")) {
		werrstr("one does not simply read from mordor");
		req_fail(r);
	}
	else if (is(r->fid, "cons"))
		read_tty(r);
	else
		read_fill(r);
}

/* cons_write answers by itself: 1 means that r is gone. */
static int cons_write(Kern *k, Req *r)
{
	Tty *t = r->fid->aux;
	ssize_t n = io_writeat(t->fd >= 0 ? t->fd : 2, r->i.data, r->i.count, -1);

	(void)k;
	if (n == -2) {
		req_poll(r, t->fd >= 0 ? t->fd : 2, POLLOUT, -1);
		return 1;
	}
	if (n < 0)
		return -1;
	if (t->node)
		ring_add(r->i.data, (size_t)n);
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
		if (t->fd < 0)
			return werrstr("no console: there is no terminal to put in raw mode");
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
	int rc = e->write != NULL ? e->write(kern_of(r), r) : errset(Eperm);

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

	if (is(f, "kprint") && f->omode >= 0)
		ring.open = false;
	if (t == NULL)
		return;
	if (is_tty(f)) {
		if (t->saved != NULL)
			tty_restore(t->fd, t->saved);
		if (t->fd >= 0) {
			park_wakefd(t->fd);
			close(t->fd);
		}
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
	rendez_init(&ring.more);
	srv_init(s, "#c", &cons_ops, k);
	return s;
}

const Dev dev_cons = { 'c', "cons", cons_new };
