/*
 * The client against servers that stall, lie and die: each test is a script
 * that a thread plays at the other end of a socketpair.
 */
#include <stdlib.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>
#include <base/ref.h>
#include <client/client.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/stream.h>
#include <os/thread.h>
#include "tap.h"

enum { MSIZE = 8192 + IOHDRSZ, HANG = 20000, SOON = 100 };

static u8 sbuf[MSIZEMAX]; /* the server thread's */

/* get receives the next request; false at the end */
static bool get(int fd, Fcall *t)
{
	u32 n;

	if (io_readn(fd, sbuf, 4) != 4)
		return false;
	n = le32(sbuf);
	return io_readn(fd, sbuf + 4, n - 4) == (ssize_t)n - 4 && fcall_decode(sbuf, n, t) == (int)n;
}

static void put(int fd, u16 tag, Fcall *r)
{
	static u8 out[MSIZEMAX];
	int n;

	r->tag = tag;
	n = fcall_encode(r, out, sizeof out);
	if (n < 0 || io_writen(fd, out, (size_t)n) < 0)
		printf("# server: %s\n", rerrstr());
}

#define PUT(fd, tag, ...) put(fd, tag, &(Fcall){ __VA_ARGS__ })

static void version(int fd)
{
	Fcall t;

	if (get(fd, &t) && t.type == Tversion)
		PUT(fd, t.tag, .type = Rversion, .msize = t.msize, .version = VERSION9P);
}

typedef struct Play {
	void (*script)(int fd);
	int fd;
	pthread_t t;
} Play;

static void player(void *arg)
{
	Play *p = arg;

	p->script(p->fd);
	close(p->fd);
}

/* play starts script and returns a client of it, or NULL */
static Client *play(Play *p, void (*script)(int fd), int ms)
{
	int fd[2];
	Client *c;

	if (stream_pair(fd) < 0)
		return NULL;
	p->script = script;
	p->fd = fd[1];
	if (thread_new(&p->t, "server", player, p) < 0)
		return NULL;
	c = client_new(fd[0], fd[0], &(ClientOpts){ .name = "fs", .msize = MSIZE, .deadline_ms = ms });
	if (c == NULL)
		printf("# no client: %s\n", rerrstr());
	return c;
}

static void finish(Play *p, Client *c)
{
	client_drop(c);
	thread_join(p->t);
	for (int i = 0; i < 2000 && ref_live("client") > 0; i++)
		usleep(1000); /* its reader thread is ending */
}

static int stat1(Client *c, u32 fid, int ms)
{
	Fcall r;
	u8 buf[1024];

	return client_rpc(c, &(Fcall){ .type = Tstat, .fid = fid }, &r, buf, sizeof buf, ms);
}

static int clunk1(Client *c, u32 fid, int ms)
{
	Fcall r;

	return client_rpc(c, &(Fcall){ .type = Tclunk, .fid = fid }, &r, NULL, 0, ms);
}

static bool said(const char *what)
{
	if (strstr(rerrstr(), what) != NULL)
		return true;
	printf("# error: %s\n", rerrstr());
	return false;
}

/* every request gets its answer */
static void obedient(int fd)
{
	Fcall t;

	version(fd);
	while (get(fd, &t)) {
		if (t.type == Tclunk && t.fid == 7)
			PUT(fd, t.tag, .type = Rerror, .ename = "no such fid");
		else if (t.type == Tread)
			PUT(fd, t.tag, .type = Rread, .count = 5, .data = (char[]){ "hello" });
		else
			PUT(fd, t.tag, .type = (u8)(t.type + 1));
	}
}

static void simple(void)
{
	Play p;
	Client *c = play(&p, obedient, HANG);
	char buf[16];
	Fcall r;

	if (!ok(c != NULL, "a client is made: %s", rerrstr()))
		return;
	is_int(client_msize(c), MSIZE, "the message size is agreed on");
	is_int(clunk1(c, 1, 0), 0, "a request is answered");
	is_int(clunk1(c, 7, 0), -1, "an Rerror is an error");
	is_str(rerrstr(), "no such fid", "with the server's text");
	is_int(client_rpc(c, &(Fcall){ .type = Tread, .count = 9 }, &r, buf, 9, 0), 0, "a read is answered");
	ok(r.count == 5 && memcmp(buf, "hello", 5) == 0 && r.data == buf, "its data are in the caller's buffer");
	is_int(client_rpc(c, &(Fcall){ .type = Tread, .count = 9 }, &r, buf, 4, 0), -1, "a buffer too small is an error");
	ok(client_rpc(c, &(Fcall){ .type = Twrite, .count = MSIZE, .data = (char *)sbuf }, &r, NULL, 0, 0) < 0 &&
	   said("larger than the"), "a message above msize is refused");
	ok(client_rpc(c, &(Fcall){ .type = Twalk, .nwname = 1, .wname = { "\xff" } }, &r, NULL, 0, 0) < 0 &&
	   said("not UTF-8"), "so is one that is not UTF-8");
	is_int(clunk1(c, 1, 0), 0, "and the connection still works");
	finish(&p, c);
	is_int(ref_live("client"), 0, "no client is left");
}

