#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include "sh.h"

void push(char *s)
{
	if (sh.nword + 1 >= sh.wordcap) { /* one more, for the NULL behind an argv */
		sh.wordcap = sh.wordcap == 0 ? 256 : 2 * sh.wordcap;
		sh.word = mem_grow(sh.word, (size_t)sh.wordcap, sizeof *sh.word);
	}
	sh.word[sh.nword++] = s;
}

void pushn(const char *s, size_t n)
{
	push(region_strn(&sh.tmp, s, n));
}

char *word_joined(int at, const char *sep)
{
	size_t n = 1, k = strlen(sep);
	char *s, *p;

	if (sh.nword == at + 1)
		return sh.word[at];
	for (int i = at; i < sh.nword; i++)
		n += strlen(sh.word[i]) + k;
	p = s = region_new(&sh.tmp, n);
	*p = '\0';
	for (int i = at; i < sh.nword; i++) {
		size_t len = strlen(sh.word[i]);

		if (i > at) {
			memcpy(p, sep, k);
			p += k;
		}
		memcpy(p, sh.word[i], len + 1);
		p += len;
	}
	return s;
}

Var *word_var(Node *n)
{
	if (n == NULL || n->type != Nword)
		return NULL;
	if (n->var == NULL)
		n->var = var_get(n->s);
	return n->var;
}

/* position gives the number that name is, 0 if it is none. */
static int position(const char *name)
{
	long n = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		if (n < 1000000)
			n = n * 10 + *name - '0';
	return *name == '\0' ? (int)n : 0;
}

/* named evaluates the name behind a $; NULL after an error. */
static Var *named(Node *n)
{
	Var *v = word_var(n);
	int at = sh.nword;

	if (v != NULL)
		return v;
	if (word_plain(n) != Go)
		return NULL;
	if (sh.nword != at + 1) {
		sh_fail("$ needs one name, not %d", sh.nword - at);
		return NULL;
	}
	sh.nword = at;
	return var_get(sh.word[at]);
}

/* value finds which words v stands for, in *from and *n, which may be 0. */
static Value *value(Var *v, int *from, int *n)
{
	int k = v->name[0] <= '9' ? position(v->name) : 0;
	Value *val = k > 0 ? var_value(sh.star) : var_value(v);
	int have = val != NULL ? val->n : 0;

	*from = k > 0 ? k - 1 : 0;
	*n = k == 0 ? have : k <= have ? 1 : 0;
	return val;
}

static void pushpart(Value *v, int from, int n)
{
	if (n > 0)
		value_hold(v);
	for (int i = from; i < from + n; i++)
		push(v->v[i]);
}

void pushvalue(Var *v)
{
	int from, n;
	Value *val = value(v, &from, &n);

	pushpart(val, from, n);
}

static Flow dollar(Node *n)
{
	Var *v = named(n->a);

	if (v == NULL)
		return Fail;
	pushvalue(v);
	return Go;
}

static Flow count(Node *n)
{
	Var *v = named(n->a);
	int from, len;
	char num[16];

	if (v == NULL)
		return Fail;
	(void)value(v, &from, &len);
	snprintf(num, sizeof num, "%d", len);
	pushn(num, strlen(num));
	return Go;
}

static Flow flat(Node *n)
{
	int at = sh.nword;
	char *s;

	if (dollar(n) != Go)
		return Fail;
	s = word_joined(at, " ");
	sh.nword = at;
	push(s);
	return Go;
}

/* range parses a subscript m, m- or m-n of a list of len elements. */
static void range(const char *s, int len, int *from, int *to)
{
	char *e;
	long m = strtol(s, &e, 10), n = m;

	if (*e == '-')
		n = e[1] == '\0' ? len : strtol(e + 1, NULL, 10);
	*from = m < 1 || m > len || n < m ? 1 : (int)m;
	*to = m < 1 || m > len || n < m ? 0 : n > len ? len : (int)n;
}

