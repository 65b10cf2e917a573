/*
 * The client's side of a grid: requests, programs, consoles.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <node/sup.h>
#include <os/io.h>
#include <os/local.h>
#include <os/pty.h>
#include <os/spawn.h>

enum { Chunk = 8192, Escape = '\\' & 037, EndingMs = 3000, SilentMs = 1000 };

int grid_ask(int sock, Buf *b, const int *fd, int nfd, char *const *w, int n)
{
	Msg *m = msg_new();
	i64 status = -1;
	int r;

	if (msg_sendv(sock, fd, nfd, w, n) < 0) {
		msg_free(m);
		return -1;
	}
	while ((r = msg_recv(sock, m)) > 0 && !msg_is(m, "end", 1))
		if (msg_is(m, "text", 1))
			buf_str(b, m->w[1]);
	if (r <= 0)
		werrstr("the grid has gone down");
	else if (str_int(m->w[1], 0, 255, &status) < 0)
		status = -1;
	else if (m->n > 2)
		werrstr("%s", m->w[2]);
	msg_free(m);
	return (int)status;
}

/* sendsize tells the size of our terminal. */
static void sendsize(int sock, bool console)
{
	u32 rows, cols;
	char a[16], b[16], s[40];

	if (tty_size(0, &rows, &cols) < 0)
		return;
	snprintf(a, sizeof a, "%u", rows);
	snprintf(b, sizeof b, "%u", cols);
	snprintf(s, sizeof s, "s%s %s", a, b);
	if (console)
		(void)!write(sock, s, strlen(s));
	else
		msg_send(sock, NULL, 0, "size", a, b, NULL);
}

typedef struct Run {
	int stat, sig, master;
	bool stdin_open;
	void *tty;
	Msg *m;
	int code;
	int ending; /* we were asked to end: so much of it, if the program does not */
} Run;

static void forward(Run *r)
{
	char num[16];
	int sig;

	while ((sig = sig_next(r->sig)) > 0) {
		if (sig == SIGWINCH) {
			sendsize(r->stat, false);
			continue;
		}
		snprintf(num, sizeof num, "%d", sig);
		msg_send(r->stat, NULL, 0, "signal", num, NULL);
		if (sig == SIGTERM || sig == SIGHUP)
			r->ending = 128 + sig;
	}
}

/* news takes a message about the program; false when it is over. */
static bool news(Run *r)
{
	Msg *m = r->m;
	i64 v;

	if (msg_recv(r->stat, m) <= 0) {
		werrstr("the grid has gone down");
		return false;
	}
	if (msg_is(m, "pty", 0)) {
		r->master = msg_take(m, 0);
		r->tty = tty_raw(0);
		sendsize(r->stat, false);
	} else if (msg_is(m, "error", 1)) {
		werrstr("%s", m->w[1]);
		return false;
	} else if (msg_is(m, "exit", 1)) {
		if (str_int(m->w[1], 0, 0xffff, &v) == 0)
			r->code = proc_code((int)v);
		return false;
	}
	return true;
}

/* copy moves what there is from one descriptor to another; false at the end. */
static bool copy(int from, int to)
{
	char buf[Chunk];
	ssize_t n = read(from, buf, sizeof buf);

	return n > 0 && io_writen(to, buf, (size_t)n) == 0;
}

static void relay(Run *r)
{
	for (;;) {
		struct pollfd p[4] = {
			{ .fd = r->stat, .events = POLLIN },
			{ .fd = r->sig, .events = POLLIN },
			{ .fd = r->master, .events = POLLIN },
			{ .fd = r->master >= 0 && r->stdin_open ? 0 : -1, .events = POLLIN },
		};

		int n = poll(p, 4, r->ending ? EndingMs : -1);

		if (n < 0)
			continue;
		if (n == 0) {
			r->code = r->ending;
			return;
		}
		if (p[1].revents)
			forward(r);
		if (p[3].revents && !copy(0, r->master))
			r->stdin_open = false;
		/* all output of the terminal before the exit status */
		if (p[2].revents) {
			if (!copy(r->master, 1)) {
				close(r->master);
				r->master = -1;
			}
		} else if (p[0].revents && !news(r))
			return;
	}
}

