/* exportfs(4): this name space, or a part of it, as a 9P server. */
#include <fcntl.h>
#include <unistd.h>
#include <ns/local.h>
#include "cmds.h"
#include "serve.h"
#include "tool.h"

int cmd_exportfs(int argc, char **argv)
{
	const char *root = NULL;
	Serve o = { .stdio = true };
	int flags = LocalFollow, fd;
	Srv *s;
	Args a;

	args_init(&a, argc, argv, "exportfs [-dR] [-m msize] [-a addr] [-S srvname] -r root");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'd':
			o.conn.trace = true;
			break;
		case 'R':
			flags |= LocalRdonly;
			break;
		case 'm':
			o.conn.msize = (u32)args_number(&a, MSIZEMIN, MSIZEMAX);
			break;
		case 'a':
			o.addr = args_value(&a);
			o.stdio = false;
			break;
		case 'S':
			o.post = args_value(&a);
			o.stdio = false;
			break;
		case 'r':
			root = args_value(&a);
			break;
		case 'P':
			tool_die("-P (patterns of names to export) is not implemented");
		case 's':
			root = "/";
			break;
		default:
			args_usage(&a);
		}
	if (a.argc > 0 || root == NULL)
		args_usage(&a);
	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		tool_oopsdie("%s", root);
	s = local_new(fd, flags);
	if (s == NULL)
		tool_die("%s: %s", root, rerrstr());
	return serve_run(s, &o);
}
