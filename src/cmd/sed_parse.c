#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/utf.h>
#include "sed.h"
#include "tool.h"

typedef struct In {
	SedProg *p;
	const char *s;
} In;

static void blanks(In *in)
{
	while (*in->s == ' ' || *in->s == '\t')
		in->s++;
}

/* upto takes text up to delim, in which \delim is delim; in a pattern a [ ] may hold it. */
static char *upto(In *in, char delim, bool pattern)
{
	Buf b = { 0 };
	bool class = false;

	for (; *in->s != delim || class; in->s++) {
		if (*in->s == '\0' || (*in->s == '\n' && pattern))
			tool_die("missing '%c'", delim);
		if (*in->s == '\\' && in->s[1] == delim && !class) {
			in->s++;
		} else if (*in->s == '\\' && in->s[1] != '\0') {
			buf_ch(&b, *in->s++);
		} else if (pattern && *in->s == '[' && !class) {
			class = true;
			if (in->s[1] == '^')
				buf_ch(&b, *in->s++);
		} else if (pattern && *in->s == ']') {
			class = false;
		}
		buf_ch(&b, *in->s);
	}
	in->s++;
	return buf_take(&b);
}

/* pattern compiles what stands before delim; NULL is the empty pattern. */
static Rx *pattern(In *in, char delim)
{
	autofree char *s = upto(in, delim, true);
	Rx *rx;

	if (*s == '\0')
		return NULL;
	rx = rx_compile(s, 0);
	if (rx == NULL)
		tool_die("'%s': %s", s, rerrstr());
	return rx;
}

static char delimiter(In *in)
{
	if (*in->s == '\0' || *in->s == '\n' || *in->s == '\\')
		tool_die("bad delimiter");
	return *in->s++;
}

static bool address(In *in, SedAddr *a)
{
	char *end;

	blanks(in);
	if (*in->s >= '0' && *in->s <= '9') {
		a->kind = AddrLine;
		a->line = strtoll(in->s, &end, 10);
		in->s = end;
	} else if (*in->s == '$') {
		a->kind = AddrLast;
		in->s++;
	} else if (*in->s == '/' || *in->s == '\\') {
		if (*in->s == '\\')
			in->s++;
		a->kind = AddrRx;
		a->rx = pattern(in, delimiter(in));
	} else {
		return false;
	}
	return true;
}

static FILE *output(In *in, char *name)
{
	SedProg *p = in->p;

	if (*name == '\0')
		tool_die("w: a file name is missing");
	for (int i = 0; i < p->nfile; i++)
		if (strcmp(p->file[i].name, name) == 0) {
			free(name);
			return p->file[i].f;
		}
	if (p->nfile == (int)nelem(p->file))
		tool_die("too many files in w commands");
	p->file[p->nfile].name = name;
	p->file[p->nfile].f = strcmp(name, "/dev/stdout") == 0 ? stdout : fopen(name, "we");
	if (p->file[p->nfile].f == NULL)
		tool_oopsdie("%s", name);
	return p->file[p->nfile++].f;
}

/* rest takes the rest of the line. */
static char *rest(In *in)
{
	size_t n;
	char *s;

	blanks(in);
	n = strcspn(in->s, "\n");
	s = mem_strn(in->s, n);
	in->s += n;
	return s;
}

/* lines takes the text of a, c, i: lines up to one that does not end in \; what stands on the command's own line counts. */
static void lines(In *in, SedCmd *c)
{
	Buf b = { 0 };

	blanks(in);
	if (*in->s == '\\') {
		in->s++;
		blanks(in);
		if (*in->s == '\n')
			in->s++;
	}
	for (; *in->s != '\0' && *in->s != '\n'; in->s++) {
		if (*in->s == '\\' && in->s[1] != '\0')
			in->s++;
		buf_ch(&b, *in->s);
	}
	buf_ch(&b, '\n');
	c->ntext = b.n;
	c->text = buf_take(&b);
}

static void substitution(In *in, SedCmd *c)
{
	char delim = delimiter(in), *end;

	c->rx = pattern(in, delim);
	c->text = upto(in, delim, false);
	c->nth = 1;
	for (;; in->s++) {
		if (*in->s == 'g') {
			c->all = true;
		} else if (*in->s == 'p') {
			c->print = true;
		} else if (*in->s >= '1' && *in->s <= '9') {
			c->nth = (int)strtol(in->s, &end, 10);
			in->s = end - 1;
		} else {
			break;
		}
	}
	if (*in->s == 'w') {
		in->s++;
		c->out = output(in, rest(in));
	}
	c->all |= in->p->global;
}

