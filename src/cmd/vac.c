/* vac(1): archive file trees in a venti. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include "cmds.h"
#include "tool.h"
#include "vaccmd.h"

enum { BSIZE = 8192, WINDOW = 48, TICK = 500, CACHE = 16 << 20 };

typedef struct Opt {
	const char *archive, *diff, *file, *host, *in;
	bool stats;
} Opt;

static VacRun run = { .bsize = BSIZE, .stamp = -1 };

void vac_problem(VacRun *r, const char *fmt, ...)
{
	autofree char *s = NULL;
	va_list ap;

	__atomic_fetch_add(&r->errors, 1, __ATOMIC_RELAXED);
	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	tool_warn("%s", s != NULL ? s : "not enough memory");
}

void vac_progress(VacRun *r, bool end)
{
	static i64 next;
	i64 now;

	if (!r->progress)
		return;
	now = clock_ms();
	if (end)
		fprintf(stderr, "\r%*s\r", 60, "");
	else if (now >= next) {
		next = now + TICK;
		fprintf(stderr, "\r%llu files, %llu directories, %llu MB read ", (unsigned long long)r->files, (unsigned long long)r->dirs,
			(unsigned long long)(__atomic_load_n(&r->data, __ATOMIC_RELAXED) / 1000000));
	}
}

/* size reads 8k, 1m; what is no size of blocks is refused by vacw_new */
static u32 size(const char *s)
{
	size_t n = strlen(s);
	u64 v, unit = 1;
	autofree char *digits = mem_str(s);

	if (n > 1 && strchr("kKmM", s[n - 1]) != NULL) {
		unit = s[n - 1] == 'k' || s[n - 1] == 'K' ? 1 << 10 : 1 << 20;
		digits[n - 1] = 0;
	}
	if (str_u64(digits, 0, BLOCKMAX, &v) < 0 || v * unit > BLOCKMAX || v * unit < VACBLOCKLEAST)
		tool_die("-b %s: blocks are of %d bytes to 56k", s, VACBLOCKLEAST);
	return (u32)(v * unit);
}

/* a directory below dir, new: its owners are those of dir, as Plan 9's vac has it */
static VacwDir *make_dir(VacwDir *dir, const char *name)
{
	i64 now = run.stamp >= 0 ? run.stamp : clock_wall();
	VacDir d = { .elem = (char *)(uintptr_t)name, .mode = ModeDir | 0555, .mtime = (u32)now, .ctime = (u32)now, .atime = (u32)now };
	VacwDir *sub;

	d.uid = d.gid = (char *)(uintptr_t)"vac";
	d.mid = (char *)(uintptr_t)"";
	sub = vacwdir_dir(dir, run.out, &d);
	if (sub == NULL)
		tool_die("%s: %s", name, rerrstr());
	return sub;
}

static bool number(const char *s, size_t n)
{
	return strlen(s) >= n && strspn(s, "0123456789") >= n;
}

/* day compares names of days: 0102, 0102.1, 0102.10; 0 if s is none */
static long day(const char *s)
{
	if (!number(s, 4) || (s[4] != 0 && (s[4] != '.' || !number(s + 5, 1) || s[5 + strspn(s + 5, "0123456789")] != 0)))
		return 0;
	return atol(s) * 1000000 + (s[4] == '.' ? atol(s + 5) : 0) + 1;
}

static long year(const char *s) { return number(s, 4) && s[4] == 0 ? atol(s) : 0; }

/* latest returns the file of dir whose name has the greatest value, NULL if none has one */
static VacFile *latest(VacFile *dir, long (*value)(const char *))
{
	VacList *l = vaclist_new(dir);
	VacFile *f, *best = NULL;
	int c;

	while (l != NULL && (c = vaclist_next(l, &f)) != 0) {
		if (c < 0)
			tool_die("the old archive: %s", rerrstr());
		if (vacfile_isdir(f) && value(f->dir.elem) > (best != NULL ? value(best->dir.elem) : 0)) {
			vacfile_drop(best);
			best = vacfile_take(f);
		}
		vacfile_drop(f);
	}
	vaclist_free(l);
	return best;
}

