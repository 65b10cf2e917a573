#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/utf.h>
#include "cmds.h"
#include "sed.h"
#include "tool.h"

typedef struct Sed {
	SedProg prog;
	Buf pat, hold;  /* without the last newline */
	Buf next;       /* the line after, read ahead to know the last */
	bool more;      /* next holds one */
	Buf after;      /* what a and r leave for the end of the cycle */
	long long line;
	char **file;
	int nfile;
	FILE *in;
	bool quiet, replaced, bad;
	Rx *last;
} Sed;

/* open_next opens the next input that can be. */
static bool open_next(Sed *s)
{
	while (s->in == NULL && s->nfile > 0) {
		s->in = tool_input(*s->file++);
		s->nfile--;
		s->bad |= s->in == NULL;
	}
	return s->in != NULL;
}

/* ahead reads a line into next. */
static void ahead(Sed *s)
{
	static char *line;
	static size_t cap;
	ssize_t n;

	s->next.n = 0;
	s->more = false;
	while (open_next(s)) {
		n = getline(&line, &cap, s->in);
		if (n > 0) {
			if (line[n - 1] == '\n')
				n--;
			buf_add(&s->next, line, (size_t)n);
			s->more = true;
			return;
		}
		if (ferror(s->in)) {
			tool_oops("read");
			s->bad = true;
		}
		if (s->in != stdin)
			fclose(s->in);
		s->in = NULL;
	}
}

static void put(FILE *f, const Buf *b)
{
	fwrite(buf_text(b), 1, b->n, f);
	putc('\n', f);
}

static void flush_after(Sed *s)
{
	fwrite(buf_text(&s->after), 1, s->after.n, stdout);
	s->after.n = 0;
}

/* take makes the next line the pattern space, or with join its continuation. */
static bool take(Sed *s, bool join)
{
	flush_after(s);
	if (!s->more)
		return false;
	if (join)
		buf_ch(&s->pat, '\n');
	else
		s->pat.n = 0;
	buf_add(&s->pat, buf_text(&s->next), s->next.n);
	s->line++;
	ahead(s);
	return true;
}

static bool matches(Sed *s, Rx *rx, size_t from, RxSub *sub, int nsub)
{
	if (rx == NULL)
		rx = s->last;
	if (rx == NULL)
		tool_die("no previous regular expression");
	s->last = rx;
	return rx_match(rx, buf_text(&s->pat), s->pat.n, from, sub, nsub);
}

static bool at(Sed *s, const SedAddr *a)
{
	switch (a->kind) {
	case AddrLine:
		return s->line == a->line;
	case AddrLast:
		return !s->more;
	case AddrRx:
		return matches(s, a->rx, 0, NULL, 0);
	default:
		return true;
	}
}

static bool selected(Sed *s, SedCmd *c)
{
	bool yes;

	if (c->a2.kind == AddrNone)
		return at(s, &c->a1) != c->not;
	if (c->inside) {
		yes = true;
		if (c->a2.kind == AddrLine ? s->line >= c->a2.line : at(s, &c->a2))
			c->inside = false;
		if (c->a2.kind == AddrLine && s->line > c->a2.line)
			yes = at(s, &c->a1);
	} else {
		yes = at(s, &c->a1);
		c->inside = yes && !(c->a2.kind == AddrLine && c->a2.line <= s->line) && !(c->a2.kind == AddrLast && !s->more);
	}
	return yes != c->not;
}

/* expand appends the replacement r of a match. */
static void expand(const Sed *s, Buf *out, const char *r, const RxSub *sub)
{
	const char *pat = buf_text(&s->pat);

	for (; *r != '\0'; r++) {
		int k = *r == '&' ? 0 : -1;

		if (*r == '\\' && r[1] != '\0') {
			r++;
			if (*r >= '1' && *r <= '9')
				k = *r - '0';
			else
				buf_ch(out, *r == 'n' ? '\n' : *r);
		} else if (k < 0) {
			buf_ch(out, *r);
		}
		if (k >= 0 && sub[k].s >= 0)
			buf_add(out, pat + sub[k].s, (size_t)(sub[k].e - sub[k].s));
	}
}

