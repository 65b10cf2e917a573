/*
 * What turns one name space into another: cases by hand, and random pairs
 * against a model.  In the model each place has a list of trees, each tree a
 * number made of the name it was bound by and of what that name was found in
 * then; what is below a place goes when the place is hidden.  The old name
 * space, changed by the lines of graph_diff, must be the new one made from
 * nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/graph.h>
#include <ns/ns.h>
#include "tap.h"

static Graph *graph(const char *text)
{
	Graph *g = graph_parse(text);

	if (g == NULL)
		printf("# %s\n", rerrstr());
	return g;
}

static char *diff(const char *from, const char *to)
{
	autobuf Buf b = { 0 };
	Graph *f = graph(from), *t = graph(to);

	graph_diff(&b, f, t);
	graph_free(f);
	graph_free(t);
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] == '\n')
			b.p[i] = ';';
	return buf_take(&b);
}

static void turns(const char *from, const char *to, const char *want, const char *what)
{
	autofree char *got = diff(from, to);

	is_str(got, want, "%s", what);
}

static void test_cases(void)
{
	turns("bind /a /x\n", "bind /a /x\n# comment\ncd /\n", "", "the same");
	turns("", "bind /a /x", "bind /a /x;", "one more");
	turns("bind /a /x", "", "unmount /x;", "one less");
	turns("bind /a /x", "bind /b /x", "unmount /x;bind /b /x;", "another");
	turns("bind -b /a /x", "bind -b /a /x\nbind -ac /b /x", "bind -ac /b /x;", "one more behind");
	turns("bind -b /a /x", "bind -b /a /x\nbind -b /b /x", "bind -b /b /x;", "one more before");
	turns("bind -b /a /x\nbind -a /b /x\nbind -a /c /x", "bind -b /a /x\nbind -a /c /x", "unmount /b /x;", "the middle one");
	turns("bind -b /a /x\nbind -a /b /x", "bind -b /b /x\nbind -a /a /x", "unmount /x;bind -b /b /x;bind -a /a /x;", "another order");
	turns("bind -b /a /x", "", "unmount /x;", "the last of a union");
	turns("bind -c /a /x", "bind /a /x", "unmount /x;bind /a /x;", "another flag");
	turns("mount -c /srv/a /n/a spec", "mount -c /srv/a /n/a other", "unmount /n/a;mount -c /srv/a /n/a other;", "another spec");
	turns("bind /a /x\nbind /b /x/y", "bind /c /x\nbind /b /x/y",
		"unmount /x/y;unmount /x;bind /c /x;bind /b /x/y;", "what is below a place that changes is made again");
	turns("bind -a /a /x\nbind /b /x/y", "bind -a /a /x\nbind -a /c /x\nbind /b /x/y", "bind -a /c /x;", "but not for more behind");
	turns("bind /r1 /root\nbind /root/bin /bin", "bind /r2 /root\nbind /root/bin /bin",
		"unmount /bin;unmount /root;bind /r2 /root;bind /root/bin /bin;", "what was found in it is found again");
	turns("bind /root/bin /bin\nbind /r1 /root", "bind /root/bin /bin\nbind /r2 /root",
		"unmount /root;bind /r2 /root;", "but not what was found before");
	turns("bind -a /r1 /root\nbind /root/bin /bin\nbind /root /all", "bind -a /r1 /root\nbind -a /r2 /root\nbind /root/bin /bin\nbind /root /all",
		"unmount /all;bind -a /r2 /root;bind /root /all;", "a union that grew is another union");
	turns("", "bind 'a dir' '/x y'", "bind 'a dir' '/x y';", "quotes");
}

static void bad(const char *text, const char *want)
{
	Graph *g = graph_parse(text);

	ok(g == NULL && strstr(rerrstr(), want) != NULL, "refused: %s (%s)", text, g == NULL ? rerrstr() : "accepted");
	graph_free(g);
}

static void test_bad(void)
{
	bad("bind /a\n", "line 1: bind takes a name and a place");
	bad("\nunmount /a\n", "line 2: 'unmount': only bind and mount");
	bad("bind -z /a /b", "no flag -z");
	bad("bind -ab /a /b", "-a and -b together");
	bad("bind /a b", "'b' is not an absolute path");
	bad("bind /a /b /c", "bind takes");
}

static bool skip_n(const char *line, void *arg)
{
	return strstr(line, "/n") != NULL;
}

static void test_sets(void)
{
	Graph *a = graph("bind /a /x\nbind /b /n/y"), *b = graph("bind /a /x\nbind /c /n\nbind /d /z");
	Graph *u = graph_union(a, b), *c = graph_common(a, b), *r = graph_restrict(b, a, skip_n, NULL);
	autobuf Buf out = { 0 };

	graph_diff(&out, a, u);
	is_str(buf_text(&out), "unmount /n/y\nbind /c /n\nbind /b /n/y\nbind /d /z\n", "a union puts places above first");
	buf_free(&out);
	graph_diff(&out, a, c);
	is_str(buf_text(&out), "unmount /n/y\n", "what is common");
	buf_free(&out);
	graph_diff(&out, a, r);
	is_str(buf_text(&out), "bind /d /z\n", "lines left alone");
	graph_free(a);
	graph_free(b);
	graph_free(u);
	graph_free(c);
	graph_free(r);
}

/* the model */

