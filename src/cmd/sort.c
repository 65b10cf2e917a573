/*
 * sort(1): lines, or fields of lines, in order.  The keys are those of
 * Plan 9 (+m.n -m.n) and of POSIX (-k m.n,m.n).  Everything is held in
 * memory; equal lines stay in the order they came when -s is given, else
 * the whole line decides.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <base/mem.h>
#include <base/str.h>
#include "cmds.h"
#include "tool.h"

typedef struct Order {
	bool b, d, f, g, i, M, n, r, w, any;
} Order;

typedef struct Key {
	int from, fromc, to, toc; /* fields and characters from 0; to -1: the line's end */
	Order o;
} Key;

static Key *key;
static int nkey;
static Order whole;
static char tab;
static bool stable;

typedef struct Str {
	const char *p, *e;
} Str;

static const char *blanks(const char *p, const char *e)
{
	while (p < e && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* field returns where field n of the line begins, its end if there are fewer. */
static const char *field(const char *p, const char *e, int n)
{
	while (n-- > 0 && p < e)
		if (tab != 0) {
			p = memchr(p, tab, (size_t)(e - p));
			p = p != NULL ? p + 1 : e;
		} else {
			p = blanks(p, e);
			while (p < e && *p != ' ' && *p != '\t')
				p++;
		}
	return p;
}

static const char *spot(const char *p, const char *e, int f, int c, bool skip)
{
	p = field(p, e, f);
	if (skip)
		p = blanks(p, e);
	return c < e - p ? p + c : e;
}

static Str part(const Key *k, const char *line)
{
	const char *e = line + strlen(line);
	Str s = { spot(line, e, k->from, k->fromc, k->o.b), e };

	if (k->to >= 0)
		s.e = k->toc == 0 && k->to > 0 && tab != 0 ? field(line, e, k->to) - (field(line, e, k->to) < e || e[-1] == tab) :
							      spot(line, e, k->to, k->toc, k->o.b && k->toc > 0);
	if (s.e < s.p)
		s.e = s.p;
	return s;
}

static int order_num(Str a, Str b, bool general)
{
	char buf[2][64];
	double v[2];

	for (int i = 0; i < 2; i++) {
		Str s = i ? b : a;
		size_t n;

		s.p = blanks(s.p, s.e);
		n = (size_t)(s.e - s.p) < sizeof buf[i] - 1 ? (size_t)(s.e - s.p) : sizeof buf[i] - 1;
		memcpy(buf[i], s.p, n);
		buf[i][n] = '\0';
		if (!general)
			buf[i][strspn(buf[i], "+-.0123456789")] = '\0';
		v[i] = strtod(buf[i], NULL);
	}
	return (v[0] > v[1]) - (v[0] < v[1]);
}

static int month(Str s)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	s.p = blanks(s.p, s.e);
	for (int i = 0; i < 12 && s.e - s.p >= 3; i++)
		if (strncasecmp(s.p, names + 3 * i, 3) == 0)
			return i + 1;
	return 0;
}

/* next gives the next character that counts, -1 at the end. */
static int next(Str *s, const Order *o)
{
	while (s->p < s->e) {
		u8 c = (u8)*s->p++;
		bool letter = (c | 32) >= 'a' && (c | 32) <= 'z', digit = c >= '0' && c <= '9', space = c == ' ' || c == '\t';

		if ((o->w && space) || (o->d && !letter && !digit && !space && c < 0x80) || (o->i && (c < ' ' || c == 127)))
			continue;
		return o->f && letter ? c & ~32 : c;
	}
	return -1;
}

static int order(Str a, Str b, const Order *o)
{
	int r, x, y;

	if (o->n || o->g) {
		r = order_num(a, b, o->g);
	} else if (o->M) {
		r = month(a) - month(b);
	} else {
		do {
			x = next(&a, o);
			y = next(&b, o);
		} while (x == y && x >= 0);
		r = (x > y) - (x < y);
	}
	return o->r ? -r : r;
}

/* keys compares by the keys alone: what -u and merging call equal. */
static int keys(const char *a, const char *b)
{
	int r;

	for (int i = 0; i < nkey; i++)
		if ((r = order(part(&key[i], a), part(&key[i], b), &key[i].o)) != 0)
			return r;
	return nkey > 0 ? 0 : order((Str){ a, a + strlen(a) }, (Str){ b, b + strlen(b) }, &whole);
}

typedef struct Line {
	char *s;
	size_t no;
} Line;

static int by_line(const void *va, const void *vb)
{
	const Line *a = va, *b = vb;
	int r = keys(a->s, b->s);

	if (r == 0 && !stable) {
		r = strcmp(a->s, b->s);
		if (whole.r)
			r = -r;
	}
	return r != 0 ? r : (a->no > b->no) - (a->no < b->no);
}

static Line *line;
static size_t nline;

static int slurp(const char *name)
{
	FILE *f = tool_input(name);
	char *s = NULL;
	size_t cap = 0;
	ssize_t n;
	int bad;

	if (f == NULL)
		return 1;
	while ((n = getline(&s, &cap, f)) > 0) {
		if (s[n - 1] == '\n')
			s[--n] = '\0';
		if ((nline & (nline + 1)) == 0)
			line = mem_grow(line, 2 * (nline + 1), sizeof *line);
		line[nline] = (Line){ mem_strn(s, (size_t)n), nline };
		nline++;
	}
	free(s);
	bad = ferror(f);
	if (bad)
		tool_oops("%s", name);
	if (f != stdin)
		fclose(f);
	return bad ? 1 : 0;
}

static bool set(Order *o, int c)
{
	switch (c) {
	case 'b': o->b = true; break;
	case 'd': o->d = true; break;
	case 'f': o->f = true; break;
	case 'g': o->g = true; break;
	case 'i': o->i = true; break;
	case 'M': o->M = o->b = true; break;
	case 'n': o->n = o->b = true; break;
	case 'r': o->r = true; break;
	case 'w': o->w = true; break;
	default: return false;
	}
	return o->any = true;
}

/* spot_arg reads m[.n] and order letters. */
static const char *spot_arg(const Args *a, const char *s, int *f, int *c, Order *o)
{
	char *end;

	*f = (int)strtol(s, &end, 10);
	*c = 0;
	if (end == s || *f < 0 || *f > 1000000)
		args_usage(a);
	if (*end == '.') {
		*c = (int)strtol(end + 1, &end, 10);
		if (*c < 0 || *c > 1000000)
			args_usage(a);
	}
	while (*end != '\0' && set(o, *end))
		end++;
	return end;
}

static Key *new_key(void)
{
	key = mem_grow(key, (size_t)nkey + 1, sizeof *key);
	key[nkey] = (Key){ .to = -1 };
	return &key[nkey++];
}

/* posix reads m.n,m.n, both counted from 1; the end is the last character, inclusive. */
static void posix(const Args *a, const char *s)
{
	Key *k = new_key();

	s = spot_arg(a, s, &k->from, &k->fromc, &k->o);
	if (k->from < 1)
		args_usage(a);
	k->from--;
	if (k->fromc > 0)
		k->fromc--;
	if (*s == ',') {
		s = spot_arg(a, s + 1, &k->to, &k->toc, &k->o);
		if (k->to < 1)
			args_usage(a);
		if (k->toc > 0)
			k->to--;
	}
	if (*s != '\0')
		args_usage(a);
}

static bool isnum(const char *s) { return *s >= '0' && *s <= '9'; }

static char *output;
static bool check, unique;

static void args(Args *a)
{
	int k;

	for (;;) {
		if (a->p == NULL && a->argc > 0 && a->argv[0][0] == '+' && isnum(a->argv[0] + 1)) {
			Key *n = new_key();

			if (*spot_arg(a, a->argv[0] + 1, &n->from, &n->fromc, &n->o) != '\0')
				args_usage(a);
			a->argv++;
			a->argc--;
			if (a->argc > 0 && a->argv[0][0] == '-' && isnum(a->argv[0] + 1)) {
				if (*spot_arg(a, a->argv[0] + 1, &n->to, &n->toc, &n->o) != '\0')
					args_usage(a);
				a->argv++;
				a->argc--;
			}
			continue;
		}
		k = args_flag(a);
		if (k == 0 && a->argc > 0 && a->argv[0][0] == '+' && isnum(a->argv[0] + 1))
			continue;
		switch (k) {
		case 0:
			return;
		case 'c':
			check = true;
			break;
		case 'm': /* sorting sorted files merges them */
			break;
		case 'o':
			output = args_value(a);
			break;
		case 's':
			stable = true;
			break;
		case 't':
			tab = *args_value(a);
			break;
		case 'T':
			args_value(a);
			break;
		case 'u':
			unique = stable = true;
			break;
		case 'k':
			posix(a, args_value(a));
			break;
		default:
			if (!set(&whole, k))
				args_usage(a);
		}
	}
}

static int checked(void)
{
	for (size_t i = 1; i < nline; i++) {
		int r = keys(line[i - 1].s, line[i].s);

		if (r == 0 && !stable)
			r = strcmp(line[i - 1].s, line[i].s) * (whole.r ? -1 : 1);
		if (r > 0 || (r == 0 && unique)) {
			tool_warn("out of order: %s", line[i].s);
			return 1;
		}
	}
	return 0;
}

int cmd_sort(int argc, char **argv)
{
	Args a;
	int bad = 0;

	args_init(&a, argc, argv, "sort [-bcdfgiMmnrsuw] [-t c] [-o file] [-k pos,pos] [+pos [-pos]] [file ...]");
	args(&a);
	for (int i = 0; i < nkey; i++)
		if (!key[i].o.any)
			key[i].o = whole;
	if (a.argc == 0)
		bad = slurp("-");
	for (int i = 0; i < a.argc; i++)
		bad |= slurp(a.argv[i]);
	if (bad)
		return 1;
	if (check)
		return checked();
	if (nline > 0)
		qsort(line, nline, sizeof *line, by_line);
	if (output != NULL && freopen(output, "w", stdout) == NULL)
		tool_oopsdie("%s", output);
	for (size_t i = 0; i < nline; i++)
		if (!unique || i == 0 || keys(line[i - 1].s, line[i].s) != 0)
			puts(line[i].s);
	return tool_end(0);
}
