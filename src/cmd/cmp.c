#include <stdlib.h>
#include <string.h>
#include <base/str.h>
#include "cmds.h"
#include "tool.h"

static struct {
	bool s, l, L;
} flag;

/* at opens a file at an offset. */
static FILE *at(const char *name, const char *off, const Args *a)
{
	FILE *f = tool_input(name);
	u64 v = 0;

	if (f == NULL)
		exit(2);
	if (off != NULL && str_u64(off, 0, INT64_MAX, &v) < 0)
		args_usage(a);
	if (v != 0 && fseek(f, (long)v, SEEK_SET) < 0)
		tool_oopsdie("%s: seek", name);
	return f;
}

static int compare(FILE *f, FILE *g, char **name)
{
	long long n = 0, line = 1;
	int c, d, bad = 0;

	for (;; n++) {
		c = getc(f);
		d = getc(g);
		if (c == EOF || d == EOF)
			break;
		if (c != d) {
			if (flag.s)
				return 1;
			if (!flag.l) {
				printf("%s %s differ: char %lld", name[0], name[1], n + 1);
				printf(flag.L ? " line %lld\n" : "\n", line);
				return 1;
			}
			printf("%6lld 0x%.2x 0x%.2x\n", n + 1, (unsigned)c, (unsigned)d);
			bad = 1;
		}
		if (c == '\n')
			line++;
	}
	if (c != d) {
		if (!flag.s)
			printf("EOF on %s after %lld bytes\n", c == EOF ? name[0] : name[1], n);
		return 1;
	}
	return bad;
}

int cmd_cmp(int argc, char **argv)
{
	Args a;
	int k;
	FILE *f, *g;

	args_init(&a, argc, argv, "cmp [-lLs] file1 file2 [offset1 [offset2]]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 's':
			flag.s = true;
			break;
		case 'l':
			flag.l = true;
			break;
		case 'L':
			flag.L = true;
			break;
		default:
			args_usage(&a);
		}
	if (a.argc < 2 || a.argc > 4)
		args_usage(&a);
	f = at(a.argv[0], a.argc > 2 ? a.argv[2] : NULL, &a);
	g = at(a.argv[1], a.argc > 3 ? a.argv[3] : NULL, &a);
	k = compare(f, g, a.argv);
	if (ferror(f) || ferror(g))
		tool_oopsdie("read");
	return tool_end(k);
}