typedef struct Asked {
	Lock lk;
	Cond cond;
	int n, bad;
	char err[ERRMAX];
	u32 count;
} Asked;

static void asked_init(Asked *a)
{
	memset(a, 0, sizeof *a);
	lock_init(&a->lk, RankLeaf);
	cond_init(&a->cond);
}

static void answered(void *arg, const Fcall *r, const char *err)
{
	Asked *a = arg;

	lock(&a->lk);
	a->n++;
	if (err != NULL) {
		a->bad++;
		snprintf(a->err, sizeof a->err, "%s", err);
	} else if (r->type == Rread) {
		a->count += r->count;
	}
	cond_all(&a->cond);
	unlock(&a->lk);
}

/* wait_for waits until n answers have come */
static bool wait_for(Asked *a, int n)
{
	bool in_time = true;

	lock(&a->lk);
	while (a->n < n && in_time)
		in_time = cond_wait(&a->cond, &a->lk, HANG);
	unlock(&a->lk);
	return in_time;
}

static void many(void)
{
	Play p;
	Client *c = play(&p, obedient, HANG);
	Asked a;
	int bad = 0;
	ClientStats st;

	asked_init(&a);
	for (int i = 0; i < 200; i++) {
		if (client_send(c, &(Fcall){ .type = Tread, .count = 5 }, answered, &a, 0) == 0)
			bad++;
		if (i % 3 == 0 && clunk1(c, 1, 0) < 0)
			bad++;
	}
	ok(wait_for(&a, 200) && bad == 0 && a.bad == 0, "200 asynchronous requests among synchronous ones");
	is_int(a.count, 1000, "all with their data");
	client_stats(c, &st);
	ok(st.sent == st.received && st.sent > 260 && st.inflight == 0, "the statistics count them");
	finish(&p, c);
}

typedef struct Caller {
	Client *c;
	int bad;
	pthread_t t;
} Caller;

static void caller(void *arg)
{
	Caller *k = arg;

	for (int i = 0; i < 300; i++)
		if (clunk1(k->c, 1, 0) < 0)
			k->bad++;
}

static void threads(void)
{
	Play p;
	Client *c = play(&p, obedient, HANG);
	Caller k[8];
	int bad = 0;

	for (size_t i = 0; i < nelem(k); i++) {
		k[i] = (Caller){ c, 0, 0 };
		if (thread_new(&k[i].t, "caller", caller, &k[i]) < 0)
			return;
	}
	for (size_t i = 0; i < nelem(k); i++) {
		thread_join(k[i].t);
		bad += k[i].bad;
	}
	is_int(bad, 0, "8 threads share a connection");
	finish(&p, c);
}

/* answers are held until three requests are there, and come in the opposite order */
static void backwards(int fd)
{
	Fcall t;
	u16 tag[3];

	version(fd);
	for (int i = 0; i < 3 && get(fd, &t); i++)
		tag[i] = t.tag;
	for (int i = 2; i >= 0; i--)
		PUT(fd, tag[i], .type = Rread, .count = (u32)i, .data = (char[]){ "abc" });
	while (get(fd, &t))
		;
}

static u32 order[3], norder;

static void in_order(void *arg, const Fcall *r, const char *err)
{
	order[norder++] = r != NULL ? r->count : 99;
	answered(arg, r, err);
}

static void reordered(void)
{
	Play p;
	Client *c = play(&p, backwards, HANG);
	Asked a;

	asked_init(&a);
	for (int i = 0; i < 3; i++)
		if (client_send(c, &(Fcall){ .type = Tread, .count = 5 }, in_order, &a, 0) == 0)
			ok(0, "send: %s", rerrstr());
	ok(wait_for(&a, 3) && order[0] == 2 && order[1] == 1 && order[2] == 0, "answers may come in any order");
	finish(&p, c);
}

