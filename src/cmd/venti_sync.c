/* venti/sync: everything that the server has answered is on its disk. */
#include "cmds.h"
#include "tool.h"
#include "ventitool.h"

int cmd_venti_sync(int argc, char **argv)
{
	const char *host = NULL;
	bool nothing = false;
	Venti *v;
	Args a;

	args_init(&a, argc, argv, "venti/sync [-x] [-h host]");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'h':
			host = args_value(&a);
			break;
		case 'x':
			nothing = true;
			break;
		default:
			args_usage(&a);
		}
	if (a.argc != 0)
		args_usage(&a);
	v = ventitool_dial(host, 1);
	if (!nothing && venti_sync(v) < 0)
		tool_die("%s", rerrstr());
	venti_close(v);
	return 0;
}