/* keep adds what dir has, but for except, to out as it is */
static void keep(VacFile *dir, VacwDir *out, const char *except)
{
	VacList *l = vaclist_new(dir);
	VacFile *f;
	int c;

	while (l != NULL && (c = vaclist_next(l, &f)) != 0) {
		if (c < 0 || (strcmp(f->dir.elem, except) != 0 && vacwdir_old(out, run.out, &f->dir, &f->e, &f->me) < 0))
			tool_die("the old archive: %s", rerrstr());
		vacfile_drop(f);
	}
	vaclist_free(l);
}

/* A Place is where a run's files go: dir, and the directories above it, to be ended in turn. */
typedef struct Place {
	VacwDir *dir[3];
	int n;
	VacFile *old; /* what to compare with */
} Place;

/* day_dir chooses mmdd, mmdd.1 ... and makes it beside what old has */
static VacwDir *day_dir(VacwDir *out, VacFile *old, const char *mmdd)
{
	char name[32];
	VacFile *f;

	snprintf(name, sizeof name, "%s", mmdd);
	for (int i = 1; old != NULL && (f = vacfile_walk(old, name)) != NULL; i++) {
		vacfile_drop(f);
		snprintf(name, sizeof name, "%s.%d", mmdd, i);
	}
	if (run.verbose)
		fprintf(stderr, "archive %s\n", name);
	return make_dir(out, name);
}

static Place in_archive(Vac *vac)
{
	time_t now = run.stamp >= 0 ? (time_t)run.stamp : (time_t)clock_wall();
	VacFile *top = vac != NULL ? vac_root(vac) : NULL, *y = NULL, *this;
	Place p = { .dir = { vacw_root(run.w) }, .n = 3 };
	char yyyy[16], mmdd[16];
	struct tm tm;

	localtime_r(&now, &tm);
	snprintf(yyyy, sizeof yyyy, "%04d", tm.tm_year + 1900);
	snprintf(mmdd, sizeof mmdd, "%02d%02d", tm.tm_mon + 1, tm.tm_mday);
	if (top != NULL) {
		keep(top, p.dir[0], yyyy);
		y = latest(top, year);
	}
	this = top != NULL ? vacfile_walk(top, yyyy) : NULL;
	p.dir[1] = make_dir(p.dir[0], yyyy);
	if (this != NULL)
		keep(this, p.dir[1], "");
	p.dir[2] = day_dir(p.dir[1], this, mmdd);
	p.old = y != NULL ? latest(y, day) : NULL;
	vacfile_drop(y);
	vacfile_drop(this);
	vacfile_drop(top);
	return p;
}

static void put_score(const Opt *o, const char *text)
{
	const char *file = o->archive != NULL ? o->archive : o->file;
	autofree char *tmp = NULL, *line = mem_printf("%s\n", text);

	if (file == NULL) {
		puts(text);
		return;
	}
	tmp = mem_printf("%s.new", file);
	if (io_spit(tmp, line, strlen(line), 0666) < 0 || rename(tmp, file) < 0) {
		puts(text);
		tool_oopsdie("%s was archived, but its score could not be written to %s", text, file);
	}
}

static void end(const Opt *o, Place *p, const Score *prev)
{
	char text[SCORETEXT + 4] = "vac:";
	u64 sent = 0, known = 0;
	u8 block[ROOT];
	Score s;
	Root root;

	for (int i = p->n - 1; i >= 0; i--)
		if (vacwdir_end(p->dir[i], run.out) < 0)
			tool_die("%s", rerrstr());
	read_end(&run, &sent, &known);
	if (vacw_end(run.w, run.out, prev, &root) < 0 || out_drain(run.out) < 0)
		tool_die("%s", rerrstr());
	root_pack(&root, block);
	if (out_block(run.out, VtRoot, block, ROOT, &s) < 0 || out_drain(run.out) < 0 || venti_sync(run.v) < 0)
		tool_die("the root: %s", rerrstr());
	score_print(&s, text + 4);
	vac_progress(&run, true);
	put_score(o, text);
	out_bytes(run.out, &sent, &known);
	if (o->stats)
		fprintf(stderr,
			"%llu files, %llu files skipped, %llu directories, %llu hard links stored as files\n"
			"%llu bytes read, %llu bytes of blocks written, %llu known\n",
			(unsigned long long)run.files, (unsigned long long)run.skipped, (unsigned long long)run.dirs,
			(unsigned long long)run.links, (unsigned long long)run.data, (unsigned long long)sent, (unsigned long long)known);
}

