/* The engine and the 9P front, over a socketpair with messages made by hand. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <base/bytes.h>
#include <srv/call.h>
#include <srv/conn.h>
#include "tap.h"
#include "testsrv.h"

static Srv srv;

typedef struct Wire {
	int fd;
	pthread_t t;
	int peer;
	u8 in[1 << 17];
	Fcall r;
} Wire;

static void serve(void *arg)
{
	Wire *w = arg;

	(void)!conn_serve(&srv, w->peer, w->peer, NULL);
	close(w->peer);
}

static void dial(Wire *w)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) < 0)
		exit(1);
	w->fd = p[0];
	w->peer = p[1];
	if (thread_new(&w->t, "conn", serve, w) < 0)
		exit(1);
}

static void hangup(Wire *w)
{
	close(w->fd);
	thread_join(w->t);
}

static void put(Wire *w, Fcall f)
{
	u8 out[1 << 16];
	int n = fcall_encode(&f, out, sizeof out);

	if (n < 0 || io_writen(w->fd, out, (size_t)n) < 0)
		printf("# put: %s\n", rerrstr());
}

/* get reads one reply, NULL at the end of the connection. */
static Fcall *get(Wire *w)
{
	u32 n;

	if (io_readn(w->fd, w->in, 4) != 4)
		return NULL;
	n = le32(w->in);
	if (n > sizeof w->in || io_readn(w->fd, w->in + 4, n - 4) != (ssize_t)(n - 4))
		return NULL;
	return fcall_decode(w->in, n, &w->r) < 0 ? NULL : &w->r;
}

static Fcall *rpc(Wire *w, Fcall f)
{
	put(w, f);
	return get(w);
}

static bool quiet(Wire *w)
{
	return io_wait(w->fd, POLLIN, -1, 50) == 0;
}

static int begin(Wire *w)
{
	Fcall *r;

	dial(w);
	r = rpc(w, (Fcall){ .type = Tversion, .tag = NOTAG, .msize = 8192, .version = "9P2000" });
	if (r == NULL || r->type != Rversion || r->msize != 8192)
		return -1;
	r = rpc(w, (Fcall){ .type = Tattach, .tag = 1, .fid = 0, .afid = NOFID, .uname = "glenda", .aname = "" });
	return r != NULL && r->type == Rattach ? 0 : -1;
}

static Fcall *walk(Wire *w, u32 fid, u32 newfid, const char *name)
{
	return rpc(w, (Fcall){ .type = Twalk, .tag = 1, .fid = fid, .newfid = newfid, .nwname = 1, .wname = { name } });
}

static int openf(Wire *w, u32 fid, const char *name, u8 mode)
{
	Fcall *r = walk(w, 0, fid, name);

	if (r == NULL || r->type != Rwalk)
		return -1;
	r = rpc(w, (Fcall){ .type = Topen, .tag = 1, .fid = fid, .mode = mode });
	return r != NULL && r->type == Ropen ? 0 : -1;
}

static void is_reply(Fcall *r, int type, int tag, const char *what)
{
	if (!ok(r != NULL && r->type == type && r->tag == tag, "%s", what) && r != NULL)
		printf("# got %s tag %d %s\n", fcall_name(r->type), r->tag, r->type == Rerror ? r->ename : "");
}

static void is_error(Fcall *r, const char *text, const char *what)
{
	is_str(r != NULL && r->type == Rerror ? r->ename : "(no error)", text, "%s", what);
}

