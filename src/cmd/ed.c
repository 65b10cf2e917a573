/*
 * ed(1), Plan 9's.  The text is in memory, so ?TMP is what one gets when
 * there is too much of it.  Unlike there NUL bytes stay, and bytes that are
 * no UTF-8 too.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/utf.h>
#include <os/spawn.h>
#include "cmds.h"
#include "ed.h"
#include "tool.h"

enum { Again = 0, Wrong = -1, End = 1, Quit = 2 };

Ed ed;

static int commands(void);

int ed_fail(const char *msg)
{
	ed.msg = msg;
	return -1;
}

static int wrong(void) { return ed_fail(""); }

/* within says that the addresses are lines, first (0 or 1) or later. */
static int within(long first) { return ed.a1 < first || ed.a2 > ed.dol || ed.a1 > ed.a2 ? wrong() : 0; }

static int none(void) { return ed.given ? wrong() : 0; }

static void whole(void)
{
	if (ed.given)
		return;
	ed.a1 = ed.dol > 0;
	ed.a2 = ed.dol;
}

/* show adds rune r, n bytes at p, as l has it. */
static void show(Buf *b, Rune r, const char *p, int n, int *col)
{
	const char *c = r == '\b' ? "\\b" : r == '\t' ? "\\t" : r == '\\' ? "\\\\" : NULL;
	size_t was;

	if (*col > 64) {
		buf_str(b, "\\\n\t");
		*col = 8;
	}
	was = b->n;
	if (c != NULL)
		buf_str(b, c);
	else if (r == Runeerror && n == 1)
		buf_printf(b, "\\x%02x", (u8)*p);
	else if (r < ' ' || r >= 0x7f)
		buf_printf(b, "\\x%04x", r);
	else
		buf_ch(b, (int)r);
	*col += (int)(b->n - was);
}

static void list(const Line *l)
{
	autobuf Buf b = { 0 };
	int col = 0, n;
	Rune r;

	for (size_t i = 0; i < l->n; i += (size_t)n) {
		n = utf_get(&r, l->p + i, l->n - i);
		show(&b, r, l->p + i, n, &col);
	}
	if (l->n > 0 && l->p[l->n - 1] == ' ')
		buf_str(&b, "\\n");
	fwrite(buf_text(&b), 1, b.n, ed.to);
	putc('\n', ed.to);
}

static int print(void)
{
	if (within(1) < 0)
		return -1;
	for (long i = ed.a1; i <= ed.a2; i++) {
		Line *l = ed.line[i];

		if (ed_interrupted())
			return -1;
		if (ed.number)
			fprintf(ed.to, "%ld\t", i);
		if (ed.list) {
			list(l);
		} else {
			fwrite(l->p, 1, l->n, ed.to);
			putc('\n', ed.to);
		}
	}
	ed.dot = ed.a2;
	ed.print = ed.list = ed.number = 0;
	return 0;
}

/* typed collects the lines of a, c and i up to the . and puts them after line at, even if ^C ends them. */
static int typed(long at)
{
	autobuf Buf b = { 0 };
	Lines ls = { 0 };
	bool glob = ed.glob != NULL;
	int c, r = 0;

	while (r == 0) {
		b.n = 0;
		while ((c = ed_getc()) >= 0 && c != '\n' && b.n < EDMAX)
			buf_ch(&b, c);
		if (c == '\n' && b.n == 1 && b.p[0] == '.')
			break;
		if (c < 0 && glob)
			ed_back(c);
		if (c < 0)
			r = c == -2 ? -1 : 1;
		else
			r = c == '\n' ? ed_push(&ls, buf_text(&b), b.n) : ed_fail("TMP");
	}
	ed_insert(at, &ls);
	return r < 0 ? -1 : 0;
}

static int add(long before)
{
	if (before && (ed.given || ed.dol > 0)) {
		ed.a1--;
		ed.a2--;
	}
	return within(0) < 0 || ed_newline() < 0 ? -1 : typed(ed.a2);
}

static int change(bool text)
{
	if (within(1) < 0 || ed_newline() < 0)
		return -1;
	ed_delete(ed.a1, ed.a2);
	return text ? typed(ed.a1 - 1) : 0;
}

