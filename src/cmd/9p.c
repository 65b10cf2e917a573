/* 9p: one operation on a 9P server's files, without a mount. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/client.h>
#include <client/dial.h>
#include <os/clock.h>
#include "cmds.h"
#include "tool.h"

static const char usage[] = "9p -a addr [-A aname] [-u uname] [-m msize] [-n depth] [-t seconds] [-D] command [arg ...]\n"
			    "       ls [-dl] [--json] [path ...]\n"
			    "       stat [--json] path ...\n"
			    "       read path ...\n"
			    "       write [-acl] path\n"
			    "       create [-d] [-m mode] path ...\n"
			    "       rm path ...\n"
			    "       wstat path name=value ...";

enum { DEPTH = 16, MAXENTRIES = 1 << 20 };

static int depth = DEPTH;
static CFid *root;

/* entry is a file to be listed: a Dir and the memory of its strings */
typedef struct Entry {
	Dir d;
	char *strings;
} Entry;

typedef struct Listing {
	Entry *e;
	size_t n;
} Listing;

typedef struct Flags {
	bool d, l, json;
} Flags;

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
static void show(Listing *g, const char *before, const Flags *flag, bool *first)
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

/* warn says what went wrong with path, and returns -1 */
static int warn(const char *path)
{
	tool_warn("%s: %s", path, rerrstr());
	return -1;
}

/* parent walks to the directory of path and sets *name to its last element, which the caller frees */
static CFid *parent(const char *path, char **name)
{
	autofree char *clean = path_clean(mem_printf("/%s", path));
	char *slash = strrchr(clean, '/');

	*name = mem_str(slash + 1);
	if (slash[1] == '\0') {
		werrstr("a file name is missing");
		return NULL;
	}
	*slash = '\0';
	return client_walkpath(root, clean);
}

static int list1(const char *path, const Flags *flag, bool many, bool *first)
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
		warn(path);
	client_clunk(f);
	return rc;
}

/* listing is ls and stat: stat is ls -dl */
static int listing(Args *a, Flags flag)
{
	static char slash[] = "/", *top[] = { slash };
	bool first = true;
	int bad = 0;

	if (a->argc == 0) {
		a->argc = 1;
		a->argv = top;
	}
	if (flag.json)
		printf("[");
	for (int i = 0; i < a->argc; i++)
		bad |= list1(a->argv[i], &flag, a->argc > 1, &first) < 0;
	if (flag.json)
		printf("]\n");
	return bad;
}

/* json takes the flag --json after its first dash */
static void json(Args *a, Flags *flag)
{
	if (a->p == NULL || strcmp(a->p, "json") != 0)
		args_usage(a);
	flag->json = true;
	a->p = NULL;
}

static int do_ls(Args *a)
{
	Flags flag = { 0 };
	int c;

	while ((c = args_flag(a)) != 0)
		if (c == 'd')
			flag.d = true;
		else if (c == 'l')
			flag.l = true;
		else if (c == '-')
			json(a, &flag);
		else
			args_usage(a);
	return listing(a, flag);
}

static int do_stat(Args *a)
{
	Flags flag = { .d = true, .l = true };
	int c;

	while ((c = args_flag(a)) != 0)
		if (c == '-')
			json(a, &flag);
		else
			args_usage(a);
	if (a->argc == 0)
		args_usage(a);
	return listing(a, flag);
}

static int out(void *arg, const void *p, u32 n)
{
	(void)arg;
	return io_writen(STDOUT_FILENO, p, n);
}

/* ahead says how many reads of f to keep in flight: a file without a length may give each byte once */
static int ahead(CFid *f)
{
	u64 units;
	Dir d;
	char *strings;
	bool plain;

	if (client_stat(f, &d, &strings) < 0)
		return 1;
	plain = (d.mode & (DMDIR | DMAPPEND | DMEXCL)) == 0 && d.length > 0;
	units = d.length / f->iounit + 2; /* the last one sees the end */
	free(strings);
	return !plain ? 1 : units < (u64)depth ? (int)units : depth;
}

