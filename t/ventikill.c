/*
 * ventikill ANTHILL DIR ROUNDS [SEED [MOST]]: kill -9 of a venti under eight writers, so many times.  Each round starts the
 * server, reads every block that was ever synced, has the writers go on, and kills it; after every other start it is
 * stopped in order first, and the arenas must be clean then.  If DIR/ctl is there, DIR/disk is a disk that forgets what was
 * not synced (t/forgetful.c), and its power is cut before the server is killed.  TAP; a start may take MOST ms (5000).
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <arena/arena.h>
#include <arena/check.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>
#include <os/child.h>
#include <os/clock.h>
#include <os/diskio.h>
#include <os/io.h>
#include <os/spawn.h>
#include <venti/client.h>
#include "unit/tap.h"

enum { WRITERS = 8, WINDOW = 8, READS = 32, MAX = 16000, DISKSIZE = 68 << 20, ISECT = 4 << 20, FULL = 5000, GUARD = 60 * 1000,
	SPREAD = 20 * 1000 /* us */, EVERY = 100 };

static const char *anthill, *dir;
static char *disk, *spec, *conf, *addr, *ctl;
static bool power; /* the disk can be cut */
static pid_t pid;
static int out;    /* what the server prints */
static i64 slowest, sum;
static u32 starts, most = 5000, x; /* x: the random numbers' state */

static Lock lk; /* the rest */
static Cond moved;
static u32 synced[WRITERS], syncs, gone;
static bool ending;
static char *trouble;

static u32 random32(void)
{
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x >> 4;
}

/* the i'th block of writer w; its size */
static u32 block(u8 *p, u32 w, u32 i)
{
	u64 r = ((u64)w << 32 | i) * 0x9e3779b97f4a7c15u + 12345;
	u32 n = i % 5 == 0 ? (u32)(r >> 40) % MAX + 1 : 8192;

	for (u32 k = 0; k < MAX; k += 8) {
		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		memcpy(p + k, &r, 8);
	}
	p[n - 1] |= 1; /* not trimmed */
	return n;
}

static bool wrong(const char *what)
{
	lock(&lk);
	if (trouble == NULL)
		trouble = mem_printf("%s: %s", what, rerrstr());
	unlock(&lk);
	return false;
}

static int write_some(Venti *v, VReq r[WINDOW], u32 w, u32 i)
{
	int rc = 0;

	for (u32 k = 0; k < WINDOW; k++) {
		VReq *q = &r[k];
		void *p = q->p;

		*q = (VReq){ .op = MsgWrite, .type = VtData, .p = p };
		q->n = block(p, w, i + k);
		vreq_start(v, &q, 1);
	}
	for (u32 k = 0; k < WINDOW; k++)
		if (vreq_wait(v, &r[k]) < 0)
			rc = -1;
	return rc;
}

static void tell(u32 w, u32 i, bool good)
{
	lock(&lk);
	if (good) {
		synced[w] = i;
		syncs++;
	} else {
		gone++;
		if (!ending && trouble == NULL)
			trouble = mem_printf("writer %u: %s", w, rerrstr());
	}
	cond_all(&moved);
	unlock(&lk);
}

/* one writer's life, until its server is gone: it syncs after 1, 2, 4 or 8 windows of blocks */
static void *writer(void *arg)
{
	static const VentiOpts once = { .once = true, .deadline_ms = GUARD };
	u32 w = (u32)(uintptr_t)arg, i = synced[w]; /* what was under way may be there or not: it is written again */
	VReq r[WINDOW] = { 0 };
	Venti *v = venti_dial(addr, &once);
	bool good = v != NULL;

	for (u32 k = 0; k < WINDOW; k++)
		r[k].p = mem_new(MAX);
	while (good) {
		good = write_some(v, r, w, i) == 0;
		i += WINDOW;
		if (good && i / WINDOW % (1u << w % 4) != 0)
			continue;
		good = good && venti_sync(v) == 0;
		tell(w, i, good);
	}
	if (v == NULL)
		tell(w, i, false);
	for (u32 k = 0; k < WINDOW; k++)
		free(r[k].p);
	venti_close(v);
	return NULL;
}

