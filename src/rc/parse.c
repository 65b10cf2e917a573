/*
 * The parser: recursive descent straight over the characters.
 *
 * rc has no tokens that mean the same everywhere: a parenthesis after a
 * variable's name is a subscript, a word ends elsewhere after a $, = is
 * special only in the first word of a command, and a caret appears between
 * words that touch.  Characters are therefore looked at where their meaning
 * is known.  Precedence, from loose to tight:
 *
 *	if for while switch     their body takes all that follows
 *	&& ||                   left to right
 *	! @ redirection x=y     before a command
 *	|                       left to right
 *
 * A backslash before a newline reads as a blank (peek does that), except in
 * quotes, comments and here documents.  Here documents are read at the next
 * newline that ends a command.  p->word is true right after a word's last
 * character: only then do free carets and subscripts apply.  The first
 * error wins; every loop ends when p->bad is set.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include "tree.h"

enum { DEPTH = 400, MAXFD = 9999, END = -1 };

typedef struct Parser {
	Source *src;
	Unit *u;
	bool bad, word, first;
	bool eq; /* = is an ordinary character */
	int depth;
	Node *here, **heretail; /* here documents whose text is still to come */
} Parser;

typedef enum Key { Knone, Kfor, Kin, Kwhile, Kif, Knot, Kmatch, Kbang, Ksubshell, Kswitch, Kfn } Key;

static const char *const keys[] = { "", "for", "in", "while", "if", "not", "~", "!", "@", "switch", "fn" };

static Node *parse_list(Parser *p, int close);
static Node *andor(Parser *p);
static Node *pipeline(Parser *p);
static Node *word(Parser *p);
static Node *atom(Parser *p);
static Node *words(Parser *p);

bool char_word(int c)
{
	return c != END && c != '\0' && strchr("\n \t#;&|^$=`'{}()<>", c) == NULL;
}

bool char_id(int c)
{
	return c > ' ' && strchr("!\"#$%&'()+,-./:;<=>?@[\\]^`{|}~", c) == NULL;
}

void unit_take(Unit *u)
{
	u->ref++;
}

void unit_drop(Unit *u)
{
	if (u == NULL || --u->ref > 0)
		return;
	region_free(&u->mem);
	free(u->file);
	free(u);
}

/* fill reads more text; false at the end. */
static bool fill(Parser *p)
{
	Source *s = p->src;
	size_t n = s->text.n;

	while (!s->eof && s->text.n == n)
		if (s->more == NULL || !s->more(s, p->first))
			s->eof = true;
	if (s->echo != NULL && s->text.n > n)
		s->echo(s, s->text.p + n, s->text.n - n);
	return s->text.n > n;
}

/* raw returns the next byte as it is; END at the end. */
static int raw(Parser *p)
{
	Source *s = p->src;

	if (s->at == s->text.n && !fill(p))
		return END;
	return (u8)s->text.p[s->at];
}

/* ahead returns the byte i places after the next one. */
static int ahead(Parser *p, size_t i)
{
	Source *s = p->src;

	while (s->at + i >= s->text.n)
		if (!fill(p))
			return END;
	return (u8)s->text.p[s->at + i];
}

static bool continued(Parser *p)
{
	return ahead(p, 1) == '\n';
}

static int peek(Parser *p)
{
	int c = raw(p);

	return c == '\\' && continued(p) ? ' ' : c;
}

static void skip(Parser *p)
{
	Source *s = p->src;

	if (s->at < s->text.n && s->text.p[s->at++] == '\n') {
		s->line++;
		p->first = false;
	}
}

/* take consumes what peek returned. */
static void take(Parser *p)
{
	if (raw(p) == '\\' && continued(p))
		skip(p);
	skip(p);
}

static bool is(Parser *p, int c)
{
	if (peek(p) != c)
		return false;
	take(p);
	return true;
}

static void printf_like(2, 3) bad(Parser *p, const char *fmt, ...)
{
	char why[100];
	int c = raw(p);
	va_list ap;

	if (p->bad)
		return;
	p->bad = true;
	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	if (c == END)
		werrstr("%s:%d: at the end: %s", p->src->file, p->src->line, why);
	else if (c == '\n')
		werrstr("%s:%d: at the end of the line: %s", p->src->file, p->src->line, why);
	else if (c > ' ' && c < 0x7f)
		werrstr("%s:%d: at '%c': %s", p->src->file, p->src->line, c, why);
	else
		werrstr("%s:%d: %s", p->src->file, p->src->line, why);
}

