/*
 * A pattern becomes a program for a machine that runs all its threads in
 * step over the text (Thompson 1968, with Pike's subexpressions).
 * Jumps are relative, so that a Split may be put before code that is there
 * already.
 *
 * A state holds one thread.  Of two that meet in a state the one that
 * began further left stays, and of equals the one that came first; once a
 * match is known no thread may begin, and threads that began to its right
 * die.  So the answer is leftmost, then longest.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/rx.h>
#include <base/utf.h>

enum { MAXDEPTH = 100 };

typedef enum { Char, Any, Class, Nclass, Bol, Eol, Save, Split, Jump, Match } Op;

typedef struct Inst {
	Op op;
	int x, y; /* Char: the rune; Class: its set; Save: which; Split: two relative jumps; Jump: one */
} Inst;

typedef struct Range {
	Rune lo, hi;
} Range;

typedef struct Set {
	Range *r;
	int n;
} Set;

typedef struct Threads {
	int n;
	int *pc;    /* the states held, in order of arrival */
	int *where; /* by state: index in pc, valid if pc says so */
	i64 *sub;   /* nsave each */
} Threads;

struct Rx {
	Inst *prog;
	int n;
	Set *set;
	int nset;
	int nsub;
	bool nocase;
	int first; /* the byte that every match begins with, -1: not known */
	char *literal; /* the pattern is no more than this text */
	size_t nliteral;
	Threads a, b;
	int nsave; /* of the run */
	i64 *best;
};

typedef struct Parse {
	Rx *rx;
	const char *p;
	int depth;
	bool plain;
} Parse;

static int alternatives(Parse *c);

/* insert makes room for one instruction at pc. */
static int insert(Parse *c, int pc, Inst i)
{
	Rx *rx = c->rx;

	if (rx->n == RXPROG)
		return werrstr("regular expression too long");
	if ((rx->n & (rx->n - 1)) == 0)
		rx->prog = mem_grow(rx->prog, rx->n ? (size_t)rx->n * 2 : 1, sizeof(Inst));
	memmove(rx->prog + pc + 1, rx->prog + pc, (size_t)(rx->n - pc) * sizeof(Inst));
	rx->prog[pc] = i;
	rx->n++;
	return 0;
}

static int emit(Parse *c, Op op, int x, int y) { return insert(c, c->rx->n, (Inst){ op, x, y }); }

static Rune lower(Rune r) { return r >= 'A' && r <= 'Z' ? r + 'a' - 'A' : r; }

static Rune rune(Parse *c)
{
	Rune r;

	c->p += utf_get(&r, c->p, strnlen(c->p, UTFmax));
	return r;
}

/* escaped reads what stands after a backslash. */
static Rune escaped(Parse *c)
{
	Rune r = rune(c);

	return r == 'n' && !c->plain ? '\n' : r;
}

static void set_add(Set *s, Rune lo, Rune hi)
{
	s->r = mem_grow(s->r, (size_t)s->n + 1, sizeof(Range));
	s->r[s->n++] = (Range){ lo, hi };
}

/* class_rune reads one member of [ ]: 1, or 0 at the ], or -1. */
static int class_rune(Parse *c, Rune *r)
{
	if (*c->p == ']')
		return 0;
	if (*c->p == '\0' || (*c->p == '\\' && c->p[1] == '\0'))
		return werrstr("missing ] in regular expression");
	if (*c->p == '\\') {
		c->p++;
		*r = escaped(c);
	} else {
		*r = rune(c);
	}
	return 1;
}

static int class(Parse *c)
{
	Rx *rx = c->rx;
	Set *s;
	Rune lo, hi;
	bool not = *c->p == '^';
	int k;

	rx->set = mem_grow(rx->set, (size_t)rx->nset + 1, sizeof(Set));
	s = &rx->set[rx->nset++];
	*s = (Set){ NULL, 0 };
	if (not)
		c->p++;
	while ((k = class_rune(c, &lo)) > 0) {
		hi = lo;
		if (c->p[0] == '-' && c->p[1] != ']') {
			c->p++;
			k = class_rune(c, &hi);
			if (k < 0)
				return -1;
		}
		if (hi < lo)
			return werrstr("bad range in regular expression");
		set_add(s, lo, hi);
	}
	if (k < 0)
		return -1;
	if (s->n == 0)
		return werrstr("empty [] in regular expression");
	c->p++;
	return emit(c, not ? Nclass : Class, rx->nset - 1, 0);
}