/* starts the server and waits until it takes calls */
static bool start(void)
{
	char *argv[] = { (char *)(uintptr_t)anthill, "venti/venti", "-s", "-c", conf, "-a", addr, NULL }, text[4096];
	i64 began = clock_ms(), ms;
	size_t n = 0;
	int p[2];

	if (child_pipe(p, false) < 0)
		return wrong("pipe");
	pid = spawn(&(Spawn){ .argv = argv, .fd = { 0, 1, p[1] }, .nfd = 3, .flags = SpawnDie });
	close(p[1]);
	out = p[0];
	for (ssize_t got = 1; pid > 0 && got > 0 && n < sizeof text - 1;) {
		got = io_readsome(out, text + n, sizeof text - 1 - n);
		n += got > 0 ? (size_t)got : 0;
		text[n] = '\0';
		if (strstr(text, "serving.") == NULL)
			continue;
		ms = clock_ms() - began;
		slowest = ms > slowest ? ms : slowest;
		sum += ms;
		starts++;
		return true;
	}
	for (char *p1 = text; n > 0 && (p1 = strchr(p1, '\n')) != NULL;)
		*p1 = ' ';
	(void)werrstr("%s", pid < 0 ? rerrstr() : n > 0 ? text : "it said nothing");
	return wrong("start");
}

/* ends the server by a signal; the status that it should have says whether it did as asked */
static bool stop(int sig)
{
	int status;

	kill(pid, sig);
	if (waitpid(pid, &status, 0) != pid)
		return wrong("wait");
	close(out);
	if (sig == SIGKILL ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	(void)werrstr("status %d", status);
	return wrong("the server's end");
}

static u32 read_some(Venti *v, VReq *r, u32 w, u32 from, u32 n, u8 *want)
{
	u32 bad = 0;

	for (u32 k = 0; k < n; k++) {
		VReq *q = &r[k];
		void *p = q->p;
		u32 size = block(want, w, from + k);

		*q = (VReq){ .op = MsgRead, .type = VtData, .p = p, .n = MAX, .score = score_of(want, size) };
		vreq_start(v, &q, 1);
	}
	for (u32 k = 0; k < n; k++) { /* the client has checked the score */
		if (vreq_wait(v, &r[k]) == 0)
			continue;
		if (bad++ == 0)
			printf("# writer %u block %u: %s\n", w, from + k, rerrstr());
	}
	return bad;
}

/* reads all that was synced */
static bool look(void)
{
	VReq *r = mem_array(READS, sizeof *r);
	u8 *want = mem_new(MAX);
	Venti *v = venti_dial(addr, NULL);
	u32 bad = 0;

	for (u32 k = 0; k < READS; k++)
		r[k].p = mem_new(MAX);
	for (u32 w = 0; w < WRITERS && v != NULL; w++)
		for (u32 i = 0, n; i < synced[w]; i += n) {
			n = synced[w] - i < READS ? synced[w] - i : READS;
			bad += read_some(v, r, w, i, n, want);
		}
	for (u32 k = 0; k < READS; k++)
		free(r[k].p);
	free(r);
	free(want);
	venti_close(v);
	if (v == NULL)
		return wrong("dial");
	if (bad > 0)
		(void)werrstr("%u of them", bad);
	return bad == 0 || wrong("synced blocks are lost");
}

static void fault(void *arg, Arena *a, const Fault *f)
{
	printf("# %s clump %u at %llu: %s\n", a->t.name, f->clump, (unsigned long long)f->at, f->why);
}

static bool clean(void)
{
	Check c = { .fault = fault };
	Part *p = part_open(spec, DiskRead);
	long bad = 0;

	if (p == NULL)
		return wrong("arenas");
	for (int i = 0; i < p->n; i++)
		bad += arena_check(p->arena[i], &c) != 0;
	part_close(p);
	if (bad > 0)
		(void)werrstr("%ld of them", bad);
	return bad == 0 || wrong("arenas are not clean");
}

static bool format(void)
{
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = 2 << 20 };
	Disk *d;
	bool good;

	if (!power && (io_spit(disk, "", 0, 0600) < 0 || truncate(disk, DISKSIZE) < 0))
		return wrong(disk);
	d = disk_open(spec, DiskWrite);
	good = d != NULL && part_format(d, "k", &f, NULL, NULL) == 0 && disk_sync(d) == 0;
	disk_close(d);
	memset(synced, 0, sizeof synced);
	return good || wrong("format");
}

