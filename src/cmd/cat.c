#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include "cmds.h"
#include "tool.h"

/* copy passes what it reads on as it comes, so that conversations and consoles can be read. */
static int copy(int fd, const char *name)
{
	static char buf[128 * 1024];
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) > 0)
		if (io_writen(1, buf, (size_t)n) < 0)
			tool_die("%s: %s", name, rerrstr());
	if (n < 0)
		tool_oops("error reading %s", name);
	return n < 0;
}

int cmd_cat(int argc, char **argv)
{
	Args a;
	int bad = 0;

	args_init(&a, argc, argv, "cat [file ...]");
	if (args_flag(&a) != 0)
		args_usage(&a);
	if (a.argc == 0)
		return copy(0, "standard input");
	for (int i = 0; i < a.argc; i++) {
		autofree char *path = tool_path(a.argv[i]);
		autofd int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

		if (path == NULL)
			tool_warn("can't open %s: %s", a.argv[i], rerrstr());
		else if (fd < 0)
			tool_oops("can't open %s", a.argv[i]);
		bad |= fd < 0 || copy(fd, a.argv[i]);
	}
	return bad;
}
