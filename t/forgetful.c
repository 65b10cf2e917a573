/*
 * forgetful DIR SIZE: a disk that may lose its power, as a file DIR/disk of SIZE bytes by FUSE.  What was written and not yet
 * synced is kept apart; DIR/ctl takes
 *
 *	cut SEED   the power fails: of the unsynced writes some survive, as SEED draws them (none of them; all; those up to
 *	           a moment; any, in sectors of 512 bytes), and whoever has the disk open gets errors until he opens it again
 *
 * and reads as what happened so far.  It ends when DIR is unmounted, or by SIGTERM.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <fuse/fuse.h>
#include <os/clock.h>
#include <os/thread.h>
#include <srv/srv.h>

enum { SECTOR = 512, MOSTSIZE = 1 << 30, QROOT = 0, QDISK, QCTL };

typedef struct Write {
	u64 off;
	u32 n;
	u8 *p;
} Write;

/* all protected by the Srv's lock */
static u64 size;
static u8 *now, *safe; /* as programs see it; as a cut that loses everything unsynced would leave it */
static Write *w;
static u32 nw, capw;
static uintptr_t power = 1; /* goes up with each cut: a Fid opened before has the old one */
static u64 writes, syncs, cuts, lost, torn;
static u32 made;

static const char *const names[] = { "/", "disk", "ctl" };

static Qid qid(int i) { return (Qid){ .path = (u64)i, .type = i == QROOT ? QTDIR : 0 }; }

static void on_attach(Req *r)
{
	r->fid->qid = qid(QROOT);
	req_ok(r);
}

static int on_walk1(Req *r, Fid *f, const char *name)
{
	int to = strcmp(name, "..") == 0 ? QROOT : strcmp(name, "disk") == 0 ? QDISK : strcmp(name, "ctl") == 0 ? QCTL : -1;

	if (to < 0 || (to != QROOT && f->qid.path != QROOT))
		return errset(Enonexist);
	f->qid = qid(to);
	f->flags = to == QDISK ? FidNative : 0;
	return 0;
}

static void describe(int i, Dir *d)
{
	*d = (Dir){ .qid = qid(i), .mode = i == QROOT ? DMDIR | 0555 : 0644, .atime = made, .mtime = made };
	d->length = i == QDISK ? size : 0;
	d->name = (char *)(uintptr_t)names[i];
	d->uid = d->gid = d->muid = "sys";
}

static int gen(Req *r, int i, Dir *d)
{
	if (i >= QCTL)
		return -1;
	describe(i + 1, d);
	return 0;
}

static void on_stat(Req *r)
{
	describe((int)r->fid->qid.path, &r->d);
	req_ok(r);
}

static void on_open(Req *r)
{
	r->fid->aux = (void *)power;
	req_ok(r);
}

static bool dead(Req *r) { return r->fid->qid.path == QDISK && r->fid->aux != (void *)power; }

static void read_ctl(Req *r)
{
	autofree char *text = mem_printf("writes %llu syncs %llu cuts %llu lost %llu torn %llu\n", (unsigned long long)writes,
		(unsigned long long)syncs, (unsigned long long)cuts, (unsigned long long)lost, (unsigned long long)torn);

	req_readstr(r, text);
}

static void on_read(Req *r)
{
	if (dead(r))
		req_err(r, Eio);
	else if (r->fid->qid.path == QROOT)
		req_readdir(r, gen);
	else if (r->fid->qid.path == QCTL)
		read_ctl(r);
	else
		req_readbuf(r, now, size);
}

static void forget(void)
{
	for (u32 i = 0; i < nw; i++)
		free(w[i].p);
	nw = 0;
}

static u32 random32(u32 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x >> 3;
}

/* some of the sectors of a write */
static void tear(const Write *o, u32 *x)
{
	for (u64 at = o->off, end; at < o->off + o->n; at = end) {
		end = (at / SECTOR + 1) * SECTOR;
		if (end > o->off + o->n)
			end = o->off + o->n;
		if (random32(x) % 2)
			memcpy(safe + at, o->p + (at - o->off), end - at);
	}
	torn++;
}

