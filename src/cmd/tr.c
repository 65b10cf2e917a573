#include <stdlib.h>
#include <string.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/utf.h>
#include "cmds.h"
#include "tool.h"

/* runes of a set, ranges spelled out */
typedef struct Set {
	Rune *r;
	size_t n;
} Set;

static void add(Set *s, Rune r)
{
	if ((s->n & (s->n + 1)) == 0)
		s->r = mem_grow(s->r, 2 * (s->n + 1), sizeof *s->r);
	s->r[s->n++] = r;
}

/* one reads one character: \n \t ..., \ooo, \xhhhh, or itself. */
static Rune one(const char **p)
{
	static const char from[] = "nrtbfav\\", to[] = "\n\r\t\b\f\a\v\\";
	const char *k;
	char *end;
	Rune r;

	if (**p != '\\' || (*p)[1] == '\0') {
		*p += utf_get(&r, *p, strnlen(*p, UTFmax));
		return r;
	}
	(*p)++;
	if (**p == 'x') {
		r = (Rune)strtoul(*p + 1, &end, 16);
		*p = end;
		return r;
	}
	if (**p >= '0' && **p <= '7') {
		r = 0;
		for (int i = 0; i < 3 && **p >= '0' && **p <= '7'; i++)
			r = r * 8 + (Rune)(*(*p)++ - '0');
		return r;
	}
	k = strchr(from, **p);
	r = k != NULL ? (Rune)to[k - from] : (u8)**p;
	(*p)++;
	return r;
}

static Set parse(const char *s)
{
	Set set = { NULL, 0 };

	while (*s != '\0') {
		Rune lo = one(&s), hi = lo;

		if (s[0] == '-' && s[1] != '\0') {
			s++;
			hi = one(&s);
			if (hi < lo)
				tool_die("invalid range: the end comes before the beginning");
		}
		for (; lo <= hi; lo++)
			add(&set, lo);
	}
	return set;
}

/* where returns the last place of r in s, -1 if it is not there. */
static long where(const Set *s, Rune r)
{
	for (size_t i = s->n; i > 0; i--)
		if (s->r[i - 1] == r)
			return (long)i - 1;
	return -1;
}

static struct {
	bool c, d, s;
	Set from, to;
	long ascii[Runeself];
} t;

static long place(Rune r) { return r < Runeself ? t.ascii[r] : where(&t.from, r); }

/* map gives what r becomes; false if it is deleted. */
static bool map(Rune *r)
{
	long k = place(*r);

	if (t.c ? k >= 0 : k < 0)
		return true;
	if (t.d)
		return false;
	if (t.to.n > 0)
		*r = t.c || (size_t)k >= t.to.n ? t.to.r[t.to.n - 1] : t.to.r[k];
	return true;
}

static void run(void)
{
	char in[8192 + UTFmax], out[UTFmax];
	size_t have = 0, n, at;
	Rune last = Runemax + 1;

	do {
		n = fread(in + have, 1, 8192, stdin);
		have += n;
		for (at = 0; at < have && (n == 0 || have - at >= UTFmax);) {
			Rune r, was;
			int len = utf_get(&r, in + at, have - at);
			bool changed;

			was = r;
			changed = (place(r) >= 0) != t.c;
			if (map(&r) && !(t.s && last == r && (t.to.n == 0 ? changed : where(&t.to, r) >= 0))) {
				if (r == was)
					fwrite(in + at, 1, (size_t)len, stdout);
				else
					fwrite(out, 1, (size_t)utf_put(out, r), stdout);
				last = r;
			}
			at += (size_t)len;
		}
		memmove(in, in + at, have - at);
		have -= at;
	} while (n > 0);
}

int cmd_tr(int argc, char **argv)
{
	Args a;
	int k;

	args_init(&a, argc, argv, "tr [-cds] [string1 [string2]]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'c':
			t.c = true;
			break;
		case 'd':
			t.d = true;
			break;
		case 's':
			t.s = true;
			break;
		default:
			args_usage(&a);
		}
	if (a.argc > 2 || (a.argc < 2 && !t.d && !t.s) || (t.d && a.argc < 1))
		args_usage(&a);
	if (a.argc > 0)
		t.from = parse(a.argv[0]);
	if (a.argc > 1)
		t.to = parse(a.argv[1]);
	for (Rune r = 0; r < Runeself; r++)
		t.ascii[r] = where(&t.from, r);
	run();
	if (ferror(stdin))
		tool_oopsdie("read");
	return tool_end(0);
}
