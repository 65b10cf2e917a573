#include <fcntl.h>
#include <unistd.h>
#include <base/buf.h>
#include "cmds.h"
#include "tool.h"

static i64 lines = 1, count;
static bool multi;

/* line copies one line, reading byte by byte so that what follows is left for others; 0 at the end, -1 on failure. */
static int line(int fd, const char *name)
{
	autobuf Buf b = { 0 };
	ssize_t n;
	char c = 0;

	while (c != '\n' && (n = read(fd, &c, 1)) > 0)
		buf_ch(&b, c);
	if (c != '\n' && n < 0) {
		tool_oops("error reading %s", name);
		return -1;
	}
	if (b.n > 0 && io_writen(1, b.p, b.n) < 0)
		tool_die("%s", rerrstr());
	return b.n > 0;
}

static int bytes(int fd, const char *name)
{
	char buf[8192];
	i64 left = count;

	while (left > 0) {
		ssize_t n = read(fd, buf, left < (i64)sizeof buf ? (size_t)left : sizeof buf);

		if (n < 0)
			tool_oops("error reading %s", name);
		if (n <= 0)
			return n < 0 ? -1 : left < count;
		if (io_writen(1, buf, (size_t)n) < 0)
			tool_die("%s", rerrstr());
		left -= n;
	}
	return 1;
}

/* one reads what is asked of a file; it returns whether there was anything, -1 on failure. */
static int one(int fd, const char *name)
{
	int k = 1;
	bool some = false;

	if (count > 0)
		return bytes(fd, name);
	for (i64 i = 0; k > 0 && (multi || i < lines); i++) {
		k = line(fd, name);
		some |= k > 0;
	}
	return k < 0 ? -1 : some;
}

int cmd_read(int argc, char **argv)
{
	Args a;
	int k, bad = 0;

	args_init(&a, argc, argv, "read [-m] [-n nlines] [-c nbytes] [file ...]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'm':
			multi = true;
			break;
		case 'n':
			lines = args_number(&a, 1, INT64_MAX);
			break;
		case 'c':
			count = args_number(&a, 1, INT64_MAX);
			break;
		default:
			args_usage(&a);
		}
	if (a.argc == 0)
		return one(0, "standard input") <= 0;
	for (int i = 0; i < a.argc; i++) {
		autofd int fd = open(a.argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			tool_oops("can't open %s", a.argv[i]);
		bad |= fd < 0 || one(fd, a.argv[i]) <= 0;
	}
	return bad;
}
