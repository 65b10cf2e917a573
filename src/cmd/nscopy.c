/*
 * addns, subns and cpns: the name space of one process made more like that
 * of another.
 */
#include <stdlib.h>
#include <string.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/rx.h>
#include <base/str.h>
#include <ns/apply.h>
#include <ns/ns.h>
#include "nscopy.h"
#include "tool.h"

enum { TEXTMAX = 4 << 20 };

typedef struct Choice {
	bool rio;      /* leave a window's and a terminal's files alone */
	Rx *not, *only;
} Choice;

Graph *nscopy_graph(const char *what)
{
	autobuf Buf b = { 0 };
	u64 pid = 0;
	Graph *g;

	if (what[0] >= '0' && what[0] <= '9') {
		if (str_u64(what, 10, UINT32_MAX, &pid) < 0 || ns_script(&b, (u32)pid) < 0)
			tool_die("%s: %s", what, rerrstr());
	} else {
		FILE *f = tool_input(what);
		size_t n;

		if (f == NULL)
			exit(2);
		while ((n = fread(buf_room(&b, 8192), 1, 8192, f)) > 0 && b.n < TEXTMAX)
			b.n += n;
		fclose(f);
		if (b.n >= TEXTMAX)
			tool_die("%s: more than %d bytes", what, TEXTMAX);
		buf_ch(&b, '\n');
	}
	g = graph_parse(buf_text(&b));
	if (g == NULL)
		tool_die("%s: %s", what, rerrstr());
	return g;
}

static bool matches(Rx *rx, const char *line)
{
	return rx_match(rx, line, strlen(line), 0, NULL, 0);
}

static bool skip(const char *line, void *arg)
{
	static const char *const window[] = { "/mnt/term", "/mnt/wsys", "/dev/cons", "/rio" };
	const Choice *c = arg;

	for (size_t i = 0; c->rio && i < nelem(window); i++)
		if (strstr(line, window[i]) != NULL)
			return true;
	return (c->not != NULL && matches(c->not, line)) || (c->only != NULL && !matches(c->only, line));
}

static Rx *pattern(const char *s)
{
	Rx *rx = rx_compile(s, 0);

	if (rx == NULL)
		tool_die("'%s': %s", s, rerrstr());
	return rx;
}

static u32 process(const char *s)
{
	u64 pid = 0;

	if (str_u64(s, 10, UINT32_MAX, &pid) < 0 || pid == 0)
		tool_die("'%s' is not a process", s);
	return (u32)pid;
}

static int change(const char *target, const char *script, bool test)
{
	if (test)
		fputs(script, stdout);
	else if (*script != '\0' && ns_apply(process(target), script) < 0)
		tool_die("%s: nothing was changed: %s", target, rerrstr());
	return tool_end(0);
}

int nscopy(int argc, char **argv, const char *usage, Graph *(*goal)(const Graph *target, const Graph *model))
{
	Graph *model, *target, *wanted, *final;
	autobuf Buf b = { 0 };
	bool test = false;
	Choice c = { 0 };
	Args a;
	int k, rc;

	args_init(&a, argc, argv, usage);
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 't':
			test = true;
			break;
		case 'r':
			c.rio = true;
			break;
		case 'x':
			c.not = pattern(args_value(&a));
			break;
		case 'o':
			c.only = pattern(args_value(&a));
			break;
		default:
			args_usage(&a);
		}
	if (a.argc != 2)
		args_usage(&a);
	model = nscopy_graph(a.argv[0]);
	target = nscopy_graph(a.argv[1]);
	wanted = goal(target, model);
	final = graph_restrict(wanted, target, skip, &c);
	graph_diff(&b, target, final);
	rc = change(a.argv[1], buf_text(&b), test);
	graph_free(model);
	graph_free(target);
	graph_free(wanted);
	graph_free(final);
	rx_free(c.not);
	rx_free(c.only);
	return rc;
}