/* translation keeps y's runes as two arrays of the same length, one after the other. */
static void translation(In *in, SedCmd *c)
{
	char delim = delimiter(in);
	autofree char *from = upto(in, delim, false), *to = upto(in, delim, false);
	size_t n = utf_len(from);
	Rune *r = mem_array(2 * n + 1, sizeof *r);
	const char *s[2] = { from, to };

	c->ntext = 0;
	for (int k = 0; k < 2; k++) {
		size_t i = 0;

		while (*s[k] != '\0' && i < n) {
			Rune v;

			s[k] += utf_get(&v, s[k], strnlen(s[k], UTFmax));
			if (v == '\\' && (*s[k] == 'n' || *s[k] == '\\'))
				v = *s[k]++ == 'n' ? '\n' : '\\';
			r[(size_t)k * n + i++] = v;
		}
		if (k == 0)
			c->ntext = i;
		else if (i != c->ntext || *s[k] != '\0')
			tool_die("y: the two strings are not of the same length");
	}
	memmove(r + c->ntext, r + n, c->ntext * sizeof *r);
	c->text = (char *)r;
}

static void operation(In *in, SedCmd *c)
{
	c->op = *in->s;
	if (c->op == '\0' || strchr("{}=abcdDgGhHilnNpPqrstwxy:", c->op) == NULL)
		tool_die("unrecognized command: %.20s", in->s);
	in->s++;
	switch (c->op) {
	case 'a': case 'c': case 'i':
		lines(in, c);
		break;
	case 'b': case 't': case ':':
		c->text = rest(in);
		if (strchr(c->text, ';') != NULL) {
			/* a label ends at a ; as other seds have it */
			in->s -= strlen(strchr(c->text, ';'));
			*strchr(c->text, ';') = '\0';
		}
		for (size_t n = strlen(c->text); n > 0 && (c->text[n - 1] == ' ' || c->text[n - 1] == '}'); n--) {
			if (c->text[n - 1] == '}')
				in->s--;
			c->text[n - 1] = '\0';
		}
		break;
	case 'r':
		c->text = rest(in);
		break;
	case 's':
		substitution(in, c);
		break;
	case 'w':
		c->out = output(in, rest(in));
		break;
	case 'y':
		translation(in, c);
		break;
	}
}

void sed_parse(SedProg *p, const char *script)
{
	In in = { p, script };

	for (;;) {
		SedCmd *c;

		in.s += strspn(in.s, " \t\n;");
		if (*in.s == '#') {
			in.s += strcspn(in.s, "\n");
			continue;
		}
		if (*in.s == '\0')
			return;
		p->cmd = mem_grow(p->cmd, (size_t)p->n + 1, sizeof *p->cmd);
		c = &p->cmd[p->n++];
		memset(c, 0, sizeof *c);
		if (address(&in, &c->a1)) {
			blanks(&in);
			if (*in.s == ',') {
				in.s++;
				if (!address(&in, &c->a2))
					tool_die("bad second address: %.20s", in.s);
			}
		}
		for (blanks(&in); *in.s == '!'; blanks(&in)) {
			c->not = true;
			in.s++;
		}
		operation(&in, c);
		blanks(&in);
		if (*in.s != '\0' && strchr(";\n}#", *in.s) == NULL && c->op != '{')
			tool_die("unexpected text after %c: %.20s", c->op, in.s);
	}
}

static int label(const SedProg *p, const char *name)
{
	for (int i = 0; i < p->n; i++)
		if (p->cmd[i].op == ':' && strcmp(p->cmd[i].text, name) == 0)
			return i;
	tool_die("undefined label: %s", name);
}

void sed_link(SedProg *p)
{
	int open[64], depth = 0;

	for (int i = 0; i < p->n; i++) {
		SedCmd *c = &p->cmd[i];

		if (c->op == '{') {
			if (depth == (int)nelem(open))
				tool_die("too many {");
			open[depth++] = i;
		} else if (c->op == '}') {
			if (depth == 0)
				tool_die("too many }");
			p->cmd[open[--depth]].to = i + 1;
		} else if (c->op == 'b' || c->op == 't') {
			c->to = *c->text == '\0' ? p->n : label(p, c->text);
		}
	}
	if (depth > 0)
		tool_die("too many {");
}