static void basics(void)
{
	static Wire w;
	Fcall *r;
	const char *three[] = { "sub", "f7", "none" };

	ok(begin(&w) == 0, "version and attach");
	is_error(rpc(&w, (Fcall){ .type = Tauth, .tag = 1, .afid = 9, .uname = "x", .aname = "" }),
		 "authentication not required", "Tauth of a server without authentication");
	is_error(walk(&w, 0, 1, "nothere"), "file does not exist", "a walk to nothing");
	is_error(walk(&w, 77, 1, "hello"), "unknown fid", "a walk from an unknown fid");
	is_error(walk(&w, 0, 0, "nothere"), "file does not exist", "a bad walk in place");
	r = rpc(&w, (Fcall){ .type = Twalk, .tag = 1, .fid = 0, .newfid = 1, .nwname = 3,
			     .wname = { three[0], three[1], three[2] } });
	ok(r != NULL && r->type == Rwalk && r->nwqid == 2, "a walk that ends early is short");
	is_error(rpc(&w, (Fcall){ .type = Tstat, .tag = 1, .fid = 1 }), "unknown fid", "and leaves no fid");
	ok(openf(&w, 1, "hello", OREAD) == 0, "open");
	is_error(walk(&w, 0, 1, "hello"), "duplicate fid", "a fid in use cannot be walked to");
	is_error(walk(&w, 1, 2, "x"), "cannot clone open fid", "an open fid cannot be walked from");
	is_error(rpc(&w, (Fcall){ .type = Topen, .tag = 1, .fid = 1 }), "fid already open", "a second open");
	r = rpc(&w, (Fcall){ .type = Tread, .tag = 1, .fid = 1, .offset = 7, .count = 100000 });
	ok(r != NULL && r->type == Rread && r->count == 6 && memcmp(r->data, "world\n", 6) == 0, "a read with an offset");
	is_error(rpc(&w, (Fcall){ .type = Twrite, .tag = 1, .fid = 1, .count = 1, .data = "x" }), "fid not open for i/o",
		 "a write to a fid opened for reading");
	is_error(rpc(&w, (Fcall){ .type = Tcreate, .tag = 1, .fid = 0, .name = "x" }), "create prohibited", "create");
	is_error(rpc(&w, (Fcall){ .type = Tcreate, .tag = 1, .fid = 0, .name = "a/b" }), "bad character in file name",
		 "a name with a slash");
	is_error(rpc(&w, (Fcall){ .type = Topen, .tag = 1, .fid = 0, .mode = OWRITE }), "file is a directory",
		 "writing a directory");
	is_reply(rpc(&w, (Fcall){ .type = Tclunk, .tag = 1, .fid = 1 }), Rclunk, 1, "clunk");
	is_error(rpc(&w, (Fcall){ .type = Tclunk, .tag = 1, .fid = 1 }), "unknown fid", "a second clunk");
	is_error(rpc(&w, (Fcall){ .type = Tremove, .tag = 1, .fid = 0 }), "remove prohibited", "remove");
	hangup(&w);
	is_int(testsrv_open, 0, "every fid was clunked");
}

static void directories(void)
{
	static Wire w;
	u64 off = 0;
	u32 n = 0;
	Fcall *r;

	ok(begin(&w) == 0 && openf(&w, 1, "sub", OREAD) == 0, "a directory opens");
	while ((r = rpc(&w, (Fcall){ .type = Tread, .tag = 1, .fid = 1, .offset = off, .count = 500 })) != NULL &&
	       r->type == Rread && r->count > 0) {
		off += r->count;
		for (u32 i = 0; i < r->count; n++)
			i += 2u + le16((u8 *)r->data + i);
	}
	is_int(n, Nsub, "all entries in whole records");
	is_error(rpc(&w, (Fcall){ .type = Tread, .tag = 1, .fid = 1, .offset = 7, .count = 500 }),
		 "bad offset in directory read", "a bad offset");
	is_error(rpc(&w, (Fcall){ .type = Tread, .tag = 1, .fid = 1, .offset = 0, .count = 10 }), "read or write too small",
		 "a read too small for one entry");
	hangup(&w);
}

/* blocked starts a request that blocks on each kind of file, and gives its tag 50. */
static void blocked(Wire *w, int kind)
{
	static const char *const names[] = { "sleep", "pipe", "slow", "listen" };

	if (kind == 3) {
		(void)walk(w, 0, 1, "listen");
		put(w, (Fcall){ .type = Topen, .tag = 50, .fid = 1 });
	} else {
		ok(openf(w, 1, names[kind], OREAD) == 0, "open %s", names[kind]);
		put(w, (Fcall){ .type = Tread, .tag = 50, .fid = 1, .count = 100 });
	}
	ok(quiet(w), "%s blocks", names[kind]);
}