static bool deeper(Parser *p)
{
	if (++p->depth > DEPTH)
		bad(p, "commands nested too deeply");
	return !p->bad;
}

static Node *node(Parser *p, NodeType type)
{
	Node *n = region_new(&p->u->mem, sizeof *n);

	memset(n, 0, sizeof *n);
	n->type = (u8)type;
	n->line = p->src->line;
	return n;
}

static void white(Parser *p)
{
	int c;

	while ((c = peek(p)) == ' ' || c == '\t' || c == '#') {
		if (c != '#') {
			take(p);
			continue;
		}
		while ((c = raw(p)) != '\n' && c != END)
			skip(p);
	}
	p->word = false;
}

static void newlines(Parser *p)
{
	for (white(p); peek(p) == '\n'; white(p))
		take(p);
}

static void want(Parser *p, int c)
{
	char s[] = { (char)c, '\0' };

	white(p);
	if (!is(p, c))
		bad(p, "'%s' expected", s);
}

static bool wordchar(Parser *p, int c)
{
	return char_word(c) || (c == '=' && p->eq);
}

/* starts says whether a word starts here (a redirection may still turn out to be one). */
static bool starts(Parser *p)
{
	int c = peek(p);

	return wordchar(p, c) || c == '\'' || c == '$' || c == '`' || c == '(';
}

/* key returns the keyword that is next, without consuming it. */
static Key key(Parser *p)
{
	size_t n = 0;
	char s[8];

	if (!char_word(peek(p)))
		return Knone;
	while (n < sizeof s && char_word(ahead(p, n)) && !(ahead(p, n) == '\\' && ahead(p, n + 1) == '\n')) {
		s[n] = (char)ahead(p, n);
		n++;
	}
	for (int k = Kfor; k <= Kfn; k++)
		if (strlen(keys[k]) == n && memcmp(keys[k], s, n) == 0)
			return (Key)k;
	return Knone;
}

static void takekey(Parser *p, Key k)
{
	for (size_t n = strlen(keys[k]); n > 0; n--)
		take(p);
}

/* heretext reads the text of here document n, up to its tag or the end. */
static void heretext(Parser *p, Node *n)
{
	autobuf Buf b = { 0 };
	size_t line = 0, tag = strlen(n->a->s);
	int c;

	do {
		c = raw(p);
		skip(p);
		if (c == '\0') {
			bad(p, "NUL byte in a here document");
			return;
		}
		if ((c == '\n' || c == END) && b.n - line == tag && memcmp(buf_text(&b) + line, n->a->s, tag) == 0) {
			b.n = line;
			break;
		}
		if (c != END)
			buf_ch(&b, c);
		if (c == '\n')
			line = b.n;
	} while (c != END);
	n->s = region_strn(&p->u->mem, buf_text(&b), b.n);
}

/* newline consumes the newline that ends a command and reads the here documents it owes. */
static void newline(Parser *p)
{
	Node *next;

	take(p);
	for (Node *n = p->here; n != NULL && !p->bad; n = next) {
		heretext(p, n);
		next = n->c;
		n->c = NULL;
	}
	p->here = NULL;
	p->heretail = &p->here;
}

/* ---- words ---- */

