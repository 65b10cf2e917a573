/*
 * /graph?arg=NAME&arg2=NAME&graph=TYPE&t0=SECONDS&t1=SECONDS&min=N&max=N&wid=N&ht=N[&text=1]
 *
 * The samples between t0 and t1 (not positive: before now) are put into
 * bins, and minimum, average and maximum of each are drawn, as SVG or text.
 */
#include <base/err.h>
#include <stdlib.h>
#include <string.h>
#include <os/clock.h>
#include "pages.h"

enum { BINS = 200, MARGIN = 60, FOOT = 24 };

typedef struct Bin {
	int n;
	double min, max, sum;
} Bin;

typedef struct Graph {
	const char *kind;
	int arg, arg2;
	i64 t0, t1;
	double min, max;
	int wid, ht;
	Bin bin[BINS];
} Graph;

static double ratio(double a, double b) { return b == 0 ? 0 : a / b; }

/* value is the graph's figure for the second (or minute) from a to b; rates are per second. */
static double value(const Graph *g, const Sample *a, const Sample *b)
{
	double secs = b->t > a->t ? (double)(b->t - a->t) : 1;
	double d = g->arg < 0 ? 0 : (double)(b->n[g->arg] - a->n[g->arg]);
	double d2 = g->arg2 < 0 ? 0 : (double)(b->n[g->arg2] - a->n[g->arg2]);

	if (strcmp(g->kind, "raw") == 0)
		return (double)b->n[g->arg];
	if (strcmp(g->kind, "diff") == 0)
		return d / secs;
	if (strcmp(g->kind, "pct") == 0)
		return ratio(100 * (double)b->n[g->arg], (double)b->n[g->arg2]);
	if (strcmp(g->kind, "pctdiff") == 0)
		return ratio(100 * d, d2);
	if (strcmp(g->kind, "divdiff") == 0)
		return ratio(d, d2);
	return (double)(b->n[StatReadByte] + b->n[StatWriteByte] - a->n[StatReadByte] - a->n[StatWriteByte]) / secs;
}

static void fill(Ventid *v, Graph *g)
{
	int n;
	Sample *s = stats_samples(&v->stats, g->t0 - 60, g->t1, &n);

	for (int i = 1; i < n; i++) {
		i64 at = s[i].t < g->t0 ? -1 : (s[i].t - g->t0) * BINS / (g->t1 - g->t0 + 1);
		double y = value(g, &s[i - 1], &s[i]);
		Bin *b;

		if (at < 0 || at >= BINS)
			continue;
		b = &g->bin[at];
		b->min = b->n == 0 || y < b->min ? y : b->min;
		b->max = b->n == 0 || y > b->max ? y : b->max;
		b->sum += y;
		b->n++;
	}
	free(s);
}

static int request(const HttpReq *r, Graph *g)
{
	static const char *const one[] = { "raw", "diff", "netbw" }, *const two[] = { "pct", "pctdiff", "divdiff" };
	const char *arg = http_arg(r, "arg", "*"), *arg2 = http_arg(r, "arg2", "");
	bool known = false, pair = false;
	i64 now = clock_wall();

	*g = (Graph){ .kind = http_arg(r, "graph", "raw"), .arg = stats_find(arg), .arg2 = stats_find(arg2),
		.t0 = http_number(r, "t0", -600), .t1 = http_number(r, "t1", 0), .min = (double)http_number(r, "min", -1),
		.max = (double)http_number(r, "max", -1) };
	for (int i = 0; i < 3; i++) {
		known |= strcmp(g->kind, one[i]) == 0 || strcmp(g->kind, two[i]) == 0;
		pair |= strcmp(g->kind, two[i]) == 0;
	}
	if (!known)
		return werrstr("unknown graph %s: raw, diff, netbw, pct, pctdiff or divdiff", g->kind);
	if (g->arg < 0 && strcmp(g->kind, "netbw") != 0)
		return werrstr("unknown name %s: /stats lists them", arg);
	if (pair && g->arg2 < 0)
		return werrstr("unknown name %s in arg2: /stats lists them", arg2);
	g->t0 += g->t0 <= 0 ? now : 0;
	g->t1 += g->t1 <= 0 ? now : 0;
	if (g->t1 <= g->t0)
		g->t0 = g->t1 - 600;
	g->wid = (int)http_number(r, "wid", 640);
	g->ht = (int)http_number(r, "ht", 240);
	g->wid = g->wid < 100 || g->wid > 4000 ? 640 : g->wid;
	g->ht = g->ht < 60 || g->ht > 4000 ? 240 : g->ht;
	return 0;
}