enum { MAXP = 64, MAXM = 64 };

typedef struct Place {
	char path[32];
	u64 m[MAXM];
	char name[MAXM][32];
	int n;
} Place;

typedef struct World {
	Place p[MAXP];
	int n;
} World;

static u64 hash(u64 h, const char *s)
{
	for (; *s != '\0'; s++)
		h = (h ^ (u64)(unsigned char)*s) * 1099511628211u;
	return h;
}

static bool under(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	return strncmp(dir, path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static Place *place(World *w, const char *path)
{
	for (int i = 0; i < w->n; i++)
		if (strcmp(w->p[i].path, path) == 0)
			return &w->p[i];
	return NULL;
}

/* number is what name means now, seen from a bind to point. */
static u64 number(World *w, const char *name, const char *point)
{
	Place *z = NULL;
	u64 all = 14695981039346656037u;

	for (int i = 0; i < w->n; i++)
		if (strcmp(w->p[i].path, point) != 0 && under(w->p[i].path, name) &&
		    (z == NULL || strlen(w->p[i].path) > strlen(z->path)))
			z = &w->p[i];
	if (z == NULL)
		return hash(all, name);
	if (strcmp(z->path, name) != 0)
		return hash(z->m[0], name + strlen(z->path));
	for (int i = 0; i < z->n; i++)
		all = hash(all ^ z->m[i], "+");
	return z->n == 1 ? z->m[0] : all;
}

static void drop(World *w, const char *path, bool itself)
{
	int n = 0;

	for (int i = 0; i < w->n; i++)
		if (!under(path, w->p[i].path) || (!itself && strcmp(path, w->p[i].path) == 0))
			w->p[n++] = w->p[i];
	w->n = n;
}

static void model_bind(World *w, const GraphLine *l)
{
	u64 tree = number(w, l->name, l->point);
	Place *p = place(w, l->point);
	int at;

	if (!(l->flags & MAFTER))
		drop(w, l->point, false);
	p = place(w, l->point);
	if (p == NULL) {
		u64 self = number(w, l->point, l->point);

		p = &w->p[w->n++];
		*p = (Place){ .n = 1, .m = { self } };
		str_cpy(p->path, sizeof p->path, l->point);
	}
	at = l->flags & MBEFORE ? 0 : p->n;
	if ((l->flags & (MBEFORE | MAFTER)) == 0)
		at = p->n = 0;
	memmove(&p->m[at + 1], &p->m[at], (size_t)(p->n - at) * sizeof p->m[0]);
	memmove(&p->name[at + 1], &p->name[at], (size_t)(p->n - at) * sizeof p->name[0]);
	p->m[at] = tree;
	str_cpy(p->name[at], sizeof p->name[at], l->name);
	p->n++;
}

static bool model_unmount(World *w, const char *name, const char *path)
{
	Place *p = place(w, path);
	int at = 0;

	if (p == NULL)
		return false;
	if (name == NULL) {
		drop(w, path, true);
		return true;
	}
	drop(w, path, false);
	p = place(w, path);
	while (at < p->n && strcmp(p->name[at], name) != 0)
		at++;
	if (at == p->n)
		return false;
	p->n--;
	memmove(&p->m[at], &p->m[at + 1], (size_t)(p->n - at) * sizeof p->m[0]);
	memmove(&p->name[at], &p->name[at + 1], (size_t)(p->n - at) * sizeof p->name[0]);
	if (p->n == 1 && p->name[0][0] == '\0')
		drop(w, path, true);
	return true;
}

static bool model_line(World *w, const char *text)
{
	autofree char *copy = mem_str(text);
	char *f[4];
	int n = str_tokens(copy, f, 4);
	Graph *g;

	if (strcmp(f[0], "unmount") == 0)
		return model_unmount(w, n == 3 ? f[1] : NULL, f[n - 1]);
	g = graph(text);
	if (g == NULL)
		return false;
	model_bind(w, &g->l[0]);
	graph_free(g);
	return true;
}

static bool model_run(World *w, const char *script)
{
	autofree char *copy = mem_str(script);
	char *save = NULL;

	for (char *s = strtok_r(copy, "\n", &save); s != NULL; s = strtok_r(NULL, "\n", &save))
		if (!model_line(w, s))
			return false;
	return true;
}

static bool same_world(World *a, World *b)
{
	if (a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++) {
		Place *q = place(b, a->p[i].path);

		if (q == NULL || q->n != a->p[i].n || memcmp(q->m, a->p[i].m, (size_t)q->n * sizeof q->m[0]) != 0) {
			for (int k = 0; k < a->p[i].n; k++)
				printf("# %s %d: %s %llx, not %s %llx\n", a->p[i].path, k, a->p[i].name[k], (unsigned long long)a->p[i].m[k], q ? q->name[k] : "-", q ? (unsigned long long)q->m[k] : 0);
			return false;
		}
	}
	return true;
}

static u64 seed;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static const char *const places[] = { "/b", "/b/c", "/b/c/d", "/n", "/n/e", "/r", "/r/s", "/t" };
static const char *const names[] = { "/b/x", "/r/bin", "/r/s/bin", "/n/e", "/n/e/f", "#c", "#d", "/r", "/t/u", "/q" };

static void random_line(Buf *b, const char *at)
{
	static const char *const flags[] = { "", "-b ", "-a ", "-ac ", "-bc ", "-a " };
	const char *name;

	do
		name = names[draw(nelem(names))];
	while (under(at, name) || under(name, at));
	buf_printf(b, "bind %s%s %s\n", flags[draw(nelem(flags))], name, at);
}

/* random_space writes places in an order that has what is above first. */
static void random_space(Buf *b)
{
	for (size_t i = 0; i < nelem(places); i++)
		for (unsigned k = draw(2) * (1 + draw(3)); k > 0; k--)
			random_line(b, places[i]);
}

/* change makes b a copy of a without some lines and with some others. */
static void change(Buf *b, const char *a)
{
	autofree char *copy = mem_str(a);
	char *save = NULL, *s = strtok_r(copy, "\n", &save);

	for (; s != NULL; s = strtok_r(NULL, "\n", &save)) {
		if (draw(6) != 0)
			buf_printf(b, "%s\n", s);
		if (draw(6) == 0)
			random_line(b, strrchr(s, ' ') + 1);
	}
}

/* normal brings a script to what ns(1) prints: replaced lines are gone. */
static void normal(Buf *b)
{
	Graph *g = graph(buf_text(b));
	autobuf Buf out = { 0 };

	for (int i = 0; i < g->n; i++) {
		bool gone = false;

		for (int k = i + 1; k < g->n; k++)
			gone |= strcmp(g->l[k].point, g->l[i].point) == 0 && (g->l[k].flags & (MBEFORE | MAFTER)) == 0;
		if (gone)
			continue;
		graph_line(&out, &g->l[i]);
		buf_ch(&out, '\n');
	}
	graph_free(g);
	buf_free(b);
	buf_str(b, buf_text(&out));
}

static bool round_trip(void)
{
	autobuf Buf a = { 0 }, b = { 0 }, d = { 0 };
	static World got, want;
	Graph *from, *to;
	bool good;

	random_space(&a);
	normal(&a);
	if (draw(2))
		change(&b, buf_text(&a));
	else
		random_space(&b);
	normal(&b);
	from = graph(buf_text(&a));
	to = graph(buf_text(&b));
	graph_diff(&d, from, to);
	got.n = want.n = 0;
	good = model_run(&got, buf_text(&a)) && model_run(&got, buf_text(&d)) && model_run(&want, buf_text(&b)) &&
	       same_world(&got, &want);
	if (!good)
		printf("# from\n%s# to\n%s# diff\n%s", buf_text(&a), buf_text(&b), buf_text(&d));
	graph_free(from);
	graph_free(to);
	return good;
}

static void test_random(void)
{
	int good = 0, runs = 3000;
	u64 first = seed;

	while (good < runs && round_trip())
		good++;
	ok(good == runs, "%d random pairs, seed %llu, failed after %d", runs, (unsigned long long)first, good);
}

int main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 20;
	test_cases();
	test_bad();
	test_sets();
	test_random();
	return done();
}