static int group(Parse *c)
{
	int n = ++c->rx->nsub;

	if (++c->depth > MAXDEPTH)
		return werrstr("too many ( in regular expression");
	if (n < RXSUBS && emit(c, Save, 2 * n, 0) < 0)
		return -1;
	if (alternatives(c) < 0)
		return -1;
	if (*c->p != ')')
		return werrstr("missing ) in regular expression");
	c->p++;
	c->depth--;
	return n < RXSUBS ? emit(c, Save, 2 * n + 1, 0) : 0;
}

static int atom(Parse *c)
{
	Rune r = rune(c);

	if (!c->plain)
		switch (r) {
		case '.':
			return emit(c, Any, 0, 0);
		case '^':
			return emit(c, Bol, 0, 0);
		case '$':
			return emit(c, Eol, 0, 0);
		case '[':
			return class(c);
		case '(':
			return group(c);
		case '*': case '+': case '?':
			return werrstr("missing operand for %c in regular expression", (int)r);
		case '\\':
			if (*c->p == '\0')
				return werrstr("trailing \\ in regular expression");
			r = escaped(c);
			break;
		}
	return emit(c, Char, (int)(c->rx->nocase ? lower(r) : r), 0);
}

/* repeat reads an atom and the operators after it; code of an atom is never empty. */
static int repeat(Parse *c)
{
	int start = c->rx->n, len;

	if (atom(c) < 0)
		return -1;
	while (!c->plain && *c->p != '\0' && strchr("*+?", *c->p) != NULL) {
		len = c->rx->n - start;
		switch (*c->p++) {
		case '*':
			if (insert(c, start, (Inst){ Split, 1, len + 2 }) < 0 || emit(c, Jump, -(len + 1), 0) < 0)
				return -1;
			break;
		case '+':
			if (emit(c, Split, -len, 1) < 0)
				return -1;
			break;
		default:
			if (insert(c, start, (Inst){ Split, 1, len + 1 }) < 0)
				return -1;
		}
	}
	return 0;
}

static int sequence(Parse *c)
{
	while (*c->p != '\0' && (c->plain || (*c->p != '|' && *c->p != ')')))
		if (repeat(c) < 0)
			return -1;
	return 0;
}

/* Each alternative but the last is  Split(here, next) code Jump(end);  the jumps are set at the end. */
static int alternatives(Parse *c)
{
	int jumps = -1, start = c->rx->n, j;

	if (sequence(c) < 0)
		return -1;
	while (!c->plain && *c->p == '|') {
		c->p++;
		if (insert(c, start, (Inst){ Split, 1, c->rx->n - start + 2 }) < 0 || emit(c, Jump, 0, jumps) < 0)
			return -1;
		jumps = c->rx->n - 1;
		start = c->rx->n;
		if (sequence(c) < 0)
			return -1;
	}
	for (; jumps >= 0; jumps = j) {
		j = c->rx->prog[jumps].y;
		c->rx->prog[jumps].x = c->rx->n - jumps;
	}
	return 0;
}

/* literal notes that a program is a plain text, or what it begins with, so that matching can skip ahead. */
static void literal(Rx *rx)
{
	char buf[UTFmax];
	Inst *p = rx->prog;
	size_t n = 0;

	rx->first = -1;
	if (rx->nocase)
		return;
	while (p->op == Save)
		p++;
	if (p->op != Char)
		return;
	utf_put(buf, (Rune)p->x);
	rx->first = (u8)buf[0];
	p = rx->prog + 1;
	for (; p->op == Char; p++)
		n += (size_t)utf_put(buf, (Rune)p->x);
	if (p->op != Save || p->x != 1)
		return;
	rx->literal = mem_new(n + 1);
	for (p = rx->prog + 1; p->op == Char; p++)
		rx->nliteral += (size_t)utf_put(rx->literal + rx->nliteral, (Rune)p->x);
}

