/*
 * Redirections in force are a list of steps, done in the child before it
 * executes a program, or in a forked copy of the shell; the shell's own
 * descriptors stay as they are.  step_map tells which of the shell's
 * descriptors a command would see as its fd.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include "sh.h"

void step_push(FdOp op, int from, int to)
{
	if (sh.nstep == sh.stepcap) {
		sh.stepcap = sh.stepcap == 0 ? 32 : 2 * sh.stepcap;
		sh.step = mem_grow(sh.step, (size_t)sh.stepcap, sizeof *sh.step);
	}
	sh.step[sh.nstep++] = (FdStep){ op, from, to };
}

void step_pop(int to)
{
	while (sh.nstep > to) {
		FdStep *s = &sh.step[--sh.nstep];

		if (s->op == FdMove || s->op == FdKeep)
			close(s->from);
	}
}

int step_map(int fd)
{
	for (int i = sh.nstep; --i >= 0 && fd >= 0;) {
		const FdStep *s = &sh.step[i];

		if (s->to != fd || s->op == FdKeep)
			continue;
		fd = s->op == FdShut ? -1 : s->from;
		if (s->op == FdMove)
			break;
	}
	return fd;
}

/* opens is step_map for a file that is opened: the standard input that & gives does not hide the one before it. */
static int opens(int fd)
{
	for (int i = sh.nstep; --i >= 0 && fd >= 0;) {
		const FdStep *s = &sh.step[i];

		if (s->to != fd || s->op == FdKeep || (s->op == FdMove && s->from == sh.nullfd))
			continue;
		fd = s->op == FdShut ? -1 : s->from;
		if (s->op == FdMove)
			return fd;
	}
	return fd == 0 && sh.before >= 0 ? sh.before : fd;
}

void step_enter(void)
{
	int in = opens(0), is = step_map(0);

	sh.before = in != is && in >= 0 ? fcntl(in, F_DUPFD_CLOEXEC, 100) : -1;
	child_steps(sh.step, sh.nstep);
	sh.nstep = 0;
	sh.nullfd = -1;
}

/* fdname gives the N of /fd/N, /dev/fd/N and #d/N, -1 for other names. */
static int fdname(const char *s)
{
	static const char *const pre[] = { "/fd/", "/dev/fd/", "#d/", "/proc/self/fd/" };
	i64 n;

	for (size_t i = 0; i < nelem(pre); i++)
		if (str_prefix(s, pre[i]) && str_int(s + strlen(pre[i]), 0, 1 << 20, &n) == 0)
			return (int)n;
	if (strcmp(s, "/dev/stdin") == 0)
		return 0;
	return -1;
}

char *sh_path(const char *name)
{
	char *s, *t;

	if (name[0] != '#')
		return (char *)(uintptr_t)name;
	if (sh.hooks->path == NULL) {
		if (access("/#", F_OK) < 0)
			return (char *)(uintptr_t)name;
		s = region_new(&sh.tmp, strlen(name) + 4);
		memcpy(s, "/#/", 3);
		memcpy(s + 3, name + 1, strlen(name));
		return s;
	}
	t = sh.hooks->path(name);
	if (t == NULL)
		return NULL;
	s = region_strn(&sh.tmp, t, strlen(t));
	free(t);
	return s;
}

int sh_open(const char *name, int mode)
{
	int n = fdname(name), fd;
	char *path;

	if (n >= 0) {
		n = opens(n);
		fd = n >= 0 ? fcntl(n, F_DUPFD_CLOEXEC, 100) : -1;
		return fd < 0 ? errset(Ebadusefd) : fd;
	}
	path = sh_path(name);
	if (path == NULL)
		return -1;
	env_update(); /* it may be a variable's file */
	fd = open(path, mode | O_CLOEXEC, 0666);
	if (fd < 0)
		return os_err();
	return child_high(fd);
}

/* here makes a file of the text of a here document. */
static int here(Node *n)
{
	autobuf Buf b = { 0 };
	const char *s = n->s != NULL ? n->s : "", *e;
	int fd, at = sh.nword;

	while (!n->a->quoted && (e = strchr(s, '$')) != NULL) {
		buf_add(&b, s, (size_t)(e - s));
		s = e + 1;
		if (*s == '$') {
			buf_ch(&b, *s++);
			continue;
		}
		for (e = s; char_id((u8)*e); e++)
			;
		if (e > s) {
			Node w = { .type = Nword, .s = region_strn(&sh.tmp, s, (size_t)(e - s)) };
			Node d = { .type = Ndollar, .a = &w };

			if (word_plain(&d) == Go)
				buf_str(&b, word_joined(at, " "));
			sh.nword = at;
		}
		s = *e == '^' ? e + 1 : e;
	}
	buf_str(&b, s);
	fd = child_high(io_memfd("rc here document"));
	if (fd < 0)
		return -1;
	if (io_writen(fd, buf_text(&b), b.n) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int openfile(Node *n, const char *name)
{
	int fd;

	switch (n->rtype) {
	case Rread:
		return sh_open(name, O_RDONLY);
	case Rwrite:
		return sh_open(name, O_WRONLY | O_CREAT | O_TRUNC);
	case Rrdwr:
		return sh_open(name, O_RDWR);
	default:
		fd = sh_open(name, O_WRONLY | O_CREAT | O_APPEND);
		return fd;
	}
}

Flow redir_open(Node *n)
{
	static const char *const op[] = { "<", ">", ">>", "<>", "<<" };
	int at = sh.nword, fd;

	if (n->rtype == Rdup) {
		step_push(FdDup, n->fd1, n->fd0);
		return Go;
	}
	if (n->rtype == Rclose) {
		step_push(FdShut, -1, n->fd0);
		return Go;
	}
	if (n->rtype == Rhere) {
		fd = here(n);
		if (fd < 0)
			return sh_failed("<<");
	} else {
		if (word_arg(n->a) != Go)
			return Fail;
		if (sh.nword != at + 1)
			return sh_fail("%s needs one file name, not %d", op[n->rtype], sh.nword - at);
		fd = openfile(n, sh.word[at]);
		if (fd < 0)
			return sh_failed(sh.word[at]);
		sh.nword = at;
	}
	step_push(FdMove, fd, n->fd0);
	return Go;
}

/* ---- for builtins that write by themselves ---- */

struct Saved {
	int n;
	struct {
		int fd, copy;
	} v[];
};

static void save(Saved *s, int fd)
{
	for (int i = 0; i < s->n; i++)
		if (s->v[i].fd == fd)
			return;
	s->v[s->n].fd = fd;
	s->v[s->n++].copy = fcntl(fd, F_DUPFD_CLOEXEC, 100);
}

Saved *step_apply(void)
{
	Saved *s;

	if (sh.nstep == 0)
		return NULL;
	s = mem_new(sizeof *s + (size_t)sh.nstep * sizeof s->v[0]);
	for (int i = 0; i < sh.nstep; i++) {
		FdStep st = sh.step[i];

		if (st.op == FdKeep)
			continue;
		save(s, st.to);
		if (st.op == FdMove)
			st.op = FdDup; /* the list keeps it */
		child_steps(&st, 1);
	}
	return s;
}

void step_undo(Saved *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < s->n; i++)
		if (s->v[i].copy >= 0) {
			dup2(s->v[i].copy, s->v[i].fd);
			close(s->v[i].copy);
		} else {
			close(s->v[i].fd);
		}
	free(s);
}
