/*
 * Simple commands: functions, builtins, programs.  A program is started by
 * vfork; when nothing is left to do after it, it replaces the shell.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/str.h>
#include "sh.h"

/* cand_push pushes the path names under which program or file name is to be tried, then NULL, and returns where. */
int cand_push(const char *name, Var *dirs)
{
	int at = sh.nword;
	const Value *v = dirs != NULL ? var_value(dirs) : NULL;
	bool plain = name[0] == '/' || name[0] == '#' || name[0] == '\0' || strcmp(name, ".") == 0 ||
		     strcmp(name, "..") == 0 || str_prefix(name, "./") || str_prefix(name, "../");

	for (int i = 0; v != NULL && i < v->n && !plain; i++) {
		size_t k = strlen(v->v[i]), n = strlen(name);
		char *s = region_new(&sh.tmp, k + n + 2);

		while (k > 1 && v->v[i][k - 1] == '/')
			k--;
		memcpy(s, v->v[i], k);
		if (k > 0 && s[k - 1] != '/')
			s[k++] = '/';
		memcpy(s + k, name, n + 1);
		s = sh_path(s);
		if (s != NULL)
			push(s);
	}
	/* Plan 9's path has a dot, Linux's has not: dir/prog means what it says */
	if (plain || v == NULL || strchr(name, '/') != NULL) {
		char *s = sh_path(name);

		if (s != NULL)
			push(s);
	}
	push(NULL);
	return at;
}

static ChildSpec spec(int at, bool group)
{
	int prog;

	sh_follow();
	push(NULL);
	prog = cand_push(sh.word[at], sh.path);
	env_update();
	return (ChildSpec){ sh.word + at, env_list(), sh.word + prog, sh.step, sh.nstep, group };
}

static void notfound(int at)
{
	sh_err("%s:%d: %s: %s", sh.unit->file, sh.line, sh.word[at], rerrstr());
	status_set(rerrstr());
}

void exec_words(int at)
{
	ChildSpec c = spec(at, false);

	if (child_exec(&c) < 0) {
		sh.nstep = 0;
		notfound(at);
	}
}

/* spawn starts the words from at on as a program: its pid, or 0 after saying why not. */
static int spawn(int at, bool group)
{
	ChildSpec c = spec(at, group);
	int pid = child_spawn(&c);

	if (pid < 0)
		notfound(at);
	return pid < 0 ? 0 : pid;
}

/* mayexec says whether the shell may be given up: nobody waits for a note, or for the status to be shown. */
static bool mayexec(int fl)
{
	return (fl & Tail) && !sh.flag['s'] && (sh.sub || !note_handled());
}

Flow program(int at, int fl)
{
	int pid;

	if (mayexec(fl)) {
		exec_words(at);
		return Quit;
	}
	pid = spawn(at, false);
	return pid > 0 ? job_wait(pid, false) : Go;
}

/* lookup finds what a command's name stands for; first is its word in the tree, or NULL. */
static Var *lookup(Node *first, int at)
{
	return first != NULL && first->type == Nword && !first->glob ? word_var(first) : var_find(sh.word[at]);
}

static void trace(int at)
{
	autobuf Buf b = { 0 };

	if (strcmp(sh.unit->file, "rcmain") == 0)
		return;
	for (int i = at; i < sh.nword; i++) {
		if (i > at)
			buf_ch(&b, ' ');
		word_quote(&b, sh.word[i]);
	}
	sh_err("%s", buf_text(&b));
}

Flow call(Node *first, int at, int fl)
{
	Var *v;

	if (sh.nword == at)
		return sh_fail("empty argument list");
	if (sh.flag['x'])
		trace(at);
	v = lookup(first, at);
	if (v != NULL && v->fn != NULL)
		return fn_call(v, value_words(at + 1), fl & ~Cond);
	if (v != NULL && v->hook != NULL)
		return builtin_hook(v->hook, sh.nword - at, at);
	if (v != NULL && v->builtin != NULL)
		return v->builtin->fn(sh.nword - at, at, fl);
	return program(at, fl);
}

static Flow words(Node *n)
{
	Flow f = Go;

	for (n = n->a; n != NULL && f == Go; n = n->next)
		f = word_arg(n);
	return f;
}

Flow simple_run(Node *n, int fl)
{
	Frame fr = frame_enter();
	Flow f = words(n);

	if (f == Go)
		f = call(n->a, fr.nword, fl);
	frame_leave(fr);
	return f;
}

/* ---- in a child ---- */

/* start_words starts the words from at on as a command of their own process. */
static int start_words(Node *first, int at, bool group)
{
	Var *v = lookup(first, at);
	int pid;

	if (v == NULL || (v->fn == NULL && v->builtin == NULL && v->hook == NULL)) {
		if (sh.flag['x'])
			trace(at);
		return spawn(at, group);
	}
	pid = child_fork();
	if (pid == 0) {
		if (group)
			child_group();
		sub_enter();
		if (call(first, at, Tail) == Intr)
			note_default(note_died());
		_exit(sh_exit());
	}
	if (pid < 0)
		sh_failed("fork");
	return pid < 0 ? 0 : pid;
}

static int start_simple(Node *n, Node *body, bool group)
{
	Frame fr = frame_enter();
	Flow f = Go;
	int pid = 0;

	sh.line = body->line;
	for (Node *r = n != body ? n->a : NULL; r != NULL && f == Go; r = r->next)
		f = redir_open(r);
	if (f == Go) {
		int at = sh.nword;

		f = words(body);
		if (f == Go && sh.nword == at)
			f = sh_fail("empty argument list");
		if (f == Go)
			pid = start_words(body->a, at, group);
	}
	frame_leave(fr);
	return pid;
}

static Node *unblock(Node *n)
{
	while (n != NULL && n->type == Nblock)
		n = n->a;
	return n;
}

static int start_fork(Node *n, bool async)
{
	int pid = child_fork();

	if (pid == 0) {
		if (async)
			child_group();
		run_child(n);
	}
	if (pid < 0)
		sh_failed("fork");
	return pid < 0 ? 0 : pid;
}

int simple_start(Node *n, bool async)
{
	Node *cmd = unblock(n), *body = cmd;
	int base = sh.nstep, pid, fd, old = sh.nullfd;

	if (async) {
		fd = sh_open("/dev/null", O_RDONLY);
		if (fd >= 0)
			step_push(FdMove, fd, 0);
		sh.nullfd = fd;
	}
	if (body != NULL && body->type == Nredirs)
		body = unblock(body->b);
	if (body != NULL && body->type == Nsimple)
		pid = start_simple(cmd, body, async);
	else
		pid = start_fork(n, async);
	step_pop(base);
	sh.nullfd = old;
	return pid;
}
