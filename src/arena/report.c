/* What /index, /storage and /set of the server show of arenas; the words are Plan 9's, for scripts that read them. */
#include <string.h>
#include <base/err.h>
#include <base/str.h>
#include "astore.h"

enum { INDEXBASE = 1024 * 1024 };

/* commas writes n as 12,345,678 to s[32]. */
static const char *commas(u64 n, char *s)
{
	char *p = s + 31;

	*p = '\0';
	for (int i = 0; i == 0 || n > 0; i++, n /= 10) {
		if (i > 0 && i % 3 == 0)
			*--p = ',';
		*--p = (char)('0' + n % 10);
	}
	return p;
}

static void totals(Store *s, Buf *b)
{
	ArenasTotal t;
	char num[8][32];

	arenas_total(s, &t);
	buf_printf(b, "total arenas=%s active=%s\n", commas(t.arenas, num[0]), commas(t.active, num[1]));
	buf_printf(b, "total space=%s used=%s\n", commas(t.size, num[0]), commas(t.used + t.clumps * CLUMPINFO, num[1]));
	buf_printf(b, "clumps=%s compressed clumps=%s data=%s compressed data=%s\n", commas(t.clumps, num[2]), commas(t.cclumps, num[3]),
		commas(t.data, num[4]), commas(t.used - t.clumps * CLUMP, num[5]));
}

/* figures is the line that Plan 9 has twice: what was written, and what of it is in the index; here that is the same. */
static void figures(const ArenaInfo *a, const char *what, Buf *b)
{
	char num[3][32];

	buf_printf(b, "\t%s: clumps=%u compressed clumps=%u data=%s compressed data=%s storage=%s\n", what, a->clumps, a->cclumps,
		commas(a->data, num[0]), commas(a->used - (u64)a->clumps * CLUMP, num[1]),
		commas(a->used + (u64)a->clumps * CLUMPINFO, num[2]));
}

/* one describes an arena; like Plan 9 it counts the place on the partition from behind the head. */
static void one(const ArenaInfo *a, u64 at, Buf *b)
{
	static const Score none;
	u64 size = a->stop - a->start - 2 * (u64)a->blocksize;
	char hex[SCORETEXT];

	buf_printf(b, "arena=%s at index [%llu,%llu)\n\tarena='%s' on %s at [%llu,%llu)\n", a->name, (unsigned long long)at,
		(unsigned long long)(at + size), a->name, a->part, (unsigned long long)(a->start + a->blocksize),
		(unsigned long long)(a->stop + a->blocksize));
	buf_printf(b, "\tversion=%u created=%u modified=%u%s\n", a->version, a->ctime, a->wtime, a->sealed ? " mem=sealed disk=sealed" : "");
	if (a->readonly)
		buf_printf(b, "\tread only%s%s\n", a->why[0] != '\0' ? ": " : "", a->why);
	if (!score_eq(&a->score, &none))
		buf_printf(b, "\tscore=%s\n", score_print(&a->score, hex));
	figures(a, "written", b);
	figures(a, "indexed", b);
}

void astore_report(Store *s, StoreReport what, Buf *b)
{
	u64 at = INDEXBASE;
	ArenaInfo a;

	buf_printf(b, "index=%s\n", ((Astore *)s)->name);
	if (what == StoreStorage) {
		totals(s, b);
		return;
	}
	for (int i = 0; i < arenas_count(s); i++) {
		arenas_info(s, i, &a);
		if (a.clumps > 0)
			one(&a, at, b);
		at += a.stop - a.start - 2 * (u64)a.blocksize;
	}
}

int astore_set(Store *st, const char *name, const char *value, Buf *b)
{
	Astore *s = (Astore *)st;
	u64 rate, was = s->scrubrate;

	if (name != NULL && strcmp(name, "scrubrate") != 0)
		return werrstr("%s not found", name);
	if (value == NULL) {
		buf_printf(b, "scrubrate = %llu\n", (unsigned long long)was);
		return 0;
	}
	if (str_u64(value, 10, (u64)1 << 40, &rate) < 0)
		return -1;
	arenas_scrub(st, rate);
	buf_printf(b, "scrubrate = %llu (was %llu)\n", (unsigned long long)rate, (unsigned long long)was);
	return 0;
}
