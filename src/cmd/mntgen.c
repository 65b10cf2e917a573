/* mntgen(4): a directory in which every name is there to be mounted on. */
#include <fs/mntgen.h>
#include "cmds.h"
#include "serve.h"
#include "tool.h"

int cmd_mntgen(int argc, char **argv)
{
	Serve o = { .flags = "-a" };
	Args a;

	args_init(&a, argc, argv, "mntgen [-Di] [-a addr] [-s srvname] [mountpoint]");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'D':
			o.conn.trace = true;
			break;
		case 'i':
			o.stdio = true;
			break;
		case 'a':
			o.addr = args_value(&a);
			break;
		case 's':
			o.post = args_value(&a);
			break;
		default:
			args_usage(&a);
		}
	if (a.argc > 1)
		args_usage(&a);
	if (a.argc == 1)
		o.mount = a.argv[0];
	else if (!o.stdio && o.addr == NULL)
		o.mount = serve_place("/n");
	return serve_run(mntgen_new(), &o);
}
