/*
 * vac's patterns: rc's * ? [a-z] [~a-z], where * and ? match no slash, nor a
 * dot that begins a name, and ... matches anything.  The first pattern that
 * matches all of a path decides.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include "tool.h"
#include "vaccmd.h"

typedef struct Pat {
	char *glob;
	bool include;
} Pat;

static Pat *pats;
static size_t npats;

static void add(const char *glob, bool include)
{
	pats = mem_grow(pats, npats + 1, sizeof *pats);
	pats[npats++] = (Pat){ mem_str(glob), include };
}

void pat_exclude(const char *glob) { add(glob, false); }

int pat_file(const char *file)
{
	autofree char *all = io_slurp(AT_FDCWD, file, 16 << 20, NULL);
	char *line, *next = all;
	int n = 0;

	if (all == NULL)
		return -1;
	while ((line = strsep(&next, "\n")) != NULL) {
		size_t len = strlen(line);

		n++;
		while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
			line[--len] = 0;
		if (line[0] == 0 || line[0] == '#')
			continue;
		if (!str_prefix(line, "include ") && !str_prefix(line, "exclude "))
			return werrstr("%s:%d: the line begins neither with include nor with exclude", file, n);
		add(line + 8, line[0] == 'i');
	}
	return 0;
}

/* set matches c with a class that begins after its [; *end is set behind its ] */
static bool set(const char *p, char c, const char **end)
{
	bool neg = *p == '~', in = false;

	for (p += neg; *p != 0 && *p != ']'; p++)
		if (p[1] == '-' && p[2] != 0 && p[2] != ']') {
			in |= c >= p[0] && c <= p[2];
			p += 2;
		} else
			in |= c == *p;
	*end = *p == ']' ? p + 1 : p;
	return in != neg;
}

/* one matches one character, which is not at *p == '*' or "..." */
static bool one(const char **p, char c, bool begins)
{
	if (**p == '[')
		return set(*p + 1, c, p) && c != '/';
	(*p)++;
	return (*p)[-1] == '?' ? c != '/' && !(begins && c == '.') : (*p)[-1] == c;
}

/* match keeps one place to come back to for * and one for ..., which comes first: so it takes no more than |g|*|s|^2 */
static bool match(const char *g, const char *s)
{
	const char *start = s, *starg = NULL, *stars = NULL, *dotg = NULL, *dots = NULL;

	for (;;) {
		bool begins = s == start || s[-1] == '/';

		if (strncmp(g, "...", 3) == 0) {
			dotg = g += 3;
			dots = s;
			starg = NULL;
			continue;
		}
		if (*g == '*') {
			starg = ++g;
			stars = s;
			continue;
		}
		if (*s == 0 && *g == 0)
			return true;
		if (*s != 0 && *g != 0 && one(&g, *s, begins)) {
			s++;
			continue;
		}
		if (starg != NULL && *stars != 0 && *stars != '/' && !(*stars == '.' && (stars == start || stars[-1] == '/'))) {
			g = starg;
			s = ++stars;
		} else if (dotg != NULL && *dots != 0) {
			g = dotg;
			s = ++dots;
			starg = NULL;
		} else
			return false;
	}
}

bool pat_match(const char *glob, const char *path) { return match(glob, path); }

bool pat_wanted(const char *path)
{
	for (size_t i = 0; i < npats; i++)
		if (match(pats[i].glob, path))
			return pats[i].include;
	return true;
}
