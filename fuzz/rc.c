/*
 * The parser of rc: what it accepts it can print, and what it printed means
 * the same: it parses again, to the same text and to an equal tree.
 *
 * Trees are compared as text of their own, in which braces do not show (the
 * printer puts them where a command is empty) and a literal word looks the
 * same in quotes and in parts (the printer quotes what would mean more).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <tree.h> /* rc's own: what a tree is, only a tree tells */

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void dump(Buf *b, const Node *n);

static void dumps(Buf *b, const Node *n)
{
	for (; n != NULL; n = n->next)
		dump(b, n);
}

/* commands shows those of a block or a list without what holds them. */
static void commands(Buf *b, const Node *n)
{
	if (n == NULL)
		return;
	if (n->type == Nblock) {
		commands(b, n->a);
	} else if (n->type == Nseq) {
		for (n = n->a; n != NULL; n = n->next)
			commands(b, n);
	} else {
		dump(b, n);
	}
}

/* literal shows a word with all of *?[ that are none of a pattern marked. */
static void literal(Buf *b, const Node *n)
{
	const char *s = n->pat != NULL ? n->pat : n->s;

	for (; *s != '\0'; s++) {
		if (n->pat != NULL ? *s == GLOB : *s == GLOB || strchr("*?[", *s) != NULL)
			buf_ch(b, n->pat == NULL || s[1] == GLOB ? 'L' : 'G');
		if (n->pat != NULL && *s == GLOB)
			s++;
		buf_printf(b, "%02x", (u8)*s);
	}
}

static void joined(Buf *b, const Node *n)
{
	buf_ch(b, '"');
	for (; n != NULL; n = n->next) {
		if (n->type == Nword)
			literal(b, n);
		else
			dump(b, n);
		if (n->next != NULL && !(n->type == Nword && n->next->type == Nword))
			buf_ch(b, '^');
	}
	buf_ch(b, '"');
}

static void heretext(Buf *b, const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;

	buf_printf(b, "{%s", n > 0 ? s : "");
	buf_str(b, n > 0 && s[n - 1] != '\n' ? "\n}" : "}"); /* the text's end may have lacked it */
}

static void dump(Buf *b, const Node *n)
{
	bool body = n != NULL && n->type >= Nsimple;

	if (n == NULL) {
		buf_str(b, "()");
		return;
	}
	switch (n->type) {
	case Nword:
		joined(b, &(Node){ .type = Nword, .s = n->s, .pat = n->pat });
		return;
	case Nconcat:
		joined(b, n->a);
		return;
	case Nblock:
	case Nseq:
		buf_ch(b, '{');
		commands(b, n);
		buf_ch(b, '}');
		return;
	default:
		break;
	}
	buf_printf(b, "(%d.%d.%d.%d ", n->type, n->rtype, n->fd0, n->fd1);
	for (const Node *m = n->type == Npipe ? n->a->next : NULL; m != NULL; m = m->next)
		buf_printf(b, "%d|%d ", m->fd0, m->fd1);
	if (n->type == Nredir && n->rtype == Rhere) {
		buf_printf(b, "%d%s", n->a->quoted, n->a->s);
		heretext(b, n->s);
	} else if (n->type == Npipefd || (body && n->type != Nsimple && n->type != Ncase && n->type != Nredir)) {
		const Node *all[] = { n->a, n->b, n->c };

		for (size_t i = 0; i < nelem(all); i++) {
			if (all[i] == NULL || all[i]->type < Nsimple || all[i]->next != NULL)
				dumps(b, all[i]);
			else
				commands(b, all[i]);
			buf_ch(b, ';');
		}
	} else {
		dumps(b, n->a);
		buf_ch(b, ';');
		if (n->type == Nbackq)
			commands(b, n->b);
		else
			dumps(b, n->b);
	}
	buf_ch(b, ')');
}

/* check parses s and appends its tree, and how it is printed; false if it has an error. */
static bool check(const char *s, size_t n, Buf *tree, Buf *text)
{
	Source src = { .file = "text", .line = 1 };
	Unit *u;
	Parsed p;

	buf_add(&src.text, s, n);
	while ((p = parse_line(&src, &u)) == ParseOk) {
		commands(tree, u->root);
		tree_print(text, u->root);
		if (u->root != NULL)
			buf_ch(text, '\n');
		unit_drop(u);
	}
	buf_free(&src.text);
	return p == ParseEnd;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	autobuf Buf tree = { 0 }, text = { 0 }, tree2 = { 0 }, text2 = { 0 };
	const char *why = "other text";

	if (n > 8192 || !check((const char *)data, n, &tree, &text))
		return 0;
	if (!check(buf_text(&text), text.n, &tree2, &text2))
		why = rerrstr();
	else if (strcmp(buf_text(&tree), buf_text(&tree2)) != 0)
		why = "another tree";
	else if (strcmp(buf_text(&text), buf_text(&text2)) == 0)
		return 0;
	fprintf(stderr, "%s\nprinted:\n%s\nthen:\n%s\nits tree:\n%s\nthen:\n%s\n", why, buf_text(&text), buf_text(&text2),
		buf_text(&tree), buf_text(&tree2));
	abort();
}