/* stall answers only Tversion, Tflush and Tclunk; late answers: see below */
static void stall(int fd)
{
	Fcall t;

	version(fd);
	while (get(fd, &t))
		if (t.type == Tflush || t.type == Tclunk)
			PUT(fd, t.tag, .type = (u8)(t.type + 1));
}

static void deadlines(void)
{
	Play p;
	Client *c = play(&p, stall, HANG);
	Asked a;
	u64 id;

	is_int(stat1(c, 1, SOON), -1, "a request that is not answered ends at its deadline");
	is_str(rerrstr(), "connection timed out", "with that text");
	is_int(clunk1(c, 1, 0), 0, "the connection still works");
	asked_init(&a);
	id = client_send(c, &(Fcall){ .type = Tstat }, answered, &a, SOON);
	ok(id != 0 && wait_for(&a, 1), "an asynchronous one ends too");
	is_str(a.err, "connection timed out", "with the same text");
	id = client_send(c, &(Fcall){ .type = Tstat }, answered, &a, -1);
	client_flush(c, id);
	ok(wait_for(&a, 2), "a flushed request is over");
	is_str(a.err, "interrupted", "interrupted");
	client_flush(c, id);
	is_int(clunk1(c, 1, 0), 0, "flushing it again does nothing");
	finish(&p, c);
	is_int(a.n, 2, "each was called once");
}

static void cancel(void)
{
	Play p;
	Client *c = play(&p, stall, HANG);
	int fd[2];

	if (pipe(fd) < 0)
		return;
	client_cancelfd(fd[0]);
	is_int(clunk1(c, 1, 0), 0, "a request of a thread that may be interrupted");
	is_int(write(fd[1], "", 1), 1, "it is interrupted");
	is_int(stat1(c, 1, 0), -1, "its next request ends");
	is_str(rerrstr(), "interrupted", "interrupted");
	client_cancelfd(-1);
	is_int(clunk1(c, 1, 0), 0, "and without it it works on");
	close(fd[0]);
	close(fd[1]);
	finish(&p, c);
}

/* silent answers nothing after Tversion */
static void silent(int fd)
{
	Fcall t;

	version(fd);
	while (get(fd, &t))
		;
}

static void dead(void)
{
	Play p;
	Client *c = play(&p, silent, 10 * SOON);

	is_int(stat1(c, 1, 0), -1, "a silent server's request times out");
	is_int(stat1(c, 1, HANG), -1, "the next one ends when the flush was not answered either");
	ok(said("connection timed out: the server does not even answer a flush"), "and says so");
	ok(client_broken(c), "the connection is broken");
	finish(&p, c);
}

static u16 walktag;
static _Atomic u32 clunked;

/* late answers a walk only after its Tflush has come, then the Tflush, and notes what is clunked */
static void late(int fd)
{
	Fcall t;

	version(fd);
	while (get(fd, &t)) {
		if (t.type == Twalk) {
			walktag = t.tag;
		} else if (t.type == Tflush) {
			PUT(fd, t.oldtag, .type = Rwalk);
			PUT(fd, t.tag, .type = Rflush);
		} else {
			if (t.fid != 50)
				clunked = t.fid;
			PUT(fd, t.tag, .type = Rclunk);
		}
	}
}

static void late_answers(void)
{
	Play p;
	Client *c = play(&p, late, HANG);
	Fcall walk = { .type = Twalk, .fid = 1, .newfid = 42 }, r;
	Asked a;
	u64 id;

	asked_init(&a);
	id = client_send(c, &walk, answered, &a, -1);
	client_flush(c, id);
	ok(wait_for(&a, 1) && a.bad == 0, "an answer before the Rflush counts");
	is_int(client_rpc(c, &walk, &r, NULL, 0, SOON), -1, "a walk that times out");
	for (int i = 0; i < 1000 && clunked == 0; i++) {
		is_int(clunk1(c, 50, 0), 0, "the connection works on");
		usleep(1000);
	}
	is_int(clunked, 42, "a fid that the late answer made is clunked");
	finish(&p, c);
}

static u16 reuse[4];

/* holds the Rflush back until three more requests have come */
static void slowflush(int fd)
{
	Fcall t;
	u16 flush = 0;
	int n = 0;

	version(fd);
	while (get(fd, &t)) {
		if (t.type == Tflush) {
			flush = t.tag;
			continue;
		}
		reuse[n++] = t.tag;
		if (t.type == Tclunk)
			PUT(fd, t.tag, .type = Rclunk);
		if (n == 4) {
			PUT(fd, flush, .type = Rflush);
			break;
		}
	}
	while (get(fd, &t))
		;
}