static int read1(const char *path)
{
	CFid *f = client_walkpath(root, path);
	int rc = -1;

	if (f != NULL && (f->qid.type & QTDIR) != 0)
		errset(Eisdir);
	else if (f != NULL && client_open(f, OREAD) == 0 && client_readall(f, 0, -1, ahead(f), out, NULL) >= 0)
		rc = 0;
	if (rc < 0)
		warn(path);
	client_clunk(f);
	return rc;
}

static int do_read(Args *a)
{
	int bad = 0;

	if (args_flag(a) != 0 || a->argc == 0)
		args_usage(a);
	for (int i = 0; i < a->argc; i++)
		bad |= read1(a->argv[i]) < 0;
	return bad;
}

/* whole fills p from standard input; line takes what one read gives, at most a line */
static long whole(void *arg, void *p, u32 n)
{
	(void)arg;
	return (long)io_readn(STDIN_FILENO, p, n);
}

static long line(void *arg, void *p, u32 n)
{
	char *s = p;
	u32 k = 0;

	(void)arg;
	while (k < n) {
		int c = getchar();

		if (c == EOF)
			break;
		s[k++] = (char)c;
		if (c == '\n')
			break;
	}
	return (long)k;
}

/* openw opens path for writing, creating it if asked to and if it is not there */
static CFid *openw(const char *path, int mode, bool create)
{
	autofree char *name = NULL;
	CFid *f = client_walkpath(root, path);
	int rc;

	if (f != NULL) {
		rc = client_open(f, mode);
	} else {
		if (!create || errcode(rerrstr()) != Enonexist)
			return NULL;
		f = parent(path, &name);
		rc = f != NULL ? client_create(f, name, OWRITE, 0666) : -1;
	}
	if (rc == 0)
		return f;
	client_clunk(f);
	return NULL;
}

static u64 length(CFid *f)
{
	Dir d;
	char *strings;

	if (client_stat(f, &d, &strings) < 0)
		return 0;
	free(strings);
	return d.length;
}

static int do_write(Args *a)
{
	bool append = false, create = false, lines = false;
	CFid *f;
	int c;
	i64 n;

	while ((c = args_flag(a)) != 0)
		if (c == 'a')
			append = true;
		else if (c == 'c')
			create = true;
		else if (c == 'l')
			lines = true;
		else
			args_usage(a);
	if (a->argc != 1)
		args_usage(a);
	f = openw(a->argv[0], append ? OWRITE : OWRITE | OTRUNC, create);
	n = f == NULL ? -1 : client_writeall(f, append ? length(f) : 0, lines ? 1 : depth, lines ? line : whole, NULL);
	if (n < 0)
		warn(a->argv[0]);
	client_clunk(f);
	return n < 0;
}

static int create1(const char *path, u32 perm)
{
	autofree char *name = NULL;
	CFid *f = parent(path, &name);
	int rc = f == NULL ? -1 : client_create(f, name, OREAD, perm);

	if (rc < 0)
		warn(path);
	client_clunk(f);
	return rc;
}

/* octal parses a mode */
static u32 octal(const char *s)
{
	u64 v;

	if (str_u64(s, 8, 0777, &v) < 0)
		tool_die("mode: %s", rerrstr());
	return (u32)v;
}

static int do_create(Args *a)
{
	const char *mode = NULL;
	bool dir = false;
	int c, bad = 0;
	u32 perm;

	while ((c = args_flag(a)) != 0)
		if (c == 'd')
			dir = true;
		else if (c == 'm')
			mode = args_value(a);
		else
			args_usage(a);
	if (a->argc == 0)
		args_usage(a);
	perm = (mode != NULL ? octal(mode) : dir ? 0777 : 0666) | (dir ? DMDIR : 0);
	for (int i = 0; i < a->argc; i++)
		bad |= create1(a->argv[i], perm) < 0;
	return bad;
}

static int do_rm(Args *a)
{
	int bad = 0;

	if (args_flag(a) != 0 || a->argc == 0)
		args_usage(a);
	for (int i = 0; i < a->argc; i++) {
		CFid *f = client_walkpath(root, a->argv[i]);

		if (f == NULL || client_remove(f) < 0)
			bad |= warn(a->argv[i]) < 0;
	}
	return bad;
}

/* number parses value, of at most max, for wstat */
static u64 number(const char *name, const char *value, u64 max)
{
	u64 v;

	if (str_u64(value, 10, max, &v) < 0)
		tool_die("%s: %s", name, rerrstr());
	return v;
}

