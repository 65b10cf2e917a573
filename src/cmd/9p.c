/* 9p: one operation on a 9P server's files, without a mount. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/client.h>
#include <client/dial.h>
#include "9p.h"
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

static int depth = 16;
static CFid *root;

int ninep_warn(const char *path)
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

/* json takes the flag --json after its first dash */
static void json(Args *a, NinepList *flag)
{
	if (a->p == NULL || strcmp(a->p, "json") != 0)
		args_usage(a);
	flag->json = true;
	a->p = NULL;
}

static int do_ls(Args *a)
{
	NinepList flag = { 0 };
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
	return ninep_list(root, a, &flag);
}

static int do_stat(Args *a)
{
	NinepList flag = { .d = true, .l = true };
	int c;

	while ((c = args_flag(a)) != 0)
		if (c == '-')
			json(a, &flag);
		else
			args_usage(a);
	if (a->argc == 0)
		args_usage(a);
	return ninep_list(root, a, &flag);
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
		ninep_warn(path);
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
		ninep_warn(a->argv[0]);
	client_clunk(f);
	return n < 0;
}

static int create1(const char *path, u32 perm)
{
	autofree char *name = NULL;
	CFid *f = parent(path, &name);
	int rc = f == NULL ? -1 : client_create(f, name, OREAD, perm);

	if (rc < 0)
		ninep_warn(path);
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
			bad |= ninep_warn(a->argv[i]) < 0;
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
		ninep_warn(a->argv[0]);
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
	return tool_end(run(&a, addr, uname != NULL && uname[0] != '\0' ? uname : tool_user(getuid()), aname, &o));
}
