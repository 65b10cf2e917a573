/* Lines of namespace(6) files. */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/newns.h>

#define BLANK " \t\r"

/* out is where the words go */
typedef struct Out {
	char *p, *end;
} Out;

static int put(Out *o, const char *s, size_t n)
{
	if (n >= (size_t)(o->end - o->p))
		return werrstr("a word of more than %d bytes", NSWORD - 1);
	memcpy(o->p, s, n);
	o->p += n;
	return 0;
}

/* variable puts the value of the $name at s and returns what follows it. */
static const char *variable(Out *o, const char *s, char *(*var)(void *arg, const char *name), void *arg)
{
	size_t n = strcspn(s + 1, "/.!'$" BLANK);
	autofree char *name = mem_strn(s + 1, n);
	autofree char *value = n > 0 ? var(arg, name) : NULL;

	if (value != NULL && put(o, value, strlen(value)) < 0)
		return NULL;
	return s + 1 + n;
}

/* quoted puts what is between quotes, the first of which is at s, and returns what follows them. */
static const char *quoted(Out *o, const char *s)
{
	for (s++; *s != '\0'; s++) {
		if (*s == '\'' && s[1] != '\'')
			return s + 1;
		s += *s == '\'';
		if (put(o, s, 1) < 0)
			return NULL;
	}
	return s;
}

/* word puts the word at s and returns what follows it, NULL if it is too long. */
static const char *word(Out *o, const char *s, char *(*var)(void *arg, const char *name), void *arg)
{
	while (s != NULL && *s != '\0' && strchr(BLANK, *s) == NULL) {
		if (*s == '\'')
			s = quoted(o, s);
		else if (*s == '$')
			s = variable(o, s, var, arg);
		else
			s = put(o, s, 1) < 0 ? NULL : s + 1;
	}
	return s;
}

int nsfile_words(NsWords *w, const char *line, char *(*var)(void *arg, const char *name), void *arg)
{
	const char *s = line + strspn(line, BLANK);

	w->n = 0;
	while (*s != '\0' && !(w->n == 0 && *s == '#')) {
		char *at = w->text + w->n * NSWORD;
		Out o = { at, at + NSWORD };

		if (w->n == NSWORDS)
			return werrstr("a line of more than %d words", NSWORDS);
		s = word(&o, s, var, arg);
		if (s == NULL)
			return -1;
		*o.p = '\0';
		w->w[w->n++] = at;
		s += strspn(s, BLANK);
	}
	return 0;
}
