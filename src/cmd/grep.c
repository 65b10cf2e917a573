#include <stdlib.h>
#include <string.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/rx.h>
#include "cmds.h"
#include "tool.h"

static struct {
	bool b, c, h, i, l, L, n, s, v;
} flag;
static Rx **pat;
static int npat;

static void pattern(const char *s)
{
	Rx *rx = rx_compile(s, flag.i ? RxNocase : 0);

	if (rx == NULL) {
		tool_warn("%s", rerrstr());
		exit(2);
	}
	pat = mem_grow(pat, (size_t)npat + 1, sizeof *pat);
	pat[npat++] = rx;
}

/* lines takes a pattern for each line of text. */
static void lines(char *text)
{
	for (char *p = text; p != NULL && (*p != '\0' || p == text);) {
		char *e = strchr(p, '\n');

		if (e != NULL)
			*e++ = '\0';
		pattern(p);
		p = e;
	}
}

static bool hit(const char *s, size_t n)
{
	for (int i = 0; i < npat; i++)
		if (rx_match(pat[i], s, n, 0, NULL, 0))
			return true;
	return false;
}

static void put(const char *name, long long no, const char *s, size_t n)
{
	if (name != NULL && !flag.h)
		printf("%s:", name);
	if (flag.n)
		printf("%lld: ", no);
	fwrite(s, 1, n, stdout);
	putchar('\n');
	if (flag.b)
		fflush(stdout);
}

/* file searches one and returns whether anything was selected; name is NULL when it need not be told. */
static bool file(FILE *f, const char *name, const char *shown)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	long long no = 0, hits = 0;

	while ((n = getline(&line, &cap, f)) > 0) {
		no++;
		if (line[n - 1] == '\n')
			n--;
		if (hit(line, (size_t)n) == flag.v)
			continue;
		hits++;
		if (flag.s || flag.l || flag.L)
			break;
		if (!flag.c)
			put(shown, no, line, (size_t)n);
	}
	free(line);
	if (flag.s)
		return hits > 0;
	if (flag.c && shown != NULL && !flag.h)
		printf("%s:%lld\n", shown, hits);
	else if (flag.c)
		printf("%lld\n", hits);
	else if ((flag.l && hits > 0) || (flag.L && hits == 0))
		printf("%s\n", name);
	return hits > 0;
}

static void pattern_file(const char *name)
{
	autofree char *text = io_slurp(-100, name, 1 << 20, NULL);

	if (text == NULL) {
		tool_warn("%s", rerrstr());
		exit(2);
	}
	if (*text != '\0' && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = '\0';
	lines(text);
}

static void flags(Args *a, char **e, char **f)
{
	bool *bools[128] = { ['b'] = &flag.b, ['c'] = &flag.c, ['h'] = &flag.h, ['i'] = &flag.i, ['l'] = &flag.l,
			     ['L'] = &flag.L, ['n'] = &flag.n, ['s'] = &flag.s, ['v'] = &flag.v };
	int k;

	while ((k = args_flag(a)) != 0) {
		if (k == 'e')
			*e = args_value(a);
		else if (k == 'f')
			*f = args_value(a);
		else if (k > 127 || bools[k] == NULL)
			args_usage(a);
		else
			*bools[k] = true;
	}
}

int cmd_grep(int argc, char **argv)
{
	char *e = NULL, *from = NULL;
	bool some = false, bad = false;
	Args a;

	args_init(&a, argc, argv, "grep [-bchiLlnsv] [-e pattern] [-f patternfile] [pattern] [file ...]");
	flags(&a, &e, &from);
	if (from != NULL)
		pattern_file(from);
	if (e == NULL && from == NULL) {
		if (a.argc == 0)
			args_usage(&a);
		e = *a.argv++;
		a.argc--;
	}
	if (e != NULL)
		lines(e);
	if (a.argc == 0)
		some = file(stdin, "stdin", NULL);
	for (int i = 0; i < a.argc; i++) {
		FILE *f = tool_input(a.argv[i]);

		if (f == NULL) {
			bad = true;
			continue;
		}
		some |= file(f, a.argv[i], a.argc > 1 ? a.argv[i] : NULL);
		if (ferror(f)) {
			tool_oops("%s", a.argv[i]);
			bad = true;
		}
		fclose(f);
	}
	return tool_end(bad ? 2 : !some);
}
