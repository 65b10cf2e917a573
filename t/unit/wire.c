/* The client and the server engine on one wire: files, flushes of parked requests, bulk transfers, many threads. */
#include <stdlib.h>
#include <base/bytes.h>
#include <client/client.h>
#include <fs/ramfs.h>
#include <os/stream.h>
#include <srv/conn.h>
#include "tap.h"
#include "testsrv.h"

enum { HANG = 20000, SOON = 100 };

typedef struct Wire {
	Srv *s;
	int fd, rc;
	u32 msize;
	pthread_t t;
	Client *c;
	CFid *root;
} Wire;

static void serve(void *arg)
{
	Wire *w = arg;

	w->rc = conn_serve(w->s, w->fd, w->fd, &(ConnOpts){ .msize = w->msize });
	close(w->fd);
}

static bool begin(Wire *w, Srv *s, u32 msize)
{
	int fd[2];

	*w = (Wire){ .s = s, .msize = msize };
	if (stream_pair(fd) < 0)
		return false;
	w->fd = fd[1];
	if (thread_new(&w->t, "serve", serve, w) < 0)
		return false;
	w->c = client_new(fd[0], fd[0], &(ClientOpts){ .msize = msize, .deadline_ms = HANG });
	w->root = w->c != NULL ? client_attach(w->c, NULL, "glenda", "") : NULL;
	return ok(w->root != NULL, "a client attaches: %s", rerrstr());
}

static void end(Wire *w)
{
	client_clunk(w->root);
	client_drop(w->c);
	thread_join(w->t);
	srv_drop(w->s);
	for (int i = 0; i < 2000 && ref_live("client") > 0; i++)
		usleep(1000);
	is_int(ref_live("client"), 0, "no client is left");
}

static CFid *make(CFid *dir, const char *name, u32 perm)
{
	CFid *f = client_walk(dir, 0, NULL);

	if (f != NULL && client_create(f, name, (perm & DMDIR) != 0 ? OREAD : ORDWR, perm) == 0)
		return f;
	client_clunk(f);
	return NULL;
}

static int count(void *arg, const Dir *d)
{
	(void)d;
	++*(int *)arg;
	return 0;
}

static void files(void)
{
	Wire w;
	CFid *f, *d, *g;
	char buf[16], *strings = NULL;
	Dir dir;
	int n = 0;
	static const char *deep[20];

	if (!begin(&w, ramfs_new("glenda", 0), 8192 + IOHDRSZ))
		return;
	d = make(w.root, "dir", DMDIR | 0755);
	f = d != NULL ? make(d, "file", 0644) : NULL;
	ok(f == NULL && d != NULL, "a file is not made in an open directory");
	client_clunk(d);
	d = client_walkpath(w.root, "/dir");
	f = make(d, "file", 0644);
	if (!ok(f != NULL, "a file is made: %s", rerrstr()))
		return;
	is_int(client_write(f, "hello", 5, 0), 5, "it is written");
	is_int(client_read(f, buf, sizeof buf, 1), 4, "and read from an offset");
	is_int(client_read(f, buf, sizeof buf, 5), 0, "to its end");
	ok(client_stat(f, &dir, &strings) == 0 && dir.length == 5 && strcmp(dir.name, "file") == 0, "stat");
	free(strings);
	dir_null(&dir);
	dir.name = "renamed";
	is_int(client_wstat(f, &dir), 0, "wstat renames");
	g = client_walkpath(w.root, "dir/renamed");
	ok(g != NULL && g->qid.path == f->qid.path, "the new name is there");
	ok(client_walkpath(w.root, "dir/file") == NULL && errcode(rerrstr()) == Enonexist, "the old is not");
	ok(client_walkpath(w.root, "none/x") == NULL && errcode(rerrstr()) == Enonexist, "nor a directory never made");
	is_int(client_remove(g), 0, "it is removed");
	is_int(client_remove(f), -1, "but once");
	for (size_t i = 0; i < nelem(deep); i += 2) {
		deep[i] = "dir";
		deep[i + 1] = "..";
	}
	g = client_walk(w.root, nelem(deep), deep);
	ok(g != NULL && g->qid.path == w.root->qid.path, "a walk of 20 elements");
	is_int(g->omode, -1, "is not open");
	is_int(client_read(g, buf, 1, 0), -1, "and cannot be read");
	ok(client_open(g, OREAD) == 0 && client_readdir(g, count, &n) == 0 && n == 1, "a directory is read");
	client_clunk(g);
	deep[19] = "none";
	ok(client_walk(w.root, nelem(deep), deep) == NULL, "a long walk that fails at its end");
	client_clunk(d);
	end(&w);
	is_int(w.rc, 0, "the server's end is orderly");
}

static char data[3000001];

static int same(void *arg, const void *p, u32 n)
{
	u64 *off = arg;

	if (*off + n > sizeof data || memcmp(data + *off, p, n) != 0)
		return werrstr("other bytes at %llu", (unsigned long long)*off);
	*off += n;
	return 0;
}

static long give(void *arg, void *p, u32 n)
{
	u64 *off = arg;
	u64 left = sizeof data - *off;

	n = left < n ? (u32)left : n;
	memcpy(p, data + *off, n);
	*off += n;
	return n;
}

