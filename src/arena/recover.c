/*
 * What a crash leaves, and how an arena is put in order again.
 *
 * The tail says how much of the arena had its directory written (I3 of
 * doc/storage.md); behind that the log has more clumps, and no directory.
 * Linux writes its pages to the disk in any order, so behind the last
 * synced clump there may be holes with good clumps after them, and a clump
 * may be half there.
 *
 * Recovery reads on from the tail's place, checks every clump against its
 * score, and stops where there is no good one for WINDOW bytes: no venti
 * lets its log run further ahead of its tail.  Good clumps behind a hole are
 * kept, since a hole may also be a flipped bit in a block that was synced;
 * the hole is filled with clumps marked as lost, so that the chain is whole.
 *
 * Then the order of writes is: directory and fillings, sync, tail.  If this
 * is interrupted the next recovery does it again.
 */
#include <stdlib.h>
#include <string.h>
#include <arena/arena.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>

enum { WINDOW = 128 * 1024 * 1024, FILLMAX = CLUMP + BLOCKMAX };

static void rec_add(Recovery *r, const ClumpInfo *ci, u32 *cap)
{
	if (r->n == *cap) {
		*cap = *cap == 0 ? 1024 : *cap * 2;
		r->ci = mem_grow(r->ci, *cap, sizeof *r->ci);
	}
	r->ci[r->n++] = *ci;
}

static void rec_count(Arena *a, const ClumpInfo *ci)
{
	a->t.st.clumps++;
	a->t.st.used += CLUMP + (u64)ci->size;
	a->t.st.data += ci->data;
	a->t.st.cclumps += ci->size < ci->data;
}

/* clumps marked as lost over [at, to) */
static int rec_fill(Arena *a, Recovery *r, u64 at, u64 to, bool write, u32 *cap)
{
	r->lost += to - at;
	while (at < to) {
		u64 n = to - at > FILLMAX ? to - at < FILLMAX + CLUMP ? FILLMAX - CLUMP : FILLMAX : to - at;
		Clump c = { .info = { .type = TypeCorrupt, .size = (u16)(n - CLUMP), .data = (u16)(n - CLUMP) },
			.encoding = ClumpPlain };
		u8 b[CLUMP];

		fmt_putclump(&c, b, a->t.magic);
		if (write && disk_write(a->disk, b, CLUMP, a->base + at) < 0)
			return -1;
		rec_add(r, &c.info, cap);
		rec_count(a, &c.info);
		at += n;
	}
	return 0;
}

static int rec_scan(Arena *a, bool write, Recovery *r)
{
	ClumpScan s;
	u32 cap = 0;
	int rc = 0;

	scan_begin(&s, a, a->t.st.used, a->room - fmt_dirsize(a->t.st.clumps, a->blocksize));
	for (;;) {
		u64 at = s.at;
		const u8 *data;
		Clump c;

		rc = scan_next(&s, &c, &data, true);
		if (rc == -2)
			break;
		if (rc == 1) {
			rec_add(r, &c.info, &cap);
			rec_count(a, &c.info);
			a->t.wtime = c.time > a->t.wtime ? c.time : a->t.wtime;
			s.limit = arena_limit(a, a->t.st.clumps + 1);
			continue;
		}
		if (r->n == 0 && (a->t.clean || (rc == 0 && a->t.st.clumps == 0))) { /* nothing was ever written behind */
			rc = 0;
			break;
		}
		if (!scan_find(&s, WINDOW) || s.at - at < CLUMP) {
			rc = 0;
			break;
		}
		rc = rec_fill(a, r, at, s.at, write, &cap);
		if (rc < 0)
			break;
	}
	scan_end(&s);
	return rc < 0 ? -1 : 0;
}

/* directory lines from a whole block's first on: those of the tail's last, unfinished block are written again */
static int rec_dir(Arena *a, const Recovery *r)
{
	u32 lead = r->first % a->perblock;
	ClumpInfo *ci = mem_array((size_t)lead + r->n + 1, sizeof *ci);
	int rc = lead > 0 ? arena_getdir(a, r->first - lead, lead, ci) : 0;

	if (rc == 0) {
		memcpy(ci + lead, r->ci, r->n * sizeof *ci);
		rc = arena_putdir(a, r->first - lead, lead + r->n, ci);
	}
	free(ci);
	return rc;
}

static int rec_write(Arena *a, const Recovery *r)
{
	static const u8 zero[CLUMPFREE];

	if (r->n > 0 && rec_dir(a, r) < 0)
		return -1;
	if (disk_write(a->disk, zero, sizeof zero, a->base + a->t.st.used) < 0 || disk_sync(a->disk) < 0)
		return -1;
	if (a->headbad != NULL && arena_puthead(a) < 0)
		return -1;
	if (arena_puttail(a) < 0 || disk_sync(a->disk) < 0)
		return -1;
	free(a->headbad);
	free(a->tailbad);
	a->headbad = a->tailbad = NULL;
	return 0;
}

int arena_recover(Arena *a, bool write, Recovery *r)
{
	*r = (Recovery){ .first = a->t.st.clumps };
	if (a->t.st.sealed && a->headbad == NULL && a->tailbad == NULL)
		return 0;
	if (!a->t.st.sealed && rec_scan(a, write, r) < 0)
		return -1;
	r->changed = r->n > 0 || a->headbad != NULL || a->tailbad != NULL;
	if (r->n > 0 && a->t.ctime == 0)
		a->t.ctime = a->t.wtime != 0 ? a->t.wtime : (u32)clock_wall();
	if (write && r->changed) {
		a->t.indexed = a->t.st;
		a->t.clean = true;
		return rec_write(a, r);
	}
	return 0;
}

int arena_dirgood(Arena *a, bool *good)
{
	enum { SOME = 8192 };
	ClumpInfo *ci = mem_array(SOME, sizeof *ci);
	u64 used = 0, data = 0;
	int rc = 0;

	for (u32 i = 0, n; i < a->t.st.clumps && rc == 0; i += n) {
		n = a->t.st.clumps - i < SOME ? a->t.st.clumps - i : SOME;
		rc = arena_getdir(a, i, n, ci);
		for (u32 k = 0; k < n && rc == 0; k++) {
			used += CLUMP + (u64)ci[k].size;
			data += ci[k].data;
		}
	}
	free(ci);
	*good = used == a->t.st.used && data == a->t.st.data;
	return rc;
}
