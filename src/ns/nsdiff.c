/*
 * What turns one name space into another.
 *
 * Both are brought to Points: a place with the list of what is there, first
 * member first; NULL stands for the directory itself.  A Point of the goal is
 *
 * - kept, if its list is the same;
 * - extended, if what it shares with the old list stands together in the new
 *   one: members go by `unmount name place`, others come by -b and -a;
 * - made again (dirty) otherwise, and also when something it stands on
 *   changes, which the text of its lines does not show:
 *     a place above it that hides what was there (made again, new, gone, or
 *     with another member before or without one of the old);
 *     or the place in which one of its members is found: `bind /root/bin
 *     /bin` means another directory once /root is another tree.
 *
 * A place that is kept is there from the start: if in the new name space it comes after something that is found
 * through it, it is made again too.  The rules run until nothing changes.  A member is found in the
 * longest place that its name is under, if the name space made that place
 * before; appending to a union does not change what is found in it, but does
 * change the union itself.
 *
 * Then everything that goes is taken off, in the reverse order of the old
 * name space, so that what is below goes first; and what comes is made in
 * the order of the new one, as ns(1) of it would.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/ns.h>
#include "points.h"

typedef struct Point Point;

struct Point {
	const char *path;
	const GraphLine **m; /* NULL: the directory itself */
	int n;
	int first, last; /* of its lines */
	Point *other;    /* the same place in the other name space */
	bool dirty;
	int from, to; /* extended: other's members are m[from..to) */
};

typedef struct Points {
	Point *p;
	int n;
} Points;