static int request(int sock, const GridExec *x, int stat)
{
	int fd[4] = { stat, 0, 1, 2 }, n = 0, narg = 0, nenv = 0, r;
	autofree char *cwd = getcwd(NULL, 0);
	char flags[8], num[16], **w;

	for (; x->argv[narg] != NULL; narg++)
		;
	for (; x->env != NULL && x->env[nenv] != NULL; nenv++)
		;
	snprintf(flags, sizeof flags, "-%s%s%s", x->tty ? "t" : "", x->writable ? "w" : "", x->user ? "u" : "");
	snprintf(num, sizeof num, "%d", narg);
	w = mem_array((size_t)(x->nhead + 3 + narg + nenv), sizeof *w);
	for (int i = 0; i < x->nhead; i++)
		w[n++] = x->head[i];
	w[n++] = flags;
	w[n++] = cwd ? cwd : num;
	w[n++] = num;
	for (int i = 0; i < narg; i++)
		w[n++] = x->argv[i];
	for (int i = 0; i < nenv; i++)
		w[n++] = x->env[i];
	r = msg_sendv(sock, fd, 4, w, n);
	free(w);
	return r;
}

int grid_exec(int sock, const GridExec *x)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, 0 };
	Run r = { .master = -1, .stdin_open = true, .code = -1 };
	int pair[2];

	if (local_pair(pair) < 0 || (r.sig = sig_fd(sigs)) < 0)
		return -1;
	if (request(sock, x, pair[1]) < 0)
		return -1;
	close(pair[1]);
	r.stat = pair[0];
	r.m = msg_new();
	relay(&r);
	tty_restore(0, r.tty);
	msg_free(r.m);
	close(r.stat);
	close(r.sig);
	return r.code;
}

/* typed sends what was typed; false when it was the escape, ctrl-\ and q. */
static bool typed(int sock, bool tty, bool *escaped)
{
	char in[Chunk], out[Chunk + 2];
	ssize_t n = read(0, in, Chunk);
	size_t k = 0;

	if (n <= 0)
		return false;
	out[k++] = 'd';
	for (ssize_t i = 0; i < n; i++) {
		if (*escaped) {
			*escaped = false;
			if (in[i] == 'q')
				return false;
			if (in[i] != Escape)
				out[k++] = Escape;
		} else if (tty && in[i] == Escape) {
			*escaped = true;
			continue;
		}
		out[k++] = in[i];
	}
	return k == 1 || write(sock, out, k) == (ssize_t)k;
}

/*
 * connected relays until either side ends: 0 when we leave, 1 when the grid has gone.  When a script's input has ended,
 * what it caused is still to come: we leave when the console has been silent for a while.
 */
static int connected(int sock, int sig, bool tty)
{
	bool escaped = false, in = true;

	for (;;) {
		struct pollfd p[3] = {
			{ .fd = sock, .events = POLLIN },
			{ .fd = in ? 0 : -1, .events = POLLIN },
			{ .fd = sig, .events = POLLIN },
		};

		int n = poll(p, 3, in ? -1 : SilentMs);

		if (n == 0)
			return 0;
		if (n < 0)
			continue;
		if (p[2].revents)
			for (int s; (s = sig_next(sig)) > 0;) {
				if (s != SIGWINCH)
					return 0;
				sendsize(sock, true);
			}
		if (p[0].revents && !copy(sock, 1))
			return 1;
		if (p[1].revents && !typed(sock, tty, &escaped)) {
			if (tty || escaped)
				return 0;
			in = false;
		}
	}
}

int grid_console(int sock, const char *name)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, 0 };
	char word[] = "console";
	Msg *m = msg_new();
	void *tty;
	int sig, r;

	if (msg_send(sock, NULL, 0, word, name, NULL) < 0 || msg_recv(sock, m) <= 0 || !msg_is(m, "ok", 0)) {
		werrstr("%s", m->n > 2 ? m->w[2] : rerrstr());
		msg_free(m);
		return -1;
	}
	msg_free(m);
	if ((sig = sig_fd(sigs)) < 0)
		return -1;
	tty = tty_raw(0);
	sendsize(sock, true);
	r = connected(sock, sig, tty != NULL);
	tty_restore(0, tty);
	close(sig);
	return r == 1 ? werrstr("the grid has gone down") : 0;
}

int grid_stay(const char *name)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, 0 };
	autofd int sig = sig_fd(sigs), sock = grid_dial(name);
	struct pollfd p[2] = { { .fd = sig, .events = POLLIN }, { .fd = sock, .events = POLLIN } };

	if (sig < 0 || sock < 0)
		return -1;
	while (poll(p, 2, -1) < 0)
		;
	msg_send(sock, NULL, 0, "down", NULL);
	return grid_gone(name, 10000) < 0 ? -1 : p[1].revents ? werrstr("the grid has gone down") : 0;
}