static bool cut(u32 seed)
{
	autofree char *text = mem_printf("cut %u\n", seed);
	FILE *f = power ? fopen(ctl, "w") : NULL;
	bool good = f != NULL && fputs(text, f) >= 0;

	if (f != NULL)
		good = fclose(f) == 0 && good;
	return good || !power || wrong("cut");
}

/* the writers go on until they have synced so many times more; then the power goes, or the server */
static bool storm(u32 want)
{
	pthread_t t[WRITERS];
	bool good;

	syncs = gone = 0;
	ending = false;
	for (u32 w = 0; w < WRITERS; w++)
		if (pthread_create(&t[w], NULL, writer, (void *)(uintptr_t)w) != 0)
			return wrong("thread");
	lock(&lk);
	while (syncs < want && gone < WRITERS)
		(void)cond_wait(&moved, &lk, GUARD);
	ending = true;
	unlock(&lk);
	usleep(random32() % SPREAD); /* not always just behind a sync */
	good = cut(random32());
	good = stop(SIGKILL) && good;
	for (u32 w = 0; w < WRITERS; w++)
		pthread_join(t[w], NULL);
	return good && trouble == NULL;
}

/* one round; *blocks is how many there are */
static bool once(u32 round, u32 *blocks)
{
	if (!start() || !look())
		return false;
	if (round % 2 == 1 && (!stop(SIGTERM) || !clean() || !start()))
		return false;
	if (!storm(1 + random32() % 40))
		return false;
	*blocks = 0;
	for (u32 w = 0; w < WRITERS; w++)
		*blocks += synced[w];
	return true;
}

static void paths(void)
{
	disk = mem_printf("%s/disk", dir);
	ctl = mem_printf("%s/ctl", dir);
	power = access(ctl, F_OK) == 0;
	spec = mem_printf("%s:%d-", disk, ISECT);
	conf = mem_printf("%s.conf", dir);
	addr = mem_printf("unix!%s.sock", dir);
}

static bool prepare(void)
{
	autofree char *text = mem_printf("index main\nisect %s:0-%d\narenas %s\n", disk, ISECT, spec);

	if (io_spit(conf, text, strlen(text), 0600) < 0)
		return wrong(conf);
	return format();
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 3 ? (u32)atoi(argv[3]) : 1, done_rounds = 0, blocks = 0, all = 0;
	bool good;

	if (argc < 4) {
		fprintf(stderr, "usage: ventikill anthill dir rounds [seed [most]]\n");
		return 2;
	}
	anthill = argv[1];
	dir = argv[2];
	x = (argc > 4 ? (u32)atoi(argv[4]) : 1) * 2654435761u + 88675123u;
	most = argc > 5 ? (u32)atoi(argv[5]) : most;
	signal(SIGPIPE, SIG_IGN);
	lock_init(&lk, RankLeaf);
	cond_init(&moved);
	paths();
	good = prepare();
	for (u32 i = 0; good && i < rounds; i++) {
		good = once(i, &blocks);
		done_rounds += good;
		if (good && (i + 1) % EVERY == 0) {
			printf("# %u times, slowest start %lld ms\n", i + 1, (long long)slowest);
			fflush(stdout);
		}
		if (good && blocks > FULL && i + 1 < rounds) {
			all += blocks;
			good = start() && look() && stop(SIGTERM) && clean() && format();
		}
	}
	good = good && start() && look() && stop(SIGTERM) && clean();
	is_int(done_rounds, rounds, "%u times %s under %d writers, %u blocks were synced, none is lost, the arenas are clean%s%s", rounds,
		power ? "the power failed" : "killed", WRITERS, all + blocks, trouble != NULL ? ": " : "", trouble != NULL ? trouble : "");
	ok(good && slowest <= (i64)most, "slowest of %u starts %lld ms, mean %lld", starts, (long long)slowest,
		(long long)(starts > 0 ? sum / starts : 0));
	unlink(conf);
	return done();
}