static int browse(void)
{
	int c;
	long n;

	if (within(1) < 0)
		return -1;
	c = ed_getc();
	if (c != '+' && c != '-')
		ed_back(c);
	n = ed_number();
	if (n > 0)
		ed.page = n > 1000000 ? 1000000 : (int)n;
	if (ed_newline() < 0)
		return -1;
	if (ed.print) {
		ed.blist = ed.list;
		ed.bnumber = ed.number;
	} else {
		ed.list = ed.blist;
		ed.number = ed.bnumber;
	}
	ed.a1 = c == '-' ? ed.a2 - ed.page : ed.a2;
	if (c != '-')
		ed.a2 = ed.a2 + ed.page > ed.dol ? ed.dol : ed.a2 + ed.page;
	if (ed.a1 < 1)
		ed.a1 = 1;
	return print();
}

/* filename reads a name into *name, or takes the remembered one; the caller frees it. */
static int filename(int cmd, char **name)
{
	autobuf Buf b = { 0 };
	int c = ed_getc();

	if (c == '\n' || c == -1) {
		*name = mem_str(ed.file);
		return ed.file == NULL && cmd != 'f' ? wrong() : 0;
	}
	if (c != ' ')
		return wrong();
	while ((c = ed_getc()) == ' ')
		;
	for (; c != '\n' && c != -1; c = ed_getc()) {
		if (c <= ' ' || b.n >= sizeof ed.badname - 1)
			return wrong();
		buf_ch(&b, c);
	}
	if (b.n == 0)
		return wrong();
	*name = buf_take(&b);
	if (ed.file == NULL || cmd == 'e' || cmd == 'f') {
		free(ed.file);
		ed.file = mem_str(*name);
	}
	return 0;
}

static void counted(u64 n)
{
	if (!ed.quiet)
		fprintf(ed.to, "%llu\n", (unsigned long long)n);
}

static int read_file(const char *name, long at)
{
	bool had = ed.dol > 0;
	u64 n;

	if (ed_read(name, at, &n) < 0)
		return -1;
	counted(n);
	ed.changed = had;
	return 0;
}

/* unsaved fails once when there is text to lose. */
static int unsaved(void)
{
	bool lose = !ed.quiet && ed.changed && ed.dol > 0;

	if (lose)
		ed.changed = false;
	return lose ? wrong() : 0;
}

static int edit(bool sure)
{
	autofree char *name = NULL;

	if (none() < 0 || (!sure && unsaved() < 0) || filename('e', &name) < 0)
		return -1;
	ed_clear();
	ed.changed = false;
	return read_file(name, 0);
}

static int insert_file(void)
{
	autofree char *name = NULL;

	if (!ed.given)
		ed.a1 = ed.a2 = ed.dol;
	return filename('r', &name) < 0 || within(0) < 0 ? -1 : read_file(name, ed.a2);
}

static int file(void)
{
	autofree char *name = NULL;

	if (none() < 0 || filename('f', &name) < 0)
		return -1;
	fprintf(ed.to, "%s\n", name != NULL ? name : "");
	return 0;
}

static int write_file(bool append)
{
	autofree char *name = NULL;
	u64 n;
	int q;

	whole();
	if (within(ed.dol > 0) < 0)
		return -1;
	q = ed_getc();
	if (q != 'q' && q != 'Q')
		ed_back(q);
	if (filename('w', &name) < 0 || ed_write(name, ed.a1, ed.a2, append, &n) < 0)
		return -1;
	counted(n);
	if ((ed.a1 <= 1 && ed.a2 == ed.dol) || q == 'Q')
		ed.changed = false;
	if (q != 'q' && q != 'Q')
		return 0;
	return unsaved() < 0 ? -1 : Quit;
}

static int quit(bool sure)
{
	if (none() < 0 || ed_newline() < 0)
		return -1;
	return !sure && unsaved() < 0 ? -1 : Quit;
}