bool graph_under(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	return strcmp(dir, "/") == 0 || (strncmp(dir, path, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

bool graph_same(const GraphLine *a, const GraphLine *b)
{
	const int mask = MCREATE | MCACHE | MNONE;

	if (a == NULL || b == NULL)
		return a == b;
	return a->mount == b->mount && (a->flags & mask) == (b->flags & mask) && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->spec, b->spec) == 0;
}

static Point *find(const Points *ps, const char *path)
{
	for (int i = 0; i < ps->n; i++)
		if (strcmp(ps->p[i].path, path) == 0)
			return &ps->p[i];
	return NULL;
}

static Point *point(Points *ps, const char *path, int line)
{
	Point *p = find(ps, path);

	if (p != NULL)
		return p;
	ps->p = mem_grow(ps->p, (size_t)ps->n + 1, sizeof *ps->p);
	p = &ps->p[ps->n++];
	*p = (Point){ .path = path, .m = mem_array(1, sizeof *p->m), .n = 1, .first = line };
	return p;
}

static void member(Point *p, const GraphLine *l)
{
	int at = l->flags & MBEFORE ? 0 : p->n;

	if ((l->flags & (MBEFORE | MAFTER)) == 0)
		at = p->n = 0;
	p->m = mem_grow(p->m, (size_t)p->n + 1, sizeof *p->m);
	memmove(&p->m[at + 1], &p->m[at], (size_t)(p->n - at) * sizeof *p->m);
	p->m[at] = l;
	p->n++;
}

static void points_make(Points *ps, const Graph *g)
{
	*ps = (Points){ 0 };
	for (int i = 0; i < g->n; i++) {
		Point *p = point(ps, g->l[i].point, i);

		member(p, &g->l[i]);
		p->last = i;
	}
}

static void points_free(Points *ps)
{
	for (int i = 0; i < ps->n; i++)
		free(ps->p[i].m);
	free(ps->p);
}

static int index_of(const Point *p, const GraphLine *l)
{
	for (int i = 0; i < p->n; i++)
		if (graph_same(p->m[i], l))
			return i;
	return -1;
}

/* doubles says whether p has one name twice: unmount could not tell them apart. */
static bool doubles(const Point *p)
{
	for (int i = 0; i < p->n; i++)
		for (int k = 0; k < i; k++)
			if (p->m[i] != NULL && p->m[k] != NULL && strcmp(p->m[i]->name, p->m[k]->name) == 0)
				return true;
	return false;
}

/* extends finds where q holds what it shares with the old list; false if q has to be made again. */
static bool extends(Point *q)
{
	const Point *p = q->other;

	q->from = q->to = -1;
	if (doubles(p) || doubles(q) || (index_of(p, NULL) < 0) != (index_of(q, NULL) < 0))
		return false;
	for (int i = 0; i < p->n; i++) {
		int at = index_of(q, p->m[i]);

		if (at < 0)
			continue;
		if (q->from < 0)
			q->from = q->to = at;
		if (at != q->to++)
			return false;
	}
	return q->from >= 0;
}

static bool changed(const Point *p)
{
	if (p->dirty || p->other == NULL || p->other->dirty || p->n != p->other->n)
		return true;
	for (int i = 0; i < p->n; i++)
		if (!graph_same(p->m[i], p->other->m[i]))
			return true;
	return false;
}

/* hides says whether p, of the new name space or gone from the old, shows something else under a name that was there. */
static bool hides(const Point *p)
{
	return p->other == NULL || p->dirty || p->from > 0 || p->to - p->from < p->other->n;
}

/* finder returns the place in which the name of l, on line `line`, is found, NULL for the root or a # name. */
static const Point *finder(const Points *ps, const GraphLine *l, int line)
{
	const Point *best = NULL;

	for (int i = 0; i < ps->n; i++) {
		const Point *p = &ps->p[i];

		if (l->name[0] == '/' && p->first < line && strcmp(p->path, l->point) != 0 && graph_under(p->path, l->name) &&
		    (best == NULL || strlen(p->path) > strlen(best->path)))
			best = p;
	}
	return best;
}

/* goal is p's Point in the new name space, or p itself if it is gone. */
static const Point *goal(const Point *p, const Points *to)
{
	return p->other != NULL && !(p >= to->p && p < to->p + to->n) ? p->other : p;
}

static bool moves(const Points *in, const Points *to, const GraphLine *l, int line)
{
	const Point *z = finder(in, l, line);

	if (z == NULL)
		return false;
	z = goal(z, to);
	return hides(z) || (strcmp(z->path, l->name) == 0 && changed(z));
}

static bool stands_on_change(const Points *from, const Points *to, const Point *q)
{
	for (int i = 0; i < q->n; i++)
		if (q->m[i] != NULL && (moves(to, to, q->m[i], q->last) || moves(from, to, q->m[i], q->other->last)))
			return true;
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < (k ? from : to)->n; i++) {
			const Point *a = &(k ? from : to)->p[i];

			if (strcmp(a->path, q->path) != 0 && graph_under(a->path, q->path) && hides(goal(a, to)))
				return true;
		}
	return false;
}

/* stands_too_early says whether z, kept as it was, would be found by what is made before z is in the new name space. */
static bool stands_too_early(const Points *to, const Point *z)
{
	for (int i = 0; i < to->n; i++) {
		const Point *x = &to->p[i];

		if (x == z || (x->other != NULL && !changed(x)))
			continue;
		for (int k = 0; k < x->n; k++)
			if (x->m[k] != NULL && x->first < z->first && graph_under(z->path, x->m[k]->name) &&
			    (z->m[0] != NULL || strcmp(z->path, x->m[k]->name) == 0))
				return true;
	}
	return false;
}

static void settle(const Points *from, Points *to)
{
	bool again;

	for (int i = 0; i < to->n; i++)
		to->p[i].dirty = to->p[i].other != NULL && !extends(&to->p[i]);
	do {
		again = false;
		for (int i = 0; i < to->n; i++) {
			Point *q = &to->p[i];

			if (q->other != NULL && !q->dirty && (stands_on_change(from, to, q) || stands_too_early(to, q)))
				again = q->dirty = true;
		}
	} while (again);
}

static void put(Buf *b, const GraphLine *l, int order)
{
	GraphLine c = *l;

	c.flags = (l->flags & ~(MBEFORE | MAFTER)) | order;
	graph_line(b, &c);
	buf_ch(b, '\n');
}

static void put_unmount(Buf *b, const char *name, const char *place)
{
	buf_str(b, "unmount ");
	if (name != NULL) {
		str_quote(b, name);
		buf_ch(b, ' ');
	}
	str_quote(b, place);
	buf_ch(b, '\n');
}

/* take writes what has to go from p, a place of the old name space. */
static void take(Buf *b, const Point *p)
{
	const Point *q = p->other;

	if (q == NULL || q->dirty) {
		put_unmount(b, NULL, p->path);
	} else if (q->n == 1 && q->m[0] == NULL) {
		if (p->n > 1)
			put_unmount(b, NULL, p->path);
	} else {
		for (int i = 0; i < p->n; i++)
			if (index_of(q, p->m[i]) < 0)
				put_unmount(b, p->m[i]->name, p->path);
	}
}

/* make writes what has to come to q. */
static void make(Buf *b, const Point *q)
{
	bool anew = q->other == NULL || q->dirty;
	int self = index_of(q, NULL), from = q->from, to = q->to;

	if (anew) {
		from = self < 0 ? 0 : self;
		to = from + 1;
		if (self < 0)
			put(b, q->m[0], 0);
	}
	for (int i = from - 1; i >= 0; i--)
		put(b, q->m[i], MBEFORE);
	for (int i = to; i < q->n; i++)
		put(b, q->m[i], MAFTER);
}

void graph_diff(Buf *b, const Graph *from, const Graph *to)
{
	Points old, new;

	points_make(&old, from);
	points_make(&new, to);
	for (int i = 0; i < old.n; i++)
		old.p[i].other = find(&new, old.p[i].path);
	for (int i = 0; i < new.n; i++)
		new.p[i].other = find(&old, new.p[i].path);
	settle(&old, &new);
	for (int i = old.n - 1; i >= 0; i--)
		take(b, &old.p[i]);
	for (int i = 0; i < new.n; i++)
		make(b, &new.p[i]);
	points_free(&old);
	points_free(&new);
}
