#include <stdlib.h>
#include <string.h>
#include <base/str.h>
#include "cmds.h"
#include "tool.h"

static int fields, letters;
static char mode; /* 'c', 'd', 'u' or 0 */

/* key skips what is not compared. */
static const char *key(const char *s)
{
	for (int i = 0; i < fields; i++) {
		s += strspn(s, " \t");
		s += strcspn(s, " \t\n");
	}
	for (int i = 0; i < letters && *s != '\0' && *s != '\n'; i++)
		s++;
	return s;
}

static void put(const char *line, long n)
{
	if (n == 0 || (mode == 'd' && n == 1) || (mode == 'u' && n > 1))
		return;
	if (mode == 'c')
		printf("%4ld ", n);
	fputs(line, stdout);
}

static int uniq(FILE *f)
{
	char *line = NULL, *last = NULL, *t;
	size_t cap = 0, lastcap = 0, k;
	long n = 0;

	while (getline(&line, &cap, f) > 0) {
		if (n > 0 && strcmp(key(line), key(last)) == 0) {
			n++;
			continue;
		}
		put(last, n);
		t = last, last = line, line = t;
		k = lastcap, lastcap = cap, cap = k;
		n = 1;
	}
	put(last, n);
	free(line);
	free(last);
	return ferror(f) ? 1 : 0;
}

int cmd_uniq(int argc, char **argv)
{
	Args a;
	FILE *f = stdin;
	i64 v;
	int k;

	args_init(&a, argc, argv, "uniq [-udc] [-num] [+num] [file]");
	for (; a.argc > 0 && strchr("+-", a.argv[0][0]) != NULL && strspn(a.argv[0] + 1, "0123456789") > 0; a.argv++, a.argc--) {
		if (str_int(a.argv[0] + 1, 0, 1000000, &v) < 0)
			args_usage(&a);
		*(a.argv[0][0] == '-' ? &fields : &letters) = (int)v;
	}
	while ((k = args_flag(&a)) != 0) {
		if (strchr("ucd", k) == NULL)
			args_usage(&a);
		mode = (char)k;
	}
	if (a.argc > 1)
		args_usage(&a);
	if (a.argc == 1 && (f = tool_input(a.argv[0])) == NULL)
		return 1;
	k = uniq(f);
	if (k != 0)
		tool_oops("read");
	return tool_end(k);
}
