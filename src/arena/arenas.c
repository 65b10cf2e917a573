/* The store of arenas: opening, closing, figures. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/thread.h>
#include "astore.h"

enum { CACHE = 64 * 1024 * 1024, LINES = 64 * 1024 };

void astore_say(Astore *s, const char *fmt, ...)
{
	char text[2 * ERRMAX];
	va_list arg;

	if (s->opt.log == NULL)
		return;
	va_start(arg, fmt);
	vsnprintf(text, sizeof text, fmt, arg);
	va_end(arg);
	s->opt.log(s->opt.arg, text);
}

void astore_break(Astore *s, Place *p, const char *fmt, ...)
{
	char why[sizeof p->why];
	va_list arg;
	bool was;

	va_start(arg, fmt);
	vsnprintf(why, sizeof why, fmt, arg);
	va_end(arg);
	lock(&s->lk);
	was = p->broken;
	if (!was) {
		p->broken = true;
		memcpy(p->why, why, sizeof why);
		cond_all(&s->moved);
	}
	unlock(&s->lk);
	if (!was)
		astore_say(s, "arena %s is read only from now on: %s", p->a->t.name, why);
}

Place *astore_place(Astore *s, u64 at)
{
	int lo = 0, hi = s->n;

	while (hi - lo > 1) {
		int mid = lo + (hi - lo) / 2;

		if (s->place[mid].at <= at)
			lo = mid;
		else
			hi = mid;
	}
	return hi > lo ? &s->place[lo] : NULL;
}

static bool part_known(Astore *s, const char *name)
{
	for (int i = 0; i < s->n; i++)
		if (strcmp(s->place[i].a->t.name, name) == 0)
			return true;
	return false;
}

static int open_places(Astore *s, Part *part)
{
	for (int i = 0; i < part->n; i++) {
		Arena *a = part->arena[i];
		Place *last = s->n > 0 ? &s->place[s->n - 1] : NULL;
		u64 at = last != NULL ? (last->at + last->a->room + GRAIN - 1) / GRAIN * GRAIN : 0;

		if (part_known(s, a->t.name))
			return werrstr("%s: a second arena %s", part->disk->name, a->t.name);
		s->place = mem_grow(s->place, (size_t)s->n + 1, sizeof *s->place);
		s->place[s->n++] = (Place){ .a = a, .part = part, .at = at };
	}
	return 0;
}

static int open_part(Astore *s, Part *p)
{
	if (p == NULL)
		return -1;
	s->part = mem_grow(s->part, (size_t)s->npart + 1, sizeof *s->part);
	s->part[s->npart++] = p;
	return open_places(s, p);
}

static int open_parts(Astore *s, const VtConf *c)
{
	for (int i = 0; i < c->narenas; i++)
		if (open_part(s, part_open(c->arenas[i], s->opt.readonly ? DiskRead : DiskWrite)) < 0)
			return -1;
	return s->n > 0 ? 0 : werrstr("the configuration names no arenas");
}

/* all n disks are taken, the rest of them closed after a failure */
static int open_disks(Astore *s, Disk *const *d, int n)
{
	int rc = 0;

	for (int i = 0; i < n; i++) {
		Part *p = rc == 0 ? part_load(d[i]) : NULL;

		if (p == NULL) {
			autofree char *why = mem_str(rerrstr());

			disk_close(d[i]);
			rc = werrstr("%s", why);
		} else {
			rc = open_part(s, p);
		}
	}
	return rc;
}

/* the directory does not add up: everything is read from the clumps */
static int open_rescan(Astore *s, Place *p, Recovery *r)
{
	Arena *a = p->a;
	bool sealed = a->t.st.sealed;

	astore_say(s, "arena %s: its directory is damaged: reading all of its clumps", a->t.name);
	a->t.st = (ArenaStats){ 0 };
	a->t.clean = false;
	if (a->tailbad == NULL)
		a->tailbad = mem_str("its directory does not add up");
	free(r->ci);
	if (arena_recover(a, !s->opt.readonly, r) < 0)
		return -1;
	a->t.st.sealed = sealed;
	return sealed && !s->opt.readonly ? arena_puttail(a) : 0;
}

