/*
 * anthill kernel: a kernel process; init starts it, with its sockets on
 * descriptors 3 and 4.
 */
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <node/node.h>
#include "cmds.h"
#include "tool.h"

int cmd_kernel(int argc, char **argv)
{
	const char *user = getenv("user");
	Args a;

	args_init(&a, argc, argv, "anthill kernel name");
	if (args_flag(&a) != 0 || a.argc != 1)
		args_usage(&a);
	if (fcntl(3, F_GETFD) < 0 || fcntl(4, F_GETFD) < 0)
		tool_die("only a node's init starts kernel processes; see grid(1)");
	return kernel_main(user ? user : "glenda", 3, 4);
}
