/*
 * Reading commands and running them, from a text, a file or a terminal.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include "sh.h"

enum { MAXTEXT = 64 << 20 };

typedef struct Input {
	Source src;
	int fd;
	bool interactive, quiet, tty, intr;
} Input;

static const Buf newline = { (char *)(uintptr_t)"\n", 1, 0 };

static void echo(Source *src, const char *s, size_t n)
{
	Buf b = { (char *)(uintptr_t)s, n, 0 };
	const Input *in = src->arg;

	if ((sh.flag['v'] && !in->quiet) || sh.flag['V'])
		sh_say(2, &b);
}

static const char *prompt(bool first)
{
	const Value *v = var_value(sh.prompt);

	if (v == NULL)
		return first ? "% " : "\t";
	return first ? v->v[0] : v->n > 1 ? v->v[1] : "\t";
}

/* more reads what there is; an interactive line is given up when a signal comes. */
static bool more(Source *src, bool first)
{
	Input *in = src->arg;
	autofree char *line = NULL;
	ssize_t n = -1;

	if (in->tty) {
		line = edit_line(in->fd, prompt(first));
		if (line != NULL)
			buf_str(&src->text, line);
		in->intr = line == NULL && note_pending;
		return line != NULL;
	}
	if (in->interactive) {
		Buf b = { (char *)(uintptr_t)prompt(first), strlen(prompt(first)), 0 };

		sh_say(2, &b);
	}
	while (n < 0) {
		n = read(in->fd, buf_room(&src->text, 8192), 8192);
		if (n >= 0 || !os_interrupted())
			break;
		in->intr = note_pending && in->interactive;
		if (in->intr || (note_pending && note_run() != Go))
			return false;
	}
	if (n > 0)
		src->text.n += (size_t)n;
	return n > 0;
}

/* interrupted starts anew after a signal at the prompt. */
static Flow interrupted(Input *in)
{
	Flow f = note_run();

	sh_say(2, &newline);
	in->intr = false;
	in->src.eof = false;
	in->src.at = in->src.text.n;
	in->src.afterif = false;
	return f == Intr ? Go : f;
}

static void showstatus(void)
{
	autobuf Buf b = { 0 };

	word_quote(&b, status_get());
	if (!status_true())
		sh_err("status=%s", buf_text(&b));
}

/* command runs what was parsed. */
static Flow command(Input *in, Unit *u, int fl)
{
	Frame fr = frame_enter();
	Flow f;

	if (!(fl & Tail) || !parse_blank(&in->src))
		fl &= ~Tail;
	sh_follow();
	f = run_unit(u, fl);
	unit_drop(u);
	frame_leave(fr);
	if (f == Intr && in->tty)
		sh_say(2, &newline);
	return (f == Fail || f == Intr) && in->interactive ? Go : f;
}

static Flow loop(Input *in, bool whole, int fl)
{
	Flow f = Go;
	Unit *u;
	Parsed p;

	while (f == Go) {
		if (sh.flag['s'])
			showstatus();
		if (in->interactive) {
			job_reap();
			sh_follow();
		}
		p = whole ? parse_all(&in->src, &u) : parse_line(&in->src, &u);
		if (in->intr) {
			if (p == ParseOk)
				unit_drop(u);
			f = interrupted(in);
			continue;
		}
		if (p == ParseEnd)
			break;
		if (p == ParseOk) {
			f = command(in, u, fl);
			continue;
		}
		sh_err("%s", rerrstr());
		status_set("syntax error");
		if (!in->interactive)
			break;
	}
	return f;
}

Flow interp_text(const char *text, const char *file, int fl)
{
	Input in = { .src = { .file = file, .line = 1, .eof = true } };
	Flow f;

	if (sh.depth >= 1000)
		return sh_fail("eval nested too deeply");
	sh.depth++;
	buf_str(&in.src.text, text);
	f = loop(&in, true, fl);
	buf_free(&in.src.text);
	sh.depth--;
	return f;
}

static int slurp(int fd, Buf *b)
{
	ssize_t n;

	while ((n = io_readn(fd, buf_room(b, 16384), 16384)) > 0) {
		b->n += (size_t)n;
		if (b->n > MAXTEXT)
			return werrstr("more than %d bytes", MAXTEXT);
		if (n < 16384)
			break;
	}
	return n < 0 ? -1 : 0;
}

/* dumb says whether the terminal cannot even move its cursor. */
static bool dumb(void)
{
	const Value *v = var_value(var_get("TERM"));

	return v != NULL && strcmp(v->v[0], "dumb") == 0;
}

Flow interp_fd(int fd, const char *file, bool interactive, bool whole, bool quiet, int fl)
{
	Input in = { .src = { .file = file, .line = 1, .more = more, .echo = echo }, .fd = fd };
	Flow f = Go;

	if (sh.depth >= 1000) {
		close(fd);
		return sh_fail(". nested too deeply");
	}
	sh.depth++;
	in.src.arg = &in;
	in.interactive = interactive;
	in.quiet = quiet;
	in.tty = interactive && isatty(fd) && !dumb();
	if (!interactive && child_isfile(fd)) {
		if (slurp(fd, &in.src.text) < 0)
			f = sh_failed(file);
		in.src.eof = true;
		echo(&in.src, buf_text(&in.src.text), in.src.text.n);
	}
	if (f == Go)
		f = loop(&in, whole && !interactive, fl);
	buf_free(&in.src.text);
	close(fd);
	sh.depth--;
	return f;
}

int interp_check(const char *file)
{
	int fd = file != NULL ? open(file, O_RDONLY | O_CLOEXEC) : 0;
	Source src = { .file = file != NULL ? file : "stdin", .line = 1 };
	bool good = true;
	Unit *u;
	Parsed p;

	if (fd < 0) {
		os_err();
		sh_err("rc: %s: %s", file, rerrstr());
		return 1;
	}
	if (slurp(fd, &src.text) < 0) {
		sh_err("rc: %s: %s", src.file, rerrstr());
		good = false;
	}
	while (good && (p = parse_line(&src, &u)) != ParseEnd) {
		if (p == ParseOk)
			unit_drop(u);
		else
			sh_err("%s", rerrstr());
		good = p == ParseOk;
	}
	buf_free(&src.text);
	if (fd > 0)
		close(fd);
	return good ? 0 : 1;
}

char *rc_check(const char *text, size_t n)
{
	Source src = { .file = "text", .line = 1 };
	autobuf Buf out = { 0 };
	Unit *u;
	Parsed p;

	buf_add(&src.text, text, n);
	while ((p = parse_line(&src, &u)) == ParseOk) {
		tree_print(&out, u->root);
		if (u->root != NULL)
			buf_ch(&out, '\n');
		unit_drop(u);
	}
	buf_free(&src.text);
	return p == ParseBad ? NULL : buf_take(&out);
}