static int open_recover(Astore *s, Place *p, Recovery *r)
{
	Arena *a = p->a;
	u64 used = a->t.st.used;
	bool good = true;

	if (a->headbad != NULL)
		astore_say(s, "arena %s: %s", a->t.name, a->headbad);
	if (a->tailbad != NULL)
		astore_say(s, "arena %s: %s", a->t.name, a->tailbad);
	if (a->t.st.clumps > 0 && arena_dirgood(a, &good) < 0)
		return -1;
	if ((good ? arena_recover(a, !s->opt.readonly, r) : open_rescan(s, p, r)) < 0)
		return -1;
	if (a->t.st.used != used && good)
		astore_say(s, "arena %s: %u blocks written after its tail are kept", a->t.name, r->n);
	if (r->lost > 0)
		astore_say(s, "arena %s: %llu bytes in its log are no blocks", a->t.name, (unsigned long long)r->lost);
	return 0;
}

static int load_line(Astore *s, Place *p, const ClumpInfo *ci, u64 *at)
{
	u64 where = p->at + *at;

	*at += CLUMP + (u64)ci->size;
	return ci->type == TypeCorrupt ? 0 : index_add(s->ix, &ci->score, ci->type, where, CLUMP + ci->size);
}

/* enters the clumps of a place from number first (at place at) on: those of the disk's directory, then the recovered */
static int load_place(Astore *s, Place *p, const Recovery *r, u32 first, u64 at, ClumpInfo *ci)
{
	u32 stored = p->a->t.st.clumps - r->n, n;
	int rc = 0;

	for (u32 i = first; i < stored && rc == 0; i += n) {
		n = stored - i < LINES ? stored - i : LINES;
		rc = arena_getdir(p->a, i, n, ci);
		for (u32 k = 0; k < n && rc == 0; k++)
			rc = load_line(s, p, &ci[k], &at);
	}
	for (u32 i = first > stored ? first - stored : 0; i < r->n && rc == 0; i++)
		rc = load_line(s, p, &r->ci[i], &at);
	return rc;
}

/* the directory's last, unfinished block is kept in memory, to be written again with what comes */
static int load_lastlines(Place *p)
{
	u32 lead = p->a->t.st.clumps % p->a->perblock;

	p->dirfirst = p->a->t.st.clumps - lead;
	p->tailused = p->a->t.st.used;
	p->marked = p->a->t.clean;
	p->capdir = p->ndir = lead;
	p->dir = mem_array((size_t)lead + 1, sizeof *p->dir);
	return lead > 0 ? arena_getdir(p->a, p->dirfirst, lead, p->dir) : 0;
}

static int load_index(Astore *s, Recovery *r)
{
	u32 *from = mem_array((size_t)s->n, sizeof *from);
	u64 *fromat = mem_array((size_t)s->n, sizeof *fromat), sum = 0;
	ClumpInfo *ci = mem_array(LINES, sizeof *ci);
	int rc = 0;

	for (int i = 0; i < s->n; i++)
		sum += s->place[i].a->t.st.clumps;
	if (!ckpt_load(s, r, from, fromat)) {
		s->ix = index_new(sum + sum / 4);
		rc = s->ix != NULL ? 0 : -1;
		memset(from, 0, (size_t)s->n * sizeof *from);
		memset(fromat, 0, (size_t)s->n * sizeof *fromat);
	}
	for (int i = 0; i < s->n && rc == 0; i++) {
		rc = load_place(s, &s->place[i], &r[i], from[i], fromat[i], ci);
		s->since += s->place[i].a->t.st.clumps - from[i];
	}
	free(ci);
	free(from);
	free(fromat);
	return rc;
}

