/*
 * Checks arenas; with -f also repairs: what a crash left behind the tail is
 * entered, a bad head, tail or directory line is written from what is good, a
 * damaged clump is copied from a mirror of the partition (-m), whose clump
 * must have the right score, or made again from its block, asked for from a
 * venti (-m with its address).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arena/check.h>
#include <arena/clump.h>
#include <base/err.h>
#include <base/mem.h>
#include "cmds.h"
#include "ventiheal.h"
#include "vtool.h"

typedef struct Job {
	bool all, fix;
	int verbose;
	Part *mirror;
	VentiHeal *host;
	long bad, fixed;
	bool touched; /* something was written to the arena */
	Progress pr;
} Job;

/* the mirror's clump at the same place, if it is the right one */
static bool from_mirror(Job *j, Arena *a, const Fault *f)
{
	Arena *m = j->mirror != NULL ? part_find(j->mirror, a->t.name) : NULL;
	ClumpScan s;
	const u8 *data;
	Clump c;
	bool good;

	if (m == NULL || m->t.magic != a->t.magic)
		return false;
	scan_begin(&s, m, f->at, m->room);
	good = scan_next(&s, &c, &data, true) == 1 && (f->info.size == 0 || c.info.size == f->info.size);
	if (good)
		good = disk_write(a->disk, data - CLUMP, CLUMP + (size_t)c.info.size, a->base + f->at) == 0;
	scan_end(&s);
	return good;
}

/* the bytes of the clump of a block, as long as they were, at out; its head too; false if they cannot be made */
static bool clump_again(const Arena *a, const Fault *f, u8 *block, u32 n, Clump *c, u8 *out)
{
	static const ConfPack how[] = { PackWhack, PackZstd };
	u8 head[CLUMP];

	if (disk_read(a->disk, head, CLUMP, a->base + f->at) < 0 || fmt_getclump(c, head, a->t.magic) < 0 ||
		c->info.size != f->info.size || c->info.data != n)
		*c = (Clump){ .info = f->info, .encoding = ClumpPlain, .time = a->t.wtime };
	c->info.type = f->info.type;
	c->info.score = f->info.score;
	if (f->info.size == n) {
		c->encoding = ClumpPlain;
		memcpy(out, block, n);
		return true;
	}
	for (size_t i = 0; i < nelem(how); i++)
		if (clump_pack(c, how[i], block, n, out) && c->info.size == f->info.size)
			return true;
	(void)werrstr("compressed again it is not as long as it was");
	return false;
}

/* the clump is made again from its block, which a venti has */
static bool from_host(Job *j, Arena *a, const Fault *f)
{
	u8 *block = mem_new(BLOCKMAX), *out = mem_new(CLUMP + CLUMPMAX);
	char hex[SCORETEXT];
	bool good = false;
	Score s;
	Clump c;
	long n;

	if (j->host == NULL || f->info.size == 0 || f->info.type == TypeCorrupt)
		n = -1;
	else if ((n = ventiheal_fetch(j->host, &f->info.score, f->info.type, block, BLOCKMAX)) < 0)
		tool_warn("%s", rerrstr());
	if (n >= 0) {
		s = score_of(block, (size_t)n);
		good = score_eq(&s, &f->info.score) && clump_again(a, f, block, (u32)n, &c, out + CLUMP);
		if (!good)
			tool_warn("block %s cannot be put back: %s", score_print(&f->info.score, hex), rerrstr());
	}
	if (good) {
		fmt_putclump(&c, out, a->t.magic);
		good = disk_write(a->disk, out, CLUMP + (size_t)c.info.size, a->base + f->at) == 0;
	}
	free(block);
	free(out);
	return good;
}

/* one line of the directory, written within its block */
static bool fix_line(Arena *a, const Fault *f)
{
	u32 first = f->clump / a->perblock * a->perblock, n = a->t.st.clumps - first;
	ClumpInfo *ci;
	bool good;

	if (n > a->perblock)
		n = a->perblock;
	ci = mem_array(n, sizeof *ci);
	good = arena_getdir(a, first, n, ci) == 0;
	if (good) {
		ci[f->clump - first] = f->info;
		good = arena_putdir(a, first, n, ci) == 0;
	}
	free(ci);
	return good;
}

static bool repair(Job *j, Arena *a, const Fault *f)
{
	switch (f->kind) {
	case FaultHead: return arena_puthead(a) == 0;
	case FaultTail: return false; /* arena_recover has done what can be done; figures are made again at the end */
	case FaultDir: return fix_line(a, f);
	case FaultClump: return from_mirror(j, a, f) || from_host(j, a, f);
	default: return false;
	}
}

static void fault(void *arg, Arena *a, const Fault *f)
{
	Job *j = arg;
	bool fixed = j->fix && repair(j, a, f);

	progress_end(&j->pr);
	if (f->kind == FaultClump || f->kind == FaultDir)
		printf("%s: clump=%u at %llu: %s%s\n", a->t.name, f->clump, (unsigned long long)f->at, f->why, fixed ? ": repaired" : "");
	else
		printf("%s: %s%s\n", a->t.name, f->why, fixed ? ": repaired" : "");
	j->bad++;
	j->fixed += fixed;
	j->touched |= fixed;
}