/* substitute is s: an empty match next to the one before is none. */
static void substitute(Sed *s, const SedCmd *c)
{
	autobuf Buf out = { 0 };
	RxSub sub[10];
	size_t from = 0, copied = 0;
	i64 end = -1;
	int n = 0;
	bool did = false;

	while (from <= s->pat.n && matches(s, c->rx, from, sub, 10)) {
		if (!(sub[0].s == sub[0].e && sub[0].s == end)) {
			n++;
			if (n >= c->nth) {
				buf_add(&out, s->pat.p + copied, (size_t)sub[0].s - copied);
				expand(s, &out, c->text, sub);
				copied = (size_t)sub[0].e;
				did = true;
				if (!c->all)
					break;
			}
		}
		end = sub[0].e;
		from = sub[0].e > sub[0].s ? (size_t)sub[0].e : (size_t)sub[0].e + 1;
	}
	if (!did)
		return;
	buf_add(&out, buf_text(&s->pat) + copied, s->pat.n - copied);
	buf_free(&s->pat);
	s->pat = out;
	out = (Buf){ 0 };
	s->replaced = true;
	if (c->print)
		put(stdout, &s->pat);
	if (c->out != NULL)
		put(c->out, &s->pat);
}

static void translate(Sed *s, const SedCmd *c)
{
	const Rune *from = (const Rune *)(const void *)c->text, *to = from + c->ntext;
	Buf out = { 0 };

	for (size_t i = 0; i < s->pat.n;) {
		char enc[UTFmax];
		Rune r;
		int n = utf_get(&r, s->pat.p + i, s->pat.n - i);
		size_t k = 0;

		while (k < c->ntext && from[k] != r)
			k++;
		if (k < c->ntext)
			buf_add(&out, enc, (size_t)utf_put(enc, to[k]));
		else
			buf_add(&out, s->pat.p + i, (size_t)n);
		i += (size_t)n;
	}
	buf_free(&s->pat);
	s->pat = out;
}

/* list is l: what does not print is spelled out. */
static void list(const Sed *s)
{
	static const char from[] = "\n\t\b\r\f\v\a\\", to[] = "ntbrfva\\";

	for (size_t i = 0; i < s->pat.n; i++) {
		u8 c = (u8)s->pat.p[i];
		const char *k = c != 0 ? strchr(from, c) : NULL;

		if (k != NULL)
			printf("\\%c", to[k - from]);
		else if (c < ' ' || c == 127)
			printf("\\%.3o", c);
		else
			putchar(c);
	}
	puts("$");
}

static void read_file(Sed *s, const char *name)
{
	size_t n;
	autofree char *text = io_slurp(-100, name, 1 << 30, &n);

	if (text != NULL)
		buf_add(&s->after, text, n);
}

static void copy(Buf *to, const Buf *from, bool join)
{
	if (join)
		buf_ch(to, '\n');
	else
		to->n = 0;
	buf_add(to, buf_text(from), from->n);
}

typedef enum { Next, Jumped, Ended, Again, Quit } Flow; /* Ended: the cycle; Again: without reading */

static Flow to_next(Sed *s, bool join)
{
	if (!s->more) {
		/* POSIX deletes the pattern space here; Plan 9 prints it */
		return Quit;
	}
	if (!join && !s->quiet)
		put(stdout, &s->pat);
	take(s, join);
	return Next;
}

static Flow delete_first(Sed *s)
{
	char *nl = memchr(buf_text(&s->pat), '\n', s->pat.n);

	if (nl == NULL) {
		s->pat.n = 0;
		return Ended;
	}
	buf_cut(&s->pat, (size_t)(nl + 1 - s->pat.p));
	return Again;
}

static void print_first(const Sed *s)
{
	const char *p = buf_text(&s->pat), *nl = memchr(p, '\n', s->pat.n);

	fwrite(p, 1, nl != NULL ? (size_t)(nl - p) : s->pat.n, stdout);
	putchar('\n');
}