static void bulk(u32 msize, int depth)
{
	Wire w;
	CFid *f;
	u64 wrote = 0, got = 0;

	if (!begin(&w, ramfs_new("glenda", 0), msize))
		return;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)(i * 7 + i / 256);
	f = make(w.root, "big", 0644);
	is_int(client_writeall(f, 0, depth, give, &wrote), sizeof data, "3 MB are written, msize %u depth %d", msize, depth);
	is_int(client_readall(f, 0, -1, depth, same, &got), sizeof data, "and read: %s", rerrstr());
	is_int(got, sizeof data, "the same bytes");
	client_clunk(f);
	end(&w);
}

typedef struct Worker {
	Wire *w;
	int n, bad;
	pthread_t t;
} Worker;

/* each worker has a file of its own, and knows what is in it */
static void work(void *arg)
{
	Worker *k = arg;
	char name[8], buf[100], want[100];
	CFid *f;

	snprintf(name, sizeof name, "w%d", k->n);
	f = make(k->w->root, name, 0644);
	for (int i = 0; i < 200 && f != NULL; i++) {
		memset(want, 'a' + (i + k->n) % 26, sizeof want);
		k->bad += client_write(f, want, sizeof want, (u64)(i % 7) * 100) != sizeof want;
		k->bad += client_read(f, buf, sizeof buf, (u64)(i % 7) * 100) != sizeof buf;
		k->bad += memcmp(buf, want, sizeof want) != 0;
	}
	k->bad += f == NULL || client_remove(f) < 0;
}

static void answered(void *arg, const Fcall *r, const char *err)
{
	(void)err;
	__atomic_add_fetch((int *)arg, r != NULL ? 1 : 1000, __ATOMIC_RELAXED);
}

static void workers(void)
{
	Worker k[6];
	Wire w;
	int bad = 0, done1 = 0;
	ClientStats st;

	if (!begin(&w, ramfs_new("glenda", 0), 0))
		return;
	for (int i = 0; i < 6; i++) {
		k[i] = (Worker){ .w = &w, .n = i };
		if (thread_new(&k[i].t, "worker", work, &k[i]) < 0)
			return;
	}
	for (int i = 0; i < 300; i++)
		bad += client_send(w.c, &(Fcall){ .type = Tstat, .fid = w.root->fid }, answered, &done1, 0) == 0;
	for (int i = 0; i < 6; i++) {
		thread_join(k[i].t);
		bad += k[i].bad;
	}
	for (int i = 0; i < HANG && __atomic_load_n(&done1, __ATOMIC_RELAXED) < 300; i++)
		usleep(1000);
	is_int(bad, 0, "six threads and 300 asynchronous requests share a connection");
	is_int(__atomic_load_n(&done1, __ATOMIC_RELAXED), 300, "all are answered");
	client_stats(w.c, &st);
	is_int(st.inflight, 0, "nothing is left in flight");
	end(&w);
}

static CFid *blocking(Wire *w, const char *name)
{
	CFid *f = client_walkpath(w->root, name);

	return f != NULL && client_open(f, OREAD) == 0 ? f : NULL;
}

static void flushes(void)
{
	Wire w;
	static Srv s;
	CFid *f, *hello;
	Fcall t = { .type = Tread, .count = 10 }, r;
	char buf[16];
	int n = 0, fd[2];
	autobuf Buf b = { 0 };
	u64 id;

	testsrv_init(&s);
	if (!begin(&w, &s, 0))
		return;
	f = blocking(&w, "sleep");
	hello = blocking(&w, "hello");
	if (!ok(f != NULL && hello != NULL && pipe(fd) == 0, "two files are open: %s", rerrstr()))
		return;
	t.fid = f->fid;
	is_int(client_rpc(w.c, &t, &r, buf, sizeof buf, SOON), -1, "a read that sleeps ends at its deadline");
	is_str(rerrstr(), "connection timed out", "with that text");
	is_int(client_read(hello, buf, 16, 0), 13, "the connection works on");
	client_cancelfd(fd[0]);
	is_int(write(fd[1], "", 1), 1, "the thread is interrupted");
	is_int(client_rpc(w.c, &t, &r, buf, sizeof buf, -1), -1, "and its read ends");
	is_str(rerrstr(), "interrupted", "with that text");
	client_cancelfd(-1);
	id = client_send(w.c, &t, answered, &n, -1);
	client_dump(&b);
	ok(strstr(buf_text(&b), "Tread 9p server fid") != NULL, "the dump shows it: %s", strtok(b.p, "\n"));
	client_flush(w.c, id);
	for (int i = 0; i < HANG && __atomic_load_n(&n, __ATOMIC_RELAXED) == 0; i++)
		usleep(1000);
	is_int(__atomic_load_n(&n, __ATOMIC_RELAXED), 1000, "an asynchronous one is flushed");
	is_int(client_read(hello, buf, 16, 0), 13, "the connection works on");
	id = client_send(w.c, &t, answered, &n, -1);
	ok(id != 0, "one is left sleeping");
	client_clunk(hello);
	client_clunk(f);
	close(fd[0]);
	close(fd[1]);
	end(&w);
	is_int(__atomic_load_n(&n, __ATOMIC_RELAXED), 2000, "it is failed when the client goes");
}

int main(void)
{
	files();
	bulk(8192 + IOHDRSZ, 1);
	bulk(65536 + IOHDRSZ, 16);
	bulk(MSIZEMAX, 16);
	bulk(MSIZEMIN, 64);
	workers();
	flushes();
	return done();
}
