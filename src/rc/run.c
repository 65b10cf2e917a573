/*
 * The evaluator: a walk over the tree.  Flags go down (Tail, Cond), a Flow
 * comes up; anything but Go unwinds to whoever handles it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include "sh.h"

enum { DEPTH = 1000 };

Frame frame_enter(void)
{
	return (Frame){ sh.nword, sh.nstep, sh.nheld, region_mark(&sh.tmp) };
}

void frame_leave(Frame f)
{
	sh.nword = f.nword;
	if (sh.nstep > f.nstep)
		step_pop(f.nstep);
	while (sh.nheld > f.nheld)
		value_drop(sh.held[--sh.nheld]);
	region_cut(&sh.tmp, f.mark);
}

void sub_enter(void)
{
	sh.sub = true;
	note_sub();
	job_clear();
	step_enter();
}

void run_child(Node *n)
{
	Flow f;

	sub_enter();
	f = run(n, Tail);
	(void)f;
	_exit(sh_exit());
}

/* ended looks at the status of a command for flag e. */
static Flow ended(Flow f, int fl)
{
	return f == Go && sh.flag['e'] && !(fl & Cond) && !status_true() ? Quit : f;
}

static Flow seq(Node *n, int fl)
{
	Flow f = Go;

	for (n = n->a; n != NULL && f == Go; n = n->next) {
		int k = fl & ~Tail;
		const Node *m = n->next;

		/* an if whose body is run is the last command if only `if not's follow */
		if (n->type == Nif || n->type == Nifnot)
			while (m != NULL && m->type == Nifnot)
				m = m->next;
		if (m == NULL)
			k = fl;
		f = run(n, k);
	}
	return f;
}

static Flow async(Node *n)
{
	int pid = simple_start(n->a, true);
	char num[16];

	if (pid <= 0)
		return Go;
	job_add(pid);
	snprintf(num, sizeof num, "%d", pid);
	var_set1("apid", num);
	return Go;
}

static Flow andor(Node *n, int fl)
{
	Flow f = run(n->a, n->a->next != NULL ? Cond : fl);

	for (Node *op = n->a->next; op != NULL && f == Go; op = op->next)
		if (status_true() == (op->type == Nand))
			f = run(op->a, op->next != NULL ? Cond : fl);
	return f;
}

static Flow bang(Node *n)
{
	Flow f = run(n->a, Cond);

	if (f == Go)
		status_set(status_true() ? "false" : "");
	return f;
}

static Flow subshell(Node *n, int fl)
{
	int pid = child_fork();

	if (pid == 0)
		run_child(n->a);
	if (pid < 0)
		return sh_failed("@");
	return ended(job_wait(pid, false), fl);
}

static Flow cond_if(Node *n, int fl)
{
	Flow f = run(n->a, Cond);

	if (f != Go)
		return f;
	sh.ifnot = true;
	if (!status_true())
		return Go;
	f = run(n->b, fl);
	sh.ifnot = false;
	return f;
}

static Flow loop_while(Node *n, int fl)
{
	Flow f = Go;

	for (;;) {
		if (n->a == NULL)
			status_set("");
		else
			f = run(n->a, Cond);
		if (f != Go || !status_true())
			return f;
		f = run(n->b, fl & ~Tail);
		if (f == Go && note_pending)
			f = note_run();
		if (f != Go)
			return f;
	}
}

/* name evaluates a word that has to be one name. */
static Var *name(Node *n, const char *what)
{
	Var *v = word_var(n);
	int at = sh.nword;

	if (v != NULL)
		return v;
	if (word_plain(n) != Go)
		return NULL;
	if (sh.nword != at + 1) {
		sh_fail("%s needs one name, not %d", what, sh.nword - at);
		return NULL;
	}
	sh.nword = at;
	return var_get(sh.word[at]);
}

static Flow loop_for(Node *n, int fl)
{
	Frame fr = frame_enter();
	int mark = local_mark(), at = sh.nword, end;
	Var *v = name(n->a, "for");
	Flow f = Go;

	if (v == NULL)
		return Fail;
	if (n->b != NULL) {
		f = word_arg(n->b);
	} else {
		pushvalue(sh.star);
	}
	end = sh.nword;
	if (f == Go)
		local_push(v, NULL);
	for (int i = at; i < end && f == Go; i++) {
		var_set(v, value_new(&sh.word[i], 1));
		f = run(n->c, fl & ~Tail);
		if (f == Go && note_pending)
			f = note_run();
	}
	local_pop(mark);
	frame_leave(fr);
	return f;
}

/* matches says whether s matches one of the patterns n and its nexts, -1 after an error. */
static int matches(const char *s, Node *n)
{
	int at = sh.nword;

	for (; n != NULL; n = n->next) {
		if (word_pattern(n) != Go)
			return -1;
		for (int i = at; i < sh.nword; i++)
			if (glob_match(s, sh.word[i]))
				return 1;
		sh.nword = at;
	}
	return 0;
}

