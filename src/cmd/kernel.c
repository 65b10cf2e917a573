/*
 * anthill kernel: a kernel process; init starts it, with its sockets on
 * descriptors 3 and 4 and a name space on 5.  With -n it is what a kernel process starts to change
 * another process's name space.
 */
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <base/str.h>
#include <node/node.h>
#include "cmds.h"
#include "tool.h"

/* helper: -n PID START UID */
static int helper(const Args *a)
{
	u64 pid, start, uid;

	if (a->argc != 3 || str_u64(a->argv[0], 10, INT32_MAX, &pid) < 0 || str_u64(a->argv[1], 10, UINT64_MAX, &start) < 0 ||
	    str_u64(a->argv[2], 10, UINT32_MAX, &uid) < 0)
		args_usage(a);
	return kernel_helper((u32)pid, start, (u32)uid);
}

int cmd_kernel(int argc, char **argv)
{
	const char *user = getenv("user");
	Args a;

	args_init(&a, argc, argv, "anthill kernel name");
	switch (args_flag(&a)) {
	case 'n':
		return helper(&a);
	case 0:
		break;
	default:
		args_usage(&a);
	}
	if (a.argc != 1)
		args_usage(&a);
	if (fcntl(3, F_GETFD) < 0 || fcntl(4, F_GETFD) < 0 || fcntl(5, F_GETFD) < 0)
		tool_die("only a node's init starts kernel processes; see grid(1)");
	return kernel_main(user ? user : "glenda", 3, 4, 5);
}
