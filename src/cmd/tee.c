#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <base/mem.h>
#include "cmds.h"
#include "tool.h"

int cmd_tee(int argc, char **argv)
{
	static char buf[64 * 1024];
	Args a;
	int k, bad = 0, flags = O_TRUNC, *fd;
	ssize_t n;

	args_init(&a, argc, argv, "tee [-ai] [file ...]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'a':
			flags = O_APPEND;
			break;
		case 'i':
			signal(SIGINT, SIG_IGN);
			break;
		default:
			args_usage(&a);
		}
	fd = mem_array((size_t)a.argc + 1, sizeof *fd);
	for (int i = 0; i < a.argc; i++) {
		fd[i] = open(a.argv[i], O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
		if (fd[i] < 0)
			tool_oops("cannot open %s", a.argv[i]);
		bad |= fd[i] < 0;
	}
	fd[a.argc] = 1;
	while ((n = read(0, buf, sizeof buf)) > 0)
		for (int i = 0; i <= a.argc; i++)
			if (fd[i] >= 0 && io_writen(fd[i], buf, (size_t)n) < 0) {
				tool_warn("%s: %s", i < a.argc ? a.argv[i] : "standard output", rerrstr());
				bad = 1;
			}
	return bad;
}
