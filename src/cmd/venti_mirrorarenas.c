/*
 * Makes arenas of one partition like those of another, copying what was
 * added.  Order: head, clumps, directory, sync, tail: a copy that is cut off
 * is an arena as it was, with more behind it.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include "cmds.h"
#include "vtool.h"

enum { PIECE = 1 << 20 };

static int verbose;
static bool nosum;

static int copy(Arena *s, Arena *d, u64 from, u64 to, Progress *pr)
{
	u8 *b = mem_new(PIECE);
	int rc = 0;

	for (u64 at = from, n; at < to && rc == 0; at += n) {
		n = to - at < PIECE ? to - at : PIECE;
		rc = disk_read(s->disk, b, n, s->start + at);
		if (rc == 0)
			rc = disk_write(d->disk, b, n, d->start + at);
		(void)progress_add(pr, n);
	}
	free(b);
	return rc;
}

static bool alike(const Arena *s, const Arena *d)
{
	if (s->end - s->start != d->end - d->start || s->blocksize != d->blocksize)
		return (void)werrstr("the two arenas have different sizes"), false;
	if (d->t.st.sealed && !s->t.st.sealed)
		return (void)werrstr("dst is sealed, src is not"), false;
	if (s->t.st.used < d->t.st.used && d->t.magic == s->t.magic)
		return (void)werrstr("src used %llu < dst used %llu", (unsigned long long)s->t.st.used, (unsigned long long)d->t.st.used),
			false;
	return true;
}

static int copy_all(Arena *s, Arena *d, Progress *pr)
{
	u64 bs = s->blocksize, used = s->t.magic == d->t.magic ? d->t.st.used : 0, size = s->end - s->start;
	u64 data = bs + used / bs * bs, top = bs + (s->t.st.used + CLUMPFREE + bs - 1) / bs * bs;
	u64 dir = size - bs - fmt_dirsize(s->t.st.clumps, s->blocksize);

	if (copy(s, d, 0, bs, pr) < 0)
		return -1;
	/* of a sealed arena everything is summed, also the hole before the directory */
	if (copy(s, d, data, s->t.st.sealed ? size - bs : top, pr) < 0)
		return -1;
	if (!s->t.st.sealed && copy(s, d, dir, size - bs, pr) < 0)
		return -1;
	if (disk_sync(d->disk) < 0 || copy(s, d, size - bs, size, pr) < 0)
		return -1;
	return disk_sync(d->disk);
}

static int check_sum(const Arena *s, Arena *d)
{
	static const Score none;
	Score sum;

	if (nosum || !s->t.st.sealed || score_eq(&s->t.score, &none))
		return 0;
	if (arena_sum(d, &sum, NULL, NULL) < 0)
		return -1;
	return score_eq(&sum, &s->t.score) ? 0 : werrstr("the copy's sum is another");
}

static int mirror(Arena *s, Arena *d)
{
	static const Score none;
	char hex[SCORETEXT];
	Progress pr = { .what = s->t.name, .total = s->t.st.used };
	int rc;

	if (s->t.st.sealed && d->t.st.sealed && score_eq(&s->t.score, &d->t.score) && !score_eq(&s->t.score, &none)) {
		if (verbose > 0)
			printf("%s: %s sealed mirrored\n", s->t.name, score_print(&s->t.score, hex));
		return 0;
	}
	if (s->t.st.clumps == 0 && d->t.st.clumps == 0 && s->t.magic == d->t.magic)
		return 0;
	rc = alike(s, d) ? copy_all(s, d, &pr) : -1;
	progress_end(&pr);
	if (rc == 0)
		rc = check_sum(s, d);
	if (rc < 0)
		printf("%s: %s\n", s->t.name, rerrstr());
	else if (verbose > 0 || s->t.st.used > 0)
		printf("%s: %llu used mirrored\n", s->t.name, (unsigned long long)s->t.st.used);
	return rc;
}

/* ranges: names, numbers n, n-m, n- separated by commas */
static bool in_ranges(const char *ranges, int i, const char *name)
{
	autofree char *copied = mem_str(ranges);
	char *f[256];
	int n = str_fields(copied, f, nelem(f), ",");

	for (int k = 0; k < n; k++) {
		char *dash = strchr(f[k], '-');
		u64 lo, hi = ARENASMAX;

		if (strcmp(f[k], name) == 0)
			return true;
		if (dash != NULL)
			*dash = 0;
		if (str_u64(f[k], 10, ARENASMAX, &lo) < 0)
			continue;
		if (dash == NULL)
			hi = lo;
		else if (dash[1] != 0 && str_u64(dash + 1, 10, ARENASMAX, &hi) < 0)
			continue;
		if ((u64)i >= lo && (u64)i <= hi)
			return true;
	}
	return false;
}

int cmd_venti_mirrorarenas(int argc, char **argv)
{
	Args a;
	Part *src, *dst;
	int bad = 0;

	args_init(&a, argc, argv, "venti/mirrorarenas [-sv] src dst [ranges]");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 's': nosum = true; break;
		case 'v': verbose++; break;
		default: args_usage(&a);
		}
	if (a.argc < 2 || a.argc > 3)
		args_usage(&a);
	src = vtool_part(a.argv[0], DiskRead);
	dst = vtool_part(a.argv[1], DiskWrite);
	for (int i = 0; i < src->n; i++) {
		Arena *d;

		if (a.argc == 3 && !in_ranges(a.argv[2], i, src->arena[i]->t.name))
			continue;
		d = part_find(dst, src->arena[i]->t.name);
		if (d == NULL)
			tool_die("%s", rerrstr());
		bad |= mirror(src->arena[i], d) < 0;
	}
	part_close(src);
	part_close(dst);
	return tool_end(bad);
}
