/*
 * telnet(1): a connection as a terminal.  Until the other side sends a
 * telnet command (RFC 854, byte 255) all bytes pass as they are, so it
 * serves for any service that talks text.  Options are refused, but for a
 * server that echoes: then our terminal goes raw.
 *
 * Two threads, one a direction: the connection may be a file of a stack on
 * another machine, where poll tells nothing.
 */
#include <pthread.h>
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

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240, Echo = 1, Sga = 3, Quit = 034 };

static struct {
	int fd;
	bool debug, strip, crnl; /* strip \r before \n; crnl: the peer speaks telnet */
	bool tty, raw;
	struct termios saved;
	enum { Data, Command, Option, Sub, SubCommand } state;
	u8 verb;
} t;

static void cooked(void)
{
	if (t.raw)
		tcsetattr(0, TCSANOW, &t.saved);
	t.raw = false;
}

static void raw(void)
{
	struct termios m;

	if (!t.tty || t.raw || tcgetattr(0, &t.saved) < 0)
		return;
	m = t.saved;
	m.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	m.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
	m.c_cc[VMIN] = 1;
	t.raw = tcsetattr(0, TCSANOW, &m) == 0;
	atexit(cooked);
}

/* answer refuses option o, or agrees to let the server echo. */
static void answer(u8 verb, u8 o)
{
	u8 reply[3] = { IAC, 0, o };
	bool yes = verb == WILL && (o == Echo || o == Sga);

	t.crnl = true;
	if (t.debug)
		fprintf(stderr, "telnet: %d %d%s\n", verb, o, yes ? "" : ", refused");
	if (verb == DONT || verb == WONT)
		return;
	reply[1] = verb == DO ? WONT : yes ? DO : DONT;
	if (yes && o == Echo)
		raw();
	if (io_writen(t.fd, reply, sizeof reply) < 0 && t.debug)
		tool_warn("%s", rerrstr());
}

/* byte takes one byte from the net and adds what is to be shown to out. */
static void byte(u8 c, Buf *out)
{
	switch (t.state) {
	case Data:
		if (c == IAC)
			t.state = Command;
		else
			buf_ch(out, c);
		break;
	case Command:
		t.state = Data;
		if (c >= WILL && c <= DONT) {
			t.verb = c;
			t.state = Option;
		} else if (c == SB) {
			t.state = Sub;
		} else if (c == IAC) {
			buf_ch(out, c);
		}
		break;
	case Option:
		answer(t.verb, c);
		t.state = Data;
		break;
	case Sub:
		if (c == IAC)
			t.state = SubCommand;
		break;
	case SubCommand:
		t.state = c == SE ? Data : Sub;
		break;
	}
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

static int from_net(void)
{
	u8 in[8192];
	bool held = false;
	ssize_t n;

	while ((n = read(t.fd, in, sizeof in)) > 0) {
		autobuf Buf out = { 0 };

		for (ssize_t i = 0; i < n; i++)
			byte(in[i], &out);
		if (t.strip || t.crnl)
			unreturn(&out, &held);
		if (out.n > 0 && io_writen(1, out.p, out.n) < 0)
			tool_die("%s", rerrstr());
	}
	if (n < 0)
		tool_oops("connection");
	return n < 0;
}

/* escaped handles what follows ctrl-\ on a raw terminal. */
static void escaped(void)
{
	char c = 0;

	fprintf(stderr, "\r\n>>> ");
	if (read(0, &c, 1) <= 0 || c == 'q') {
		cooked();
		exit(0);
	}
	fprintf(stderr, c == '.' ? "\r\n" : "q: quit, .: go on\r\n");
}

static void to_net(void *arg)
{
	char in[4096];
	ssize_t n;

	(void)arg;
	while ((n = read(0, in, sizeof in)) > 0) {
		autobuf Buf out = { 0 };

		for (ssize_t i = 0; i < n; i++) {
			if (t.raw && in[i] == Quit) {
				escaped();
				continue;
			}
			if (t.crnl && in[i] == '\n')
				buf_ch(&out, '\r');
			if (t.crnl && (u8)in[i] == IAC)
				buf_ch(&out, in[i]);
			buf_ch(&out, in[i]);
		}
		if (out.n > 0 && io_writen(t.fd, out.p, out.n) < 0)
			return;
	}
	sockopt_finish(t.fd); /* a data file cannot be half closed: there the peer decides when it is over */
}

int cmd_telnet(int argc, char **argv)
{
	autofree char *addr = NULL;
	Args a;
	int k;

	args_init(&a, argc, argv, "telnet [-dr] [net!]host[!service]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'd':
			t.debug = true;
			break;
		case 'r':
			t.strip = true;
			break;
		case 'C': case 'n': case 'R': case 'p':
			tool_die("-%c is not implemented", k);
		default:
			args_usage(&a);
		}
	if (a.argc != 1)
		args_usage(&a);
	signal(SIGPIPE, SIG_IGN);
	addr = dial_addr(a.argv[0], "tcp", "telnet");
	t.fd = dial(addr, 0);
	if (t.fd < 0)
		tool_die("%s", rerrstr());
	t.tty = isatty(0);
	if (t.tty)
		fprintf(stderr, "connected to %s\n", addr);
	if (thread_start("to net", to_net, NULL) < 0)
		tool_die("%s", rerrstr());
	k = from_net();
	cooked();
	return k;
}