static int join(void)
{
	autobuf Buf b = { 0 };

	if (!ed.given)
		ed.a2++;
	if (ed_newline() < 0 || within(1) < 0)
		return -1;
	for (long i = ed.a1; i <= ed.a2; i++)
		buf_add(&b, ed.line[i]->p, ed.line[i]->n);
	if (ed_setline(ed.line[ed.a1], buf_text(&b), b.n) < 0)
		return -1;
	if (ed.sub == ed.line[ed.a1])
		ed.sub = NULL;
	if (ed.a1 < ed.a2)
		ed_delete(ed.a1 + 1, ed.a2);
	ed.dot = ed.a1;
	ed.changed = true;
	return 0;
}

static int mark(void)
{
	int c = within(1) < 0 ? -1 : ed_getc();

	if (c < 'a' || c > 'z' || ed_newline() < 0)
		return wrong();
	ed.name[c - 'a'] = ed.line[ed.a2];
	return 0;
}

static int move(bool copy)
{
	Lines ls = { 0 };
	long to;
	int r = 0;

	if (within(1) < 0 || ed_address(&to) <= 0 || ed_newline() < 0)
		return wrong();
	if (!copy && to >= ed.a1 && to <= ed.a2)
		return wrong();
	if (!copy) {
		ed_move(ed.a1, ed.a2, to);
		return 0;
	}
	for (long i = ed.a1; i <= ed.a2 && r == 0; i++)
		r = ed_push(&ls, ed.line[i]->p, ed.line[i]->n);
	ed_insert(to, &ls);
	return r;
}

static int print_as(int *how)
{
	if (how != NULL)
		*how = 1;
	return ed_newline() < 0 ? -1 : print();
}

static int equals(void)
{
	whole();
	if (within(0) < 0 || ed_newline() < 0)
		return -1;
	fprintf(ed.to, "%ld\n", ed.a2);
	return 0;
}

/* shell runs the rest of the line; rc is the one in $PATH, else we are it. */
static int shell(void)
{
	autobuf Buf b = { 0 };
	char *argv[] = { "rc", "-c", NULL, NULL };
	Spawn s = { .argv = argv };
	int c, pid, status;

	if (none() < 0)
		return -1;
	while ((c = ed_getc()) >= 0 && c != '\n')
		buf_ch(&b, c);
	argv[2] = (char *)buf_text(&b);
	fflush(ed.to);
	pid = spawn(&s);
	if (pid < 0) {
		s.path = "/proc/self/exe";
		pid = spawn(&s);
	}
	if (c == -2 || pid < 0 || proc_waitfor(pid, &status) < 0)
		return wrong();
	(void)ed_interrupted(); /* that was for the command */
	if (!ed.quiet)
		fprintf(ed.to, "!\n");
	return 0;
}

/* commandlist reads g's commands. */
static int commandlist(Buf *b)
{
	int c;

	while ((c = ed_getc()) != '\n') {
		if (c == '\\' && (c = ed_getc()) != '\n')
			buf_ch(b, '\\');
		if (c < 0 || b->n > EDLISTMAX)
			return wrong();
		buf_ch(b, c);
	}
	buf_str(b, b->n == 0 ? "p\n" : "\n");
	return 0;
}

static int global(bool yes)
{
	autobuf Buf b = { 0 };
	int c, r = 0;

	if (ed.glob != NULL)
		return wrong();
	whole();
	if (within(ed.dol > 0) < 0)
		return -1;
	c = ed_getc();
	if (c <= ' ' || c >= 0x80 || ed_pattern(c) < 0 || commandlist(&b) < 0)
		return wrong();
	for (long i = 1; i <= ed.dol; i++)
		ed.line[i]->mark = i >= ed.a1 && i <= ed.a2 && ed_matches(i) == yes;
	if (strcmp(b.p, "d\n") == 0) {
		ed_delmarked();
		return 0;
	}
	for (long i = 1; i <= ed.dol && r == 0; i++) {
		if (!ed.line[i]->mark)
			continue;
		ed.line[i]->mark = false;
		ed.dot = i;
		ed.low = i + 1;
		ed.glob = b.p;
		ed.globend = b.p + b.n;
		r = commands();
		i = ed.low - 1 < i ? ed.low - 1 : i;
	}
	ed.glob = NULL;
	if (r < 0)
		ed.last = '\n';
	return r;
}

