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

/* attr adds an attribute; names come from disks and paths, and may be anything */
static void attr(Buf *b, const char *name, const char *s)
{
	buf_printf(b, " %s=\"", name);
	for (; *s != '\0'; s++)
		if ((u8)*s < ' ' || (u8)*s > '~' || strchr("<>&\"", *s) != NULL)
			buf_printf(b, "&#%d;", (u8)*s < ' ' ? '?' : (u8)*s);
		else
			buf_ch(b, *s);
	buf_ch(b, '"');
}

static void attr_num(Buf *b, const char *name, u64 v) { buf_printf(b, " %s=\"%llu\"", name, (unsigned long long)v); }

/* xml_arena describes an arena with Plan 9's attributes */
static void xml_arena(const ArenaInfo *a, Buf *b)
{
	static const Score none;
	char hex[SCORETEXT];

	buf_str(b, "\t\t<arena");
	attr(b, "name", a->name);
	attr_num(b, "version", a->version);
	attr(b, "partition", a->part);
	attr_num(b, "blocksize", a->blocksize);
	attr_num(b, "start", a->start + a->blocksize);
	attr_num(b, "stop", a->stop + a->blocksize);
	attr_num(b, "created", a->ctime);
	attr_num(b, "modified", a->wtime);
	if (a->sealed)
		attr(b, "sealed", "yes");
	if (!score_eq(&a->score, &none))
		attr(b, "score", score_print(&a->score, hex));
	attr_num(b, "clumps", a->clumps);
	attr_num(b, "compressedclumps", a->cclumps);
	attr_num(b, "data", a->data);
	attr_num(b, "compresseddata", a->used - (u64)a->clumps * CLUMP);
	attr_num(b, "storage", a->used + (u64)a->clumps * CLUMPINFO);
	buf_str(b, "/>\n");
}

static void xml(Store *s, Buf *b)
{
	u64 at = INDEXBASE;
	ArenaInfo a;

	buf_str(b, "<index");
	attr(b, "name", ((Astore *)s)->name);
	buf_str(b, ">\n\t<amaps>\n");
	for (int i = 0; i < arenas_count(s); i++) {
		arenas_info(s, i, &a);
		buf_str(b, "\t\t<amap");
		attr(b, "name", a.name);
		attr_num(b, "start", at);
		at += a.stop - a.start - 2 * (u64)a.blocksize;
		attr_num(b, "stop", at);
		buf_str(b, "/>\n");
	}
	buf_str(b, "\t</amaps>\n\t<arenas>\n");
	for (int i = 0; i < arenas_count(s); i++) {
		arenas_info(s, i, &a);
		xml_arena(&a, b);
	}
	buf_str(b, "\t</arenas>\n</index>\n");
}

void astore_report(Store *s, StoreReport what, Buf *b)
{
	u64 at = INDEXBASE;
	ArenaInfo a;

	if (what == StoreXindex) {
		xml(s, b);
		return;
	}
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

/* variables of Plan 9's venti that set what this one does not have */
static const char *const none[][2] = {
	{ "stats", "they are always collected" },
	{ "icachesleeptime", "no index cache is written behind" },
	{ "minicachesleeptime", "no index cache is written behind" },
	{ "icacheprefetch", "there is no index cache" },
	{ "arenasumsleeptime", "scrubrate sets how fast arenas are read in the background" },
	{ "manualscheduling", "there is no scheduler of disks" },
	{ "l0quantum", "there is no scheduler of disks" },
	{ "l1quantum", "there is no scheduler of disks" },
	{ "ignorebloom", "there is no bloom filter" },
	{ "syncwrites", "a client's sync makes writes durable" },
	{ "devnull", "what is written is kept" },
};

static int no_variable(const char *name)
{
	for (size_t i = 0; i < nelem(none); i++)
		if (strcmp(name, none[i][0]) == 0)
			return werrstr("%s: %s", name, none[i][1]);
	return werrstr("%s not found", name);
}

static void variable(Buf *b, const char *name, u64 is, u64 was, bool set)
{
	buf_printf(b, "%s = %llu", name, (unsigned long long)is);
	if (set)
		buf_printf(b, " (was %llu)", (unsigned long long)was);
	buf_ch(b, '\n');
}

static int set_rate(Astore *s, const char *value, Buf *b)
{
	u64 was = s->scrubrate, rate = was;

	if (value != NULL && str_u64(value, 10, (u64)1 << 40, &rate) < 0)
		return -1;
	if (value != NULL)
		arenas_scrub(&s->store, rate);
	variable(b, "scrubrate", rate, was, value != NULL);
	return 0;
}

/* compress: 0 off, 1 as the configuration says, or Plan 9's way */
static int set_compress(Astore *s, const char *value, Buf *b)
{
	ConfPack was = __atomic_load_n(&s->pack, __ATOMIC_RELAXED), is = was;
	u64 on;

	if (value != NULL && str_u64(value, 10, 1, &on) < 0)
		return -1;
	if (value != NULL)
		is = on == 0 ? PackNone : s->confpack != PackNone ? s->confpack : PackWhack;
	__atomic_store_n(&s->pack, is, __ATOMIC_RELAXED);
	variable(b, "compress", is != PackNone, was != PackNone, value != NULL);
	return 0;
}

int astore_set(Store *st, const char *name, const char *value, Buf *b)
{
	Astore *s = (Astore *)st;

	if (name == NULL)
		return set_compress(s, NULL, b) < 0 ? -1 : set_rate(s, NULL, b);
	if (strcmp(name, "scrubrate") == 0)
		return set_rate(s, value, b);
	return strcmp(name, "compress") == 0 ? set_compress(s, value, b) : no_variable(name);
}
