/*
 * Two threads, one a direction: the connection may be a file of a stack on
 * another machine, where poll tells nothing.  A command that the escape
 * runs has the connection for itself: the reader is called out of its read
 * by a signal and waits until the command has ended.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/sockopt.h>
#include <os/spawn.h>
#include <os/stream.h>
#include <os/thread.h>
#include "line.h"

enum { Escape = 034, Recheck = 10 * 1000 };

static struct termios terminal; /* to be put back */
static pthread_t reader;

static void restore(void) { tcsetattr(0, TCSANOW, &terminal); }

static void nothing(int sig) { (void)sig; }

void line_raw(Line *l)
{
	struct termios m;

	if (l->raw || tcgetattr(0, &m) < 0)
		return;
	terminal = m;
	l->asked = true;
	if (l->cooked) {
		m.c_cc[VQUIT] = _POSIX_VDISABLE;
	} else {
		m.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
		m.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
		m.c_cc[VMIN] = 1;
		m.c_cc[VTIME] = 0;
	}
	l->raw = tcsetattr(0, TCSANOW, &m) == 0;
	atexit(restore);
}

/* unreturn drops each \r that a \n follows; one at the end waits for what comes. */
static void unreturn(Buf *b, bool *held)
{
	size_t to = 0;
	Buf out = { 0 };

	if (*held)
		buf_ch(&out, '\r');
	buf_add(&out, b->p, b->n);
	for (size_t i = 0; i < out.n; i++)
		if (out.p[i] != '\r' || (i + 1 < out.n && out.p[i + 1] != '\n' && out.p[i + 1] != '\0'))
			out.p[to++] = out.p[i];
	*held = out.n > 0 && out.p[out.n - 1] == '\r';
	out.n = to;
	buf_free(b);
	*b = out;
}

static char exchanged(char c) { return c == '\r' ? '\n' : c == '\n' ? '\r' : c; }

/* came is what is shown of in[0..n). */
static void came(Line *l, const u8 *in, size_t n, Buf *out, bool *held)
{
	for (size_t i = 0; i < n; i++)
		if (l->get != NULL)
			l->get(l, in[i], out);
		else
			buf_ch(out, (char)in[i]);
	for (size_t i = 0; i < out->n; i++) {
		char c = l->seven ? out->p[i] & 0x7f : out->p[i];

		out->p[i] = l->swap ? exchanged(c) : l->newlines && c == '\r' ? '\n' : c;
	}
	if (l->strip || *held)
		unreturn(out, held);
}

/* paused waits while a command has the connection. */
static void paused(Line *l)
{
	int asked = 1;

	atomic_compare_exchange_strong(&l->pause, &asked, 2);
	while (l->pause != 0)
		usleep(Recheck);
}

static int from_net(Line *l)
{
	u8 in[8192];
	bool held = false;

	for (;;) {
		autobuf Buf out = { 0 };
		ssize_t n;

		if (l->pause != 0)
			paused(l);
		n = read(l->fd, in, sizeof in);
		if (n < 0 && os_interrupted())
			continue;
		if (n < 0)
			tool_oops("connection");
		if (n <= 0)
			return n < 0;
		came(l, in, (size_t)n, &out, &held);
		if (out.n > 0 && io_writen(1, out.p, out.n) < 0)
			tool_die("%s", rerrstr());
	}
}

static void shell(Line *l, const char *cmd)
{
	char *argv[] = { "rc", "-c", (char *)(uintptr_t)cmd, NULL };
	Spawn s = { .path = "/proc/self/exe", .argv = argv, .fd = { l->fd, l->fd, 2 }, .nfd = 3 };
	int pid, pidfd;

	for (l->pause = l->reading; l->pause == 1; usleep(Recheck))
		pthread_kill(reader, SIGUSR1);
	pid = spawn(&s);
	pidfd = pid < 0 ? -1 : pid_open(pid);
	if (pidfd < 0)
		tool_warn("%s", rerrstr());
	else if (pid_wait(pidfd, -1) < 0)
		tool_warn("%s", rerrstr());
	if (pidfd >= 0)
		close(pidfd);
	l->pause = 0;
}

