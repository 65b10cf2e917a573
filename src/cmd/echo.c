#include <string.h>
#include <base/buf.h>
#include "cmds.h"
#include "tool.h"

/* One write for all of it: a ctl file takes a write as a request. */
int cmd_echo(int argc, char **argv)
{
	autobuf Buf b = { 0 };
	int i = 1;
	bool newline = true;

	if (argc > 1 && strcmp(argv[1], "-n") == 0) {
		newline = false;
		i = 2;
	}
	for (int first = i; i < argc; i++) {
		if (i > first)
			buf_ch(&b, ' ');
		buf_str(&b, argv[i]);
	}
	if (newline)
		buf_ch(&b, '\n');
	if (b.n > 0 && io_writen(1, b.p, b.n) < 0) {
		fprintf(stderr, "echo: %s\n", rerrstr());
		return 1;
	}
	return 0;
}
