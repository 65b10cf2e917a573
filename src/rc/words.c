/*
 * Words and redirections.
 */
#include <string.h>
#include <base/buf.h>
#include "parser.h"

enum { MAXFD = 9999 };

static Node *atom(Parser *p);

static Node *quoted(Parser *p)
{
	autobuf Buf b = { 0 };
	Node *n = lex_node(p, Nword);
	int c;

	for (lex_skip(p);; lex_skip(p)) {
		c = lex_raw(p);
		if (c == END) {
			lex_bad(p, "the quote of line %d is not closed", n->line);
			break;
		}
		if (c == '\'') {
			lex_skip(p);
			if (lex_raw(p) != '\'')
				break;
		}
		if (c == '\0')
			lex_bad(p, "NUL byte in a quoted word");
		buf_ch(&b, c);
	}
	n->s = region_strn(&p->u->mem, buf_text(&b), strlen(buf_text(&b)));
	n->quoted = true;
	p->word = true;
	return n;
}

/* unquoted reads a word's characters; a variable's name if id is set. */
static Node *unquoted(Parser *p, bool id)
{
	autobuf Buf s = { 0 }, pat = { 0 };
	Node *n = lex_node(p, Nword);
	int c = lex_peek(p);

	do {
		lex_take(p);
		if (c == '*' || c == '?' || c == '[')
			n->glob = !id;
		if (c == '*' || c == '?' || c == '[' || c == GLOB)
			buf_ch(&pat, GLOB);
		buf_ch(&pat, c);
		buf_ch(&s, c);
		c = lex_peek(p);
	} while (id ? char_id(c) : lex_wordchar(p, c));
	n->s = region_strn(&p->u->mem, buf_text(&s), s.n);
	if (n->glob)
		n->pat = region_strn(&p->u->mem, buf_text(&pat), pat.n);
	p->word = true;
	return n;
}

/* list reads words up to a closing parenthesis, which it consumes. */
Node *words_parens(Parser *p, Node *n)
{
	Node *first = words_all(p);

	lex_want(p, ')');
	p->word = false;
	if (n->type == Nsub) {
		n->b = first;
		return n;
	}
	n->a = first;
	for (; first != NULL; first = first->next)
		n->glob |= first->glob;
	return n;
}

/* dollar reads what follows a $, with its subscript. */
static Node *dollar(Parser *p)
{
	Node *n = lex_node(p, Ndollar);
	int c;

	lex_take(p);
	if (lex_is(p, '#'))
		n->type = Ncount;
	else if (lex_is(p, '"'))
		n->type = Nflat;
	lex_white(p);
	c = lex_peek(p);
	if (c == '\'')
		n->a = quoted(p);
	else if (c == '$' || c == '`' || c == '(')
		n->a = atom(p);
	else if (lex_wordchar(p, c))
		n->a = unquoted(p, true);
	else
		lex_bad(p, "variable name expected after $");
	if (p->bad || n->type != Ndollar || !p->word || lex_peek(p) != '(')
		return n;
	lex_take(p);
	n->type = Nsub;
	return words_parens(p, n);
}

Node *words_brace(Parser *p)
{
	Node *n = lex_node(p, Nblock);
	bool eq = p->eq;

	lex_want(p, '{');
	if (p->bad)
		return n;
	p->eq = false;
	n->a = parse_list(p, '}');
	p->eq = eq;
	lex_want(p, '}');
	p->word = false;
	return n;
}

static Node *backquote(Parser *p)
{
	Node *n = lex_node(p, Nbackq);

	lex_take(p);
	lex_white(p);
	if (lex_peek(p) != '{')
		n->a = words_one(p);
	if (!p->bad)
		n->b = words_brace(p)->a;
	return n;
}

static Node *atom(Parser *p)
{
	Node *n = NULL;

	if (lex_deeper(p)) {
		switch (lex_peek(p)) {
		case '\'':
			n = quoted(p);
			break;
		case '$':
			n = dollar(p);
			break;
		case '`':
			n = backquote(p);
			break;
		case '(':
			lex_take(p);
			n = words_parens(p, lex_node(p, Nlist));
			break;
		default:
			if (lex_wordchar(p, lex_peek(p)))
				n = unquoted(p, false);
			else
				lex_bad(p, "syntax error");
		}
	}
	p->depth--;
	return n;
}

/* touches consumes a caret, or finds words that touch: true if another part of the same word follows. */
static bool touches(Parser *p)
{
	if (p->word && lex_peek(p) == '(')
		lex_bad(p, "syntax error");
	else if (p->word && lex_starts(p))
		return true;
	lex_white(p);
	if (p->bad || !lex_is(p, '^'))
		return false;
	lex_white(p);
	return true;
}