static Vac *open_old(const char *name, Score *s)
{
	Vac *vac = vac_parse(name, s) < 0 ? NULL : vac_open(run.cache, s);

	if (vac == NULL)
		tool_die("%s", rerrstr());
	return vac;
}

static void archive(const Opt *o, int argc, char **argv)
{
	const char *oldname = o->diff;
	Score prev;
	Vac *old = NULL;
	Place p;

	if (o->archive != NULL && access(o->archive, F_OK) == 0)
		oldname = o->archive;
	run.v = venti_dial(o->host, NULL);
	if (run.v == NULL)
		tool_die("%s", rerrstr());
	run.cache = vcache_new(run.v, CACHE);
	if (oldname != NULL)
		old = open_old(oldname, &prev);
	run.out = out_new(run.v, run.bsize, WINDOW);
	run.w = vacw_new(run.bsize, o->archive != NULL && old != NULL ? vac_maxqid(old) : 0);
	if (run.w == NULL)
		tool_die("%s", rerrstr());
	if (o->archive != NULL)
		p = in_archive(old);
	else
		p = (Place){ .dir = { vacw_root(run.w) }, .n = 1, .old = old != NULL ? vac_root(old) : NULL };
	read_start(&run, (int)sysconf(_SC_NPROCESSORS_ONLN));
	if (o->in != NULL)
		vac_stdin(&run, p.dir[p.n - 1], o->in);
	for (int i = 0; i < argc; i++)
		vac_tree(&run, p.dir[p.n - 1], p.old, argv[i]);
	end(o, &p, old != NULL ? &prev : NULL);
	vacfile_drop(p.old);
	vac_close(old);
	out_free(run.out);
	vacw_free(run.w);
	vcache_free(run.cache);
	venti_close(run.v);
}

static bool flag(Opt *o, Args *a, int c)
{
	switch (c) {
	case 'a': o->archive = args_value(a); break;
	case 'b': case 'B': run.bsize = size(args_value(a)); break;
	case 'd': o->diff = args_value(a); break;
	case 'e': pat_exclude(args_value(a)); break;
	case 'f': o->file = args_value(a); break;
	case 'h': o->host = args_value(a); break;
	case 'i': o->in = args_value(a); break;
	case 'm': run.merge = true; break;
	case 'q': run.quick = true; break;
	case 's': o->stats = true; break;
	case 't': break; /* files of Linux have no mark for being temporary */
	case 'T': run.stamp = args_number(a, 0, UINT32_MAX); break;
	case 'v': run.verbose = true; break;
	case 'x':
		if (pat_file(args_value(a)) < 0)
			tool_die("%s", rerrstr());
		break;
	default: return false;
	}
	return true;
}

int cmd_vac(int argc, char **argv)
{
	Opt o = { NULL };
	Args a;

	args_init(&a, argc, argv,
		"vac [-mqstv] [-a archive] [-b blocksize] [-d oldvac] [-e exclude]... [-f vacfile] [-h host] [-i name] [-T time] "
		"[-x excludefile]... file...");
	for (int c; (c = args_flag(&a)) != 0;)
		if (!flag(&o, &a, c))
			args_usage(&a);
	if ((a.argc == 0 && o.in == NULL) || (o.archive != NULL && (o.file != NULL || o.diff != NULL)))
		args_usage(&a);
	run.progress = isatty(2) && !run.verbose;
	archive(&o, a.argc, a.argv);
	return tool_end(run.errors > 0 ? 1 : 0);
}