static bool tick(void *arg, u64 bytes) { return progress_add(&((Job *)arg)->pr, bytes); }

static long check(Job *j, Arena *a)
{
	Check c = { .quick = !j->all, .fault = fault, .tick = tick, .arg = j };

	j->pr = (Progress){ .what = a->t.name, .total = a->t.st.sealed ? a->end - a->start : a->t.st.used };
	return arena_check(a, &c);
}

static void recover(Job *j, Arena *a)
{
	Recovery r;
	u32 clumps = a->t.st.clumps;
	bool good = true, sealed = a->t.st.sealed;

	if (a->headbad != NULL || a->tailbad != NULL) {
		printf("%s: %s\n", a->t.name, a->headbad != NULL ? a->headbad : a->tailbad);
		j->bad++;
		j->fixed += j->fix;
	}
	if (clumps > 0 && arena_dirgood(a, &good) == 0 && !good && j->fix) { /* from the clumps, all of it */
		printf("%s: the directory does not add up: made again from the clumps\n", a->t.name);
		j->bad++;
		j->fixed++;
		a->t.st = (ArenaStats){ 0 };
		a->t.clean = false;
		a->tailbad = a->tailbad != NULL ? a->tailbad : mem_str("directory");
	}
	if (arena_recover(a, j->fix, &r) < 0)
		tool_die("%s", rerrstr());
	if (sealed && !a->t.st.sealed && j->fix) {
		a->t.st.sealed = true;
		a->t.indexed = a->t.st;
		if (arena_puttail(a) < 0)
			tool_die("%s", rerrstr());
	}
	if (r.n > 0 && good)
		printf("%s: %u clumps behind the tail%s\n", a->t.name, r.n, j->fix ? ": entered" : "");
	if (r.lost > 0)
		printf("%s: %llu bytes of the log are no clumps\n", a->t.name, (unsigned long long)r.lost);
	if (!j->fix && r.n > 0) { /* what is not in the directory cannot be compared with it */
		a->t.st.clumps = clumps;
		a->t.st.used = a->t.indexed.used;
	}
	free(r.ci);
}

static void one(Job *j, Arena *a)
{
	Arena as = *a;
	long bad = j->bad;

	if (j->verbose > 0 && a->t.st.clumps > 0)
		vtool_arena(a);
	if (!a->t.st.sealed || a->headbad != NULL || a->tailbad != NULL || j->all || j->fix)
		recover(j, a);
	if (!j->fix && a->t.st.clumps != as.t.st.clumps)
		a->t.st = as.t.st;
	j->touched = false;
	if ((j->all || a->t.st.sealed) && check(j, a) < 0)
		tool_die("%s", rerrstr());
	if (j->touched && disk_sync(a->disk) < 0)
		tool_die("%s", rerrstr());
	if (j->touched && j->bad > bad) { /* is it well now? */
		long was = j->bad, fixed = j->fixed;

		if (check(j, a) == 0)
			printf("%s: repaired\n", a->t.name);
		else
			fixed -= j->bad - was;
		j->bad = was;
		j->fixed = fixed;
	}
}

/* -m: a partition, or, if there is no such file, a venti */
static void mirror(Job *j, char *spec)
{
	static VentiHeal heal;
	static char *host[1];
	autofree char *file = mem_str(spec);
	char *colon = strrchr(file, ':');

	if (access(file, F_OK) < 0 && colon != NULL)
		*colon = '\0';
	if (access(file, F_OK) == 0) {
		j->mirror = vtool_part(spec, DiskRead);
		return;
	}
	host[0] = spec;
	heal = (VentiHeal){ host, 1 };
	j->host = &heal;
}

int cmd_venti_checkarenas(int argc, char **argv)
{
	Args a;
	Job j = { 0 };
	Part *p;

	args_init(&a, argc, argv, "venti/checkarenas [-afv] [-m mirror] file [arena ...]");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'a': j.all = true; break;
		case 'f': j.fix = true; break;
		case 'v': j.verbose++; break;
		case 'm': mirror(&j, args_value(&a)); break;
		default: args_usage(&a);
		}
	if (a.argc < 1)
		args_usage(&a);
	p = vtool_part(a.argv[0], j.fix ? DiskWrite : DiskRead);
	for (int i = 1; i < a.argc; i++)
		if (part_find(p, a.argv[i]) == NULL)
			tool_die("%s", rerrstr());
	for (int i = 0; i < p->n; i++)
		if (vtool_wanted(p->arena[i]->t.name, a.argv + 1, a.argc - 1))
			one(&j, p->arena[i]);
	part_close(p);
	part_close(j.mirror);
	return tool_end(j.bad > j.fixed);
}
