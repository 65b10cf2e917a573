/*
 * Patterns.  In a pattern the byte GLOB stands before each * ? [ that is
 * meant, and before a GLOB that is a character.  File names . and .. match
 * only patterns that begin with a dot; other dot files match *, as in
 * Plan 9.  Bytes that are no UTF-8 match as themselves.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/utf.h>
#include "sh.h"

/* rune reads a rune (s is not at its end) and returns where the next one begins. */
static const char *rune(const char *s, u32 *r)
{
	int n = utf_get(r, s, strnlen(s, UTFmax));

	if (n == 1 && (u8)*s >= Runeself)
		*r = 0x110000u + (u8)*s; /* a bad byte is itself only */
	return s + n;
}

/* class matches c against the [...] that *pp is in, and moves *pp behind it; false too if it never ends. */
static bool class(const char **pp, u32 c)
{
	const char *p = *pp;
	bool not = *p == '~', hit = false;
	u32 lo, hi, t;

	if (not)
		p++;
	while (*p != ']') {
		if (*p == '\0')
			return false;
		p = rune(p, &lo);
		hi = lo;
		if (*p == '-') {
			if (*++p == '\0')
				return false;
			p = rune(p, &hi);
		}
		if (hi < lo) {
			t = lo;
			lo = hi;
			hi = t;
		}
		hit |= lo <= c && c <= hi;
	}
	*pp = p + 1;
	return hit != not;
}

/* one matches one pattern character that is no *: where s and p go on, or false. */
static bool one(const char **sp, const char **pp)
{
	const char *s = *sp, *p = *pp;
	u32 c, d;

	if (*s == '\0')
		return false;
	s = rune(s, &c);
	if (*p == GLOB && p[1] == '?') {
		p += 2;
	} else if (*p == GLOB && p[1] == '[') {
		p += 2;
		if (!class(&p, c))
			return false;
	} else {
		if (*p == GLOB)
			p++;
		p = rune(p, &d);
		if (c != d)
			return false;
	}
	*sp = s;
	*pp = p;
	return true;
}

/* On a mismatch the last * takes one more: earlier ones need not be tried again. */
bool glob_match(const char *s, const char *p)
{
	const char *star = NULL, *from = NULL;
	u32 r;

	for (;;) {
		if (*p == GLOB && p[1] == '*') {
			p += 2;
			star = p;
			from = s;
		} else if (*p == '\0' && *s == '\0') {
			return true;
		} else if (*p == '\0' || !one(&s, &p)) {
			if (star == NULL || *from == '\0')
				return false;
			s = from = rune(from, &r);
			p = star;
		}
	}
}

char *glob_literal(char *pat)
{
	char *from = strchr(pat, GLOB), *to, *s;

	if (from == NULL)
		return pat;
	s = region_strn(&sh.tmp, pat, strlen(pat));
	for (from = to = s; *from != '\0'; *to++ = *from++)
		if (*from == GLOB && from[1] != '\0')
			from++;
	*to = '\0';
	return s;
}

static bool ispattern(const char *p, const char *e)
{
	for (; p < e; p++)
		if (*p == GLOB) {
			if (p[1] != GLOB)
				return true;
			p++;
		}
	return false;
}

static char *cat(const char *dir, const char *name, size_t n)
{
	size_t k = strlen(dir);
	char *s = region_new(&sh.tmp, k + n + 1);

	memcpy(s, dir, k);
	memcpy(s + k, name, n);
	s[k + n] = '\0';
	return s;
}

static void files(const char *dir, char *pat);

/* entries goes on with every name in dir that matches pat[0..n); rest begins with the slashes behind it. */
static void entries(const char *dir, const char *pat, size_t n, char *rest)
{
	char *p = region_strn(&sh.tmp, pat, n), *path = sh_path(*dir == '\0' ? "." : dir);
	DIR *d = path != NULL ? opendir(path) : NULL;
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		const char *s = e->d_name;

		if (s[0] == '.' && (s[1] == '\0' || (s[1] == '.' && s[2] == '\0')) && p[0] != '.')
			continue;
		if (glob_match(s, p))
			files(cat(dir, s, strlen(s)), rest);
	}
	closedir(d);
}

/* files pushes the names of files that match dir followed by pat; dir exists, or is what was literal so far. */
static void files(const char *dir, char *pat)
{
	size_t n = strspn(pat, "/");
	char *path;

	dir = cat(dir, pat, n);
	pat += n;
	for (n = strcspn(pat, "/"); *pat != '\0' && !ispattern(pat, pat + n); n = strcspn(pat, "/")) {
		n += strspn(pat + n, "/");
		dir = cat(dir, glob_literal(region_strn(&sh.tmp, pat, n)),
			  strlen(glob_literal(region_strn(&sh.tmp, pat, n))));
		pat += n;
	}
	if (*pat != '\0') {
		entries(dir, pat, n, pat + n);
		return;
	}
	path = sh_path(dir);
	if (path != NULL && access(path, F_OK) == 0)
		push((char *)(uintptr_t)dir);
}

static int bybytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void glob_words(int at)
{
	int end = sh.nword, from;

	for (int i = at; i < end; i++) {
		char *p = sh.word[i];

		from = sh.nword;
		if (ispattern(p, p + strlen(p)))
			files("", p);
		if (sh.nword == from)
			push(glob_literal(p));
		else
			qsort(sh.word + from, (size_t)(sh.nword - from), sizeof *sh.word, bybytes);
	}
	memmove(sh.word + at, sh.word + end, (size_t)(sh.nword - end) * sizeof *sh.word);
	sh.nword -= end - at;
}