static void text(const Graph *g, Buf *b)
{
	buf_str(b, "stats\n\n");
	for (int i = 0; i < BINS; i++)
		buf_printf(b, "%d: nsamp=%d min=%.6g max=%.6g avg=%.6g\n", i, g->bin[i].n, g->bin[i].min, g->bin[i].max,
			ratio(g->bin[i].sum, g->bin[i].n));
}

/* scale finds the least and the greatest value to be drawn. */
static void scale(Graph *g)
{
	double top = 0;

	for (int i = 0; i < BINS; i++)
		if (g->bin[i].n > 0 && g->bin[i].max > top)
			top = g->bin[i].max;
	if (g->min < 0)
		g->min = 0;
	if (g->max <= g->min)
		g->max = top > g->min ? top : g->min + 1;
}

static double across(const Graph *g, double i) { return MARGIN + (g->wid - MARGIN - 8) * i / BINS; }

static double up(const Graph *g, double y)
{
	y = y < g->min ? g->min : y > g->max ? g->max : y;
	return 8 + (g->ht - FOOT - 8) * (1 - (y - g->min) / (g->max - g->min));
}

static void curve(const Graph *g, Buf *b)
{
	buf_str(b, "<g stroke=\"#9cf\">\n");
	for (int i = 0; i < BINS; i++)
		if (g->bin[i].n > 1)
			buf_printf(b, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", across(g, i + 0.5), across(g, i + 0.5),
				up(g, g->bin[i].min), up(g, g->bin[i].max));
	buf_str(b, "</g>\n<polyline fill=\"none\" stroke=\"#036\" points=\"");
	for (int i = 0; i < BINS; i++)
		if (g->bin[i].n > 0)
			buf_printf(b, "%.1f,%.1f ", across(g, i + 0.5), up(g, g->bin[i].sum / g->bin[i].n));
	buf_str(b, "\"/>\n");
}

static void svg(Graph *g, const HttpReq *r, Buf *b)
{
	scale(g);
	buf_printf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n",
		g->wid, g->ht);
	buf_printf(b, "<title>%s %s", g->kind, g->arg >= 0 ? stats_name((Stat)g->arg) : "");
	buf_printf(b, " %s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", g->arg2 >= 0 ? stats_name((Stat)g->arg2) : "");
	buf_printf(b, "<path d=\"M%d 8V%dH%d\" fill=\"none\" stroke=\"#888\"/>\n", MARGIN, g->ht - FOOT + 1, g->wid - 8);
	curve(g, b);
	buf_printf(b, "<text x=\"2\" y=\"16\">%.6g</text>\n<text x=\"2\" y=\"%d\">%.6g</text>\n", g->max, g->ht - FOOT, g->min);
	buf_printf(b, "<text x=\"%d\" y=\"%d\">%s %s, last %lld s</text>\n</svg>\n", MARGIN, g->ht - 6, g->kind,
		g->arg >= 0 ? stats_name((Stat)g->arg) : "", (long long)(g->t1 - g->t0));
}

void graph_make(Ventid *v, const HttpReq *r, Page *p)
{
	Graph *g = calloc(1, sizeof *g);

	if (g == NULL || request(r, g) < 0) {
		page_fail(p, 400, g == NULL ? errtext(Enomem) : rerrstr());
		free(g);
		return;
	}
	fill(v, g);
	if (*http_arg(r, "text", "") != '\0') {
		text(g, &p->body);
	} else {
		p->type = "image/svg+xml";
		svg(g, r, &p->body);
	}
	free(g);
}