/* fate of the i'th write: 0 lost, 1 whole, 2 in part */
static int fate(u32 i, u32 mode, u32 upto, u32 *x)
{
	static const int any[] = { 0, 1, 1, 2 };

	switch (mode) {
	case 0: return 0;
	case 1: return 1;
	case 2: return i < upto ? 1 : i == upto ? 2 : 0;
	default: return any[random32(x) % nelem(any)];
	}
}

static void cut(u32 seed)
{
	u32 x = seed * 2654435761u + 88675123u, mode = seed % 8, upto = nw > 0 ? random32(&x) % nw : 0;

	for (u32 i = 0; i < nw; i++)
		switch (fate(i, mode, upto, &x)) {
		case 0: lost++; break;
		case 1: memcpy(safe + w[i].off, w[i].p, w[i].n); break;
		default: tear(&w[i], &x);
		}
	forget();
	memcpy(now, safe, size);
	power++;
	cuts++;
}

static void write_ctl(Req *r)
{
	autofree char *text = req_text(r);
	unsigned seed;

	if (text == NULL || sscanf(text, "cut %u", &seed) != 1) {
		req_err(r, Ebadctl);
		return;
	}
	cut(seed);
	r->o.count = r->i.count;
	req_ok(r);
}

static void on_write(Req *r)
{
	if (dead(r)) {
		req_err(r, Eio);
		return;
	}
	if (r->fid->qid.path == QCTL) {
		write_ctl(r);
		return;
	}
	if (r->i.offset > size || r->i.count > size - r->i.offset) {
		req_err(r, Enospace);
		return;
	}
	if (nw == capw) {
		capw = capw == 0 ? 1024 : 2 * capw;
		w = mem_grow(w, capw, sizeof *w);
	}
	w[nw] = (Write){ r->i.offset, r->i.count, mem_array(1, r->i.count + 1) };
	memcpy(w[nw++].p, r->i.data, r->i.count);
	memcpy(now + r->i.offset, r->i.data, r->i.count);
	writes++;
	r->o.count = r->i.count;
	req_ok(r);
}

/* fsync comes as a wstat that changes nothing */
static void on_wstat(Req *r)
{
	if (r->d.length != ~(u64)0 || r->d.mode != ~(u32)0) {
		req_err(r, Enowstat);
		return;
	}
	if (dead(r)) {
		req_err(r, Eio);
		return;
	}
	for (u32 i = 0; i < nw; i++)
		memcpy(safe + w[i].off, w[i].p, w[i].n);
	forget();
	syncs++;
	req_ok(r);
}

static const SrvOps ops = { .attach = on_attach, .walk1 = on_walk1, .open = on_open, .read = on_read, .write = on_write,
	.stat = on_stat, .wstat = on_wstat };

static sigset_t sigs;

static void onsignal(void *dir)
{
	int sig;

	sigwait(&sigs, &sig);
	_exit(fuse_unmount(dir) < 0);
}

int main(int argc, char **argv)
{
	static Srv srv;
	FuseOpts o = { .source = "forgetful" };
	Fuse *f;

	if (argc != 3 || (size = strtoull(argv[2], NULL, 10)) == 0 || size > MOSTSIZE || size % SECTOR != 0) {
		fprintf(stderr, "usage: forgetful dir size\n");
		return 2;
	}
	now = mem_new(size);
	safe = mem_new(size);
	made = (u32)clock_wall();
	sigemptyset(&sigs);
	sigaddset(&sigs, SIGTERM);
	sigaddset(&sigs, SIGINT);
	sigprocmask(SIG_BLOCK, &sigs, NULL);
	srv_init(&srv, "forgetful", &ops, NULL);
	f = fuse_new(&srv, "", &o);
	if (f == NULL || fuse_mount(f, argv[1]) < 0 || thread_start("signals", onsignal, argv[1]) < 0) {
		fprintf(stderr, "forgetful: %s\n", rerrstr());
		return 1;
	}
	fuse_serve(f);
	return 0;
}
