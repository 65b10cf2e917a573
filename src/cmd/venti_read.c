/* venti/read: one block to standard output. */
#include <unistd.h>
#include "cmds.h"
#include "tool.h"
#include "ventitool.h"

int cmd_venti_read(int argc, char **argv)
{
	const char *host = NULL;
	int type = -1;
	static u8 buf[BLOCKMAX];
	char hex[SCORETEXT];
	Venti *v;
	Score s;
	Args a;
	long n;

	args_init(&a, argc, argv, "venti/read [-h host] [-t type] score");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'h':
			host = args_value(&a);
			break;
		case 't':
			type = ventitool_type(args_value(&a));
			break;
		default:
			args_usage(&a);
		}
	if (a.argc != 1)
		args_usage(&a);
	s = ventitool_score(a.argv[0]);
	v = ventitool_dial(host, 1);
	if (type < 0) {
		type = ventitool_find(v, &s, buf, &n);
		if (type >= 0)
			fprintf(stderr, "venti/read%s%s -t %d %s\n", host != NULL ? " -h " : "", host != NULL ? host : "", type,
				score_print(&s, hex));
	} else {
		n = venti_read(v, &s, ventitool_wire(type), buf, sizeof buf);
		if (n < 0)
			type = -1;
	}
	if (type < 0)
		tool_die("could not read block: %s", rerrstr());
	venti_close(v);
	if (io_writen(STDOUT_FILENO, buf, (size_t)n) < 0)
		tool_die("%s", rerrstr());
	return 0;
}
