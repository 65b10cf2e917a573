/* Reading clumps one after the other, and finding them where the chain is broken. */
#include <stdlib.h>
#include <string.h>
#include <arena/arena.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>

enum { BUF = 256 * 1024 };

void scan_begin(ClumpScan *s, Arena *a, u64 at, u64 limit)
{
	*s = (ClumpScan){ .a = a, .at = at, .limit = limit < a->room ? limit : a->room, .buf = mem_new(BUF),
		.scratch = mem_new(CLUMPMAX) };
}

void scan_end(ClumpScan *s)
{
	free(s->buf);
	free(s->scratch);
}

/* has n bytes at place at in memory (fewer at the end of the room): how many there are, -1 if the disk fails */
static long scan_have(ClumpScan *s, u64 at, size_t n)
{
	u64 end = s->bufat + s->nbuf, left = at < s->a->room ? s->a->room - at : 0;
	size_t keep, want;

	if (n > left)
		n = (size_t)left;
	if (at >= s->bufat && at + n <= end)
		return (long)n;
	keep = at >= s->bufat && at < end ? (size_t)(end - at) : 0;
	memmove(s->buf, s->buf + (keep > 0 ? at - s->bufat : 0), keep);
	want = left < BUF ? (size_t)left : BUF;
	s->bufat = at;
	s->nbuf = keep;
	if (disk_read(s->a->disk, s->buf + keep, want - keep, s->a->base + at + keep) < 0)
		return -1;
	s->nbuf = want;
	return (long)n;
}

static int scan_clump(ClumpScan *s, u64 at, Clump *c, const u8 **data, bool check)
{
	long n = scan_have(s, at, CLUMP);

	if (n < 0)
		return -2;
	if (at + CLUMPFREE > s->limit || n < CLUMPFREE || be32(s->buf + (at - s->bufat)) == 0)
		return 0;
	if (n < CLUMP || fmt_getclump(c, s->buf + (at - s->bufat), s->a->t.magic) < 0)
		return n < CLUMP ? werrstr("a clump is cut off") : -1;
	if (at + CLUMP + c->info.size + CLUMPFREE > s->limit)
		return werrstr("a clump reaches into the directory");
	n = scan_have(s, at, CLUMP + (size_t)c->info.size);
	if (n < 0)
		return -2;
	*data = s->buf + (at - s->bufat) + CLUMP;
	return check && clump_check(c, *data, s->scratch) < 0 ? -1 : 1;
}

int scan_next(ClumpScan *s, Clump *c, const u8 **data, bool check)
{
	int rc = scan_clump(s, s->at, c, data, check);

	if (rc == 1)
		s->at += CLUMP + c->info.size;
	return rc;
}

bool scan_find(ClumpScan *s, u64 window)
{
	u64 end = s->limit - s->at < window ? s->limit : s->at + window;
	u8 magic[4];

	put_be32(magic, s->a->t.magic);
	for (u64 at = s->at + 1; at + CLUMP < end;) {
		long n = scan_have(s, at, BUF);
		const u8 *from = s->buf + (at - s->bufat), *hit;
		Clump c;
		const u8 *data;

		if (n < CLUMP)
			return false;
		hit = memmem(from, (size_t)n, magic, sizeof magic);
		if (hit == NULL) {
			at += (u64)n - 3;
			continue;
		}
		at += (u64)(hit - from);
		if (at < end && scan_clump(s, at, &c, &data, true) == 1 && c.info.type != TypeCorrupt) {
			s->at = at;
			return true;
		}
		at++;
	}
	return false;
}