/* run does one command; *pc is moved when it jumps. */
static Flow run(Sed *s, SedCmd *c, int *pc, bool *deleted)
{
	Buf t;

	switch (c->op) {
	case '=': printf("%lld\n", s->line); break;
	case 'a': buf_add(&s->after, c->text, c->ntext); break;
	case 'b': *pc = c->to; return Jumped;
	case 'c':
		if (c->a2.kind == AddrNone || !c->inside || c->not)
			fwrite(c->text, 1, c->ntext, stdout);
		*deleted = true;
		return Ended;
	case 'd': *deleted = true; return Ended;
	case 'D': *deleted = true; return delete_first(s);
	case 'g': copy(&s->pat, &s->hold, false); break;
	case 'G': copy(&s->pat, &s->hold, true); break;
	case 'h': copy(&s->hold, &s->pat, false); break;
	case 'H': copy(&s->hold, &s->pat, true); break;
	case 'i': fwrite(c->text, 1, c->ntext, stdout); break;
	case 'l': list(s); break;
	case 'n': return to_next(s, false);
	case 'N': return to_next(s, true);
	case 'p': put(stdout, &s->pat); break;
	case 'P': print_first(s); break;
	case 'q': return Quit;
	case 'r': read_file(s, c->text); break;
	case 's': substitute(s, c); break;
	case 't':
		if (!s->replaced)
			break;
		s->replaced = false;
		*pc = c->to;
		return Jumped;
	case 'w': put(c->out, &s->pat); break;
	case 'x': t = s->pat; s->pat = s->hold; s->hold = t; break;
	case 'y': translate(s, c); break;
	}
	return Next;
}

/* cycle runs the script over the pattern space. */
static Flow cycle(Sed *s)
{
	bool deleted = false;
	Flow f = Next;

	for (int pc = 0; pc < s->prog.n && (f == Next || f == Jumped);) {
		SedCmd *c = &s->prog.cmd[pc];

		f = Next;
		if (c->op == '{') {
			pc = selected(s, c) ? pc + 1 : c->to;
			continue;
		}
		pc++;
		if (c->op != ':' && c->op != '}' && selected(s, c))
			f = run(s, c, &pc, &deleted);
	}
	if (!s->quiet && !deleted)
		put(stdout, &s->pat);
	return f;
}

static void script_file(SedProg *p, const char *name)
{
	autofree char *text = io_slurp(-100, name, 1 << 20, NULL);

	if (text == NULL)
		tool_die("%s", rerrstr());
	sed_parse(p, text);
}

int cmd_sed(int argc, char **argv)
{
	static Sed s;
	Args a;
	Flow f = Next;
	bool script = false, lines = false;
	char *none[] = { "-" };
	int k;

	args_init(&a, argc, argv, "sed [-Egln] [-e script] [-f sfile] [script] [file ...]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'n': s.quiet = true; break;
		case 'g': s.prog.global = true; break;
		case 'l': lines = true; break;
		case 'E': break;
		case 'e': sed_parse(&s.prog, args_value(&a)); script = true; break;
		case 'f': script_file(&s.prog, args_value(&a)); script = true; break;
		default: args_usage(&a);
		}
	if (!script) {
		if (a.argc == 0)
			args_usage(&a);
		sed_parse(&s.prog, *a.argv++);
		a.argc--;
	}
	sed_link(&s.prog);
	if (lines)
		setvbuf(stdout, NULL, _IOLBF, 0);
	s.file = a.argc > 0 ? a.argv : none;
	s.nfile = a.argc > 0 ? a.argc : 1;
	ahead(&s);
	while (f != Quit && (f == Again || take(&s, false))) {
		f = cycle(&s);
		flush_after(&s);
	}
	for (int i = 0; i < s.prog.nfile; i++)
		if (fflush(s.prog.file[i].f) != 0)
			tool_oopsdie("%s", s.prog.file[i].name);
	return tool_end(s.bad);
}