static void threads_init(Threads *t, int n)
{
	t->pc = mem_array((size_t)n, sizeof(int));
	t->where = mem_array((size_t)n, sizeof(int));
	t->sub = mem_array((size_t)n, 2 * RXSUBS * sizeof(i64));
}

static void threads_free(Threads *t)
{
	free(t->pc);
	free(t->where);
	free(t->sub);
}

Rx *rx_compile(const char *pat, int flags)
{
	Rx *rx = mem_new(sizeof *rx);
	Parse c = { rx, pat, 0, (flags & RxLiteral) != 0 };

	rx->nocase = (flags & RxNocase) != 0;
	if (emit(&c, Save, 0, 0) < 0 || alternatives(&c) < 0)
		goto bad;
	if (*c.p == ')') {
		werrstr("unmatched ) in regular expression");
		goto bad;
	}
	if (emit(&c, Save, 1, 0) < 0 || emit(&c, Match, 0, 0) < 0)
		goto bad;
	literal(rx);
	threads_init(&rx->a, rx->n);
	threads_init(&rx->b, rx->n);
	rx->best = mem_array(2 * RXSUBS, sizeof(i64));
	return rx;
bad:
	rx_free(rx);
	return NULL;
}

int rx_nsub(const Rx *rx) { return rx->nsub; }

void rx_free(Rx *rx)
{
	if (rx == NULL)
		return;
	for (int i = 0; i < rx->nset; i++)
		free(rx->set[i].r);
	threads_free(&rx->a);
	threads_free(&rx->b);
	free(rx->set);
	free(rx->prog);
	free(rx->literal);
	free(rx->best);
	free(rx);
}

static bool in_set(const Rx *rx, const Set *s, Rune r)
{
	for (int i = 0; i < s->n; i++) {
		if (r >= s->r[i].lo && r <= s->r[i].hi)
			return true;
		if (rx->nocase && r >= 'a' && r <= 'z' && r - 'a' + 'A' >= s->r[i].lo && r - 'a' + 'A' <= s->r[i].hi)
			return true;
	}
	return false;
}

static bool takes(const Rx *rx, const Inst *i, Rune r)
{
	switch (i->op) {
	case Char:
		return (Rune)i->x == r;
	case Any:
		return r != '\n';
	case Class:
		return in_set(rx, &rx->set[i->x], r);
	case Nclass:
		return r != '\n' && !in_set(rx, &rx->set[i->x], r);
	default:
		return false;
	}
}

typedef struct Text {
	const char *p;
	size_t n, at;
} Text;

/* hold puts the thread with subexpressions sub in state pc, unless one that began no later is there. */
static bool hold(const Rx *rx, Threads *t, int pc, const i64 *sub)
{
	int k = t->where[pc];

	if (k < t->n && t->pc[k] == pc) {
		if (t->sub[(size_t)k * (size_t)rx->nsave] <= sub[0])
			return false;
	} else {
		k = t->where[pc] = t->n++;
		t->pc[k] = pc;
	}
	memcpy(t->sub + (size_t)k * (size_t)rx->nsave, sub, (size_t)rx->nsave * sizeof(i64));
	return true;
}

/* follow holds every state that is reached from pc without a character; sub is as before when it returns. */
static void follow(const Rx *rx, Threads *t, int pc, i64 *sub, const Text *x)
{
	const Inst *i = &rx->prog[pc];
	i64 old;

	if (!hold(rx, t, pc, sub))
		return;
	switch (i->op) {
	case Jump:
		follow(rx, t, pc + i->x, sub, x);
		break;
	case Split:
		follow(rx, t, pc + i->x, sub, x);
		follow(rx, t, pc + i->y, sub, x);
		break;
	case Bol:
		if (x->at == 0 || x->p[x->at - 1] == '\n')
			follow(rx, t, pc + 1, sub, x);
		break;
	case Eol:
		if (x->at == x->n || x->p[x->at] == '\n')
			follow(rx, t, pc + 1, sub, x);
		break;
	case Save:
		if (i->x >= rx->nsave) {
			follow(rx, t, pc + 1, sub, x);
			break;
		}
		old = sub[i->x];
		sub[i->x] = (i64)x->at;
		follow(rx, t, pc + 1, sub, x);
		sub[i->x] = old;
		break;
	default:
		break;
	}
}