static int open_all(Astore *s)
{
	Recovery *r;
	int rc = 0;

	r = mem_array((size_t)s->n, sizeof *r);
	for (int i = 0; i < s->n && rc == 0; i++)
		rc = open_recover(s, &s->place[i], &r[i]);
	if (rc == 0)
		rc = load_index(s, r);
	for (int i = 0; i < s->n; i++) {
		free(r[i].ci);
		if (rc == 0 && !s->opt.readonly)
			rc = load_lastlines(&s->place[i]);
	}
	free(r);
	return rc;
}

static int open_threads(Astore *s)
{
	if (!s->opt.readonly && !s->opt.noflush) {
		if (thread_new(&s->flusher, "vflush", astore_flusher, s) < 0)
			return -1;
		s->hasflusher = true;
	}
	if (thread_new(&s->reader, "vscrub", astore_reader, s) < 0)
		return -1;
	s->hasreader = true;
	return 0;
}

static void astore_stop(Astore *s)
{
	lock(&s->lk);
	s->stop = true;
	cond_all(&s->moved);
	unlock(&s->lk);
	if (s->hasflusher)
		thread_join(s->flusher);
	if (s->hasreader)
		thread_join(s->reader);
}

static void astore_free(Astore *s)
{
	astore_stop(s);
	for (int i = 0; i < s->n; i++)
		free(s->place[i].dir);
	for (int i = 0; i < s->npart; i++)
		part_close(s->part[i]);
	reader_freeall(s);
	index_free(s->ix);
	cache_free(s->cache);
	free(s->part);
	free(s->place);
	free(s->index);
	free(s->name);
	free(s->syncfail);
	free(s);
}

static void astore_close(Store *st)
{
	Astore *s = (Astore *)st;
	bool fine = !s->opt.readonly;

	astore_stop(s);
	if (fine && astore_sync(st) < 0) {
		astore_say(s, "%s", rerrstr());
		fine = false;
	}
	for (int i = 0; i < s->n && fine; i++) {
		Place *p = &s->place[i];

		if (!p->broken && (p->a->t.st.used != p->tailused || p->tosum || (!p->marked && !p->a->t.st.sealed && p->tailused > 0)))
			place_flush(s, p, !p->a->t.st.sealed);
	}
	if (fine && s->index != NULL && s->since > 0 && ckpt_save(s) < 0)
		astore_say(s, "%s", rerrstr());
	astore_free(s);
}

static void astore_stats(Store *st, Buf *json)
{
	ArenasTotal t;

	arenas_total(st, &t);
#define STAT(field) buf_printf(json, "%s\"" #field "\":%llu", json->n > 0 && json->p[json->n - 1] != '{' ? "," : "", \
	(unsigned long long)t.field)
	STAT(size); STAT(used); STAT(data); STAT(clumps); STAT(cclumps); STAT(arenas); STAT(sealed); STAT(active);
	STAT(writes); STAT(wbytes); STAT(dups); STAT(syncs); STAT(reads); STAT(rbytes); STAT(hits); STAT(healed); STAT(lost);
	STAT(slots); STAT(indexbytes); STAT(cachebytes); STAT(unsynced); STAT(scrubbed); STAT(scrubtotal); STAT(scrubbad);
#undef STAT
}

static const StoreOps astore_ops = {
	.read = astore_read,
	.write = astore_write,
	.sync = astore_sync,
	.stats = astore_stats,
	.close = astore_close,
	.report = astore_report,
	.set = astore_set,
	.flush = arenas_checkpoint,
};

static u64 cache_size(const VtConf *c, const ArenasOpt *o)
{
	if (o->cache != 0)
		return o->cache;
	return c->mem + c->bcmem != 0 ? c->mem + c->bcmem : CACHE;
}