static void flushes(int kind)
{
	static Wire w;

	ok(begin(&w) == 0, "flush matrix, file %d", kind);
	blocked(&w, kind);
	is_error(rpc(&w, (Fcall){ .type = Tstat, .tag = 50, .fid = 0 }), "duplicate tag", "a tag in use");
	is_reply(rpc(&w, (Fcall){ .type = Tstat, .tag = 51, .fid = 0 }), Rstat, 51, "others go on");
	put(&w, (Fcall){ .type = Tflush, .tag = 52, .oldtag = 50 });
	is_error(get(&w), "interrupted", "the old request is answered first");
	is_reply(get(&w), Rflush, 52, "then the flush");
	is_reply(rpc(&w, (Fcall){ .type = Tflush, .tag = 53, .oldtag = 50 }), Rflush, 53, "a flush of nothing");
	is_reply(rpc(&w, (Fcall){ .type = Tflush, .tag = 54, .oldtag = 54 }), Rflush, 54, "a flush of itself");
	hangup(&w);

	ok(begin(&w) == 0, "hanging up on it");
	blocked(&w, kind);
	hangup(&w);
	is_int(testsrv_open, 0, "nothing is left");

	ok(begin(&w) == 0, "a new version on it");
	blocked(&w, kind);
	put(&w, (Fcall){ .type = Tversion, .tag = NOTAG, .msize = 4096, .version = "9P2000.L" });
	is_error(get(&w), "interrupted", "the old request is answered");
	is_reply(get(&w), Rversion, NOTAG, "then the version");
	is_int(testsrv_open, 0, "all fids are gone");
	hangup(&w);

	ok(begin(&w) == 0, "a clunk under it");
	blocked(&w, kind);
	is_reply(rpc(&w, (Fcall){ .type = Tclunk, .tag = 55, .fid = 1 }), Rclunk, 55, "the clunk is answered");
	put(&w, (Fcall){ .type = Tflush, .tag = 56, .oldtag = 50 });
	is_error(get(&w), "interrupted", "the request can still be flushed");
	is_reply(get(&w), Rflush, 56, "and the flush is answered");
	hangup(&w);
	is_int(testsrv_open, 0, "nothing is left after that");
}

static void wakes(void)
{
	static Wire w, w2;
	Fcall *r;

	ok(begin(&w) == 0 && begin(&w2) == 0, "two connections");
	ok(openf(&w, 1, "sleep", OREAD) == 0 && openf(&w2, 1, "wake", OWRITE) == 0, "a sleeper and a waker");
	for (u16 i = 0; i < 200; i++)
		put(&w, (Fcall){ .type = Tread, .tag = i, .fid = 1, .count = 10 });
	ok(quiet(&w), "200 sleepers on one connection sleep");
	is_reply(rpc(&w2, (Fcall){ .type = Twrite, .tag = 1, .fid = 1, .count = 1, .data = "x" }), Rwrite, 1, "a wake");
	for (u16 i = 0; i < 200; i++) {
		r = get(&w);
		if (r == NULL || r->type != Rread || r->count != 6) {
			ok(0, "sleeper %d is answered", i);
			break;
		}
	}
	ok(quiet(&w), "all are answered once");
	(void)!write(testsrv_pipe[1], "a", 1);
	ok(openf(&w, 2, "pipe", OREAD) == 0, "a pipe");
	is_reply(rpc(&w, (Fcall){ .type = Tread, .tag = 9, .fid = 2, .count = 1 }), Rread, 9, "a byte that is there");
	put(&w, (Fcall){ .type = Tread, .tag = 10, .fid = 2, .count = 1 });
	put(&w, (Fcall){ .type = Tread, .tag = 11, .fid = 2, .count = 1 });
	ok(quiet(&w), "two wait for one descriptor");
	(void)!write(testsrv_pipe[1], "bc", 2);
	ok((r = get(&w)) != NULL && r->type == Rread && (r = get(&w)) != NULL && r->type == Rread, "and both get a byte");
	ok(openf(&w, 3, "later", OREAD) == 0, "a file that is answered by another thread");
	is_reply(rpc(&w, (Fcall){ .type = Tread, .tag = 12, .fid = 3, .count = 10 }), Rread, 12, "is answered");
	ok(openf(&w, 4, "timeout", OREAD) == 0, "a wait with a deadline");
	is_reply(rpc(&w, (Fcall){ .type = Tread, .tag = 13, .fid = 4, .count = 10 }), Rread, 13, "ends");
	hangup(&w);
	hangup(&w2);
}

