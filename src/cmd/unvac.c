/* unvac(1): list or extract a vac archive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/procinfo.h>
#include "cmds.h"
#include "tool.h"
#include "unvac.h"

enum {
	CACHE = 32 << 20,
	CHUNK = 32, /* files */
};

static struct {
	UnRun r;
	bool cat, table, verbose, stats;
	char **want;  /* cleaned names */
	bool *found;
	int nwant;
} u;

/* below says whether name is a or lies in it */
static bool below(const char *name, const char *a)
{
	size_t n = strlen(a);

	return strncmp(name, a, n) == 0 && (name[n] == 0 || name[n] == '/');
}

/* wanted: 2 for what is to be extracted, 1 for a directory on the way to it */
static int wanted(const char *path)
{
	int w = u.nwant == 0 ? 2 : 0;

	for (int i = 0; i < u.nwant; i++) {
		if (strcmp(path, u.want[i]) == 0)
			u.found[i] = true;
		if (below(path, u.want[i]))
			w = 2;
		else if (below(u.want[i], path) && w == 0)
			w = 1;
	}
	return w;
}

static const char *mode_text(u32 m, char s[12])
{
	s[0] = m & ModeDir ? 'd' : m & ModeLink ? 'L' : m & ModeDev ? 'D' : m & ModePipe ? 'P' : m & ModeAppend ? 'a' : '-';
	s[1] = m & ModeExcl ? 'l' : '-';
	for (int i = 0; i < 9; i++)
		s[2 + i] = m & 0400u >> i ? "rwx"[i % 3] : '-';
	if (m & ModeSetuid)
		s[4] = 's';
	if (m & ModeSetgid)
		s[7] = 's';
	if (m & ModeSticky)
		s[10] = 't';
	s[11] = 0;
	return s;
}

static void print_name(FILE *to, const VacFile *f, const char *path)
{
	time_t t = f->dir.mtime;
	char mode[12], when[32];
	struct tm tm;

	if (u.table && u.verbose) {
		localtime_r(&t, &tm);
		strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
		fprintf(to, "%s %-10s %-10s %11llu %s ", mode_text(f->dir.mode, mode), f->dir.uid, f->dir.gid,
			(unsigned long long)(vacfile_isdir(f) ? 0 : f->e.size), when);
	}
	fprintf(to, "%s%s\n", path, vacfile_isdir(f) && !(u.table && u.verbose) ? "/" : "");
}

static void walk(VacFile *dir, UnDir *to, Buf *path, int depth);

static void one_dir(VacFile *f, UnDir *to, Buf *path, int depth)
{
	UnDir *sub = NULL;

	if (depth > VACDEPTH) {
		un_problem(&u.r, "%.80s...: too many directories within each other", buf_text(path));
		return;
	}
	if (!u.table && !u.cat) {
		sub = undir_make(to, f, buf_text(path));
		if (sub == NULL)
			return;
	}
	walk(f, sub, path, depth);
	undir_drop(sub);
}

static void one(VacFile *f, UnDir *to, UnBatch **batch, Buf *path, int depth)
{
	if (u.table)
		print_name(stdout, f, buf_text(path));
	else if (u.verbose)
		print_name(stderr, f, buf_text(path));
	if (vacfile_isdir(f)) {
		un_push(&u.r, batch);
		one_dir(f, to, path, depth);
	} else if (u.cat && !(f->dir.mode & (ModeLink | ModePipe | ModeDev))) {
		if (un_copy(&u.r, f, 1, false) < 0)
			un_problem(&u.r, "%s: %s", buf_text(path), rerrstr());
	} else if (!u.table && !u.cat)
		un_file(&u.r, batch, to, f);
}

/* What a directory has is looked at CHUNK files at a time, so that their first blocks can be asked for together. */
typedef struct Chunk {
	VacFile *f[CHUNK];
	int n;
} Chunk;

static void join(Buf *path, size_t len, const char *elem)
{
	path->n = len;
	if (len > 0)
		buf_ch(path, '/');
	buf_str(path, elem);
}

