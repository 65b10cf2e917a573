/*
 * mc prints lines in as many columns as fit, each from top to bottom: lc is
 * ls -p | mc.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/utf.h>
#include <os/pty.h>
#include "cmds.h"
#include "tool.h"

static struct {
	char **v;
	size_t n, cap, widest;
} line;

static void take(FILE *f)
{
	char *s = NULL;
	size_t cap = 0, w;

	for (ssize_t k; (k = getline(&s, &cap, f)) > 0;) {
		s[strcspn(s, "\n")] = '\0';
		if (line.n == line.cap) {
			line.cap = line.cap == 0 ? 256 : 2 * line.cap;
			line.v = mem_grow(line.v, line.cap, sizeof *line.v);
		}
		w = utf_len(s);
		line.widest = w > line.widest ? w : line.widest;
		line.v[line.n++] = mem_str(s);
	}
	free(s);
}

static void columns(size_t width)
{
	size_t col = line.widest + 1, n = width / col > 0 ? width / col : 1, rows = (line.n + n - 1) / n;

	for (size_t i = 0; i < rows; i++) {
		for (size_t j = i; j < line.n; j += rows) {
			bool last = j + rows >= line.n;

			printf("%s%*s", line.v[j], last ? 0 : (int)(col - utf_len(line.v[j])), "");
		}
		putchar('\n');
	}
}

/* terminal is how many columns standard output's has, 80 if it is none. */
static size_t terminal(void)
{
	u32 rows, cols;

	return tty_size(1, &rows, &cols) == 0 && cols > 0 ? cols : 80;
}

int cmd_mc(int argc, char **argv)
{
	Args a;
	size_t width = 0;
	i64 n;
	int status = 0;

	args_init(&a, argc, argv, "mc [-N] [file ...]");
	for (; a.argc > 0 && a.argv[0][0] == '-' && strspn(a.argv[0] + 1, "0123456789") > 0; a.argv++, a.argc--) {
		if (str_int(a.argv[0] + 1, 1, 100000, &n) < 0)
			args_usage(&a);
		width = (size_t)n;
	}
	if (args_flag(&a) != 0)
		args_usage(&a);
	if (a.argc == 0)
		take(stdin);
	for (int i = 0; i < a.argc; i++) {
		FILE *f = tool_input(a.argv[i]);

		if (f == NULL) {
			status = 1;
			continue;
		}
		take(f);
		if (f != stdin)
			(void)fclose(f);
	}
	columns(width > 0 ? width : terminal());
	return tool_end(status);
}