/* carets reads what is joined to n. */
Node *words_carets(Parser *p, Node *n)
{
	Node *all = NULL, **tail = NULL;

	while (!p->bad && touches(p)) {
		if (all == NULL) {
			all = lex_node(p, Nconcat);
			all->a = n;
			all->glob = n->glob;
			tail = &n->next;
		}
		*tail = atom(p);
		if (p->bad)
			break;
		all->glob |= (*tail)->glob;
		tail = &(*tail)->next;
	}
	return all != NULL ? all : n;
}

Node *words_one(Parser *p)
{
	Node *n = atom(p);

	return p->bad ? n : words_carets(p, n);
}

/* argument is word where = is an ordinary character. */
Node *words_argument(Parser *p)
{
	bool eq = p->eq;
	Node *n;

	p->eq = true;
	n = words_one(p);
	p->eq = eq;
	return n;
}

/* ---- redirections ---- */

static int number(Parser *p)
{
	int c = lex_peek(p), n = 0;

	if (c < '0' || c > '9')
		lex_bad(p, "number of a file descriptor expected");
	for (; c >= '0' && c <= '9' && !p->bad; c = lex_peek(p)) {
		n = n * 10 + c - '0';
		if (n > MAXFD)
			lex_bad(p, "file descriptor number too large");
		lex_take(p);
	}
	return n;
}

/* brackets reads [fd0], [fd0=] or [fd0=fd1] behind a < > or |. */
void words_brackets(Parser *p, Node *n, bool pipe)
{
	if (!lex_is(p, '['))
		return;
	n->fd0 = number(p);
	if (!p->bad && lex_is(p, '=')) {
		if (!pipe && (n->rtype == Rhere || n->rtype == Rappend))
			lex_bad(p, "syntax error");
		n->rtype = Rclose;
		if (lex_peek(p) != ']' || pipe) {
			n->rtype = Rdup;
			n->fd1 = number(p);
		}
		if (pipe) { /* |[right=left] */
			int left = n->fd1;

			n->fd1 = n->fd0;
			n->fd0 = left;
		}
	}
	if (!p->bad && !lex_is(p, ']'))
		lex_bad(p, "']' expected");
}

static void heretag(Parser *p, Node *n)
{
	if (n->a->type != Nword || strpbrk(n->a->s, n->a->quoted ? "\n" : "\\=") != NULL) {
		lex_bad(p, "the tag of a here document must be one plain word");
		return;
	}
	*p->heretail = n;
	p->heretail = &n->c;
}

/* redir reads a redirection, or the word <{...} and its like. */
Node *words_redir(Parser *p)
{
	Node *n = lex_node(p, Nredir);

	if (lex_is(p, '>')) {
		n->fd0 = 1;
		n->rtype = lex_is(p, '>') ? Rappend : Rwrite;
	} else {
		lex_take(p);
		n->rtype = lex_is(p, '<') ? Rhere : lex_is(p, '>') ? Rrdwr : Rread;
	}
	words_brackets(p, n, false);
	lex_white(p);
	if (p->bad || n->rtype == Rdup || n->rtype == Rclose)
		return n;
	if (lex_peek(p) != '{') {
		n->a = words_argument(p);
		if (!p->bad && n->rtype == Rhere)
			heretag(p, n);
		return n;
	}
	if (n->rtype == Rhere || n->rtype == Rappend)
		lex_bad(p, "syntax error");
	n->type = Npipefd;
	n->a = words_brace(p)->a;
	return n;
}

bool words_isredir(Parser *p)
{
	int c = lex_peek(p);

	return c == '<' || c == '>';
}

/* joined reads a word that may be <{...}, or a redirection if redirs is set. */
Node *words_joined(Parser *p, bool redirs_too)
{
	Node *n;

	if (!words_isredir(p))
		return words_one(p);
	n = words_redir(p);
	if (p->bad || (n->type == Nredir && redirs_too))
		return n;
	if (n->type == Nredir)
		lex_bad(p, "a redirection does not belong here");
	return words_carets(p, n);
}

/* words reads words up to something else. */
Node *words_all(Parser *p)
{
	Node *first = NULL, **tail = &first;
	bool eq = p->eq;

	p->eq = true;
	for (lex_white(p); !p->bad && (lex_starts(p) || words_isredir(p)); lex_white(p)) {
		*tail = words_joined(p, false);
		if (!p->bad)
			tail = &(*tail)->next;
	}
	p->eq = eq;
	return first;
}