static Flow sub(Node *n)
{
	Var *v = named(n->a);
	int at = sh.nword, from, to, end;
	Value *val;

	if (v == NULL)
		return Fail;
	val = var_value(v);
	for (Node *w = n->b; w != NULL; w = w->next)
		if (word_plain(w) != Go)
			return Fail;
	end = sh.nword;
	for (int i = at; i < end; i++) {
		range(sh.word[i], val != NULL ? val->n : 0, &from, &to);
		pushpart(val, from - 1, to - from + 1);
	}
	memmove(sh.word + at, sh.word + end, (size_t)(sh.nword - end) * sizeof *sh.word);
	sh.nword -= end - at;
	return Go;
}

/* ---- `{...} ---- */

/* split pushes the words of out, separated by the bytes of sep and by NUL. */
static void split(const Buf *out, const char *sep)
{
	const char *s = out->p, *e = s + out->n, *w;
	enum { Other, End, Sep };
	u8 is[256] = { End };

	for (; *sep != '\0'; sep++)
		is[(u8)*sep] = Sep;
	while (s < e) {
		while (s < e && is[(u8)*s] == Sep)
			s++;
		if (s == e)
			break;
		for (w = s; s < e && is[(u8)*s] == Other; s++)
			;
		pushn(w, (size_t)(s - w));
		if (s < e)
			s++;
	}
}

static void readall(int fd, Buf *b)
{
	ssize_t n;

	while ((n = read(fd, buf_room(b, 8192), 8192)) != 0) {
		if (n > 0)
			b->n += (size_t)n;
		else if (!os_interrupted())
			break;
	}
	close(fd);
}

static char *separators(Node *n)
{
	int at = sh.nword;
	char *s;

	if (n != NULL) {
		if (word_plain(n) != Go)
			return NULL;
	} else {
		pushvalue(sh.ifs);
	}
	s = word_joined(at, " ");
	sh.nword = at;
	return s;
}

static Flow backquote(Node *n)
{
	char *sep = separators(n->a);
	autobuf Buf out = { 0 };
	int fd[2], pid, base = sh.nstep;

	if (sep == NULL)
		return Fail;
	if (child_pipe(fd, false) < 0)
		return sh_failed("`{");
	step_push(FdShut, -1, fd[0]);
	step_push(FdMove, fd[1], 1);
	pid = simple_start(n->b, false);
	step_pop(base);
	readall(fd[0], &out);
	split(&out, sep);
	if (pid > 0)
		return job_wait(pid, false);
	return Go;
}

/* ---- <{...} ---- */

static const char *fdprefix(void)
{
	static const char *const dirs[] = { "/dev/fd", "/fd", "/proc/self/fd" };

	for (size_t i = 0; i < nelem(dirs); i++)
		if (access(dirs[i], X_OK) == 0)
			return dirs[i];
	return dirs[0];
}

/* pipefd starts n's command on a pipe; our end stays open, and is passed on, until the frame is left. */
static Flow pipefd(Node *n)
{
	bool both = n->rtype == Rrdwr;
	int fd[2], mine = n->rtype == Rwrite ? 1 : 0, pid, base = sh.nstep;
	char name[40];

	if (child_pipe(fd, both) < 0)
		return sh_failed("<{");
	step_push(FdShut, -1, fd[mine]);
	if (both)
		step_push(FdDup, fd[1 - mine], 0);
	step_push(FdMove, fd[1 - mine], mine == 0 ? 1 : 0);
	pid = simple_start(n->a, false);
	step_pop(base);
	if (pid > 0)
		job_add(pid);
	step_push(FdKeep, fd[mine], fd[mine]);
	snprintf(name, sizeof name, "%s/%d", fdprefix(), fd[mine]);
	pushn(name, strlen(name));
	return Go;
}

/* ---- ^ ---- */

static char *joined(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	char *s = region_new(&sh.tmp, n + m + 1);

	memcpy(s, a, n);
	memcpy(s + n, b, m + 1);
	return s;
}

