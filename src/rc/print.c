/*
 * A tree as text, for functions in the environment, whatis and flag x.
 * Each command of a block is on a line of its own, so that here documents,
 * which wait in Out.here, come behind the line that announced them, where
 * the parser looks for them.
 *
 * Braces are in the tree (Nblock), and every tree comes from the parser:
 * what is printed as it was read needs no others, except where a command is
 * empty.  So what is printed is never nested deeper than what was read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include "tree.h"

typedef struct Out {
	Buf *b;
	int tabs;
	const Node **here; /* announced on the line being printed */
	int nhere, herecap;
} Out;

static void out(Out *o, const Node *n);

static void quote(Buf *b, const char *s, const char *e)
{
	buf_ch(b, '\'');
	for (; s < e; s++) {
		if (*s == '\'')
			buf_ch(b, '\'');
		buf_ch(b, *s);
	}
	buf_ch(b, '\'');
}

void word_quote(Buf *b, const char *s)
{
	const char *p = s;

	while (*p != '\0' && ((u8)*p > ' ') && strchr("`^#*[]=|\\?${}()'<>&;", *p) == NULL)
		p++;
	if (p > s && *p == '\0')
		buf_str(b, s);
	else
		quote(b, s, s + strlen(s));
}

/* line ends a line and gives the here documents it announced. */
static void line(Out *o)
{
	buf_ch(o->b, '\n');
	for (int i = 0; i < o->nhere; i++) {
		const char *s = o->here[i]->s != NULL ? o->here[i]->s : "";
		size_t n = strlen(s);

		buf_str(o->b, s);
		if (n > 0 && s[n - 1] != '\n')
			buf_ch(o->b, '\n');
		buf_str(o->b, o->here[i]->a->s);
		buf_ch(o->b, '\n');
	}
	o->nhere = 0;
	for (int i = 0; i < o->tabs; i++)
		buf_ch(o->b, '\t');
}

static void all(Out *o, const Node *n, const char *sep)
{
	for (; n != NULL; n = n->next) {
		out(o, n);
		if (n->next != NULL)
			buf_str(o->b, sep);
	}
}

/* body prints the commands of n, one a line. */
static void body(Out *o, const Node *n)
{
	if (n == NULL)
		return;
	if (n->type != Nseq) {
		out(o, n);
		return;
	}
	for (n = n->a; n != NULL; n = n->next) {
		out(o, n);
		if (n->next != NULL)
			line(o);
	}
}

static void block(Out *o, const Node *n)
{
	buf_ch(o->b, '{');
	o->tabs++;
	line(o);
	body(o, n);
	o->tabs--;
	line(o);
	buf_ch(o->b, '}');
}

static void announce(Out *o, const Node *n)
{
	if (o->nhere == o->herecap) {
		o->herecap = o->herecap == 0 ? 8 : 2 * o->herecap;
		o->here = mem_grow(o->here, (size_t)o->herecap, sizeof(const Node *));
	}
	o->here[o->nhere++] = n;
}

static void redir(Out *o, const Node *n)
{
	static const char *const op[] = { "<", ">", ">>", "<>", "<<", ">", ">" };
	bool writes = n->rtype == Rwrite || n->rtype == Rappend;

	buf_str(o->b, op[n->rtype]);
	if (n->rtype == Rdup)
		buf_printf(o->b, "[%d=%d]", n->fd0, n->fd1);
	else if (n->rtype == Rclose)
		buf_printf(o->b, "[%d=]", n->fd0);
	else if (n->fd0 != (writes ? 1 : 0))
		buf_printf(o->b, "[%d]", n->fd0);
	if (n->a != NULL) {
		size_t at = o->b->n;

		out(o, n->a);
		if (o->b->p[at] == '[') { /* it would be read as a descriptor's number */
			buf_ch(o->b, '\0');
			memmove(o->b->p + at + 1, o->b->p + at, o->b->n - at - 1);
			o->b->p[at] = ' ';
		}
	}
	if (n->rtype == Rhere)
		announce(o, n);
}

/* must prints a command, or an empty block: nothing would let the next line take its place. */
static void must(Out *o, const Node *n)
{
	if (n == NULL)
		block(o, n);
	else
		out(o, n);
}

static bool isword(const Node *n)
{
	return n->type <= Nlist;
}

static void redirs(Out *o, const Node *n)
{
	bool after = n->b != NULL && (n->b->type == Nsimple || n->b->type == Nblock);

	if (after) {
		out(o, n->b);
		buf_ch(o->b, ' ');
	}
	all(o, n->a, " ");
	if (!after && n->b != NULL) {
		buf_ch(o->b, ' ');
		must(o, n->b);
	}
}

static void pipes(Out *o, const Node *n)
{
	for (const Node *m = n->a; m != NULL; m = m->next) {
		if (m != n->a) {
			buf_str(o->b, " |");
			if (m->fd1 != 0)
				buf_printf(o->b, "[%d=%d]", m->fd1, m->fd0);
			else if (m->fd0 != 1)
				buf_printf(o->b, "[%d]", m->fd0);
			buf_ch(o->b, ' ');
		}
		out(o, m);
	}
}