static int newline(bool none_given, bool semicolon)
{
	if (none_given)
		ed.a1 = ed.a2 = ed.dot + 1;
	else if (semicolon)
		ed.a1 = ed.a2;
	return print();
}

static int printing(int c)
{
	switch (c) {
	case 'l':
		return print_as(&ed.list);
	case 'n':
		return print_as(&ed.number);
	default:
		return print_as(NULL);
	}
}

static int editing(int c)
{
	switch (c) {
	case 'a': case 'i':
		return add(c == 'i');
	case 'c': case 'd':
		return change(c == 'c');
	case 'g': case 'v':
		return global(c == 'g');
	case 'j':
		return join();
	case 'k':
		return mark();
	case 'm': case 't':
		return move(c == 't');
	case 's':
		return within(1) < 0 ? -1 : ed_substitute();
	case 'u':
		return within(1) < 0 ? -1 : ed_undo();
	}
	return wrong();
}

static int command(int c)
{
	switch (c) {
	case 'b':
		return browse();
	case 'e': case 'E':
		return edit(c == 'E');
	case 'f':
		return file();
	case 'l': case 'n': case 'p': case 'P':
		return printing(c);
	case 'q': case 'Q':
		return quit(c == 'Q');
	case 'r':
		return insert_file();
	case 'w': case 'W':
		return write_file(c == 'W');
	case '=':
		return equals();
	case '!':
		return shell();
	case -1:
		return End;
	}
	return editing(c);
}

/* one reads a command with its addresses and does it. */
static int one(void)
{
	int c, before = '\n', got;
	long a = 0;
	bool first = false;

	for (;; before = c) {
		got = ed_address(&a);
		if (got < 0)
			return -1;
		c = ed_getc();
		if (c != ',' && c != ';')
			break;
		if (before == ',')
			return wrong();
		if (!got)
			a = ed.dol > 0;
		ed.a1 = a;
		first = true;
		if (c == ';')
			ed.dot = a;
	}
	if (!got && before != '\n') {
		a = ed.dol;
		got = 1;
	}
	ed.given = got;
	ed.a2 = got ? a : ed.dot;
	if (!first)
		ed.a1 = ed.a2;
	return c == '\n' ? newline(!got, before == ';') : command(c);
}

/* commands goes on until one is wrong, quits, or the input (g's list) ends. */
static int commands(void)
{
	int r;

	do {
		if (ed.print) {
			ed.a1 = ed.a2 = ed.dot;
			if (print() < 0)
				return Wrong;
		}
		r = one();
	} while (r == Again);
	return r == End ? Again : r;
}

/* complain answers a wrong command. */
static void complain(void)
{
	ed.print = ed.list = ed.number = 0;
	ed_skipline();
	fprintf(ed.to, "?%s\n", ed.msg);
}

static void loop(void)
{
	int r;

	while ((r = commands()) != Quit) {
		if (r == Again && unsaved() == 0)
			return;
		if (r == Again)
			ed.last = '\n';
		complain();
	}
}

int cmd_ed(int argc, char **argv)
{
	Args a;
	int k;

	args_init(&a, argc, argv, "ed [-] [-o] [file]");
	while ((k = args_flag(&a)) != 0) {
		if (k != 'o')
			args_usage(&a);
		ed.out = ed.quiet = true;
	}
	if (a.argc > 0 && strcmp(a.argv[0], "-") == 0) {
		ed.quiet = true;
		a.argc--;
		a.argv++;
	}
	while (ed.quiet && a.argc > 0 && strcmp(a.argv[0], "-o") == 0) {
		ed.out = true;
		a.argc--;
		a.argv++;
	}
	if (a.argc > 1)
		args_usage(&a);
	ed.to = ed.out ? stderr : stdout;
	ed.page = 20;
	ed.file = mem_str(a.argc > 0 ? a.argv[0] : ed.out ? "/fd/1" : NULL);
	ed_signals();
	ed.last = '\n';
	if (a.argc > 0 && read_file(ed.file, 0) < 0)
		complain();
	loop();
	return tool_end(0);
}
