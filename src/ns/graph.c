/* Name spaces as lists of lines: reading, printing, set operations. */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/graph.h>
#include <ns/ns.h>
#include "points.h"

enum { MAXWORDS = 8, MAXLINES = 1 << 16 };

static const struct {
	char letter;
	int flag;
} letters[] = {
	{ 'b', MBEFORE }, { 'a', MAFTER }, { 'c', MCREATE }, { 'C', MCACHE }, { 'N', MNONE }, { 'n', 0 }, { 'q', 0 },
};

static int parse_flags(const char *s, int *flags)
{
	for (; *s != '\0'; s++) {
		size_t i = 0;

		while (i < nelem(letters) && letters[i].letter != *s)
			i++;
		if (i == nelem(letters))
			return werrstr("no flag -%c", *s);
		*flags |= letters[i].flag;
	}
	return (*flags & MBEFORE) && (*flags & MAFTER) ? werrstr("-a and -b together") : 0;
}

/* parse_words fills l from a bind or mount of n words. */
static int parse_words(GraphLine *l, char **w, int n)
{
	int i = 1;

	*l = (GraphLine){ .mount = strcmp(w[0], "mount") == 0 };
	if (!l->mount && strcmp(w[0], "bind") != 0)
		return werrstr("'%.40s': only bind and mount make a name space", w[0]);
	for (; i < n && w[i][0] == '-' && w[i][1] != '\0'; i++)
		if (parse_flags(w[i] + 1, &l->flags) < 0)
			return -1;
	if (n - i < 2 || n - i > 2 + l->mount)
		return werrstr("%s takes a name and a place", w[0]);
	if (w[i + 1][0] != '/')
		return werrstr("'%.80s' is not an absolute path", w[i + 1]);
	l->name = mem_str(w[i]);
	l->point = path_clean(mem_str(w[i + 1]));
	l->spec = mem_str(n - i == 3 ? w[i + 2] : "");
	return 0;
}

static int parse_line(Graph *g, char *text)
{
	char *w[MAXWORDS];
	int n = str_tokens(text, w, MAXWORDS);
	GraphLine l;

	if (n == 0 || w[0][0] == '#' || strcmp(w[0], "cd") == 0)
		return 0;
	if (g->n == MAXLINES)
		return werrstr("a name space of more than %d lines", MAXLINES);
	if (parse_words(&l, w, n) < 0)
		return -1;
	g->l = mem_grow(g->l, (size_t)g->n + 1, sizeof *g->l);
	g->l[g->n++] = l;
	return 0;
}

Graph *graph_parse(const char *text)
{
	autofree char *copy = mem_str(text);
	Graph *g = mem_new(sizeof *g);
	int number = 1;

	for (char *s = copy, *next; s != NULL; s = next, number++) {
		next = strchr(s, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (parse_line(g, s) < 0) {
			autofree char *why = mem_str(rerrstr());

			werrstr("line %d: %s", number, why);
			graph_free(g);
			return NULL;
		}
	}
	return g;
}

void graph_free(Graph *g)
{
	if (g == NULL)
		return;
	for (int i = 0; i < g->n; i++) {
		free(g->l[i].name);
		free(g->l[i].point);
		free(g->l[i].spec);
	}
	free(g->l);
	free(g);
}

void graph_line(Buf *b, const GraphLine *l)
{
	bool dash = false;

	buf_str(b, l->mount ? "mount " : "bind ");
	for (size_t i = 0; i < nelem(letters); i++) {
		if ((l->flags & letters[i].flag) == 0)
			continue;
		buf_str(b, dash ? "" : "-");
		buf_ch(b, letters[i].letter);
		dash = true;
	}
	buf_str(b, dash ? " " : "");
	str_quote(b, l->name);
	buf_ch(b, ' ');
	str_quote(b, l->point);
	if (l->spec[0] != '\0') {
		buf_ch(b, ' ');
		str_quote(b, l->spec);
	}
}

static bool below(const char *dir, const char *path)
{
	return strcmp(dir, path) != 0 && graph_under(dir, path);
}

/* insert puts a copy of l into g before the first line for a place below its own, else at the end. */
static void insert(Graph *g, const GraphLine *l)
{
	int at = 0;

	while (at < g->n && !below(l->point, g->l[at].point))
		at++;
	g->l = mem_grow(g->l, (size_t)g->n + 1, sizeof *g->l);
	memmove(&g->l[at + 1], &g->l[at], (size_t)(g->n - at) * sizeof *g->l);
	g->n++;
	g->l[at] = (GraphLine){ l->mount, l->flags, mem_str(l->name), mem_str(l->point), mem_str(l->spec) };
}

static void append(Graph *g, const GraphLine *l)
{
	g->l = mem_grow(g->l, (size_t)g->n + 1, sizeof *g->l);
	g->l[g->n++] = (GraphLine){ l->mount, l->flags, mem_str(l->name), mem_str(l->point), mem_str(l->spec) };
}

static bool has(const Graph *g, const GraphLine *l)
{
	for (int i = 0; i < g->n; i++)
		if (strcmp(g->l[i].point, l->point) == 0 && graph_same(&g->l[i], l))
			return true;
	return false;
}

Graph *graph_union(const Graph *g, const Graph *model)
{
	Graph *u = mem_new(sizeof *u);

	for (int i = 0; i < g->n; i++)
		append(u, &g->l[i]);
	for (int i = 0; i < model->n; i++)
		if (!has(g, &model->l[i]))
			insert(u, &model->l[i]);
	return u;
}

Graph *graph_common(const Graph *g, const Graph *model)
{
	Graph *u = mem_new(sizeof *u);

	for (int i = 0; i < g->n; i++)
		if (has(model, &g->l[i]))
			append(u, &g->l[i]);
	return u;
}

static bool skipped(const GraphLine *l, bool (*skip)(const char *line, void *arg), void *arg)
{
	autobuf Buf b = { 0 };

	graph_line(&b, l);
	return skip(buf_text(&b), arg);
}

Graph *graph_restrict(const Graph *model, const Graph *target, bool (*skip)(const char *line, void *arg), void *arg)
{
	Graph *u = mem_new(sizeof *u);

	for (int i = 0; i < model->n; i++)
		if (!skipped(&model->l[i], skip, arg))
			append(u, &model->l[i]);
	for (int i = 0; i < target->n; i++)
		if (skipped(&target->l[i], skip, arg))
			insert(u, &target->l[i]);
	return u;
}
