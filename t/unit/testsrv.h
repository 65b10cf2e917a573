/*
 * A Srv with every kind of file that can block, for the tests of the engine
 * and of the fronts:
 *	hello   "hello, world\n", never blocks
 *	sleep   a read sleeps until "wake" is written
 *	wake    a write wakes every sleeper
 *	pipe    a read waits for a byte on testsrv_pipe[0]
 *	slow    a read blocks a thread until it is flushed or testsrv_slow is raised
 *	later   a read is answered by another thread
 *	listen  an open sleeps as "sleep" does
 *	timeout a read waits 20 ms and says so
 *	sub/    a directory with 100 files f0 .. f99
 */
#ifndef TESTSRV_H
#define TESTSRV_H

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/event.h>
#include <os/io.h>
#include <os/thread.h>
#include <srv/srv.h>

enum { Qroot, Qhello, Qsleep, Qwake, Qpipe, Qslow, Qlater, Qlisten, Qtimeout, Qsub, Qfiles, Nsub = 100 };

static const char *const testsrv_names[] = {
	"/", "hello", "sleep", "wake", "pipe", "slow", "later", "listen", "timeout", "sub",
};
static Rendez testsrv_z;
static int testsrv_pipe[2], testsrv_slow;
static int testsrv_cancelled, testsrv_clunked, testsrv_open; /* atomic */

static inline Qid testsrv_qid(u64 path)
{
	return (Qid){ .path = path, .type = path == Qroot || path == Qsub ? QTDIR : 0 };
}

static inline void testsrv_attach(Req *r)
{
	r->fid->qid = testsrv_qid(Qroot);
	__atomic_add_fetch(&testsrv_open, 1, __ATOMIC_RELAXED);
	req_ok(r);
}

static inline int testsrv_clone(Req *r, Fid *from, Fid *to)
{
	(void)r;
	(void)from;
	(void)to;
	__atomic_add_fetch(&testsrv_open, 1, __ATOMIC_RELAXED);
	return 0;
}

static inline int testsrv_walk1(Req *r, Fid *f, const char *name)
{
	u64 n;

	(void)r;
	if (strcmp(name, "..") == 0) {
		f->qid = testsrv_qid(Qroot);
		return 0;
	}
	if (f->qid.path == Qsub) {
		if (name[0] != 'f' || (sscanf(name + 1, "%lu", &n) != 1) || n >= Nsub)
			return errset(Enonexist);
		f->qid = testsrv_qid(Qfiles + n);
		return 0;
	}
	for (u64 i = Qhello; i <= Qsub; i++)
		if (strcmp(name, testsrv_names[i]) == 0) {
			f->qid = testsrv_qid(i);
			return 0;
		}
	return errset(Enonexist);
}

static inline void testsrv_opened(Req *r)
{
	if (r->fid->qid.path == Qlisten && r->aux == NULL) {
		r->aux = r;
		req_sleep(r, &testsrv_z, -1);
		return;
	}
	req_ok(r);
}

static inline int testsrv_gen(Req *r, int i, Dir *d)
{
	static char name[16];
	bool sub = r->fid->qid.path == Qsub;

	if (i >= (sub ? Nsub : Qsub))
		return -1;
	snprintf(name, sizeof name, "f%d", i);
	*d = (Dir){ .qid = testsrv_qid(sub ? Qfiles + (u64)i : Qhello + (u64)i),
		    .mode = 0666,
		    .name = sub ? name : testsrv_names[Qhello + i],
		    .uid = "test",
		    .gid = "test",
		    .muid = "" };
	if (d->qid.type == QTDIR)
		d->mode = DMDIR | 0777;
	return 0;
}

static inline void testsrv_later(void *arg)
{
	req_readstr(arg, "later\n");
}

static inline void testsrv_slowread(Req *r)
{
	if (req_block(r) < 0) {
		req_fail(r);
		return;
	}
	(void)!io_wait(testsrv_slow, POLLIN, req_evfd(r), -1);
	req_unblock(r);
	if (req_flushed(r))
		req_err(r, Eintr);
	else
		req_readstr(r, "slow\n");
}

static inline void testsrv_read(Req *r)
{
	char c;

	switch (r->fid->qid.path) {
	case Qroot:
	case Qsub:
		req_readdir(r, testsrv_gen);
		break;
	case Qhello:
		req_readstr(r, "hello, world\n");
		break;
	case Qsleep:
		if (r->aux == NULL) {
			r->aux = r;
			req_sleep(r, &testsrv_z, -1);
		} else {
			req_readstr(r, "woken\n");
		}
		break;
	case Qpipe:
		if (poll(&(struct pollfd){ .fd = testsrv_pipe[0], .events = POLLIN }, 1, 0) == 0)
			req_poll(r, testsrv_pipe[0], POLLIN, -1);
		else if (read(testsrv_pipe[0], &c, 1) == 1)
			req_readbuf(r, &c, 1);
		else
			req_err(r, Eio);
		break;
	case Qslow:
		testsrv_slowread(r);
		break;
	case Qlater:
		if (thread_start("later", testsrv_later, r) < 0)
			req_fail(r);
		break;
	case Qtimeout:
		if (req_timedout(r))
			req_readstr(r, "timed out\n");
		else
			req_sleep(r, &testsrv_z, 20);
		break;
	default:
		req_readbuf(r, "", 0);
	}
}

static inline void testsrv_write(Req *r)
{
	if (r->fid->qid.path == Qwake)
		rendez_all(&testsrv_z);
	r->o.count = r->i.count;
	req_ok(r);
}

static inline void testsrv_stat(Req *r)
{
	u64 q = r->fid->qid.path;

	r->d = (Dir){ .qid = r->fid->qid, .mode = 0666, .uid = "test", .gid = "test" };
	if (r->fid->qid.type == QTDIR)
		r->d.mode = DMDIR | 0777;
	r->d.name = q <= Qsub ? testsrv_names[q] : "f";
	req_ok(r);
}

static inline void testsrv_cancel(Req *r)
{
	(void)r;
	__atomic_add_fetch(&testsrv_cancelled, 1, __ATOMIC_RELAXED);
}

static inline void testsrv_clunk(Fid *f)
{
	(void)f;
	__atomic_add_fetch(&testsrv_clunked, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&testsrv_open, 1, __ATOMIC_RELAXED);
}

static const SrvOps testsrv_ops = {
	.attach = testsrv_attach,
	.clone = testsrv_clone,
	.walk1 = testsrv_walk1,
	.open = testsrv_opened,
	.read = testsrv_read,
	.write = testsrv_write,
	.stat = testsrv_stat,
	.cancel = testsrv_cancel,
	.clunk = testsrv_clunk,
};

/* testsrv_init makes *s the test server and its blocking things. */
static inline void testsrv_init(Srv *s)
{
	rendez_init(&testsrv_z);
	testsrv_slow = event_flag();
	if (pipe(testsrv_pipe) < 0 || testsrv_slow < 0)
		exit(1);
	srv_init(s, "testsrv", &testsrv_ops, NULL);
}

#endif