/* chunk fills c with files that are wanted; false when there are no more */
static bool chunk(VacList *l, Chunk *c, Buf *path, size_t len)
{
	VacFile *f;
	int r = 1, w;

	for (c->n = 0; c->n < CHUNK && (r = vaclist_next(l, &f)) != 0;) {
		if (r < 0) {
			path->n = len;
			un_problem(&u.r, "in %s: %s", len > 0 ? buf_text(path) : "the archive's root", rerrstr());
			continue;
		}
		join(path, len, f->dir.elem);
		w = wanted(buf_text(path));
		if (w == 2 || (w == 1 && vacfile_isdir(f)))
			c->f[c->n++] = f;
		else
			vacfile_drop(f);
	}
	return c->n > 0;
}

static void ahead(const Chunk *c)
{
	VWant w[2 * CHUNK];
	int n = 0;

	for (int i = 0; i < c->n; i++) {
		VacFile *f = c->f[i];
		bool dir = vacfile_isdir(f);

		if (dir)
			w[n++] = vwant_top(&f->me);
		if (dir || !(u.table || (u.r.diff && f->e.depth == 0)))
			w[n++] = vwant_top(&f->e);
	}
	vcache_want(u.r.cache, w, n);
}

static void walk(VacFile *dir, UnDir *to, Buf *path, int depth)
{
	VacList *l = vaclist_new(dir);
	UnBatch *batch = NULL;
	size_t len = path->n;
	Chunk c;

	while (l != NULL && chunk(l, &c, path, len)) {
		ahead(&c);
		for (int i = 0; i < c.n; i++) {
			join(path, len, c.f[i]->dir.elem);
			one(c.f[i], to, &batch, path, depth + 1);
			vacfile_drop(c.f[i]);
		}
	}
	un_push(&u.r, &batch);
	path->n = len;
	vaclist_free(l);
}

static void extract(Vac *vac)
{
	VacFile *top = vac_root(vac);
	UnDir *to = NULL;
	Buf path = { 0 };

	if (!u.table && !u.cat) {
		int n = (int)sysconf(_SC_NPROCESSORS_ONLN);

		proc_umask(0);
		to = undir_top(&u.r);
		un_start(&u.r, n < 2 ? 2 : n);
	}
	walk(top, to, &path, 0);
	if (to != NULL)
		un_end(&u.r);
	undir_drop(to);
	buf_free(&path);
	vacfile_drop(top);
}

static void names(int n, char **arg)
{
	u.want = mem_array((size_t)n + 1, sizeof u.want[0]);
	u.found = mem_array((size_t)n + 1, sizeof u.found[0]);
	u.nwant = n;
	for (int i = 0; i < n; i++)
		u.want[i] = path_clean(mem_printf("%s/", arg[i] + strspn(arg[i], "/")));
}

static void not_found(char **arg)
{
	for (int i = 0; i < u.nwant; i++) {
		if (!u.found[i])
			un_problem(&u.r, "%s is not in the archive", arg[i]);
		free(u.want[i]);
	}
	free(u.want);
	free(u.found);
}

static void run(const char *host, int argc, char **argv)
{
	Venti *v = venti_dial(host, NULL);
	Score s;
	Vac *vac;

	if (v == NULL || vac_parse(argv[0], &s) < 0)
		tool_die("%s", rerrstr());
	u.r.cache = vcache_new(v, CACHE);
	vac = vac_open(u.r.cache, &s);
	if (vac == NULL)
		tool_die("%s", rerrstr());
	names(argc - 1, argv + 1);
	extract(vac);
	not_found(argv + 1);
	vac_close(vac);
	vcache_free(u.r.cache);
	venti_close(v);
	if (u.stats)
		fprintf(stderr, "%llu bytes written, %llu were the same\n", (unsigned long long)u.r.data, (unsigned long long)u.r.same);
}

int cmd_unvac(int argc, char **argv)
{
	const char *host = NULL;
	Args a;

	args_init(&a, argc, argv, "unvac [-Tcdpstv] [-h host] vacfile [file...]");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'T': u.r.times = true; break;
		case 'c': u.cat = true; break;
		case 'd': u.r.diff = true; break;
		case 'h': host = args_value(&a); break;
		case 'p': u.r.owners = true; break;
		case 's': u.stats = true; break;
		case 't': u.table = true; break;
		case 'v': u.verbose = true; break;
		default: args_usage(&a);
		}
	if (a.argc < 1 || (u.cat && (u.r.diff || u.table)))
		args_usage(&a);
	run(host, a.argc, a.argv);
	return tool_end(u.r.errors > 0 ? 1 : 0);
}