static void better(Rx *rx, const i64 *sub)
{
	i64 *b = rx->best;

	if (b[0] < 0 || sub[0] < b[0] || (sub[0] == b[0] && sub[1] > b[1]))
		memcpy(b, sub, (size_t)rx->nsave * sizeof(i64));
}

/* step runs every thread over rune r (n bytes of it) at x->at into next; false when a match is all that is wanted. */
static bool step(Rx *rx, Threads *cur, Threads *next, Text *x, Rune r, size_t n, bool any)
{
	next->n = 0;
	for (int k = 0; k < cur->n; k++) {
		i64 *sub = cur->sub + (size_t)k * (size_t)rx->nsave;
		const Inst *i = &rx->prog[cur->pc[k]];

		if (rx->best[0] >= 0 && sub[0] > rx->best[0])
			continue;
		if (i->op == Match) {
			better(rx, sub);
			if (any)
				return false;
		} else if (n > 0 && takes(rx, i, r)) {
			x->at += n;
			follow(rx, next, cur->pc[k] + 1, sub, x);
			x->at -= n;
		}
	}
	return true;
}

/* begin starts a thread at x->at; where none runs it first skips to where one could begin. */
static bool begin(Rx *rx, Threads *cur, Text *x)
{
	i64 sub[2 * RXSUBS];

	if (cur->n == 0 && rx->first >= 0) {
		const char *q = x->at < x->n ? memchr(x->p + x->at, rx->first, x->n - x->at) : NULL;

		if (q == NULL)
			return false;
		x->at = (size_t)(q - x->p);
	}
	memset(sub, 0xff, (size_t)rx->nsave * sizeof *sub);
	sub[0] = (i64)x->at;
	follow(rx, cur, 0, sub, x);
	return true;
}

static bool run(Rx *rx, Text *x, bool any)
{
	Threads *cur = &rx->a, *next = &rx->b, *t;

	memset(rx->best, 0xff, 2 * RXSUBS * sizeof(i64));
	cur->n = 0;
	for (;;) {
		Rune r = 0;
		size_t n = 0;

		if (rx->best[0] < 0 && !begin(rx, cur, x))
			break;
		if (x->at < x->n) {
			n = 1;
			r = (u8)x->p[x->at];
			if (r >= 0x80)
				n = (size_t)utf_get(&r, x->p + x->at, x->n - x->at);
			if (rx->nocase)
				r = lower(r);
		}
		if (!step(rx, cur, next, x, r, n, any) || n == 0)
			break;
		x->at += n;
		t = cur;
		cur = next;
		next = t;
		if (cur->n == 0 && rx->best[0] >= 0)
			break;
	}
	return rx->best[0] >= 0;
}

bool rx_match(Rx *rx, const char *text, size_t n, size_t from, RxSub *sub, int nsub)
{
	Text x = { text, n, from };

	if (nsub > RXSUBS)
		nsub = RXSUBS;
	if (rx->literal != NULL && from <= n) {
		const char *q = memmem(text + from, n - from, rx->literal, rx->nliteral);

		for (int i = 0; i < nsub; i++)
			sub[i] = q != NULL && i == 0 ? (RxSub){ q - text, q - text + (i64)rx->nliteral } : (RxSub){ -1, -1 };
		return q != NULL;
	}
	rx->nsave = 2 * (nsub > 1 ? nsub : 1);
	if (from > n || !run(rx, &x, nsub == 0))
		return false;
	for (int i = 0; i < nsub; i++) {
		bool both = rx->best[2 * i] >= 0 && rx->best[2 * i + 1] >= 0;

		sub[i] = both ? (RxSub){ rx->best[2 * i], rx->best[2 * i + 1] } : (RxSub){ -1, -1 };
	}
	return true;
}
