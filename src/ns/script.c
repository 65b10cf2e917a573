/*
 * A name space as a script (ns(1), proc(3)).  Each visible mount gives its
 * lines, in the order of the mount table:
 *
 * - a mount object (the root is /M/N in our file system) is written as the
 *   binds and mounts that make it: those before the original directory as
 *   bind -b, in reverse, those after it as bind -a;
 * - anything else is one bind, under the name as typed if the journal knows
 *   the mount, else under a name found in the table itself;
 * - what cannot be said with bind is a comment: the host's file systems;
 * - what was mounted below something when that was bound comes by itself when
 *   it is bound again, and has no line.
 *
 * The text of /#/M/list, a line for each thing, words quoted:
 *	union ID / m FLAGS layer N NAME [UNION] / m FLAGS tree PATH NAME [UNION]
 *	mount ID FLAGS SOURCE ANAME NAME
 *	pipe ID
 *	owner ID USER
 *	bind DEV ROOT POINT FLAGS NAME UID
 * A bind counts for processes of its writer, and the host owner's for all: what a name space is said to be made of must
 * not be told by a stranger.  FLAGS are letters, - if none: c creation, B the directory itself, C cached, u one that came with
 * the member before it, of the union that was bound by the name UNION.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mtab.h>

enum { MAXWORDS = 8 };

typedef struct Line {
	char *w[MAXWORDS];
	int n;
} Line;

typedef struct Lines {
	Line *l;
	int n;
	char *text;
} Lines;

static void lines_parse(Lines *ls, const char *text)
{
	char *save = NULL;

	*ls = (Lines){ .text = mem_str(text) };
	for (char *s = strtok_r(ls->text, "\n", &save); s != NULL; s = strtok_r(NULL, "\n", &save)) {
		Line *l;

		ls->l = mem_grow(ls->l, (size_t)ls->n + 1, sizeof *ls->l);
		l = &ls->l[ls->n++];
		l->n = str_tokens(s, l->w, MAXWORDS);
		for (int i = l->n; i < MAXWORDS; i++)
			l->w[i] = (char *)(uintptr_t)"";
	}
}

/* object finds the line that begins what object id is. */
static int object(const Lines *ls, const char *id)
{
	static const char *const kinds[] = { "union", "mount", "pipe" };

	for (int i = 0; i < ls->n; i++)
		for (size_t k = 0; k < nelem(kinds); k++)
			if (strcmp(ls->l[i].w[0], kinds[k]) == 0 && strcmp(ls->l[i].w[1], id) == 0)
				return i;
	return -1;
}

static void command(Buf *b, const char *verb, int order, const char *flags, const char *name, const char *point,
		    const char *spec)
{
	char opts[8] = "-";
	size_t n = 1;

	if (order != 0)
		opts[n++] = (char)order;
	for (const char *p = "cCN"; *p != '\0'; p++)
		if (strchr(flags, *p) != NULL)
			opts[n++] = *p;
	opts[n] = '\0';
	buf_printf(b, "%s %s%s", verb, n > 1 ? opts : "", n > 1 ? " " : "");
	str_quote(b, name);
	buf_ch(b, ' ');
	str_quote(b, point);
	if (*spec != '\0') {
		buf_ch(b, ' ');
		str_quote(b, spec);
	}
	buf_ch(b, '\n');
}

/* mounted is a mount as a member: its own flags are C and N, the member's c. */
static void mounted(Buf *b, const Line *l, const char *own, int order, const char *point)
{
	char flags[4];
	size_t n = 0;

	if (strchr(own, 'c') != NULL)
		flags[n++] = 'c';
	for (const char *p = "CN"; *p != '\0'; p++)
		if (strchr(l->w[2], *p) != NULL)
			flags[n++] = *p;
	flags[n] = '\0';
	command(b, "mount", order, flags, l->w[5], point, l->w[4]);
}