static void limits(void)
{
	static Wire w;
	int busy = 0, n = 600;
	Fcall *r;

	ok(begin(&w) == 0 && openf(&w, 1, "sleep", OREAD) == 0, "limits");
	for (int i = 0; i < n; i++)
		put(&w, (Fcall){ .type = Tread, .tag = (u16)i, .fid = 1, .count = 10 });
	while (busy < n - 512 && io_wait(w.fd, POLLIN, -1, 20000) == 1 && (r = get(&w)) != NULL)
		busy += r->type == Rerror && strcmp(r->ename, "too much activity") == 0;
	ok(quiet(&w), "the others wait");
	is_int(busy, n - 512, "above the bound: too much activity");
	hangup(&w);

	ok(begin(&w) == 0 && openf(&w, 1, "slow", OREAD) == 0, "blocked threads");
	for (int i = 0; i < 40; i++)
		put(&w, (Fcall){ .type = Tread, .tag = (u16)i, .fid = 1, .count = 10 });
	busy = 0;
	while (io_wait(w.fd, POLLIN, -1, busy < 40 - 16 ? 20000 : 500) == 1 && (r = get(&w)) != NULL)
		busy += r->type == Rerror && strcmp(r->ename, "too much activity") == 0;
	ok(busy >= 40 - 16 && busy < 40, "threads are bounded too: %d refused", busy);
	is_reply(rpc(&w, (Fcall){ .type = Tstat, .tag = 99, .fid = 0 }), Rstat, 99, "and somebody still reads");
	event_raise(testsrv_slow);
	for (int i = busy; i < 40; i++)
		if ((r = get(&w)) == NULL || r->type != Rread) {
			ok(0, "blocked read is answered");
			break;
		}
	event_lower(testsrv_slow);
	hangup(&w);
}

static void lies(void)
{
	static Wire w;
	static const u8 bad[][16] = {
		{ 3, 0, 0, 0, 100 },                    /* too short */
		{ 255, 255, 255, 255, 100 },            /* too long */
		{ 7, 0, 0, 0, 99, 0, 0 },               /* no such type */
		{ 11, 0, 0, 0, Tclunk, 1, 0, 1, 0 },    /* cut by the end of the stream */
		{ 8, 0, 0, 0, Tclunk, 1, 0, 1 },        /* cut inside the message */
	};

	for (size_t i = 0; i < nelem(bad); i++) {
		ok(begin(&w) == 0, "a liar connects");
		(void)!write(w.fd, bad[i], sizeof bad[i] / 2);
		shutdown(w.fd, SHUT_WR);
		ok(get(&w) == NULL, "lie %zu ends the connection", i);
		hangup(&w);
	}
	dial(&w);
	is_error(rpc(&w, (Fcall){ .type = Tattach, .tag = 1, .fid = 0, .afid = NOFID, .uname = "x", .aname = "" }),
		 "9P protocol botch", "nothing goes before the version");
	is_reply(rpc(&w, (Fcall){ .type = Rclunk, .tag = 1 }), Rerror, 1, "a reply is not a request");
	hangup(&w);
	is_int(testsrv_open, 0, "liars leave nothing");
}

/* a client that sends and never reads must not stop the server for others */
static void deaf(void)
{
	static Wire w, w2;
	u8 out[64];
	int n;
	Fcall f = { .type = Tread, .fid = 1, .count = 8000 };

	ok(begin(&w) == 0 && begin(&w2) == 0 && openf(&w, 1, "sub", OREAD) == 0, "a deaf client");
	fcntl(w.fd, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 100000; i++) {
		f.tag = (u16)(i % 60000);
		n = fcall_encode(&f, out, sizeof out);
		if (write(w.fd, out, (size_t)n) != n)
			break;
	}
	is_reply(rpc(&w2, (Fcall){ .type = Tstat, .tag = 99, .fid = 0 }), Rstat, 99, "others are served");
	hangup(&w);
	hangup(&w2);
	is_int(testsrv_open, 0, "nothing is left of it");
}

