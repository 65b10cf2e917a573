/*
 * con(1): the terminal as one end of a byte stream, which is a network
 * address, a serial line or a file such as one in /srv.  Nothing in the
 * stream means anything here; on the terminal only control-\ does.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <client/dial.h>
#include "cmds.h"
#include "line.h"

static const struct {
	i64 baud;
	speed_t code;
} speeds[] = {
	{ 300, B300 }, { 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 },
	{ 38400, B38400 }, { 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 }, { 460800, B460800 },
	{ 921600, B921600 }, { 1000000, B1000000 }, { 1500000, B1500000 }, { 3000000, B3000000 },
};

/* serial makes a serial line transparent, at baud unless that is 0. */
static void serial(int fd, const char *name, i64 baud)
{
	struct termios m;
	size_t i = 0;

	if (tcgetattr(fd, &m) < 0) {
		if (baud != 0)
			tool_die("%s is no serial line: -b says nothing to it", name);
		return;
	}
	cfmakeraw(&m);
	while (baud != 0 && i < nelem(speeds) && speeds[i].baud != baud)
		i++;
	if (i == nelem(speeds))
		tool_die("-b %lld: no speed of serial lines; 9600 and 115200 are usual", (long long)baud);
	if ((baud != 0 && cfsetspeed(&m, speeds[i].code) < 0) || tcsetattr(fd, TCSANOW, &m) < 0)
		tool_oopsdie("%s", name);
}

static int breaks(Line *l, char which)
{
	if (which != 'b')
		return werrstr("a serial line has no interrupt but the character that its system takes for one");
	return tcsendbreak(l->fd, 0) < 0 ? os_werr("break") : 0;
}

/* connect_to opens a file, or dials. */
static void connect_to(Line *l, const char *to, i64 baud, bool verbose)
{
	autofree char *addr = NULL;

	if (strchr(to, '!') == NULL && strchr(to, '/') != NULL) {
		l->fd = open(to, O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (l->fd < 0)
			tool_oopsdie("%s", to);
		serial(l->fd, to, baud);
		if (isatty(l->fd))
			l->note = breaks;
		return;
	}
	if (baud != 0)
		tool_die("%s is no serial line: -b says nothing to it", to);
	addr = dial_addr(to, "tcp", "telnet");
	if (verbose)
		tool_warn("dialing %s", addr);
	l->fd = dial(addr, 0);
	if (l->fd < 0)
		tool_die("%s", rerrstr());
	if (verbose)
		tool_warn("connected");
}

int cmd_con(int argc, char **argv)
{
	static Line l;
	const char *svc = NULL;
	bool verbose = false;
	i64 baud = 0;
	Args a;
	int k;

	args_init(&a, argc, argv, "con [-CnrRsTv] [-b baud] [-c cmd] [-S svc] [net!]host[!service] | file");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'R':
			l.swap = true;
			break;
		case 's':
			l.seven = true;
			break;
		case 'T':
			l.newlines = true;
			break;
		case 'd': case 'v':
			verbose = true;
			break;
		case 'b':
			baud = args_number(&a, 1, 1 << 30);
			break;
		case 'c':
			l.first = args_value(&a);
			break;
		case 'S':
			svc = args_value(&a);
			break;
		case 'l':
			tool_die("-l: nobody is logged in by BSD's rlogin any more; without it there is no login");
		default:
			if (!line_common(&l, k))
				args_usage(&a);
		}
	if (a.argc != 1)
		args_usage(&a);
	connect_to(&l, a.argv[0], baud, verbose);
	if (svc != NULL)
		line_post(svc);
	line_raw(&l);
	return line_run(&l);
}
