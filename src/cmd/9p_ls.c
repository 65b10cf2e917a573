/* The listings of 9p: ls and stat, which is ls -dl. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include "9p.h"
#include "tool.h"

enum { MAXENTRIES = 1 << 20 };

/* entry is a file to be listed: a Dir and the memory of its strings */
typedef struct Entry {
	Dir d;
	char *strings;
} Entry;

typedef struct Listing {
	Entry *e;
	size_t n;
} Listing;

static void json_string(Buf *b, const char *s)
{
	buf_ch(b, '"');
	for (; *s != '\0'; s++)
		if ((u8)*s < ' ' || *s == 0x7F)
			buf_printf(b, "\\u%04x", (u8)*s);
		else if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else
			buf_ch(b, *s);
	buf_ch(b, '"');
}

static void json_field(Buf *b, const char *name, const char *text)
{
	buf_printf(b, "\"%s\":", name);
	json_string(b, text);
	buf_ch(b, ',');
}

/* json_entry: the qid's path is a string, since many readers of JSON have 53 bits */
static void json_entry(Buf *b, const char *name, const Dir *d)
{
	char mode[DIRMODESZ];

	buf_ch(b, '{');
	json_field(b, "name", name);
	json_field(b, "uid", d->uid);
	json_field(b, "gid", d->gid);
	json_field(b, "muid", d->muid);
	json_field(b, "perm", dir_mode(mode, d->mode));
	buf_printf(b, "\"qid\":{\"path\":\"%" PRIx64 "\",\"vers\":%u,\"type\":%u},", d->qid.path, d->qid.vers,
		   d->qid.type);
	buf_printf(b, "\"mode\":%u,\"length\":%" PRIu64 ",\"atime\":%u,\"mtime\":%u,\"type\":%u,\"dev\":%u}", d->mode,
		   d->length, d->atime, d->mtime, d->type, d->dev);
}

static void long_entry(Buf *b, const Dir *d)
{
	char mode[DIRMODESZ], when[32] = "";
	time_t t = d->mtime;
	struct tm tm;
	i64 age = clock_wall() - (i64)t;

	if (localtime_r(&t, &tm) != NULL)
		strftime(when, sizeof when, age > 180 * 86400 || age < -3600 ? "%b %e  %Y" : "%b %e %H:%M", &tm);
	buf_printf(b, "%s %c %u %s %s %" PRIu64 " %s ", dir_mode(mode, d->mode), d->type > ' ' && d->type < 0x7F ? (char)d->type : '-',
		   d->dev, d->uid, d->gid, d->length, when);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const Entry *)a)->d.name, ((const Entry *)b)->d.name);
}

/* show prints and frees a listing; before is what goes before each name */
static void show(Listing *g, const char *before, const NinepList *flag, bool *first)
{
	if (g->n > 0)
		qsort(g->e, g->n, sizeof *g->e, by_name);
	for (size_t i = 0; i < g->n; i++) {
		autobuf Buf b = { 0 };
		autofree char *name = mem_printf("%s%s", before, g->e[i].d.name);

		if (flag->json) {
			buf_str(&b, *first ? "" : ",\n");
			json_entry(&b, name, &g->e[i].d);
		} else {
			if (flag->l)
				long_entry(&b, &g->e[i].d);
			str_quote(&b, name);
			buf_ch(&b, '\n');
		}
		*first = false;
		fputs(buf_text(&b), stdout);
		free(g->e[i].strings);
	}
	free(g->e);
}

static void add(Listing *g, const Dir *d, char *strings)
{
	if ((g->n & (g->n - 1)) == 0)
		g->e = mem_grow(g->e, g->n * 2 + 1, sizeof *g->e);
	g->e[g->n++] = (Entry){ *d, strings };
}

/* each copies one directory entry into a listing */
static int each(void *arg, const Dir *d)
{
	u32 n = dir_size(d);
	u8 *rec = mem_new(n + 1);
	Dir copy;
	Listing *g = arg;

	if (g->n == MAXENTRIES || dir_encode(d, rec, n) < 0 || dir_decode(rec, n, &copy) < 0) {
		free(rec);
		tool_warn("the directory has more than %d entries", MAXENTRIES);
		return -1;
	}
	add(g, &copy, (char *)rec);
	return 0;
}

static int list1(CFid *root, const char *path, const NinepList *flag, bool many, bool *first)
{
	CFid *f = client_walkpath(root, path);
	Listing g = { 0 };
	Dir d;
	char *strings;
	int rc = f != NULL ? client_stat(f, &d, &strings) : -1;
	autofree char *before = many ? mem_printf("%s%s", path, str_suffix(path, "/") ? "" : "/") : mem_str("");

	if (rc == 0 && !flag->d && (d.mode & DMDIR) != 0) {
		free(strings);
		rc = client_open(f, OREAD) < 0 || client_readdir(f, each, &g) < 0 ? -1 : 0;
		show(&g, before, flag, first);
	} else if (rc == 0) {
		d.name = path;
		add(&g, &d, strings);
		show(&g, "", flag, first);
	}
	if (rc < 0)
		ninep_warn(path);
	client_clunk(f);
	return rc;
}

int ninep_list(CFid *root, Args *a, const NinepList *flag)
{
	static char slash[] = "/", *top[] = { slash };
	bool first = true;
	int bad = 0;

	if (a->argc == 0) {
		a->argc = 1;
		a->argv = top;
	}
	if (flag->json)
		printf("[");
	for (int i = 0; i < a->argc; i++)
		bad |= list1(root, a->argv[i], flag, a->argc > 1, &first) < 0;
	if (flag->json)
		printf("]\n");
	return bad;
}