static void member(Buf *b, const Lines *ls, const Line *m, int order, const char *point)
{
	const char *path = strcmp(m->w[2], "tree") == 0 ? m->w[3] : "";
	int o = str_prefix(path, "M/") ? object(ls, path + 2) : -1;

	if (strchr(m->w[1], 'u') != NULL)
		return;
	if (*m->w[5] != '\0')
		command(b, "bind", order, m->w[1], m->w[5], point, "");
	else if (o >= 0 && strcmp(ls->l[o].w[0], "mount") == 0)
		mounted(b, &ls->l[o], m->w[1], order, point);
	else
		command(b, "bind", order, m->w[1], m->w[4], point, "");
}

static bool is_member(const Lines *ls, int i)
{
	return i < ls->n && strcmp(ls->l[i].w[0], "m") == 0;
}

static void put_union(Buf *b, const Lines *ls, int at, const char *point)
{
	int base = at, first = at + 1;

	for (int i = first; is_member(ls, i); i++)
		if (strchr(ls->l[i].w[1], 'B') != NULL && strcmp(ls->l[i].w[4], point) == 0)
			base = i;
	for (int i = base - 1; i >= first; i--)
		member(b, ls, &ls->l[i], 'b', point);
	if (base == at && is_member(ls, first))
		member(b, ls, &ls->l[base = first], 0, point);
	for (int i = base + 1; is_member(ls, i); i++)
		member(b, ls, &ls->l[i], 'a', point);
}

/* source finds a path by which what m shows is reached elsewhere in t, owned by the caller; NULL if there is none. */
static char *source(const Mounts *t, const Mount *m)
{
	for (int i = 0; i < t->n && &t->m[i] != m; i++) {
		const Mount *s = &t->m[i];
		const char *rest = s->major == m->major && s->minor == m->minor ? mtab_below(s->root, m->root) : NULL;
		char *p;

		if (rest == NULL || strcmp(s->point, MTAB_DEVS) == 0 || !mtab_visible(t, s))
			continue;
		p = path_clean(mem_printf("%s/%s", s->point, rest));
		if (mtab_at(t, p) == s)
			return p;
		free(p);
	}
	return NULL;
}

/* moved says whether the union at line at was made at another place than point, and bound to point as it was. */
static bool moved(const Lines *ls, int at, const char *point)
{
	for (int i = at + 1; is_member(ls, i); i++)
		if (strchr(ls->l[i].w[1], 'B') != NULL)
			return strcmp(ls->l[i].w[4], point) != 0;
	return false;
}

static bool put_object(Buf *b, const Mounts *t, const Lines *ls, const Mount *m)
{
	const char *point = m->point;
	int at = object(ls, m->root + 3);
	autofree char *src = at >= 0 && moved(ls, at, point) ? source(t, m) : NULL;

	if (at < 0)
		return false;
	if (src != NULL)
		command(b, "bind", 0, "-", src, point, "");
	else if (strcmp(ls->l[at].w[0], "union") == 0)
		put_union(b, ls, at, point);
	else if (strcmp(ls->l[at].w[0], "pipe") == 0)
		command(b, "bind", 0, "-", "#|", point, "");
	else
		command(b, "mount", 0, ls->l[at].w[2], ls->l[at].w[5], point, ls->l[at].w[4]);
	return true;
}

static const Line *typed(const Lines *ls, const Mount *m, bool ours, u32 uid)
{
	const Line *eve = NULL;
	char dev[32] = "#";
	u64 whose;

	if (!ours)
		snprintf(dev, sizeof dev, "%u:%u", m->major, m->minor);
	for (int i = ls->n - 1; i >= 0; i--) {
		const Line *l = &ls->l[i];

		if (strcmp(l->w[0], "bind") != 0 || strcmp(l->w[1], dev) != 0 || strcmp(l->w[2], m->root) != 0 ||
		    strcmp(l->w[3], m->point) != 0 || str_u64(l->w[6], 10, UINT32_MAX, &whose) < 0)
			continue;
		if (whose == uid)
			return l;
		if (whose == 0 && eve == NULL)
			eve = l;
	}
	return eve;
}

