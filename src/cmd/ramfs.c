/* ramfs(4): a file tree in memory. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fs/ramfs.h>
#include "cmds.h"
#include "serve.h"
#include "tool.h"

int cmd_ramfs(int argc, char **argv)
{
	const char *user = getenv("user");
	Serve o = { .flags = "-c" };
	char given[8] = "-";
	u64 limit = RAMLIMIT;
	bool setmount = false;
	Args a;

	args_init(&a, argc, argv, "ramfs [-bcDipsu] [-U user] [-a addr] [-S srvname] [-m mountpoint]");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'D':
			o.conn.trace = true;
			break;
		case 'i':
			o.stdio = true;
			break;
		case 'u':
			limit = 0;
			break;
		case 'U':
			user = args_value(&a);
			break;
		case 'a':
			o.addr = args_value(&a);
			break;
		case 'b':
		case 'c':
			if (strchr(given, c) == NULL)
				given[strlen(given)] = (char)c;
			o.flags = given;
			break;
		case 's':
			o.post = "ramfs";
			break;
		case 'S':
			o.post = args_value(&a);
			break;
		case 'm':
			o.mount = args_value(&a);
			setmount = true;
			break;
		case 'p':
			break; /* its memory is private here in any case */
		default:
			args_usage(&a);
		}
	if (a.argc > 0)
		args_usage(&a);
	if (!setmount && !o.stdio && o.addr == NULL && o.post == NULL)
		o.mount = serve_place("/tmp");
	if (user == NULL)
		user = tool_user(getuid());
	return serve_run(ramfs_new(user, limit), &o);
}