/* unquoted prints a word as it was, but no = at its start and no backslash at its end, where they may mean more. */
static void unquoted(Out *o, const Node *n)
{
	const char *s = n->s, *e = s + strlen(s), *p = s + strspn(s, "="), *q = e;

	while (q > p && q[-1] == '\\')
		q--;
	if (p == s && q == e) {
		buf_str(o->b, s);
	} else if (!n->glob) {
		quote(o->b, s, e);
	} else {
		if (p > s) {
			quote(o->b, s, p);
			buf_ch(o->b, '^');
		}
		buf_add(o->b, p, (size_t)(q - p));
		if (q < e) {
			buf_ch(o->b, '^');
			quote(o->b, q, e);
		}
	}
}

/* name prints what follows a $: a name of odd characters in quotes, as $" is another thing. */
static void name(Out *o, const Node *n)
{
	if (n->type == Nword && !char_id((u8)n->s[0]))
		quote(o->b, n->s, n->s + strlen(n->s));
	else
		out(o, n);
}

static void word(Out *o, const Node *n)
{
	switch (n->type) {
	case Nword:
		if (n->quoted)
			quote(o->b, n->s, n->s + strlen(n->s));
		else
			unquoted(o, n);
		break;
	case Nsub:
	case Ndollar:
		buf_ch(o->b, '$');
		name(o, n->a);
		if (n->type == Nsub) {
			buf_ch(o->b, '(');
			all(o, n->b, " ");
			buf_ch(o->b, ')');
		}
		break;
	case Ncount:
	case Nflat:
		buf_str(o->b, n->type == Ncount ? "$#" : "$\"");
		name(o, n->a);
		break;
	case Nbackq:
		buf_ch(o->b, '`');
		if (n->a != NULL)
			out(o, n->a);
		block(o, n->b);
		break;
	case Npipefd:
		buf_str(o->b, n->rtype == Rwrite ? ">" : n->rtype == Rread ? "<" : "<>");
		block(o, n->a);
		break;
	case Nconcat:
		all(o, n->a, "^");
		break;
	default:
		buf_ch(o->b, '(');
		all(o, n->a, " ");
		buf_ch(o->b, ')');
	}
}

static void condition(Out *o, const char *what, const Node *n)
{
	buf_str(o->b, what);
	buf_ch(o->b, '(');
	o->tabs++;
	if (n != NULL && n->type == Nseq) {
		line(o);
		body(o, n);
		o->tabs--;
		line(o);
	} else {
		body(o, n);
		if (o->nhere > 0)
			line(o);
		o->tabs--;
	}
	buf_ch(o->b, ')');
}

static void compound(Out *o, const Node *n)
{
	switch (n->type) {
	case Nif:
	case Nwhile:
		condition(o, n->type == Nif ? "if" : "while ", n->a);
		must(o, n->b);
		break;
	case Nifnot:
		buf_str(o->b, "if not ");
		must(o, n->a);
		break;
	case Nfor:
		buf_str(o->b, "for(");
		out(o, n->a);
		if (n->b != NULL) {
			buf_str(o->b, " in ");
			all(o, n->b->a, " ");
		}
		buf_ch(o->b, ')');
		must(o, n->c);
		break;
	case Nswitch:
		buf_str(o->b, n->a->type == Nlist ? "switch" : "switch ");
		out(o, n->a);
		block(o, n->b);
		break;
	case Nfn:
		buf_str(o->b, "fn ");
		all(o, n->a, " ");
		if (n->b != NULL) {
			buf_ch(o->b, ' ');
			out(o, n->b);
		}
		break;
	default:
		buf_str(o->b, "case ");
		all(o, n->a, " ");
	}
}

static void out(Out *o, const Node *n)
{
	if (isword(n)) {
		word(o, n);
		return;
	}
	switch (n->type) {
	case Nsimple:
		all(o, n->a, " ");
		break;
	case Nseq:
		block(o, n);
		break;
	case Nasync:
		out(o, n->a);
		buf_str(o->b, " &");
		break;
	case Nandor:
		all(o, n->a, "");
		break;
	case Nand:
	case Nor:
		buf_str(o->b, n->type == Nand ? " && " : " || ");
		must(o, n->a);
		break;
	case Npipe:
		pipes(o, n);
		break;
	case Nbang:
	case Nsubshell:
		buf_str(o->b, n->type == Nbang ? "! " : "@ ");
		must(o, n->a);
		break;
	case Nblock:
		block(o, n->a);
		break;
	case Nassign:
		out(o, n->a);
		buf_ch(o->b, '=');
		out(o, n->b);
		if (n->c != NULL) {
			buf_ch(o->b, ' ');
			must(o, n->c);
		}
		break;
	case Nredirs:
		redirs(o, n);
		break;
	case Nredir:
		redir(o, n);
		break;
	case Nmatch:
		buf_str(o->b, "~ ");
		out(o, n->a);
		if (n->b != NULL)
			buf_ch(o->b, ' ');
		all(o, n->b, " ");
		break;
	default:
		compound(o, n);
	}
}

void tree_print(Buf *b, const Node *n)
{
	Out o = { .b = b };

	if (n == NULL)
		return;
	body(&o, n);
	if (o.nhere > 0) {
		line(&o);
		b->p[--b->n] = '\0'; /* the caller ends the last line */
	}
	free(o.here);
}
