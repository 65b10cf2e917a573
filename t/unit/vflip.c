/*
 * Single flipped bits in a 64 MB set of sealed arenas: each must be found.
 *
 *	t_vflip [flips [seed]]
 */
#include <stdlib.h>
#include <unistd.h>
#include <arena/arena.h>
#include <arena/arenas.h>
#include <arena/check.h>
#include <arena/simdisk.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include "tap.h"

enum { SIZE = 64 << 20, ARENA = 1 << 20, BLOCK = 8192 };

static void none(void *arg, Arena *a, const Fault *f) {}

static bool sealed(Store *s, int n)
{
	static const Score zero;
	ArenaInfo info;

	for (int i = 0; i < n; i++) {
		arenas_info(s, i, &info);
		if (!info.sealed || score_eq(&info.score, &zero))
			return false;
	}
	return true;
}

/* fills all arenas; they are sealed in the background */
static bool fill(Disk *d)
{
	static const VtConf conf;
	static const ArenasOpt opt = { .cache = 1 << 18 };
	i64 until = clock_ms() + 120000;
	Store *s = arenas_opendisks(&d, 1, &conf, &opt);
	u8 *p = mem_new(BLOCK);
	StoreReq r = { 0 };

	for (u32 i = 0; s != NULL && !r.failed; i++) {
		u32 x = i + 1;

		for (u32 k = 0; k < BLOCK / 4; k++) {
			x = x * 1664525u + 1013904223u;
			memcpy(p + 4 * k, &x, 4);
		}
		r = (StoreReq){ .type = VtData, .p = p, .n = BLOCK };
		store_write(s, &r, 1);
	}
	free(r.err);
	free(p);
	if (s == NULL)
		return false;
	while (!sealed(s, arenas_count(s)) && clock_ms() < until)
		usleep(10000);
	store_close(s);
	return clock_ms() < until;
}

static bool found(Disk *d, Part *p, u32 r, u64 at)
{
	Check c = { .quick = true, .fault = none };
	Arena *a = p->arena[0];
	u8 b;
	bool hit;

	for (int i = 0; i < p->n; i++)
		if (at >= p->arena[i]->start && at < p->arena[i]->end)
			a = p->arena[i];
	if (disk_read(d, &b, 1, at) < 0)
		return false;
	b ^= (u8)(1 << r % 8);
	if (disk_write(d, &b, 1, at) < 0)
		return false;
	hit = arena_check(a, &c) > 0;
	b ^= (u8)(1 << r % 8);
	return disk_write(d, &b, 1, at) == 0 && hit;
}

int main(int argc, char **argv)
{
	u32 flips = argc > 1 ? (u32)atoi(argv[1]) : 60, x = argc > 2 ? (u32)atoi(argv[2]) : 1, missed = 0;
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = ARENA };
	Disk *made = simdisk_new(SIZE), *d;
	Part *p;

	ok(part_format(made, "a", &f, NULL, NULL) == 0, "formatted");
	simdisk_hold(made);
	ok(fill(made), "filled and sealed");
	d = simdisk_crash(made, UINT32_MAX, 1); /* one that does not record */
	disk_close(made);
	p = part_load(d);
	ok(p != NULL && p->n > 60, "%d arenas", p != NULL ? p->n : 0);
	for (u32 i = 0; p != NULL && i < flips; i++) {
		u64 at;

		x = x * 1664525u + 1013904223u;
		at = p->head.arenabase + (u64)(x >> 4) % (p->arena[p->n - 1]->end - p->head.arenabase);
		if (!found(d, p, x >> 1, at)) {
			printf("# not found: %llu\n", (unsigned long long)at);
			missed++;
		}
	}
	is_int(missed, 0, "%u flips", flips);
	part_close(p);
	return done();
}