/* change puts one name=value into d; old is the file as it is */
static void change(Args *a, Dir *d, const Dir *old, char *arg)
{
	char *value = strchr(arg, '=');

	if (value == NULL)
		args_usage(a);
	*value++ = '\0';
	if (strcmp(arg, "name") == 0)
		d->name = value;
	else if (strcmp(arg, "uid") == 0)
		d->uid = value;
	else if (strcmp(arg, "gid") == 0)
		d->gid = value;
	else if (strcmp(arg, "mode") == 0)
		d->mode = (old->mode & ~0777u) | octal(value);
	else if (strcmp(arg, "length") == 0)
		d->length = number(arg, value, INT64_MAX);
	else if (strcmp(arg, "mtime") == 0)
		d->mtime = (u32)number(arg, value, UINT32_MAX - 1);
	else if (strcmp(arg, "atime") == 0)
		d->atime = (u32)number(arg, value, UINT32_MAX - 1);
	else
		tool_die("'%s' cannot be changed: name, uid, gid, mode, length, mtime and atime can", arg);
}

static int do_wstat(Args *a)
{
	CFid *f;
	Dir d, old;
	char *strings;
	int rc;

	if (args_flag(a) != 0 || a->argc < 2)
		args_usage(a);
	f = client_walkpath(root, a->argv[0]);
	rc = f != NULL ? client_stat(f, &old, &strings) : -1;
	if (rc == 0) {
		dir_null(&d);
		for (int i = 1; i < a->argc; i++)
			change(a, &d, &old, a->argv[i]);
		rc = client_wstat(f, &d);
		free(strings);
	}
	if (rc < 0)
		warn(a->argv[0]);
	client_clunk(f);
	return rc < 0;
}

static const struct {
	const char *name;
	int (*run)(Args *a);
} commands[] = {
	{ "create", do_create }, { "ls", do_ls }, { "read", do_read }, { "rm", do_rm },
	{ "stat", do_stat }, { "write", do_write }, { "wstat", do_wstat },
};

/* attach connects and attaches, or does not return */
static Client *attach(const char *addr, const char *uname, const char *aname, ClientOpts *o)
{
	autofree char *full = dial_addr(addr, "tcp", "9fs");
	Client *c = client_dial(full, o);

	root = c != NULL ? client_attach(c, NULL, uname, aname) : NULL;
	if (c == NULL)
		tool_die("%s", rerrstr());
	if (root == NULL)
		tool_die("%s: attach: %s", full, rerrstr());
	return c;
}

static int run(Args *a, const char *addr, const char *uname, const char *aname, ClientOpts *o)
{
	for (size_t i = 0; i < nelem(commands); i++)
		if (strcmp(commands[i].name, a->argv[0]) == 0) {
			Args sub = { a->argc - 1, a->argv + 1, a->usage, NULL };
			Client *c = attach(addr, uname, aname, o);
			int status = commands[i].run(&sub);

			client_clunk(root);
			client_drop(c);
			return status;
		}
	tool_warn("unknown command '%s'", a->argv[0]);
	args_usage(a);
}

int cmd_9p(int argc, char **argv)
{
	const char *addr = NULL, *aname = "", *uname = getenv("USER");
	ClientOpts o = { .msize = MSIZEMAX };
	Args a;
	int c;

	args_init(&a, argc, argv, usage);
	while ((c = args_flag(&a)) != 0)
		if (c == 'a')
			addr = args_value(&a);
		else if (c == 'A')
			aname = args_value(&a);
		else if (c == 'u')
			uname = args_value(&a);
		else if (c == 'm')
			o.msize = (u32)args_number(&a, MSIZEMIN, MSIZEMAX);
		else if (c == 'n')
			depth = (int)args_number(&a, 1, 256);
		else if (c == 't')
			o.deadline_ms = (int)args_number(&a, 1, 86400) * 1000;
		else if (c == 'D')
			o.trace = true;
		else
			args_usage(&a);
	if (a.argc == 0)
		args_usage(&a);
	if (addr == NULL)
		tool_die("which server? -a tcp!host!9fs, or -a unix!/path");
	return tool_end(run(&a, addr, uname != NULL && uname[0] != '\0' ? uname : "none", aname, &o));
}
