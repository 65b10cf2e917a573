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
 *
 * p->mayelse tells the next primary, and nobody after it, that it follows
 * an if in its list (or is all of an `if not'): only there `if not' may be.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include "parser.h"

static Node *andor(Parser *p);
static Node *pipeline(Parser *p);

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

static Node *redirs(Parser *p, Node *first, Node *body)
{
	Node *n;

	if (first == NULL)
		return body;
	n = lex_node(p, Nredirs);
	n->line = first->line;
	n->a = first;
	n->b = body;
	return n;
}

/* epilog reads the redirections behind a block. */
static Node *epilog(Parser *p, Node *body)
{
	Node *first = NULL, **tail = &first;

	for (lex_white(p); words_isredir(p) && !p->bad; lex_white(p)) {
		*tail = words_redir(p);
		if ((*tail)->type != Nredir)
			lex_bad(p, "syntax error");
		tail = &(*tail)->next;
	}
	return redirs(p, first, body);
}

/* simple reads the rest of a simple command whose first word is w. */
static Node *simple(Parser *p, Node *w)
{
	Node *n = lex_node(p, Nsimple), *first = NULL, **rtail = &first, **tail = &w->next, *x;

	n->a = w;
	n->line = w->line;
	p->eq = true;
	for (lex_white(p); !p->bad && (lex_starts(p) || words_isredir(p)); lex_white(p)) {
		x = words_joined(p, true);
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

	lex_white(p);
	if (p->bad || lex_peek(p) != '=')
		return p->bad ? w : simple(p, w);
	lex_take(p);
	lex_white(p);
	n = lex_node(p, Nassign);
	n->a = w;
	p->eq = true;
	n->b = words_joined(p, false);
	p->eq = false;
	if (!p->bad)
		n->c = pipeline(p);
	return n;
}

/* prefix reads a command that begins with a redirection. */
static Node *prefix(Parser *p)
{
	Node *first = NULL, **tail = &first, *x;

	for (lex_white(p); words_isredir(p) && !p->bad; lex_white(p)) {
		x = words_redir(p);
		if (p->bad)
			return x;
		if (x->type == Npipefd) {
			x = words_carets(p, x);
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

	lex_want(p, '(');
	if (p->bad)
		return NULL;
	n = parse_list(p, ')');
	lex_want(p, ')');
	lex_newlines(p);
	return n;
}

/* endsinif says whether `if not` may follow n. */
static bool endsinif(const Node *n)
{
	while (n != NULL && n->type == Nifnot)
		n = n->a;
	return n != NULL && n->type == Nif;
}

/* parse_if reads the rest of an if; mayelse says whether it is where `if not' may be. */
static Node *parse_if(Parser *p, bool mayelse)
{
	Node *n = lex_node(p, Nif);

	lex_white(p);
	if (lex_key(p) == Knot) {
		if (!mayelse)
			lex_bad(p, "`if not' does not follow `if(...)'");
		lex_takekey(p, Knot);
		lex_newlines(p);
		n->type = Nifnot;
		p->mayelse = true;
		if (!p->bad)
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
	Node *n = lex_node(p, Nfor);

	lex_want(p, '(');
	lex_white(p);
	if (!p->bad)
		n->a = words_one(p);
	lex_white(p);
	if (!p->bad && lex_key(p) == Kin) {
		lex_takekey(p, Kin);
		n->b = words_parens(p, lex_node(p, Nlist));
	} else {
		lex_want(p, ')');
	}
	lex_newlines(p);
	if (!p->bad)
		n->c = andor(p);
	return n;
}

/* cases turns the simple commands `case ...` of a switch's body into Ncase. */
static void cases(Parser *p, Node *n)
{
	Node *first = n->b;

	if (first != NULL && first->type != Nseq) {
		n->b = lex_node(p, Nseq);
		n->b->a = first;
	}
	for (Node *c = n->b != NULL ? n->b->a : NULL; c != NULL; c = c->next)
		if (c->type == Nsimple && c->a->type == Nword && !c->a->quoted && strcmp(c->a->s, "case") == 0) {
			c->type = Ncase;
			c->a = c->a->next;
		}
	if (n->b == NULL || n->b->a->type != Ncase)
		lex_bad(p, "switch without a case");
}

static Node *parse_switch(Parser *p)
{
	Node *n = lex_node(p, Nswitch);

	lex_white(p);
	n->a = words_argument(p);
	lex_newlines(p);
	if (!p->bad)
		n->b = words_brace(p)->a;
	if (!p->bad)
		cases(p, n);
	return n;
}

static Node *parse_fn(Parser *p)
{
	Node *n = lex_node(p, Nfn);

	n->a = words_all(p);
	if (!p->bad && lex_peek(p) == '{') {
		n->b = words_brace(p);
		if (n->b->a == NULL)
			n->b->a = lex_node(p, Nseq);
	}
	return n;
}

static Node *keyword(Parser *p, Key k, bool mayelse)
{
	Node *n;

	lex_takekey(p, k);
	switch (k) {
	case Kif:
		return parse_if(p, mayelse);
	case Kfor:
		return parse_for(p);
	case Kwhile:
		n = lex_node(p, Nwhile);
		n->a = paren(p);
		if (!p->bad)
			n->b = andor(p);
		return n;
	case Kswitch:
		return parse_switch(p);
	case Kfn:
		return parse_fn(p);
	case Kmatch:
		n = lex_node(p, Nmatch);
		lex_white(p);
		n->a = words_argument(p);
		if (!p->bad)
			n->b = words_all(p);
		return n;
	case Kbang:
	case Ksubshell:
		n = lex_node(p, k == Kbang ? Nbang : Nsubshell);
		n->a = pipeline(p);
		return n;
	default:
		lex_bad(p, "syntax error: '%s' out of place", lex_keys[k]);
		return NULL;
	}
}

static Node *primary(Parser *p)
{
	bool mayelse = p->mayelse;
	Node *n = NULL;
	Key k;

	p->mayelse = false;
	lex_white(p);
	if (lex_deeper(p)) {
		if (lex_peek(p) == '{')
			n = epilog(p, words_brace(p));
		else if (words_isredir(p))
			n = prefix(p);
		else if ((k = lex_key(p)) != Knone)
			n = keyword(p, k, mayelse);
		else if (lex_starts(p)) {
			n = words_one(p);
			if (!p->bad)
				n = command(p, n);
		}
	}
	p->depth--;
	lex_white(p);
	return n;
}

/* isop consumes the operator cc (|| or &&) and the newlines behind it. */
static bool isop(Parser *p, int c)
{
	if (lex_peek(p) != c || lex_ahead(p, 1) != c)
		return false;
	lex_take(p);
	lex_take(p);
	lex_newlines(p);
	return true;
}

static bool ispipe(Parser *p)
{
	return lex_peek(p) == '|' && lex_ahead(p, 1) != '|';
}

/* empty stands for a missing command where one has to be. */
static Node *full(Parser *p, Node *n)
{
	return n != NULL ? n : lex_node(p, Nseq);
}

static Node *pipeline(Parser *p)
{
	Node *n = primary(p), *all = NULL, **tail = NULL, *link;

	while (!p->bad && ispipe(p)) {
		lex_take(p);
		link = lex_node(p, Nredir);
		link->fd0 = 1;
		words_brackets(p, link, true);
		lex_newlines(p);
		if (all == NULL) {
			all = lex_node(p, Npipe);
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
			all = lex_node(p, Nandor);
			all->a = full(p, n);
			tail = &all->a->next;
		}
		op = lex_node(p, and ? Nand : Nor);
		op->a = pipeline(p);
		*tail = op;
		tail = &op->next;
	}
	return all != NULL ? all : n;
}

/* one reads one command of a list with its & if it has one. */
static Node *one(Parser *p, bool *afterif, bool *ended)
{
	Node *n, *bg;

	p->mayelse = *afterif;
	n = andor(p);
	if (p->bad)
		return n;
	*afterif = endsinif(n);
	*ended = lex_is(p, '&');
	if (!*ended)
		return n;
	if (n == NULL)
		return NULL;
	bg = lex_node(p, Nasync);
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
	int c = lex_peek(p);

	if (p->src->at == at || (!ended && c != ';' && c != '\n' && c != close && c != END))
		lex_bad(p, "syntax error");
	return n;
}

/* parse_list reads commands up to close ('\n', which it leaves, also means the end of text; END only that). */
Node *parse_list(Parser *p, int close)
{
	Node *first = NULL, **tail = &first, *seq;
	bool inner = false, *afterif = close == '\n' || close == END ? &p->src->afterif : &inner;
	int c;

	for (lex_white(p); !p->bad; lex_white(p)) {
		c = lex_peek(p);
		if (c == close || c == END)
			break;
		if (c == '\n') {
			lex_newline(p);
		} else if (c == ';') {
			lex_take(p);
		} else {
			*tail = item(p, close, afterif);
			if (*tail != NULL && !p->bad)
				tail = &(*tail)->next;
		}
	}
	if (p->bad || first == NULL || first->next == NULL)
		return first;
	seq = lex_node(p, Nseq);
	seq->line = first->line;
	seq->a = first;
	return seq;
}

static void resync(Parser *p)
{
	int c;

	while ((c = lex_raw(p)) != '\n' && c != END)
		lex_skip(p);
	lex_skip(p);
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
	if (lex_raw(&p) == END)
		return ParseEnd;
	p.u = mem_new(sizeof *p.u);
	p.u->ref = 1;
	p.u->file = mem_str(src->file);
	p.u->root = parse_list(&p, close);
	if (!p.bad && close == '\n')
		lex_newline(&p);
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