/* pairs replaces the lists [at, mid) and [mid, nword) by their concatenation. */
static Flow pairs(int at, int mid)
{
	int nl = mid - at, nr = sh.nword - mid, n = nl > nr ? nl : nr;

	if (nl == 0 && nr == 0)
		return Go;
	if (nl == 0 || nr == 0)
		return sh_fail("null list in concatenation");
	if (nl != 1 && nr != 1 && nl != nr)
		return sh_fail("mismatched list lengths in concatenation: %d and %d", nl, nr);
	for (int i = 0; i < n; i++)
		push(joined(sh.word[nl == 1 ? at : at + i], sh.word[nr == 1 ? mid : mid + i]));
	memmove(sh.word + at, sh.word + mid + nr, (size_t)n * sizeof *sh.word);
	sh.nword = at + n;
	return Go;
}

/* glue replaces the words from at up to end by one: all of them joined. */
static void glue(int at, int end)
{
	size_t n = 1;
	char *p;

	for (int i = at; i < end; i++)
		n += strlen(sh.word[i]);
	p = region_new(&sh.tmp, n);
	for (int i = at; i < end; i++)
		p = stpcpy(p, sh.word[i]);
	sh.word[at] = p + 1 - n;
	memmove(sh.word + at + 1, sh.word + end, (size_t)(sh.nword - end) * sizeof *sh.word);
	sh.nword -= end - at - 1;
}

/* concat joins lists two by two, but words that stand alone, as most do, all at once. */
static Flow concat(Node *n, Flow (*eval)(Node *))
{
	int at = sh.nword, single = 0, mid;

	for (Node *w = n->a; w != NULL; w = w->next) {
		mid = sh.nword;
		if (eval(w) != Go)
			return Fail;
		if (single == mid - at && sh.nword == mid + 1) {
			single++;
			continue;
		}
		if (single > 1) {
			glue(at, mid);
			mid = at + 1;
		}
		single = -1;
		if (w != n->a && pairs(at, mid) != Go)
			return Fail;
	}
	if (single > 1)
		glue(at, sh.nword);
	return Go;
}

/* ---- all kinds ---- */

static Flow other(Node *n)
{
	switch (n->type) {
	case Ndollar:
		return dollar(n);
	case Ncount:
		return count(n);
	case Nflat:
		return flat(n);
	case Nsub:
		return sub(n);
	case Nbackq:
		return backquote(n);
	default:
		return pipefd(n);
	}
}

static Flow each(Node *n, Flow (*eval)(Node *))
{
	Flow f = Go;

	for (n = n->a; n != NULL && f == Go; n = n->next)
		f = eval(n);
	return f;
}

Flow word_plain(Node *n)
{
	if (n->type == Nword) {
		push(n->s);
		return Go;
	}
	if (n->type == Nlist)
		return each(n, word_plain);
	return n->type == Nconcat ? concat(n, word_plain) : other(n);
}

/* escape doubles the GLOBs of literal words, so that they are characters in a pattern. */
static void escape(int at)
{
	for (; at < sh.nword; at++) {
		const char *s = sh.word[at];
		char *p;

		if (strchr(s, GLOB) == NULL)
			continue;
		sh.word[at] = p = region_new(&sh.tmp, 2 * strlen(s) + 1);
		do {
			if (*s == GLOB)
				*p++ = GLOB;
			*p++ = *s;
		} while (*s++ != '\0');
	}
}

Flow word_pattern(Node *n)
{
	int at = sh.nword;
	Flow f;

	if (n->type == Nword && n->pat != NULL) {
		push(n->pat);
		return Go;
	}
	if (n->type == Nlist)
		return each(n, word_pattern);
	if (n->type == Nconcat)
		return concat(n, word_pattern);
	f = n->type == Nword ? word_plain(n) : other(n);
	escape(at);
	return f;
}

Flow word_arg(Node *n)
{
	int at = sh.nword;

	if (n->type == Nlist)
		return each(n, word_arg);
	if (!n->glob)
		return word_plain(n);
	if (word_pattern(n) != Go)
		return Fail;
	glob_words(at);
	return Go;
}