static Flow match(Node *n, int fl)
{
	Frame fr = frame_enter();
	Flow f = word_arg(n->a);
	int hit = f == Go ? matches(word_joined(fr.nword, " "), n->b) : -1;

	if (hit >= 0)
		status_set(hit ? "" : "no match");
	frame_leave(fr);
	return hit < 0 ? Fail : ended(Go, fl);
}

static Flow cond_switch(Node *n, int fl)
{
	Frame fr = frame_enter();
	Node *c = n->b->a;
	Flow f = word_arg(n->a);
	char *s;
	int hit = 0;

	if (f != Go) {
		frame_leave(fr);
		return f;
	}
	s = word_joined(fr.nword, " ");
	for (; c != NULL && hit == 0; c = c->next)
		if (c->type == Ncase)
			hit = matches(s, c->a);
	if (hit < 0)
		f = Fail;
	frame_leave(fr);
	for (; c != NULL && c->type != Ncase && f == Go; c = c->next)
		f = run(c, c->next != NULL && c->next->type != Ncase ? fl & ~Tail : fl);
	return f;
}

/* define makes the function that body n of the running unit is. */
static Fn *define(const char *s, Node *n)
{
	autobuf Buf b = { 0 };
	Fn *fn;

	buf_str(&b, "fn ");
	word_quote(&b, s);
	buf_ch(&b, ' ');
	tree_print(&b, n);
	buf_ch(&b, '\n');
	fn = fn_new(s, buf_text(&b));
	fn->unit = (Unit *)(uintptr_t)sh.unit;
	unit_take(fn->unit);
	fn->body = n->a;
	return fn;
}

static Flow define_fn(Node *n)
{
	Frame fr = frame_enter();
	Flow f = Go;

	for (Node *w = n->a; w != NULL && f == Go; w = w->next)
		f = word_plain(w);
	for (int i = fr.nword; i < sh.nword && f == Go; i++)
		fn_set(var_get(sh.word[i]), n->b != NULL ? define(sh.word[i], n->b) : NULL);
	frame_leave(fr);
	return f;
}

static Flow assign(Node *n, int fl)
{
	Frame fr = frame_enter();
	int mark = local_mark(), at;
	Var *v = name(n->a, "=");
	bool local = false;
	Flow f = v == NULL ? Fail : Go;
	Node *cmd = n;

	while (cmd != NULL && cmd->type == Nassign)
		cmd = cmd->c;
	local = cmd != NULL;
	while (f == Go && n != NULL && n->type == Nassign) {
		at = sh.nword;
		f = word_arg(n->b);
		if (f != Go)
			break;
		if (local)
			local_push(v, value_words(at));
		else
			var_set(v, value_words(at));
		sh.nword = at;
		n = n->c;
		if (n != NULL && n->type == Nassign && (v = name(n->a, "=")) == NULL)
			f = Fail;
	}
	if (f == Go && local)
		f = run(cmd, fl);
	local_pop(mark);
	frame_leave(fr);
	return f;
}

static Flow redirected(Node *n, int fl)
{
	Frame fr = frame_enter();
	Flow f = Go;

	for (Node *r = n->a; r != NULL && f == Go; r = r->next)
		f = redir_open(r);
	if (f == Go)
		f = run(n->b, fl);
	frame_leave(fr);
	return f;
}

/* ---- pipe lines ---- */

/* srvfile says whether word n is, or begins with, a name in /srv. */
static bool srvfile(const Node *n)
{
	if (n != NULL && n->type == Nconcat)
		n = n->a;
	return n != NULL && n->type == Nword && (strncmp(n->s, "/srv/", 5) == 0 || strncmp(n->s, "#s/", 3) == 0);
}

/* twoway looks for what needs a pipe in both directions: a copy of one end as the other, or posting in /srv. */
static bool twoway(const Node *n, int end, int other)
{
	for (; n != NULL; n = n->next) {
		if (n->type == Nredir && n->rtype == Rdup && n->fd1 == end && n->fd0 == other)
			return true;
		if (n->type == Nredir && srvfile(n->a))
			return true;
		if (n->type >= Nsimple && (twoway(n->a, end, other) || twoway(n->b, end, other) || twoway(n->c, end, other)))
			return true;
	}
	return false;
}

static bool duplex(Node *left, Node *right)
{
	Node l, r;

	if (right->duplex == 0) {
		l = *left;
		r = *right;
		l.next = r.next = NULL;
		right->duplex = twoway(&l, right->fd0, 0) || twoway(&r, right->fd1, 1) ? 2 : 1;
	}
	return right->duplex == 2;
}

/* Part is a member of a pipe line but the last: its pid, or 0 and the status it failed with before it started. */
typedef struct Part {
	int pid;
	char *status;
} Part;

/* joinstatus waits for the parts and joins their statuses, in order, and the present one. */
static Flow joinstatus(const Part *part, int n)
{
	autobuf Buf b = { 0 };
	autofree char *last = mem_str(status_get());
	Flow f = Go;

	for (int i = 0; i <= n; i++) {
		const char *s = i < n ? part[i].status : last;

		if (i < n && part[i].pid > 0) {
			if (f == Go)
				f = job_wait(part[i].pid, false);
			s = status_get();
		}
		if (b.n > 0)
			buf_ch(&b, '|');
		buf_str(&b, s);
	}
	status_set(buf_text(&b));
	return f;
}

