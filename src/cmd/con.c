/*
 * con(1): the terminal as one end of a byte stream, which is a network
 * address or a file such as one in /srv.  Nothing in the stream means
 * anything here; on the terminal only control-\ does.  Two threads, one a
 * direction: poll tells nothing of files that are served.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/mem.h>
#include <client/dial.h>
#include <os/sockopt.h>
#include <os/thread.h>
#include "cmds.h"
#include "tool.h"

enum { Escape = 034 };

static struct {
	int fd;
	bool tty, cooked, stay;
	_Atomic bool strip; /* of returns; both threads */
	struct termios saved;
} con;

static void restore(void) { tcsetattr(0, TCSANOW, &con.saved); }

/* setup has the terminal pass every byte, or with -C every line, and the escape. */
static void setup(void)
{
	struct termios m;

	con.tty = isatty(0) && tcgetattr(0, &con.saved) == 0;
	if (!con.tty)
		return;
	m = con.saved;
	if (con.cooked) {
		m.c_cc[VQUIT] = _POSIX_VDISABLE;
	} else {
		m.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
		m.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
		m.c_cc[VMIN] = 1;
		m.c_cc[VTIME] = 0;
	}
	atexit(restore);
	tcsetattr(0, TCSANOW, &m);
}

/* from_net prints what comes until the other side is done. */
static int from_net(void)
{
	char in[8192];
	ssize_t n, to;

	while ((n = read(con.fd, in, sizeof in)) > 0) {
		to = n;
		if (con.strip) {
			to = 0;
			for (ssize_t i = 0; i < n; i++)
				if (in[i] != '\r')
					in[to++] = in[i];
		}
		if (to > 0 && io_writen(1, in, (size_t)to) < 0)
			tool_die("%s", rerrstr());
	}
	if (n < 0)
		tool_oops("connection");
	return n < 0;
}

/* escaped does what follows control-\: at[0..left) were read already; it returns how many of them it took. */
static size_t escaped(const char *at, size_t left)
{
	char c = left > 0 ? *at : 0;
	bool end = false;

	fprintf(stderr, "\r\n>>> ");
	if (left == 0)
		end = read(0, &c, 1) <= 0;
	if (end || c == 'q')
		exit(0);
	if (c == 'r')
		con.strip = !con.strip;
	fprintf(stderr, c == '.' || c == 'r' ? "\r\n" : "q: quit, r: returns or not, .: go on\r\n");
	return left > 0;
}

static void to_net(void *arg)
{
	char in[4096];
	ssize_t n;

	(void)arg;
	while ((n = read(0, in, sizeof in)) > 0) {
		autobuf Buf out = { 0 };

		for (size_t i = 0; i < (size_t)n; i++)
			if (con.tty && in[i] == Escape)
				i += escaped(in + i + 1, (size_t)n - i - 1);
			else
				buf_ch(&out, in[i]);
		if (out.n > 0 && io_writen(con.fd, out.p, out.n) < 0) {
			tool_warn("%s", rerrstr());
			return;
		}
	}
	if (!con.stay && sockopt_finish(con.fd) < 0)
		exit(0); /* no socket, so it cannot be half closed */
}

/* connect_to opens a file, or dials. */
static int connect_to(const char *to)
{
	autofree char *addr = NULL;
	int fd;

	if (strchr(to, '!') == NULL && strchr(to, '/') != NULL) {
		fd = open(to, O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			tool_oopsdie("%s", to);
		return fd;
	}
	addr = dial_addr(to, "tcp", "telnet");
	fd = dial(addr, 0);
	if (fd < 0)
		tool_die("%s", rerrstr());
	return fd;
}

int cmd_con(int argc, char **argv)
{
	Args a;
	int k;

	args_init(&a, argc, argv, "con [-Cnr] [net!]host[!service] | file");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'C':
			con.cooked = true;
			break;
		case 'n':
			con.stay = true;
			break;
		case 'r':
			con.strip = true;
			break;
		case 'b': case 'c': case 'd': case 'l': case 'R': case 's': case 'S': case 'T': case 'v':
			tool_die("-%c is not implemented", k);
		default:
			args_usage(&a);
		}
	if (a.argc != 1)
		args_usage(&a);
	signal(SIGPIPE, SIG_IGN);
	con.fd = connect_to(a.argv[0]);
	setup();
	if (thread_start("to net", to_net, NULL) < 0)
		tool_die("%s", rerrstr());
	return from_net();
}
