#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/file.h>
#include "cmds.h"
#include "tool.h"

typedef struct Entry {
	char *name;
	FileInfo f;
} Entry;

static struct {
	bool F, d, l, n, p, q, Q, r, s, t, u;
} flag;
static Entry *ent;
static size_t nent;
static size_t wsize, wuser, wgroup, wlen;

static int by_order(const void *va, const void *vb)
{
	const Entry *a = va, *b = vb;
	i64 ta = flag.u ? a->f.atime : a->f.mtime, tb = flag.u ? b->f.atime : b->f.mtime;
	int r = flag.t ? (ta < tb) - (ta > tb) : strcmp(a->name, b->name);

	return flag.r ? -r : r;
}

static void widen(size_t *w, size_t n)
{
	if (n > *w)
		*w = n;
}

static void mode(const FileInfo *f)
{
	printf("%c%c", f->type, f->mode & 06000 ? 's' : '-');
	for (int i = 8; i >= 0; i--)
		putchar(f->mode >> i & 1 ? "xwr"[i % 3] : '-');
}

/* when is asctime's middle: with the hour for the last half year, else with the year. */
static void when(i64 t)
{
	char buf[32];
	struct tm tm;
	time_t s = (time_t)(t / 1000000000);
	i64 age = clock_wall() - s;

	if (localtime_r(&s, &tm) == NULL)
		return;
	strftime(buf, sizeof buf, age > 180 * 86400 || age < -3600 ? "%b %e  %Y" : "%b %e %H:%M", &tm);
	fputs(buf, stdout);
}

static void print(const Entry *e)
{
	autobuf Buf b = { 0 };
	const FileInfo *f = &e->f;
	const char *name = flag.p ? path_base(e->name) : e->name;

	if (flag.s)
		printf("%*llu ", (int)wsize, (unsigned long long)(f->size + 1023) / 1024);
	if (flag.q)
		printf("(%.16llx %llx) ", (unsigned long long)f->ino, (unsigned long long)f->dev);
	if (flag.l) {
		mode(f);
		printf(" M %u %-*s ", f->nlink, (int)wuser, tool_user(f->uid));
		printf("%-*s %*llu ", (int)wgroup, tool_group(f->gid), (int)wlen, (unsigned long long)f->size);
		when(flag.u ? f->atime : f->mtime);
		putchar(' ');
	}
	if (flag.Q)
		buf_str(&b, name);
	else
		str_quote(&b, name);
	fputs(buf_text(&b), stdout);
	if (flag.F)
		fputs(f->type == 'd' ? "/" : f->type != 'l' && f->mode & 0111 ? "*" : "", stdout);
	putchar('\n');
}

static void output(void)
{
	char num[32];

	if (!flag.n && nent > 0)
		qsort(ent, nent, sizeof *ent, by_order);
	wsize = wuser = wgroup = wlen = 0;
	for (size_t i = 0; i < nent && (flag.l || flag.s); i++) {
		widen(&wsize, (size_t)snprintf(num, sizeof num, "%llu", (unsigned long long)(ent[i].f.size + 1023) / 1024));
		widen(&wlen, (size_t)snprintf(num, sizeof num, "%llu", (unsigned long long)ent[i].f.size));
		widen(&wuser, strlen(tool_user(ent[i].f.uid)));
		widen(&wgroup, strlen(tool_group(ent[i].f.gid)));
	}
	for (size_t i = 0; i < nent; i++) {
		print(&ent[i]);
		free(ent[i].name);
	}
	nent = 0;
	fflush(stdout);
}

static void add(char *name, const FileInfo *f)
{
	if (nent % 256 == 0)
		ent = mem_grow(ent, nent + 256, sizeof *ent);
	ent[nent++] = (Entry){ name, *f };
}

/* look stats a name, the link itself if what it points to is gone. */
static int look(const char *name, FileInfo *f)
{
	autofree char *path = tool_path(name);

	if (path == NULL)
		return werrstr("%s: %s", name, rerrstr());
	return file_stat(path, f) == 0 ? 0 : file_lstat(path, f);
}

/* inside lists a directory; attributes are asked for only if a flag wants them. */
static int inside(const char *dir, bool prefix)
{
	bool full = flag.F || flag.l || flag.q || flag.s || flag.t;
	autofree char *real = tool_path(dir);
	DIR *d = opendir(real != NULL ? real : dir);
	struct dirent *e;
	FileInfo f = { 0 };
	int bad = 0;

	if (d == NULL) {
		tool_oops("%s", dir);
		return 1;
	}
	if (strcmp(dir, "/") == 0)
		dir = "";
	while ((e = readdir(d)) != NULL) {
		autofree char *path = mem_printf("%s/%s", dir, e->d_name);

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (full && look(path, &f) < 0) {
			f = (FileInfo){ .type = '-' };
			tool_warn("%s", rerrstr());
			bad = 1;
		}
		add(mem_str(prefix ? path : e->d_name), &f);
	}
	closedir(d);
	output();
	return bad;
}

static int list(char *name, bool prefix)
{
	FileInfo f;

	if (look(name, &f) < 0) {
		tool_warn("%s", rerrstr());
		return 1;
	}
	if (f.type == 'd' && !flag.d) {
		output();
		return inside(*name == '#' ? name : path_clean(name), prefix); /* "#/" is not "#" */
	}
	add(path_clean(mem_printf("%s/", name)), &f);
	return 0;
}

int cmd_ls(int argc, char **argv)
{
	bool *flags[128] = { ['F'] = &flag.F, ['d'] = &flag.d, ['l'] = &flag.l, ['n'] = &flag.n, ['p'] = &flag.p,
			     ['q'] = &flag.q, ['Q'] = &flag.Q, ['r'] = &flag.r, ['s'] = &flag.s, ['t'] = &flag.t,
			     ['u'] = &flag.u };
	Args a;
	int k, bad = 0;

	args_init(&a, argc, argv, "ls [-dlnpqrstuFQ] [file ...]");
	while ((k = args_flag(&a)) != 0) {
		if (k == 'm' || k == 'T')
			tool_die("-%c is not implemented: Linux files have no %s", k, k == 'm' ? "muid" : "temporary bit");
		if (k > 127 || flags[k] == NULL)
			args_usage(&a);
		*flags[k] = true;
	}
	if (a.argc == 0)
		bad = list((char[]){ "." }, false);
	for (int i = 0; i < a.argc; i++)
		bad |= list(a.argv[i], true);
	output();
	free(ent);
	return tool_end(bad);
}