/* part starts m, its output going into a new pipe, whose other end it returns, -1 on error. */
static int part(Node *m, int from, int fromfd, Part *p)
{
	int fd[2], base = sh.nstep;

	if (child_pipe(fd, duplex(m, m->next)) < 0) {
		sh_failed("|");
		return -1;
	}
	/* the end that others read must not live on in the writer */
	step_push(FdShut, -1, fd[0]);
	if (from >= 0)
		step_push(FdMove, from, fromfd);
	step_push(FdMove, fd[1], m->next->fd0);
	p->pid = simple_start(m, false);
	p->status = region_strn(&sh.tmp, status_get(), p->pid > 0 ? 0 : strlen(status_get()));
	step_pop(base);
	return fd[0];
}

static Flow pipes(Node *n, int fl)
{
	Frame fr = frame_enter();
	int np = 0, from = -1, fromfd = 0;
	Flow f = Go, g;
	Part *parts;
	Node *m;

	for (m = n->a; m != NULL; m = m->next)
		np++;
	parts = region_new(&sh.tmp, (size_t)np * sizeof *parts);
	np = 0;
	for (m = n->a; m->next != NULL && f == Go; m = m->next) {
		from = part(m, from, fromfd, &parts[np]);
		fromfd = m->next->fd1;
		if (from < 0)
			f = Fail;
		else
			np++;
	}
	if (f == Go) {
		step_push(FdMove, from, fromfd);
		f = run(m, (fl | Cond) & ~Tail);
	}
	step_pop(fr.nstep);
	g = joinstatus(parts, np);
	frame_leave(fr);
	return f != Go ? f : ended(g, fl);
}

/* ---- */

/* fn_parse makes the tree of a function that came as text. */
static Flow fn_parse(Var *v)
{
	Source src = { .file = "environment", .line = 1 };
	Unit *u = NULL;
	Parsed p;

	buf_str(&src.text, v->fn->text);
	p = parse_all(&src, &u);
	buf_free(&src.text);
	if (p == ParseOk && u->root != NULL && u->root->type == Nfn && u->root->b != NULL) {
		v->fn->unit = u;
		v->fn->body = u->root->b->a;
		return Go;
	}
	if (p == ParseOk)
		unit_drop(u);
	return sh_fail("the environment's fn#%s is no function", v->name);
}

Flow fn_call(Var *v, Value *args, int fl)
{
	const Unit *unit = sh.unit;
	int mark = local_mark(), line = sh.line;
	Fn *fn = v->fn;
	Flow f = Go;

	if (sh.depth >= DEPTH)
		f = sh_fail("functions nested more than %d deep", DEPTH);
	else if (fn->unit == NULL)
		f = fn_parse(v);
	if (f != Go) {
		value_drop(args);
		return f;
	}
	sh.depth++;
	fn->ref++;
	local_push(sh.star, args);
	sh.unit = fn->unit;
	f = run(fn->body, fl);
	sh.unit = unit;
	sh.line = line;
	local_pop(mark);
	fn_drop(fn);
	sh.depth--;
	return f;
}

Flow run_unit(Unit *u, int fl)
{
	const Unit *unit = sh.unit;
	int line = sh.line;
	Flow f;

	sh.unit = u;
	f = run(u->root, fl);
	sh.unit = unit;
	sh.line = line;
	return f;
}

static void trace(Node *n)
{
	autobuf Buf b = { 0 };

	tree_print(&b, n);
	sh_err("%s:%d: %s", sh.unit->file, n->line, buf_text(&b));
}

static Flow dispatch(Node *n, int fl)
{
	switch (n->type) {
	case Nseq:
		return seq(n, fl);
	case Nblock:
		return run(n->a, fl);
	case Nasync:
		return async(n);
	case Nandor:
		return andor(n, fl);
	case Npipe:
		return pipes(n, fl);
	case Nbang:
		return bang(n);
	case Nsubshell:
		return subshell(n, fl);
	case Nif:
		return cond_if(n, fl);
	case Nifnot:
		return sh.ifnot ? run(n->a, fl) : Go;
	case Nfor:
		return loop_for(n, fl);
	case Nwhile:
		return loop_while(n, fl);
	case Nswitch:
		return cond_switch(n, fl);
	case Nfn:
		return define_fn(n);
	case Nassign:
		return assign(n, fl);
	case Nredirs:
		return redirected(n, fl);
	case Nmatch:
		return match(n, fl);
	default: /* a case outside of its switch cannot be parsed */
		return Go;
	}
}

Flow run(Node *n, int fl)
{
	Flow f;

	if (n == NULL)
		return Go;
	sh.line = n->line;
	if (sh.flag['r'] && n->type >= Nsimple && n->type != Nseq && n->type != Nblock)
		trace(n);
	if (n->type == Nsimple)
		f = ended(simple_run(n, fl), fl);
	else
		f = dispatch(n, fl);
	if (f == Go && note_pending && !sh.sub)
		f = note_run();
	return f;
}
