/*
 * A hostile partition: the input is written over a good one of one arena,
 * in pieces of offset[3] length[1] bytes, offsets counted from its head on.
 * It is opened, recovered, checked and listed.
 */
#include <stdlib.h>
#include <string.h>
#include <arena/arena.h>
#include <arena/check.h>
#include <arena/simdisk.h>
#include <base/mem.h>

enum { SIZE = PARTBLANK + 1560 * 1024 };

static Disk *good, *d; /* d is used again and again: made good before each input */
static u8 *image;

static void none(void *arg, Arena *a, const Fault *f) {}

static void fill(Arena *a, u32 n)
{
	u8 b[CLUMP + 600 + CLUMPFREE] = { 0 };
	ClumpInfo *ci = mem_array(n, sizeof *ci);

	for (u32 i = 0; i < n; i++) {
		Clump c = { .encoding = ClumpPlain, .info = { .type = VtData, .size = 600, .data = 600 } };

		memset(b + CLUMP, (int)i, 600);
		c.info.score = score_of(b + CLUMP, 600);
		fmt_putclump(&c, b, a->t.magic);
		(void)!disk_write(a->disk, b, sizeof b, a->base + a->t.st.used);
		ci[i] = c.info;
		a->t.st.clumps++;
		a->t.st.used += CLUMP + 600;
		a->t.st.data += 600;
	}
	a->t.indexed = a->t.st;
	(void)!arena_putdir(a, 0, n, ci);
	(void)!arena_puttail(a);
	free(ci);
}

static void make(void)
{
	PartFmt f = { .version = ARENA4, .blocksize = 512, .arenasize = 1 << 20 };
	Part *p;

	good = simdisk_new(SIZE);
	(void)!part_format(good, "a", &f, NULL, NULL);
	simdisk_hold(good);
	p = part_load(good);
	if (p == NULL)
		abort();
	fill(p->arena[0], 50);
	part_close(p); /* the hold is used up: one close is left */
	image = mem_new(SIZE);
	d = simdisk_crash(good, UINT32_MAX, 1);
	if (disk_read(d, image, SIZE, 0) < 0)
		abort();
	disk_close(good);
}

static void look(Arena *a)
{
	Check c = { .fault = none };
	ClumpInfo ci[8];
	Recovery r;
	bool fine;

	(void)!arena_dirgood(a, &fine);
	if (arena_recover(a, true, &r) == 0) {
		(void)!arena_check(a, &c);
		(void)!arena_getdir(a, 0, a->t.st.clumps < 8 ? a->t.st.clumps : 8, ci);
	}
	free(r.ci);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	Part *p;

	if (good == NULL)
		make();
	if (disk_write(d, image, SIZE, 0) < 0)
		abort();
	for (size_t i = 0; i + 4 <= n;) {
		u64 off = PARTBLANK + ((u64)data[i] << 16 | (u64)data[i + 1] << 8 | data[i + 2]);
		size_t len = data[i + 3];

		i += 4;
		if (len > n - i)
			len = n - i;
		if (off + len <= SIZE && disk_write(d, data + i, len, off) < 0)
			abort();
		i += len;
	}
	p = part_load(d);
	if (p == NULL)
		return 0;
	simdisk_hold(d);
	for (int i = 0; i < p->n; i++)
		look(p->arena[i]);
	part_close(p);
	return 0;
}
