#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include "ed.h"

static char *copy(const char *p, size_t n)
{
	char *to;

	if (n > EDMAX - ed.bytes || (to = mem_try(n + 1)) == NULL) {
		ed_fail("TMP");
		return NULL;
	}
	if (n > 0)
		memcpy(to, p, n);
	to[n] = '\0';
	ed.bytes += n;
	return to;
}

Line *ed_line(const char *p, size_t n)
{
	char *text = copy(p, n);
	Line *l;

	if (text == NULL)
		return NULL;
	l = mem_new(sizeof *l);
	l->p = text;
	l->n = n;
	return l;
}

int ed_setline(Line *l, const char *p, size_t n)
{
	char *text = copy(p, n);

	if (text == NULL)
		return -1;
	ed.bytes -= l->n;
	free(l->p);
	l->p = text;
	l->n = n;
	return 0;
}

/* drop frees a line and forgets who knows it. */
static void drop(Line *l)
{
	for (size_t i = 0; i < nelem(ed.name); i++)
		if (ed.name[i] == l)
			ed.name[i] = NULL;
	if (ed.sub == l)
		ed.sub = NULL;
	ed.bytes -= l->n;
	free(l->p);
	free(l);
}

int ed_push(Lines *ls, const char *p, size_t n)
{
	Line *l = ed_line(p, n);

	if (l == NULL)
		return -1;
	if (ls->n == ls->cap) {
		ls->cap = ls->cap ? 2 * ls->cap : 64;
		ls->v = mem_grow(ls->v, ls->cap, sizeof *ls->v);
	}
	ls->v[ls->n++] = l;
	return 0;
}

static void touched(long at)
{
	if (at < ed.low)
		ed.low = at;
	ed.changed = true;
}

void ed_insert(long at, Lines *ls)
{
	long n = (long)ls->n;

	if (n > 0) {
		touched(at + 1);
		if (ed.dol + n + 1 > ed.cap) {
			ed.cap = (ed.dol + n + 1) * 3 / 2;
			ed.line = mem_grow(ed.line, (size_t)ed.cap, sizeof *ed.line);
		}
		memmove(ed.line + at + 1 + n, ed.line + at + 1, (size_t)(ed.dol - at) * sizeof *ed.line);
		memcpy(ed.line + at + 1, ls->v, ls->n * sizeof *ed.line);
		ed.dol += n;
	}
	ed.dot = at + n;
	free(ls->v);
	*ls = (Lines){ 0 };
}

void ed_delete(long a, long b)
{
	touched(a);
	for (long i = a; i <= b; i++)
		drop(ed.line[i]);
	memmove(ed.line + a, ed.line + b + 1, (size_t)(ed.dol - b) * sizeof *ed.line);
	ed.dol -= b - a + 1;
	ed.dot = a > ed.dol ? ed.dol : a;
}

void ed_delmarked(void)
{
	long to = 0;

	for (long i = 1; i <= ed.dol; i++) {
		if (ed.line[i]->mark) {
			drop(ed.line[i]);
			ed.dot = to + 1;
			ed.changed = true;
		} else {
			ed.line[++to] = ed.line[i];
		}
	}
	ed.dol = to;
	if (ed.dot > ed.dol)
		ed.dot = ed.dol;
}

void ed_clear(void)
{
	while (ed.dol > 0)
		drop(ed.line[ed.dol--]);
	ed.dot = 0;
	ed.low = 1;
}

static void reverse(long a, long b)
{
	for (; a < b; a++, b--) {
		Line *l = ed.line[a];

		ed.line[a] = ed.line[b];
		ed.line[b] = l;
	}
}

void ed_move(long a, long b, long to)
{
	long n = b - a + 1;

	if (to < a) {
		ed.dot = to + n;
		if (to == a - 1)
			return;
		touched(to + 1);
		reverse(to + 1, a - 1);
		reverse(a, b);
		reverse(to + 1, b);
	} else {
		ed.dot = to;
		touched(a);
		reverse(a, b);
		reverse(b + 1, to);
		reverse(a, to);
	}
}
