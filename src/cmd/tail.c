/*
 * tail(1): +n counts from the beginning, -n from the end; c bytes, l or k
 * or nothing lines; f follows, r prints lines in reverse order.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/str.h>
#include "cmds.h"
#include "tool.h"

static i64 count = 10;
static bool fromend = true, bytes, follow, reverse, given;
static const char usage_text[] = "tail [-n N] [-c N] [-f] [-r] [+-N[cl][fr]] [file]";

/* old reads the form +10lf. */
static bool old(const char *s)
{
	char *end;

	if (*s != '+' && *s != '-')
		return false;
	if (s[1] < '0' || s[1] > '9')
		return false;
	fromend = *s == '-';
	count = strtoll(s + 1, &end, 10);
	given = true;
	for (; *end != '\0'; end++)
		switch (*end) {
		case 'c':
			bytes = true;
			break;
		case 'l': case 'k':
			break;
		case 'f':
			follow = true;
			break;
		case 'r':
			reverse = true;
			break;
		default:
			return false;
		}
	return true;
}

static void number(const Args *a, const char *s)
{
	fromend = *s != '+';
	given = true;
	if (str_int(*s == '+' || *s == '-' ? s + 1 : s, 0, INT64_MAX, &count) < 0)
		args_usage(a);
}

static void copy(FILE *f)
{
	char buf[8192];
	size_t n;

	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		fwrite(buf, 1, n, stdout);
}

/* skip passes what comes before +count. */
static void skip(FILE *f)
{
	int c;

	for (i64 n = 1; n < count && (c = getc(f)) != EOF;)
		if (bytes || c == '\n')
			n++;
}

/* start finds where the last count lines or bytes of b begin. */
static size_t start(const Buf *b)
{
	size_t p = b->n;
	i64 n = 0;

	if (bytes)
		return (u64)count < b->n ? b->n - (size_t)count : 0;
	if (count == 0)
		return b->n;
	while (p > 0) {
		if (b->p[p - 1] == '\n' && p < b->n && ++n == count)
			break;
		p--;
	}
	return p;
}

/* last prints the end; it keeps at most twice what the answer needs for bytes, all for lines that may be long. */
static void last(FILE *f)
{
	autobuf Buf b = { 0 };
	size_t n, s;

	while ((n = fread(buf_room(&b, 65536), 1, 65536, f)) > 0) {
		b.n += n;
		if (b.n > (1 << 20) && (s = start(&b)) > b.n / 2)
			buf_cut(&b, s);
	}
	s = start(&b);
	if (b.n > s)
		fwrite(b.p + s, 1, b.n - s, stdout);
}

static void backwards(FILE *f)
{
	autobuf Buf b = { 0 };
	size_t n, end, p;
	i64 lines = 0;

	while ((n = fread(buf_room(&b, 65536), 1, 65536, f)) > 0)
		b.n += n;
	for (end = b.n; end > 0 && (!given || lines < count); end = p, lines++) {
		for (p = end - 1; p > 0 && b.p[p - 1] != '\n'; p--)
			;
		fwrite(b.p + p, 1, end - p, stdout);
		if (b.p[end - 1] != '\n')
			putchar('\n');
	}
}

int cmd_tail(int argc, char **argv)
{
	Args a;
	FILE *f = stdin;
	int k = 0;

	args_init(&a, argc, argv, usage_text);
	while (a.argc > 0 && (old(a.argv[0]) || (k = args_flag(&a)) != 0)) {
		if (a.p == NULL) {
			a.argv++;
			a.argc--;
			continue;
		}
		switch (k) {
		case 'n': case 'c':
			number(&a, args_value(&a));
			bytes = k == 'c';
			a.p = "";
			break;
		case 'f':
			follow = true;
			break;
		case 'r':
			reverse = true;
			break;
		default:
			args_usage(&a);
		}
	}
	if (a.argc > 1)
		args_usage(&a);
	if (a.argc == 1 && (f = tool_input(a.argv[0])) == NULL)
		return 1;
	if (reverse)
		backwards(f);
	else if (fromend)
		last(f);
	else
		skip(f);
	if (!reverse)
		copy(f);
	while (follow && !ferror(f)) {
		fflush(stdout);
		sleep(1);
		clearerr(f);
		copy(f);
	}
	if (ferror(f))
		tool_oopsdie("read");
	return tool_end(0);
}
