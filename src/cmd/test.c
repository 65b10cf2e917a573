/*
 * test(1): a recursive descent over the arguments,
 *
 *	e:  a { -o a }		a:  n { -a n }		n:  [!] primary
 *
 * Plan 9's file tests look at the file itself; -e -f -d follow links.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/file.h>
#include "cmds.h"
#include "tool.h"

static char **arg;
static int narg, at;

static bool either(void);

static void bad(const char *msg, const char *what)
{
	fprintf(stderr, "test: %s%s\n", msg, what);
	exit(2);
}

static char *need(void)
{
	if (at >= narg)
		bad("argument expected", "");
	return arg[at++];
}

static bool is(int i, const char *s) { return i < narg && strcmp(arg[i], s) == 0; }

static i64 integer(const char *s)
{
	i64 v;

	if (str_int(s, INT64_MIN, INT64_MAX, &v) < 0)
		bad("bad integer ", s);
	return v;
}

/* compare knows the operators between two operands; 1, 0, or -1 for no such operator. */
static int compare(const char *a, const char *op, const char *b)
{
	static const char *const num[] = { "-eq", "-ne", "-gt", "-lt", "-ge", "-le" };
	FileInfo fa, fb;
	i64 x, y;

	if (strcmp(op, "=") == 0)
		return strcmp(a, b) == 0;
	if (strcmp(op, "!=") == 0)
		return strcmp(a, b) != 0;
	if (strcmp(op, "-nt") == 0 || strcmp(op, "-newer") == 0)
		return file_stat(a, &fa) == 0 && (file_stat(b, &fb) < 0 || fa.mtime > fb.mtime);
	if (strcmp(op, "-ot") == 0)
		return file_stat(b, &fb) == 0 && (file_stat(a, &fa) < 0 || fa.mtime < fb.mtime);
	for (size_t i = 0; i < nelem(num); i++) {
		if (strcmp(op, num[i]) != 0)
			continue;
		x = integer(a);
		y = integer(b);
		return i == 0 ? x == y : i == 1 ? x != y : i == 2 ? x > y : i == 3 ? x < y : i == 4 ? x >= y : x <= y;
	}
	return -1;
}

/* older: the file was changed more than a time ago, which is seconds or numbers with y M d h m s. */
static bool older(const char *file, const char *t)
{
	static const struct {
		char c;
		i64 s;
	} unit[] = { { 'y', 31536000 }, { 'M', 2592000 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	FileInfo f;
	i64 age = 0, n;
	char *end;

	for (const char *p = t; *p != '\0'; p = end) {
		n = strtoll(p, &end, 10);
		if (end == p || n < 0)
			bad("bad time ", t);
		if (*end == '\0' && p == t)
			return file_stat(file, &f) == 0 && f.mtime / 1000000000 < n;
		size_t i = 0;

		while (i < nelem(unit) && unit[i].c != *end)
			i++;
		if (i == nelem(unit) || n > 1000000)
			bad("bad time ", t);
		age += n * unit[i].s;
		end++;
	}
	return file_stat(file, &f) == 0 && f.mtime / 1000000000 < clock_wall() - age;
}

static bool file_is(char op, const char *name)
{
	FileInfo f;

	if (op == 'h')
		return file_lstat(name, &f) == 0 && f.type == 'l';
	if (op == 'r' || op == 'w' || op == 'x')
		return faccessat(AT_FDCWD, name, op == 'r' ? R_OK : op == 'w' ? W_OK : X_OK, AT_EACCESS) == 0;
	if (file_stat(name, &f) < 0)
		return false;
	switch (op) {
	case 'e':
		return true;
	case 'f':
		return f.type != 'd';
	case 's':
		return f.size > 0;
	case 'u':
		return (f.mode & 04000) != 0;
	case 'g':
		return (f.mode & 02000) != 0;
	}
	return f.type == op;
}

static bool primary(void)
{
	char *a = need();
	int r;

	if (strcmp(a, "(") == 0 && !is(at, "=") && !is(at, "!=")) {
		bool v = either();

		if (!is(at, ")"))
			bad(") expected", "");
		at++;
		return v;
	}
	if (at + 1 < narg && (r = compare(a, arg[at], arg[at + 1])) >= 0) {
		at += 2;
		return r;
	}
	if (is(at, "-older")) {
		at++;
		return older(a, need());
	}
	if (a[0] != '-' || a[1] == '\0' || a[2] != '\0' || at >= narg)
		return *a != '\0';
	if (strchr("edfrwxsbcpuShg", a[1]) != NULL) {
		char op = a[1];
		const char *name = need();
		FileInfo f;

		return op == 'S' ? file_stat(name, &f) == 0 && f.type == 's' : file_is(op, name);
	}
	switch (a[1]) {
	case 'n':
		return *need() != '\0';
	case 'z':
		return *need() == '\0';
	case 't':
		return isatty((int)integer(need())) == 1;
	case 'A': case 'L': case 'T':
		need();
		return false;
	}
	return true;
}

static bool negated(void)
{
	if (is(at, "!") && at + 1 < narg && !(at + 2 < narg && compare(arg[at], arg[at + 1], arg[at + 2]) >= 0)) {
		at++;
		return !negated();
	}
	return primary();
}

static bool both(void)
{
	bool v = negated();

	while (is(at, "-a")) {
		at++;
		v = negated() && v;
	}
	return v;
}

static bool either(void)
{
	bool v = both();

	while (is(at, "-o")) {
		at++;
		v = both() || v;
	}
	return v;
}

int cmd_test(int argc, char **argv)
{
	bool v;

	arg = argv + 1;
	narg = argc - 1;
	if (narg == 0)
		return 1;
	v = either();
	if (at < narg)
		bad("unexpected operator/operand: ", arg[at]);
	return !v;
}
