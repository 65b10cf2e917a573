/* Checking an arena. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arena/check.h>
#include <base/err.h>
#include <base/mem.h>

enum { LINES = 4096 };

typedef struct Walk {
	Arena *a;
	const Check *c;
	long faults;
	u64 ticked;
	bool stop;
	ClumpInfo *line; /* LINES of the directory from lineno on */
	u32 lineno, nline;
	ArenaStats sum;
} Walk;

static void walk_fault(Walk *w, FaultKind kind, u32 clump, u64 at, const ClumpInfo *ci, const char *fmt, ...) printf_like(6, 7);
static void walk_fault(Walk *w, FaultKind kind, u32 clump, u64 at, const ClumpInfo *ci, const char *fmt, ...)
{
	char why[ERRMAX];
	va_list arg;
	Fault f = { .kind = kind, .clump = clump, .at = at, .why = why };

	va_start(arg, fmt);
	vsnprintf(why, sizeof why, fmt, arg);
	va_end(arg);
	if (ci != NULL)
		f.info = *ci;
	w->faults++;
	w->c->fault(w->c->arg, w->a, &f);
}

static void walk_tick(Walk *w, u64 at)
{
	if (w->c->tick != NULL && at > w->ticked && !w->c->tick(w->c->arg, at - w->ticked))
		w->stop = true;
	w->ticked = at;
}

/* head and tail as they are on the disk now */
static void walk_ends(Walk *w)
{
	Arena *a = w->a, *now = arena_load(a->disk, a->start, a->end, a->blocksize, a->t.name);

	if (now == NULL) {
		walk_fault(w, FaultHead, 0, 0, NULL, "%s", rerrstr());
		return;
	}
	if (now->headbad != NULL)
		walk_fault(w, FaultHead, 0, 0, NULL, "%s", now->headbad);
	if (now->tailbad != NULL)
		walk_fault(w, FaultTail, 0, 0, NULL, "%s", now->tailbad);
	else if (now->t.magic != a->t.magic || strcmp(now->t.name, a->t.name) != 0)
		walk_fault(w, FaultTail, 0, 0, NULL, "the tail is not the one that was there when the arena was opened");
	arena_free(now);
}

static const ClumpInfo *walk_line(Walk *w, u32 clump)
{
	u32 n = w->a->t.st.clumps - clump;

	if (clump >= w->a->t.st.clumps)
		return NULL;
	if (clump < w->lineno || clump >= w->lineno + w->nline) {
		w->lineno = clump;
		w->nline = n < LINES ? n : LINES;
		if (arena_getdir(w->a, w->lineno, w->nline, w->line) < 0) {
			walk_fault(w, FaultDir, clump, 0, NULL, "%s", rerrstr());
			w->nline = 0;
			return NULL;
		}
	}
	return &w->line[clump - w->lineno];
}

static bool sameinfo(const ClumpInfo *a, const ClumpInfo *b)
{
	return a->type == b->type && a->size == b->size && a->data == b->data && score_eq(&a->score, &b->score);
}

static void walk_good(Walk *w, u32 clump, u64 at, const Clump *c, const ClumpInfo *line)
{
	w->sum.cclumps += c->encoding != ClumpPlain;
	if (line != NULL && !sameinfo(line, &c->info))
		walk_fault(w, FaultDir, clump, at, &c->info, "the directory's line differs from the clump");
}

/* a damaged clump: the directory tells where the next is, else it is searched */
static bool walk_bad(Walk *w, ClumpScan *s, u32 clump, const ClumpInfo *line)
{
	u64 at = s->at;
	autofree char *why = mem_str(rerrstr());

	walk_fault(w, FaultClump, clump, at, line, "%s", why);
	if (line != NULL && at + CLUMP + line->size <= w->a->t.st.used) {
		w->sum.cclumps += line->size < line->data;
		s->at = at + CLUMP + line->size;
		return true;
	}
	return scan_find(s, w->a->t.st.used - at);
}

static void walk_clumps(Walk *w)
{
	ClumpScan s;
	u32 clump = 0;
	const ArenaStats *st = &w->a->t.st;

	scan_begin(&s, w->a, 0, w->a->room);
	for (; s.at < st->used && clump < st->clumps && !w->stop; clump++) {
		u64 at = s.at;
		const ClumpInfo *line = walk_line(w, clump);
		const u8 *data;
		Clump c;
		int rc = scan_next(&s, &c, &data, true);

		if (rc == 1)
			walk_good(w, clump, at, &c, line);
		else if (rc == 0)
			(void)werrstr("no clump: zeros");
		if (rc != 1 && !walk_bad(w, &s, clump, line))
			break;
		if (line != NULL)
			w->sum.data += line->data;
		walk_tick(w, s.at);
	}
	if (!w->stop && (s.at != st->used || clump != st->clumps))
		walk_fault(w, FaultTail, clump, s.at, NULL, "the tail says %u clumps in %llu bytes, there are %u in %llu", st->clumps,
			(unsigned long long)st->used, clump, (unsigned long long)s.at);
	else if (!w->stop && (w->sum.data != st->data || w->sum.cclumps != st->cclumps))
		walk_fault(w, FaultTail, clump, s.at, NULL, "the tail's figures are %llu bytes in %u compressed clumps, and %llu in %u "
			"there are", (unsigned long long)st->data, st->cclumps, (unsigned long long)w->sum.data, w->sum.cclumps);
	scan_end(&s);
}

static bool walk_sumtick(void *arg, u64 done)
{
	walk_tick(arg, done);
	return !((Walk *)arg)->stop;
}

/* true if the sum is there and right */
static bool walk_seal(Walk *w)
{
	static const Score none;
	Score got;
	u8 there[SCORE];

	if (!w->a->t.st.sealed || disk_read(w->a->disk, there, SCORE, w->a->end - SCORE) < 0 || memcmp(there, none.b, SCORE) == 0)
		return false;
	if (arena_sum(w->a, &got, walk_sumtick, w) < 0) {
		if (!w->stop)
			walk_fault(w, FaultSeal, 0, 0, NULL, "%s", rerrstr());
		return false;
	}
	w->ticked = 0;
	if (memcmp(got.b, there, SCORE) == 0)
		return true;
	walk_fault(w, FaultSeal, 0, 0, NULL, "the arena's sum is not the one that it was sealed with");
	return false;
}

long arena_check(Arena *a, const Check *c)
{
	Walk w = { .a = a, .c = c, .line = mem_array(LINES, sizeof(ClumpInfo)) };
	bool sealed;

	walk_ends(&w);
	sealed = walk_seal(&w);
	if (!w.stop && !(sealed && c->quick))
		walk_clumps(&w);
	free(w.line);
	return w.stop ? -1 : w.faults;
}
