#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include "ed.h"

enum { MAXSUB = 10 };

/* rhs reads the replacement, its \ left in; it ends at delim, or with the line, which then prints. */
static int rhs(int delim, Buf *b)
{
	int c;

	while ((c = ed_getc()) != delim) {
		if (c < 0 || b->n > EDLISTMAX)
			return ed_fail("");
		if (c == '\\') {
			buf_ch(b, c);
			c = ed_getc();
			if (c < 0)
				return ed_fail("");
		} else if (c == '\n' && (ed.glob == NULL || ed.glob == ed.globend)) {
			ed_back(c);
			ed.print = true;
			return 0;
		}
		buf_ch(b, c);
	}
	return 0;
}

/* replace adds the replacement for one match to out. */
static int replace(const Buf *rep, const Line *l, const RxSub *sub, Buf *out)
{
	for (size_t i = 0; i < rep->n; i++) {
		char c = rep->p[i];
		int k = 0;

		if (c == '\\') {
			c = rep->p[++i];
			k = c >= '1' && c <= '9' ? c - '0' : -1;
		} else if (c != '&') {
			k = -1;
		}
		if (k > rx_nsub(ed.rx))
			return ed_fail("");
		if (k < 0)
			buf_ch(out, c);
		else if (sub[k].s >= 0)
			buf_add(out, l->p + sub[k].s, (size_t)(sub[k].e - sub[k].s));
		if (out->n > EDMAX)
			return ed_fail("TMP");
	}
	return 0;
}

/* one makes out of l with the nth match replaced, and those after it if all; 1 if there was one.  As in sed an empty
 * match does not follow another match at once. */
static int one(const Line *l, const Buf *rep, long nth, bool all, Buf *out)
{
	RxSub sub[MAXSUB];
	size_t from = 0, done = 0;
	i64 end = -1;
	int r = 0;

	while (from <= l->n && rx_match(ed.rx, l->p, l->n, from, sub, MAXSUB)) {
		bool empty = sub[0].s == sub[0].e;

		if (!(empty && sub[0].s == end) && --nth <= 0) {
			buf_add(out, l->p + done, (size_t)sub[0].s - done);
			if (replace(rep, l, sub, out) < 0)
				return -1;
			done = (size_t)sub[0].e;
			r = 1;
			if (!all)
				break;
		}
		end = sub[0].e;
		from = (size_t)sub[0].e + empty;
	}
	buf_add(out, l->p + done, l->n - done);
	return r;
}

/* settle gives line a its new text, which may be several lines; it returns how many were added. */
static long settle(long a, const Buf *text)
{
	Line *l = ed.line[a];
	const char *p = buf_text(text), *end = p + text->n, *nl = memchr(p, '\n', text->n);
	char *old = mem_try(l->n + 1);
	size_t nold = l->n;
	Lines ls = { 0 };
	int r = 0;

	if (old == NULL)
		return ed_fail("TMP");
	memcpy(old, l->p, nold);
	if (ed_setline(l, p, (size_t)((nl != NULL ? nl : end) - p)) < 0) {
		free(old);
		return -1;
	}
	free(ed.old);
	ed.old = old;
	ed.nold = nold;
	ed.sub = l;
	l->mark = false;
	ed.changed = true;
	while (nl != NULL && r == 0) {
		p = nl + 1;
		nl = memchr(p, '\n', (size_t)(end - p));
		r = ed_push(&ls, p, (size_t)((nl != NULL ? nl : end) - p));
	}
	long n = (long)ls.n;

	ed_insert(a, &ls);
	return r < 0 ? -1 : n;
}

/* each substitutes in every addressed line; any: it is well if there was no match, as within g. */
static int each(const Buf *rep, long nth, bool all, bool any)
{
	for (long a = ed.a1, last = ed.a2, n; a <= last; a++) {
		autobuf Buf text = { 0 };
		int r = one(ed.line[a], rep, nth, all, &text);

		if (r < 0 || ed_interrupted())
			return -1;
		if (r == 0)
			continue;
		n = settle(a, &text);
		if (n < 0)
			return -1;
		any = true;
		a += n;
		last += n;
	}
	return any ? 0 : ed_fail("");
}

int ed_substitute(void)
{
	autobuf Buf rep = { 0 };
	bool all, glob = ed.glob != NULL;
	long nth = ed_number();
	int c = ed_getc();

	if (c <= ' ' || c >= 0x80 || ed_pattern(c) < 0 || rhs(c, &rep) < 0)
		return ed_fail("");
	c = ed_getc();
	all = c == 'g';
	if (!all)
		ed_back(c);
	if (ed_newline() < 0)
		return -1;
	return each(&rep, nth, all, glob);
}

int ed_undo(void)
{
	Line *l = ed.line[ed.a2];

	if (l != ed.sub || ed_newline() < 0)
		return ed_fail("");
	if (ed_setline(l, ed.old, ed.nold) < 0)
		return -1;
	ed.sub = NULL;
	ed.dot = ed.a2;
	ed.changed = true;
	return 0;
}