static Node *quoted(Parser *p)
{
	autobuf Buf b = { 0 };
	Node *n = node(p, Nword);
	int c;

	for (skip(p);; skip(p)) {
		c = raw(p);
		if (c == END) {
			bad(p, "the quote of line %d is not closed", n->line);
			break;
		}
		if (c == '\'') {
			skip(p);
			if (raw(p) != '\'')
				break;
		}
		if (c == '\0')
			bad(p, "NUL byte in a quoted word");
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
	Node *n = node(p, Nword);
	int c = peek(p);

	do {
		take(p);
		if (c == '*' || c == '?' || c == '[')
			n->glob = !id;
		if (c == '*' || c == '?' || c == '[' || c == GLOB)
			buf_ch(&pat, GLOB);
		buf_ch(&pat, c);
		buf_ch(&s, c);
		c = peek(p);
	} while (id ? char_id(c) : wordchar(p, c));
	n->s = region_strn(&p->u->mem, buf_text(&s), s.n);
	if (n->glob)
		n->pat = region_strn(&p->u->mem, buf_text(&pat), pat.n);
	p->word = true;
	return n;
}

/* list reads words up to a closing parenthesis, which it consumes. */
static Node *list(Parser *p, Node *n)
{
	Node *first = words(p);

	want(p, ')');
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
	Node *n = node(p, Ndollar);
	int c;

	take(p);
	if (is(p, '#'))
		n->type = Ncount;
	else if (is(p, '"'))
		n->type = Nflat;
	white(p);
	c = peek(p);
	if (c == '\'' || c == '$' || c == '`' || c == '(')
		n->a = atom(p);
	else if (wordchar(p, c))
		n->a = unquoted(p, true);
	else
		bad(p, "variable name expected after $");
	if (p->bad || n->type != Ndollar || !p->word || peek(p) != '(')
		return n;
	take(p);
	n->type = Nsub;
	return list(p, n);
}

static Node *brace(Parser *p)
{
	Node *n = node(p, Nblock);
	bool eq = p->eq;

	want(p, '{');
	if (p->bad)
		return n;
	p->eq = false;
	n->a = parse_list(p, '}');
	p->eq = eq;
	want(p, '}');
	p->word = false;
	return n;
}

static Node *backquote(Parser *p)
{
	Node *n = node(p, Nbackq);

	take(p);
	white(p);
	if (peek(p) != '{')
		n->a = word(p);
	if (!p->bad)
		n->b = brace(p)->a;
	return n;
}

static Node *atom(Parser *p)
{
	Node *n = NULL;

	if (deeper(p)) {
		switch (peek(p)) {
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
			take(p);
			n = list(p, node(p, Nlist));
			break;
		default:
			if (wordchar(p, peek(p)))
				n = unquoted(p, false);
			else
				bad(p, "syntax error");
		}
	}
	p->depth--;
	return n;
}

/* touches consumes a caret, or finds words that touch: true if another part of the same word follows. */
static bool touches(Parser *p)
{
	if (p->word && peek(p) == '(')
		bad(p, "syntax error");
	else if (p->word && starts(p))
		return true;
	white(p);
	if (p->bad || !is(p, '^'))
		return false;
	white(p);
	return true;
}

/* carets reads what is joined to n. */
static Node *carets(Parser *p, Node *n)
{
	Node *all = NULL, **tail = NULL;

	while (!p->bad && touches(p)) {
		if (all == NULL) {
			all = node(p, Nconcat);
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

static Node *word(Parser *p)
{
	Node *n = atom(p);

	return p->bad ? n : carets(p, n);
}

/* argument is word where = is an ordinary character. */
static Node *argument(Parser *p)
{
	bool eq = p->eq;
	Node *n;

	p->eq = true;
	n = word(p);
	p->eq = eq;
	return n;
}

/* ---- redirections ---- */

static int number(Parser *p)
{
	int c = peek(p), n = 0;

	if (c < '0' || c > '9')
		bad(p, "number of a file descriptor expected");
	for (; c >= '0' && c <= '9' && !p->bad; c = peek(p)) {
		n = n * 10 + c - '0';
		if (n > MAXFD)
			bad(p, "file descriptor number too large");
		take(p);
	}
	return n;
}

/* brackets reads [fd0], [fd0=] or [fd0=fd1] behind a < > or |. */
static void brackets(Parser *p, Node *n, bool pipe)
{
	if (!is(p, '['))
		return;
	n->fd0 = number(p);
	if (!p->bad && is(p, '=')) {
		if (!pipe && (n->rtype == Rhere || n->rtype == Rappend))
			bad(p, "syntax error");
		n->rtype = Rclose;
		if (peek(p) != ']' || pipe) {
			n->rtype = Rdup;
			n->fd1 = number(p);
		}
		if (pipe) { /* |[right=left] */
			int left = n->fd1;

			n->fd1 = n->fd0;
			n->fd0 = left;
		}
	}
	if (!p->bad && !is(p, ']'))
		bad(p, "']' expected");
}

static void heretag(Parser *p, Node *n)
{
	if (n->a->type != Nword || strpbrk(n->a->s, n->a->quoted ? "\n" : "\\=") != NULL) {
		bad(p, "the tag of a here document must be one plain word");
		return;
	}
	*p->heretail = n;
	p->heretail = &n->c;
}

/* redir reads a redirection, or the word <{...} and its like. */
static Node *redir(Parser *p)
{
	Node *n = node(p, Nredir);

	if (is(p, '>')) {
		n->fd0 = 1;
		n->rtype = is(p, '>') ? Rappend : Rwrite;
	} else {
		take(p);
		n->rtype = is(p, '<') ? Rhere : is(p, '>') ? Rrdwr : Rread;
	}
	brackets(p, n, false);
	white(p);
	if (p->bad || n->rtype == Rdup || n->rtype == Rclose)
		return n;
	if (peek(p) != '{') {
		n->a = argument(p);
		if (!p->bad && n->rtype == Rhere)
			heretag(p, n);
		return n;
	}
	if (n->rtype == Rhere || n->rtype == Rappend)
		bad(p, "syntax error");
	n->type = Npipefd;
	n->a = brace(p)->a;
	return n;
}

static bool isredir(Parser *p)
{
	int c = peek(p);

	return c == '<' || c == '>';
}

/* ---- commands ---- */

static Node *redirs(Parser *p, Node *first, Node *body)
{
	Node *n;

	if (first == NULL)
		return body;
	n = node(p, Nredirs);
	n->line = first->line;
	n->a = first;
	n->b = body;
	return n;
}

/* epilog reads the redirections behind a block. */
static Node *epilog(Parser *p, Node *body)
{
	Node *first = NULL, **tail = &first;

	for (white(p); isredir(p) && !p->bad; white(p)) {
		*tail = redir(p);
		if ((*tail)->type != Nredir)
			bad(p, "syntax error");
		tail = &(*tail)->next;
	}
	return redirs(p, first, body);
}

/* joined reads a word that may be <{...}, or a redirection if redirs is set. */
static Node *joined(Parser *p, bool redirs_too)
{
	Node *n;

	if (!isredir(p))
		return word(p);
	n = redir(p);
	if (p->bad || (n->type == Nredir && redirs_too))
		return n;
	if (n->type == Nredir)
		bad(p, "a redirection does not belong here");
	return carets(p, n);
}

/* words reads words up to something else. */
static Node *words(Parser *p)
{
	Node *first = NULL, **tail = &first;
	bool eq = p->eq;

	p->eq = true;
	for (white(p); !p->bad && (starts(p) || isredir(p)); white(p)) {
		*tail = joined(p, false);
		if (!p->bad)
			tail = &(*tail)->next;
	}
	p->eq = eq;
	return first;
}

/* simple reads the rest of a simple command whose first word is w. */
static Node *simple(Parser *p, Node *w)
{
	Node *n = node(p, Nsimple), *first = NULL, **rtail = &first, **tail = &w->next, *x;

	n->a = w;
	n->line = w->line;
	p->eq = true;
	for (white(p); !p->bad && (starts(p) || isredir(p)); white(p)) {
		x = joined(p, true);
		if (p->bad)
			break;
		if (x->type == Nredir) {
			*rtail = x;
			rtail = &x->next;
		} else {
			*tail = x;
			tail = &x->next;
		}
	}
	p->eq = false;
	return redirs(p, first, n);
}

/* command reads a command that begins with a word: an assignment or a simple command. */
static Node *command(Parser *p, Node *w)
{
	Node *n;

	white(p);
	if (p->bad || peek(p) != '=')
		return p->bad ? w : simple(p, w);
	take(p);
	white(p);
	n = node(p, Nassign);
	n->a = w;
	p->eq = true;
	n->b = joined(p, false);
	p->eq = false;
	if (!p->bad)
		n->c = pipeline(p);
	return n;
}

/* prefix reads a command that begins with a redirection. */
static Node *prefix(Parser *p)
{
	Node *first = NULL, **tail = &first, *x;

	for (white(p); isredir(p) && !p->bad; white(p)) {
		x = redir(p);
		if (p->bad)
			return x;
		if (x->type == Npipefd) {
			x = carets(p, x);
			return redirs(p, first, p->bad ? x : command(p, x));
		}
		*tail = x;
		tail = &x->next;
	}
	return redirs(p, first, pipeline(p));
}

static Node *paren(Parser *p)
{
	Node *n;

	want(p, '(');
	if (p->bad)
		return NULL;
	n = parse_list(p, ')');
	want(p, ')');
	newlines(p);
	return n;
}

/* endsinif says whether `if not` may follow n. */
static bool endsinif(const Node *n)
{
	while (n != NULL && n->type == Nifnot)
		n = n->a;
	return n != NULL && n->type == Nif;
}

static Node *parse_if(Parser *p)
{
	Node *n = node(p, Nif);

	white(p);
	if (key(p) == Knot) {
		takekey(p, Knot);
		newlines(p);
		n->type = Nifnot;
		n->a = andor(p);
		return n;
	}
	n->a = paren(p);
	if (!p->bad)
		n->b = andor(p);
	return n;
}

static Node *parse_for(Parser *p)
{
	Node *n = node(p, Nfor);

	want(p, '(');
	white(p);
	if (!p->bad)
		n->a = word(p);
	white(p);
	if (!p->bad && key(p) == Kin) {
		takekey(p, Kin);
		n->b = list(p, node(p, Nlist));
	} else {
		want(p, ')');
	}
	newlines(p);
	if (!p->bad)
		n->c = andor(p);
	return n;
}

/* cases turns the simple commands `case ...` of a switch's body into Ncase. */
static void cases(Parser *p, Node *n)
{
	Node *first = n->b;

	if (first != NULL && first->type != Nseq) {
		n->b = node(p, Nseq);
		n->b->a = first;
	}
	for (Node *c = n->b != NULL ? n->b->a : NULL; c != NULL; c = c->next)
		if (c->type == Nsimple && c->a->type == Nword && !c->a->quoted && strcmp(c->a->s, "case") == 0) {
			c->type = Ncase;
			c->a = c->a->next;
		}
	if (n->b == NULL || n->b->a->type != Ncase)
		bad(p, "switch without a case");
}

static Node *parse_switch(Parser *p)
{
	Node *n = node(p, Nswitch);

	white(p);
	n->a = argument(p);
	newlines(p);
	if (!p->bad)
		n->b = brace(p)->a;
	if (!p->bad)
		cases(p, n);
	return n;
}

static Node *parse_fn(Parser *p)
{
	Node *n = node(p, Nfn);

	n->a = words(p);
	if (!p->bad && peek(p) == '{') {
		n->b = brace(p);
		if (n->b->a == NULL)
			n->b->a = node(p, Nseq);
	}
	return n;
}

static Node *keyword(Parser *p, Key k)
{
	Node *n;

	takekey(p, k);
	switch (k) {
	case Kif:
		return parse_if(p);
	case Kfor:
		return parse_for(p);
	case Kwhile:
		n = node(p, Nwhile);
		n->a = paren(p);
		if (!p->bad)
			n->b = andor(p);
		return n;
	case Kswitch:
		return parse_switch(p);
	case Kfn:
		return parse_fn(p);
	case Kmatch:
		n = node(p, Nmatch);
		white(p);
		n->a = argument(p);
		if (!p->bad)
			n->b = words(p);
		return n;
	case Kbang:
	case Ksubshell:
		n = node(p, k == Kbang ? Nbang : Nsubshell);
		n->a = pipeline(p);
		return n;
	default:
		bad(p, "syntax error: '%s' out of place", keys[k]);
		return NULL;
	}
}

static Node *primary(Parser *p)
{
	Node *n = NULL;
	Key k;

	white(p);
	if (deeper(p)) {
		if (peek(p) == '{')
			n = epilog(p, brace(p));
		else if (isredir(p))
			n = prefix(p);
		else if ((k = key(p)) != Knone)
			n = keyword(p, k);
		else if (starts(p)) {
			n = word(p);
			if (!p->bad)
				n = command(p, n);
		}
	}
	p->depth--;
	white(p);
	return n;
}

/* isop consumes the operator cc (|| or &&) and the newlines behind it. */
static bool isop(Parser *p, int c)
{
	if (peek(p) != c || ahead(p, 1) != c)
		return false;
	take(p);
	take(p);
	newlines(p);
	return true;
}

static bool ispipe(Parser *p)
{
	return peek(p) == '|' && ahead(p, 1) != '|';
}

/* empty stands for a missing command where one has to be. */
static Node *full(Parser *p, Node *n)
{
	return n != NULL ? n : node(p, Nseq);
}

static Node *pipeline(Parser *p)
{
	Node *n = primary(p), *all = NULL, **tail = NULL, *link;

	while (!p->bad && ispipe(p)) {
		take(p);
		link = node(p, Nredir);
		link->fd0 = 1;
		brackets(p, link, true);
		newlines(p);
		if (all == NULL) {
			all = node(p, Npipe);
			all->a = full(p, n);
			tail = &all->a->next;
		}
		*tail = full(p, primary(p));
		(*tail)->fd0 = link->fd0;
		(*tail)->fd1 = link->fd1;
		tail = &(*tail)->next;
	}
	return all != NULL ? all : n;
}

static Node *andor(Parser *p)
{
	Node *n = pipeline(p), *all = NULL, **tail = NULL, *op;
	bool and;

	while (!p->bad && ((and = isop(p, '&')) || isop(p, '|'))) {
		if (all == NULL) {
			all = node(p, Nandor);
			all->a = full(p, n);
			tail = &all->a->next;
		}
		op = node(p, and ? Nand : Nor);
		op->a = pipeline(p);
		*tail = op;
		tail = &op->next;
	}
	return all != NULL ? all : n;
}

/* one reads one command of a list with its & if it has one. */
static Node *one(Parser *p, bool *afterif, bool *ended)
{
	Node *n = andor(p), *bg;

	if (p->bad)
		return n;
	if (n != NULL && n->type == Nifnot && !*afterif)
		bad(p, "`if not' does not follow `if(...)'");
	*afterif = endsinif(n);
	*ended = is(p, '&');
	if (!*ended)
		return n;
	if (n == NULL)
		return NULL;
	bg = node(p, Nasync);
	bg->a = n;
	*afterif = false;
	return bg;
}

/* item reads one command of a list and sees that it ends well. */
static Node *item(Parser *p, int close, bool *afterif)
{
	size_t at = p->src->at;
	bool ended = false;
	Node *n = one(p, afterif, &ended);
	int c = peek(p);

	if (p->src->at == at || (!ended && c != ';' && c != '\n' && c != close && c != END))
		bad(p, "syntax error");
	return n;
}

/* parse_list reads commands up to close ('\n', which it leaves, also means the end of text; END only that). */
static Node *parse_list(Parser *p, int close)
{
	Node *first = NULL, **tail = &first, *seq;
	bool inner = false, *afterif = close == '\n' || close == END ? &p->src->afterif : &inner;
	int c;

	for (white(p); !p->bad; white(p)) {
		c = peek(p);
		if (c == close || c == END)
			break;
		if (c == '\n') {
			newline(p);
		} else if (c == ';') {
			take(p);
		} else {
			*tail = item(p, close, afterif);
			if (*tail != NULL && !p->bad)
				tail = &(*tail)->next;
		}
	}
	if (p->bad || first == NULL || first->next == NULL)
		return first;
	seq = node(p, Nseq);
	seq->line = first->line;
	seq->a = first;
	return seq;
}

static void resync(Parser *p)
{
	int c;

	while ((c = raw(p)) != '\n' && c != END)
		skip(p);
	skip(p);
}

static Parsed parse(Source *src, Unit **u, int close)
{
	Parser p = { .src = src, .first = true };

	p.heretail = &p.here;
	if (src->at > 65536 || src->at == src->text.n) {
		buf_cut(&src->text, src->at);
		src->at = 0;
	}
	*u = NULL;
	if (raw(&p) == END)
		return ParseEnd;
	p.u = mem_new(sizeof *p.u);
	p.u->ref = 1;
	p.u->file = mem_str(src->file);
	p.u->root = parse_list(&p, close);
	if (!p.bad && close == '\n')
		newline(&p);
	if (p.bad) {
		unit_drop(p.u);
		resync(&p);
		src->afterif = false;
		return ParseBad;
	}
	*u = p.u;
	return ParseOk;
}

Parsed parse_line(Source *src, Unit **u)
{
	return parse(src, u, '\n');
}

Parsed parse_all(Source *src, Unit **u)
{
	return parse(src, u, END);
}

bool parse_blank(Source *src)
{
	const char *s = src->text.p + src->at, *e = src->text.p + src->text.n;

	if (!src->eof && src->more != NULL)
		return false;
	for (; s < e && strchr(" \t\n#", *s) != NULL; s++)
		if (*s == '#')
			while (s + 1 < e && *s != '\n')
				s++;
	return s >= e;
}
