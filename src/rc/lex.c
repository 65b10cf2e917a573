#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include "parser.h"

enum { DEPTH = 400 };

const char *const lex_keys[] = { "", "for", "in", "while", "if", "not", "~", "!", "@", "switch", "fn" };

bool char_word(int c)
{
	return c != END && c != '\0' && strchr("\n \t#;&|^$=`'{}()<>", c) == NULL;
}

bool char_id(int c)
{
	return c > ' ' && strchr("!\"#$%&'()+,-./:;<=>?@[\\]^`{|}~", c) == NULL;
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
int lex_raw(Parser *p)
{
	Source *s = p->src;

	if (s->at == s->text.n && !fill(p))
		return END;
	return (u8)s->text.p[s->at];
}

/* ahead returns the byte i places after the next one. */
int lex_ahead(Parser *p, size_t i)
{
	Source *s = p->src;

	while (s->at + i >= s->text.n)
		if (!fill(p))
			return END;
	return (u8)s->text.p[s->at + i];
}

static bool continued(Parser *p)
{
	return lex_ahead(p, 1) == '\n';
}

int lex_peek(Parser *p)
{
	int c = lex_raw(p);

	return c == '\\' && continued(p) ? ' ' : c;
}

void lex_skip(Parser *p)
{
	Source *s = p->src;

	if (s->at < s->text.n && s->text.p[s->at++] == '\n') {
		s->line++;
		p->first = false;
	}
}

/* take consumes what peek returned. */
void lex_take(Parser *p)
{
	if (lex_raw(p) == '\\' && continued(p))
		lex_skip(p);
	lex_skip(p);
}

bool lex_is(Parser *p, int c)
{
	if (lex_peek(p) != c)
		return false;
	lex_take(p);
	return true;
}

void lex_bad(Parser *p, const char *fmt, ...)
{
	char why[100];
	int c = lex_raw(p);
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

bool lex_deeper(Parser *p)
{
	if (++p->depth > DEPTH)
		lex_bad(p, "commands nested too deeply");
	return !p->bad;
}

Node *lex_node(Parser *p, NodeType type)
{
	Node *n = region_new(&p->u->mem, sizeof *n);

	memset(n, 0, sizeof *n);
	n->type = (u8)type;
	n->line = p->src->line;
	return n;
}

void lex_white(Parser *p)
{
	int c;

	while ((c = lex_peek(p)) == ' ' || c == '\t' || c == '#') {
		if (c != '#') {
			lex_take(p);
			continue;
		}
		while ((c = lex_raw(p)) != '\n' && c != END)
			lex_skip(p);
	}
	p->word = false;
}

void lex_newlines(Parser *p)
{
	for (lex_white(p); lex_peek(p) == '\n'; lex_white(p))
		lex_take(p);
}

void lex_want(Parser *p, int c)
{
	char s[] = { (char)c, '\0' };

	lex_white(p);
	if (!lex_is(p, c))
		lex_bad(p, "'%s' expected", s);
}

bool lex_wordchar(Parser *p, int c)
{
	return char_word(c) || (c == '=' && p->eq);
}

/* starts says whether a word starts here (a redirection may still turn out to be one). */
bool lex_starts(Parser *p)
{
	int c = lex_peek(p);

	return lex_wordchar(p, c) || c == '\'' || c == '$' || c == '`' || c == '(';
}

/* key returns the keyword that is next, without consuming it. */
Key lex_key(Parser *p)
{
	size_t n = 0;
	char s[8];

	if (!char_word(lex_peek(p)))
		return Knone;
	while (n < sizeof s && char_word(lex_ahead(p, n)) && !(lex_ahead(p, n) == '\\' && lex_ahead(p, n + 1) == '\n')) {
		s[n] = (char)lex_ahead(p, n);
		n++;
	}
	for (int k = Kfor; k <= Kfn; k++)
		if (strlen(lex_keys[k]) == n && memcmp(lex_keys[k], s, n) == 0)
			return (Key)k;
	return Knone;
}

void lex_takekey(Parser *p, Key k)
{
	for (size_t n = strlen(lex_keys[k]); n > 0; n--)
		lex_take(p);
}

/* heretext reads the text of here document n, up to its tag or the end. */
static void heretext(Parser *p, Node *n)
{
	autobuf Buf b = { 0 };
	size_t line = 0, tag = strlen(n->a->s);
	int c;

	do {
		c = lex_raw(p);
		lex_skip(p);
		if (c == '\0') {
			lex_bad(p, "NUL byte in a here document");
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
void lex_newline(Parser *p)
{
	Node *next;

	lex_take(p);
	for (Node *n = p->here; n != NULL && !p->bad; n = next) {
		heretext(p, n);
		next = n->c;
		n->c = NULL;
	}
	p->here = NULL;
	p->heretail = &p->here;
}