static void note(Line *l, char which)
{
	if (l->note == NULL)
		tool_warn("this connection has no %s", which == 'b' ? "break" : "interrupt");
	else if (l->note(l, which) < 0)
		tool_warn("%s", rerrstr());
}

static void command(Line *l, const char *cmd)
{
	switch (*cmd) {
	case 'q':
		exit(0);
	case 'r':
		l->strip = !l->strip;
		break;
	case 'b':
	case 'i':
		note(l, *cmd);
		break;
	case '!':
		shell(l, cmd + 1);
		break;
	case '.':
		break;
	default:
		fprintf(stderr, "b: break, i: interrupt, q: quit, r: returns or not, !cmd: run it on the connection, .: go on\r\n");
	}
}

/* next is the byte after at[*i], or what is typed now. */
static int next(const char *at, size_t n, size_t *i)
{
	char c;

	if (*i + 1 < n)
		return (u8)at[++*i];
	return read(0, &c, 1) == 1 ? (u8)c : -1;
}

/* escaped does what follows the escape at at[*i], and moves *i to the last byte of it. */
static void escaped(Line *l, const char *at, size_t n, size_t *i)
{
	autobuf Buf cmd = { 0 };
	int c;

	fprintf(stderr, "\r\n>>> ");
	c = next(at, n, i);
	if (c < 0)
		exit(0);
	buf_ch(&cmd, (char)c);
	while (cmd.p[0] == '!' && (c = next(at, n, i)) >= 0 && c != '\r' && c != '\n') {
		buf_ch(&cmd, (char)c);
		if (!l->cooked)
			fputc(c, stderr);
	}
	fprintf(stderr, "\r\n");
	buf_ch(&cmd, '\0');
	command(l, cmd.p);
}

static void typed(Line *l, char c, Buf *out)
{
	if (l->swap)
		c = exchanged(c);
	if (l->put != NULL)
		l->put(l, (u8)c, out);
	else
		buf_ch(out, c);
}

static void to_net(void *arg)
{
	Line *l = arg;
	char in[4096];
	ssize_t n;

	while ((n = read(0, in, sizeof in)) > 0) {
		autobuf Buf out = { 0 };

		for (size_t i = 0; i < (size_t)n; i++)
			if (l->asked && in[i] == Escape)
				escaped(l, in, (size_t)n, &i);
			else
				typed(l, in[i], &out);
		if (out.n > 0 && io_writen(l->fd, out.p, out.n) < 0) {
			tool_warn("%s", rerrstr());
			return;
		}
	}
	if (!l->stay && sockopt_finish(l->fd) < 0 && !l->patient)
		exit(0); /* no socket, so it cannot be half closed */
}

int line_run(Line *l)
{
	struct sigaction a = { .sa_handler = nothing };

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGUSR1, &a, NULL);
	reader = pthread_self();
	if (l->first != NULL)
		command(l, l->first);
	l->reading = true;
	if (thread_start("to net", to_net, l) < 0)
		tool_die("%s", rerrstr());
	return from_net(l);
}

bool line_common(Line *l, int flag)
{
	switch (flag) {
	case 'C':
		l->cooked = true;
		return true;
	case 'n':
		l->stay = true;
		return true;
	case 'r':
		l->strip = true;
		return true;
	default:
		return false;
	}
}

void line_post(const char *name)
{
	int p[2];

	if (stream_pair(p) < 0)
		tool_die("%s", rerrstr());
	if (tool_post(name, 0600, p[0]) < 0)
		exit(1);
	close(p[0]);
	if (dup2(p[1], 0) < 0 || dup2(p[1], 1) < 0)
		tool_oopsdie("/srv/%s", name);
	close(p[1]);
}