static Store *astore_open(Disk *const *d, int n, const VtConf *c, const ArenasOpt *o)
{
	static const ArenasOpt none;
	Astore *s = mem_new(sizeof *s);

	s->store = (Store){ .op = &astore_ops, .name = "arenas" };
	s->opt = o != NULL ? *o : none;
	s->pack = s->confpack = c->pack;
	s->name = mem_str(c->index != NULL ? c->index : "main");
	s->index = c->nisect > 0 ? mem_str(c->isect[0]) : NULL;
	lock_init(&s->lk, RankStore);
	lock_init(&s->poollk, RankLeaf);
	cond_init(&s->moved);
	s->noring = s->opt.noring;
	s->scrubrate = s->opt.scrub;
	s->cache = cache_new(cache_size(c, &s->opt));
	if ((d != NULL ? open_disks(s, d, n) : open_parts(s, c)) == 0 && open_all(s) == 0 && open_threads(s) == 0)
		return &s->store;
	{
		autofree char *why = mem_str(rerrstr());

		astore_free(s);
		(void)werrstr("%s", why);
	}
	return NULL;
}

Store *arenas_open(const VtConf *c, const ArenasOpt *o) { return astore_open(NULL, 0, c, o); }

Store *arenas_opendisks(Disk *const *d, int n, const VtConf *c, const ArenasOpt *o) { return astore_open(d, n, c, o); }

int arenas_count(Store *st) { return ((Astore *)st)->n; }

void arenas_info(Store *st, int i, ArenaInfo *info)
{
	Astore *s = (Astore *)st;
	Place *p = &s->place[i];
	const Arena *a = p->a;

	lock(&s->lk);
	*info = (ArenaInfo){ .part = p->part->disk->name, .version = a->t.version, .blocksize = a->blocksize, .start = a->start,
		.stop = a->end, .ctime = a->t.ctime, .wtime = a->t.wtime, .clumps = a->t.st.clumps, .cclumps = a->t.st.cclumps,
		.used = a->t.st.used, .data = a->t.st.data, .sealed = a->t.st.sealed, .readonly = p->broken || s->opt.readonly,
		.score = a->t.score };
	memcpy(info->name, a->t.name, sizeof info->name);
	memcpy(info->why, p->why, sizeof info->why);
	unlock(&s->lk);
}

void arenas_total(Store *st, ArenasTotal *t)
{
	Astore *s = (Astore *)st;
	const Counters *c = &s->count;

	*t = (ArenasTotal){ .arenas = (u64)s->n, .writes = c->writes, .wbytes = c->wbytes, .dups = c->dups, .syncs = c->syncs,
		.reads = c->reads, .rbytes = c->rbytes, .hits = c->hits, .healed = c->healed, .lost = c->lost,
		.slots = index_slots(s->ix), .indexbytes = index_slots(s->ix) * 8, .cachebytes = cache_bytes(s->cache),
		.scrubbed = s->scrubbed, .scrubtotal = s->scrubtotal, .scrubbad = s->scrubbad };
	lock(&s->lk);
	for (int i = 0; i < s->n; i++) {
		const Arena *a = s->place[i].a;

		t->size += a->room;
		t->used += a->t.st.used;
		t->data += a->t.st.data;
		t->clumps += a->t.st.clumps;
		t->cclumps += a->t.st.cclumps;
		t->sealed += a->t.st.sealed;
		t->active += a->t.st.clumps > 0;
	}
	t->unsynced = s->written - s->synced;
	unlock(&s->lk);
}

int arenas_checkpoint(Store *st)
{
	Astore *s = (Astore *)st;

	if (s->opt.readonly)
		return werrstr("store is read only");
	if (astore_sync(st) < 0)
		return -1;
	lock(&s->lk);
	s->flushall = s->kick = true;
	cond_all(&s->moved);
	while (s->flushall && !s->stop) /* the flusher's work */
		(void)cond_wait(&s->moved, &s->lk, -1);
	unlock(&s->lk);
	return s->index != NULL ? ckpt_save(s) : 0;
}

void arenas_scrub(Store *st, u64 rate)
{
	Astore *s = (Astore *)st;

	s->scrubrate = rate;
	lock(&s->lk);
	cond_all(&s->moved);
	unlock(&s->lk);
}
