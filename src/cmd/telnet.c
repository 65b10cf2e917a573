/*
 * telnet(1): a connection as a terminal.  Until the other side sends a
 * telnet command (RFC 854, byte 255) all bytes pass as they are, so it
 * serves for any service that talks text.  Options are refused, but for a
 * server that echoes: then our terminal goes raw.
 */
#include <stdlib.h>
#include <unistd.h>
#include <base/mem.h>
#include <client/dial.h>
#include "cmds.h"
#include "line.h"

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240, IP = 244, BRK = 243, Echo = 1, Sga = 3 };

static struct {
	bool debug, crnl; /* crnl: the peer speaks telnet */
	enum { Data, Command, Option, Sub, SubCommand } state;
	u8 verb;
} t;

/* answer refuses option o, or agrees to let the server echo. */
static void answer(Line *l, u8 verb, u8 o)
{
	u8 reply[3] = { IAC, 0, o };
	bool yes = verb == WILL && (o == Echo || o == Sga);

	t.crnl = l->strip = true;
	if (t.debug)
		fprintf(stderr, "telnet: %d %d%s\n", verb, o, yes ? "" : ", refused");
	if (verb == DONT || verb == WONT)
		return;
	reply[1] = verb == DO ? WONT : yes ? DO : DONT;
	if (yes && o == Echo)
		line_raw(l);
	if (io_writen(l->fd, reply, sizeof reply) < 0 && t.debug)
		tool_warn("%s", rerrstr());
}

/* get takes one byte from the net and adds what is to be shown to out. */
static void get(Line *l, u8 c, Buf *out)
{
	switch (t.state) {
	case Data:
		if (c == IAC)
			t.state = Command;
		else
			buf_ch(out, (char)c);
		break;
	case Command:
		t.state = Data;
		if (c >= WILL && c <= DONT) {
			t.verb = c;
			t.state = Option;
		} else if (c == SB) {
			t.state = Sub;
		} else if (c == IAC) {
			buf_ch(out, (char)c);
		}
		break;
	case Option:
		answer(l, t.verb, c);
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

static void put(Line *l, u8 c, Buf *out)
{
	(void)l;
	if (t.crnl && c == '\n')
		buf_ch(out, '\r');
	if (t.crnl && c == IAC)
		buf_ch(out, (char)c);
	buf_ch(out, (char)c);
}

static int note(Line *l, char which)
{
	u8 msg[2] = { IAC, which == 'b' ? BRK : IP };

	return io_writen(l->fd, msg, sizeof msg);
}

int cmd_telnet(int argc, char **argv)
{
	static Line l = { .get = get, .put = put, .note = note, .patient = true };
	autofree char *addr = NULL;
	const char *svc = NULL;
	Args a;
	int k;

	args_init(&a, argc, argv, "telnet [-Cdnr] [-s svc] [net!]host[!service]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'd':
			t.debug = true;
			break;
		case 's':
			svc = args_value(&a);
			break;
		default:
			if (!line_common(&l, k))
				args_usage(&a);
		}
	if (a.argc != 1)
		args_usage(&a);
	addr = dial_addr(a.argv[0], "tcp", "telnet");
	l.fd = dial(addr, 0);
	if (l.fd < 0)
		tool_die("%s", rerrstr());
	if (svc != NULL)
		line_post(svc);
	if (isatty(0))
		fprintf(stderr, "connected to %s\n", addr);
	return line_run(&l);
}
