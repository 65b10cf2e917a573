/* venti/write: one block from standard input, and its score to standard output. */
#include <unistd.h>
#include "cmds.h"
#include "tool.h"
#include "ventitool.h"

int cmd_venti_write(int argc, char **argv)
{
	const char *host = NULL;
	int type = TypeData;
	bool trim = false;
	static u8 buf[BLOCKMAX + 1];
	char hex[SCORETEXT];
	ssize_t n;
	Venti *v;
	Score s;
	Args a;

	args_init(&a, argc, argv, "venti/write [-z] [-h host] [-t type] <block");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'h':
			host = args_value(&a);
			break;
		case 't':
			type = ventitool_type(args_value(&a));
			break;
		case 'z':
			trim = true;
			break;
		default:
			args_usage(&a);
		}
	if (a.argc != 0)
		args_usage(&a);
	n = io_readn(STDIN_FILENO, buf, sizeof buf);
	if (n < 0)
		tool_die("%s", rerrstr());
	if (n > BLOCKMAX)
		tool_die("the input is too large: a block has at most %d bytes", BLOCKMAX);
	if (trim)
		n = (ssize_t)block_trim(ventitool_wire(type), buf, (size_t)n);
	v = ventitool_dial(host, 1);
	if (venti_write(v, &s, ventitool_wire(type), buf, (u32)n) < 0 || venti_sync(v) < 0)
		tool_die("could not write block: %s", rerrstr());
	venti_close(v);
	printf("%s\n", score_print(&s, hex));
	return tool_end(0);
}