static void tags(void)
{
	Play p;
	Client *c = play(&p, slowflush, HANG);

	is_int(stat1(c, 1, SOON), -1, "a request times out");
	for (int i = 0; i < 3; i++)
		is_int(clunk1(c, 1, 0), 0, "another is answered");
	ok(reuse[1] != reuse[0] && reuse[2] != reuse[0] && reuse[3] != reuse[0],
	   "a tag is not used again before its Rflush");
	finish(&p, c);
}

/* the lies: each answers the first request after Tversion, a Tread of 5 bytes, wrongly */
static void lie_type(int fd, u16 tag)
{
	PUT(fd, tag, .type = Rwrite, .count = 1);
}

static void lie_tag(int fd, u16 tag)
{
	PUT(fd, tag + 5, .type = Rread);
}

static void lie_more(int fd, u16 tag)
{
	PUT(fd, tag, .type = Rread, .count = 6, .data = (char[]){ "123456" });
}

static void lie_large(int fd, u16 tag)
{
	u8 h[7] = { 0, 0, 0, 0x10, Rread, (u8)tag, 0 };

	if (io_writen(fd, h, sizeof h) < 0)
		return;
}

static void lie_small(int fd, u16 tag)
{
	u8 h[7] = { 6, 0, 0, 0, Rread, (u8)tag, 0 };

	if (io_writen(fd, h, sizeof h) < 0)
		return;
}

static void lie_garbage(int fd, u16 tag)
{
	u8 h[12] = { 12, 0, 0, 0, Rread, (u8)tag, 0, 200, 0, 0, 0, 1 };

	if (io_writen(fd, h, sizeof h) < 0)
		return;
}

static void lie_request(int fd, u16 tag)
{
	PUT(fd, tag, .type = Tclunk, .fid = 1);
}

static void lie_die(int fd, u16 tag)
{
	u8 h[5] = { 50, 0, 0, 0, Rread };

	if (io_writen(fd, h, sizeof h) < 0)
		return;
}

static void (*lie)(int fd, u16 tag);

static void liar(int fd)
{
	Fcall t;

	version(fd);
	if (get(fd, &t) && get(fd, &t))
		lie(fd, t.tag);
	if (lie != lie_die)
		while (get(fd, &t))
			;
}

static const struct {
	void (*lie)(int fd, u16 tag);
	const char *what, *text;
} lies[] = {
	{ lie_type, "an answer of the wrong type", "answered Tread with Rwrite of another type" },
	{ lie_tag, "a tag nobody used", "which nobody asked for" },
	{ lie_more, "more than asked", "with more bytes than asked" },
	{ lie_large, "a message above msize", "a message of 268435456 bytes" },
	{ lie_small, "a message of 6 bytes", "a message of 6 bytes" },
	{ lie_garbage, "a message that is not well formed", "Rread: too short for data" },
	{ lie_request, "a request", "answered Tread with Tclunk" },
	{ lie_die, "death in the middle of a message", "i/o on hungup channel" },
};

static void liars(void)
{
	for (size_t i = 0; i < nelem(lies); i++) {
		Play p;
		Client *c;
		Asked a;
		Fcall r;
		char buf[5];

		lie = lies[i].lie;
		c = play(&p, liar, HANG);
		asked_init(&a);
		if (client_send(c, &(Fcall){ .type = Tstat }, answered, &a, 0) == 0)
			ok(0, "send: %s", rerrstr());
		ok(client_rpc(c, &(Fcall){ .type = Tread, .count = 5 }, &r, buf, 5, 0) < 0 && said(lies[i].text),
		   "%s breaks the connection", lies[i].what);
		ok(wait_for(&a, 1) && strstr(a.err, lies[i].text) != NULL, "everybody is told");
		ok(clunk1(c, 1, 0) < 0 && said(lies[i].text), "and later requests too");
		finish(&p, c);
	}
}

static void bad_version(int fd)
{
	Fcall t;

	if (get(fd, &t))
		PUT(fd, t.tag, .type = Rversion, .msize = t.msize, .version = "unknown");
}

static void greedy_version(int fd)
{
	Fcall t;

	if (get(fd, &t))
		PUT(fd, t.tag, .type = Rversion, .msize = t.msize + 1, .version = VERSION9P);
}