static void calls(void)
{
	const char *hello = "hello", *sleep = "sleep";
	Caller me = { 1, 2, 3 };
	Fid *root, *f;
	char buf[64], *strs;
	Dir d;

	root = call_attach(&srv, "glenda", "", &me, 1000);
	if (!ok(root != NULL, "call_attach"))
		return;
	f = call_walk(root, 1, &hello, &me, 1000);
	ok(f != NULL && call_open(f, OREAD, &me, 1000) == 0, "call_walk and call_open");
	is_int(call_read(f, buf, sizeof buf, 0, &me, 1000), 13, "call_read");
	ok(call_stat(f, &d, &strs, &me, 1000) == 0, "call_stat");
	is_str(d.name, "hello", "its name");
	free(strs);
	fid_drop(f);
	f = call_walk(root, 1, &sleep, &me, 1000);
	ok(f != NULL && call_open(f, OREAD, &me, 1000) == 0, "a sleeping file");
	is_int(call_read(f, buf, sizeof buf, 0, &me, 30), -1, "call_read gives up");
	is_str(rerrstr(), "connection timed out", "with the reason");
	fid_drop(f);
	ok(call_walk(root, 1, (const char *[]){ "no" }, &me, 1000) == NULL, "call_walk to nothing");
	is_str(rerrstr(), "file does not exist", "says so");
	fid_drop(root);
	is_int(testsrv_open, 0, "calls leave nothing");
}

static void listener(void *arg)
{
	(void)!conn_listen(&srv, *(int *)arg, NULL);
}

static void listening(void)
{
	static Wire w;
	int lfd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct { unsigned short family; char path[64]; } sa = { .family = AF_UNIX };
	pthread_t t;

	snprintf(sa.path, sizeof sa.path, "%s/srvtest.%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", getpid());
	unlink(sa.path);
	ok(bind(lfd, (void *)&sa, sizeof sa) == 0 && listen(lfd, 5) == 0, "a listening socket");
	ok(thread_new(&t, "listen", listener, &lfd) == 0, "a listener");
	w.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok(connect(w.fd, (void *)&sa, sizeof sa) == 0, "a call");
	is_reply(rpc(&w, (Fcall){ .type = Tversion, .tag = NOTAG, .msize = 8192, .version = "9P2000" }), Rversion, NOTAG,
		 "is answered");
	is_reply(rpc(&w, (Fcall){ .type = Tattach, .tag = 1, .fid = 0, .afid = NOFID, .uname = "g", .aname = "" }), Rattach,
		 1, "and attaches");
	ok(openf(&w, 1, "sleep", OREAD) == 0, "and opens");
	put(&w, (Fcall){ .type = Tread, .tag = 2, .fid = 1, .count = 5 });
	conn_stop(&srv);
	thread_join(t);
	is_int(testsrv_open, 0, "conn_stop ends connections with requests in flight");
	close(w.fd);
	close(lfd);
	unlink(sa.path);
}

int main(void)
{
	testsrv_init(&srv);
	basics();
	directories();
	for (int kind = 0; kind < 4; kind++)
		flushes(kind);
	wakes();
	limits();
	lies();
	deaf();
	calls();
	listening();
	ok(testsrv_cancelled > 0 && testsrv_clunked > 0, "cancel and clunk were called");
	ref_report(1);
	is_int(ref_live("Fid"), 0, "no Fid is left");
	for (int i = 0; i < 1000 && __atomic_load_n(&srv.ref.n, __ATOMIC_ACQUIRE) > 1; i++)
		usleep(1000);
	is_int(__atomic_load_n(&srv.ref.n, __ATOMIC_ACQUIRE), 1, "one reference to the server");
	return done();
}