static void put_other(Buf *b, const Mounts *t, const Mount *m)
{
	autofree char *src = source(t, m);

	if (src == NULL) {
		buf_printf(b, "# %s ", m->fstype);
		str_quote(b, m->source);
		buf_ch(b, ' ');
		str_quote(b, m->point);
		buf_ch(b, '\n');
	} else if (strcmp(src, m->point) != 0) {
		command(b, "bind", 0, "-", src, m->point, "");
	}
}

static void put_device(Buf *b, const Mounts *t, const Mount *m)
{
	autofree char *src = str_prefix(m->root, "/M/") ? source(t, m) : mem_printf("#%s", m->root + 1);

	command(b, "bind", 0, "-", src != NULL ? src : m->root, m->point, "");
}

/* is_at says whether something mounted at name/rel before q shows what m does. */
static bool is_at(const Mounts *t, const Mount *q, const char *name, const char *rel, const Mount *m)
{
	autofree char *path = path_join(name, rel);

	for (const Mount *s = t->m; *name == '/' && s < q; s++)
		if (s->major == m->major && s->minor == m->minor && strcmp(s->root, m->root) == 0 && strcmp(s->point, path) == 0)
			return true;
	return false;
}

/* found says whether rel comes with what the lines for q bind. */
static bool found(const Mounts *t, const Lines *ls, const Mount *q, const char *rel, const Mount *m, u32 uid)
{
	bool ours = mtab_ours(t, q), yes = false;
	int at = ours && str_prefix(q->root, "/M/") ? object(ls, q->root + 3) : -1;
	const Line *l = at < 0 ? typed(ls, q, ours, uid) : NULL;
	autofree char *src = l == NULL && (at < 0 || moved(ls, at, q->point)) ? source(t, q) : NULL;

	if (l != NULL || src != NULL)
		return is_at(t, q, l != NULL ? l->w[5] : src, rel, m);
	for (int i = at + 1; at >= 0 && is_member(ls, i) && !yes; i++) {
		const char *name = *ls->l[i].w[5] != '\0' ? ls->l[i].w[5] : ls->l[i].w[4];

		yes = strcmp(name, q->point) != 0 && is_at(t, q, name, rel, m); /* in itself it is hidden */
	}
	return yes;
}

/* brought says whether m was mounted in what was bound to a place above it, and so comes by itself when that is bound again. */
static bool brought(const Mounts *t, const Lines *ls, const Mount *m, u32 uid)
{
	const Mount *q = mtab_byid(t, m->parent);

	while (q != NULL && brought(t, ls, q, uid))
		q = mtab_byid(t, q->parent);
	return q != NULL && strcmp(q->point, m->point) != 0 && found(t, ls, q, mtab_below(q->point, m->point), m, uid);
}

static void put_mount(Buf *b, const Mounts *t, const Lines *ls, const Mount *m, u32 uid)
{
	bool ours = mtab_ours(t, m);
	const Line *l;

	if (strcmp(m->point, MTAB_DEVS) == 0)
		return;
	if (ours && str_prefix(m->root, "/M/") && put_object(b, t, ls, m))
		return;
	l = typed(ls, m, ours, uid);
	if (l != NULL)
		command(b, "bind", 0, l->w[4], l->w[5], m->point, "");
	else if (ours)
		put_device(b, t, m);
	else
		put_other(b, t, m);
}

bool mtab_typed(const Mounts *t, const Mount *m, const char *list, u32 uid, char **flags, char **name)
{
	const Line *l;
	Lines ls;

	lines_parse(&ls, list);
	l = typed(&ls, m, mtab_ours(t, m), uid);
	if (l != NULL) {
		*flags = mem_str(l->w[4]);
		*name = mem_str(l->w[5]);
	}
	free(ls.l);
	free(ls.text);
	return l != NULL;
}

void mtab_script(Buf *b, const Mounts *t, const char *list, u32 uid)
{
	Lines ls;

	lines_parse(&ls, list);
	for (int i = 0; i < t->n; i++)
		if (mtab_visible(t, &t->m[i]) && !brought(t, &ls, &t->m[i], uid))
			put_mount(b, t, &ls, &t->m[i], uid);
	free(ls.l);
	free(ls.text);
}