static void no_version(int fd)
{
	Fcall t;

	while (get(fd, &t))
		;
}

static void versions(void)
{
	Play p;

	ok(play(&p, bad_version, HANG) == NULL && said("speaks 'unknown'"), "a server of another version");
	thread_join(p.t);
	ok(play(&p, greedy_version, HANG) == NULL && said("protocol botch"), "a server that wants larger messages");
	thread_join(p.t);
	ok(play(&p, no_version, SOON) == NULL && said("timed out"), "a server that says nothing");
	thread_join(p.t);
	is_int(ref_live("client"), 0, "no client is left");
}

static int letgo[2];

/* never reads again until the test lets go: requests pile up in the socket, then in our queue */
static void deaf(int fd)
{
	char byte;

	version(fd);
	if (read(letgo[0], &byte, 1) < 0)
		return;
}

static void full(void)
{
	Play p;
	Client *c;
	Asked a;
	char *data = mem_new(8192);
	int n = 0;
	Fcall w = { .type = Twrite, .count = 8192, .data = data }, r;

	if (pipe(letgo) < 0)
		return;
	c = play(&p, deaf, 10 * SOON);
	asked_init(&a);
	while (n < 200 && client_send(c, &w, answered, &a, 0) != 0)
		n++;
	is_int(n, 200, "requests to a server that does not read do not block the sender");
	is_int(client_rpc(c, &w, &r, NULL, 0, 0), -1, "one that waits gives up");
	ok(wait_for(&a, n) && a.bad == n, "and so do all others");
	free(data);
	close(letgo[1]);
	finish(&p, c);
	close(letgo[0]);
}

static void sender(int fd)
{
	Fcall t;
	static char data[8192];
	u32 size = 100000;

	version(fd);
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i % 251);
	while (get(fd, &t)) {
		u32 n = t.offset >= size ? 0 : size - t.offset < t.count ? size - (u32)t.offset : t.count;

		if (t.offset > 50000 && n > 100 && t.offset < 60000)
			n = 100; /* a short read now and then */
		if (t.type == Tread)
			PUT(fd, t.tag, .type = Rread, .count = n, .data = data + t.offset % 251);
		else if (t.type == Twrite)
			PUT(fd, t.tag, .type = Rwrite, .count = t.offset < size ? t.count : t.count - 1);
		else if (t.type == Topen)
			PUT(fd, t.tag, .type = Ropen, .iounit = 4000);
		else
			PUT(fd, t.tag, .type = (u8)(t.type + 1), .nwqid = t.nwname);
	}
}

typedef struct Got {
	u64 n;
	int bad;
} Got;

static int check(void *arg, const void *p, u32 n)
{
	Got *g = arg;

	for (u32 i = 0; i < n; i++, g->n++)
		if (((const char *)p)[i] != (char)(g->n % 251))
			g->bad++;
	return 0;
}

static long give(void *arg, void *p, u32 n)
{
	u64 *left = arg;

	n = *left < n ? (u32)*left : n;
	memset(p, 'x', n);
	*left -= n;
	return n;
}

static void bulk(void)
{
	Play p;
	Client *c = play(&p, sender, HANG);
	CFid *root = client_attach(c, NULL, "u", ""), *f = root != NULL ? client_walkpath(root, "a//./b/c") : NULL;
	u64 left = 90000;

	if (!ok(f != NULL && client_open(f, ORDWR) == 0, "a file is opened: %s", rerrstr()))
		return;
	is_int(f->iounit, 4000, "the server's iounit counts");
	for (int depth = 1; depth <= 8; depth += 7) {
		Got g = { 0 };

		is_int(client_readall(f, 0, -1, depth, check, &g), 100000, "a file is read %d requests deep", depth);
		ok(g.n == 100000 && g.bad == 0, "its bytes are in order, through short reads");
	}
	is_int(client_readall(f, 0, 5000, 4, check, &(Got){ 0 }), 5000, "a part of a file is read");
	is_int(client_writeall(f, 0, 8, give, &left), 90000, "a file is written");
	left = 20000;
	ok(client_writeall(f, 90000, 8, give, &left) < 0 && said("the server took"), "a short write is an error");
	client_clunk(f);
	client_clunk(root);
	finish(&p, c);
}

int main(void)
{
	simple();
	many();
	threads();
	reordered();
	deadlines();
	cancel();
	dead();
	late_answers();
	tags();
	liars();
	versions();
	full();
	bulk();
	return done();
}
