#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include "cmds.h"
#include "tool.h"

static const char file[] = "/dev/sysname";

/* set writes the name in one message, to a file that must be there: in a node it is cons(3)'s. */
static int set(const char *name)
{
	autofd int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, name, strlen(name)) < 0)
		tool_oopsdie("%s", file);
	return 0;
}

int cmd_sysname(int argc, char **argv)
{
	autofree char *name = NULL;
	char host[256];
	Args a;

	args_init(&a, argc, argv, "sysname [name]");
	if (args_flag(&a) != 0 || a.argc > 1)
		args_usage(&a);
	if (a.argc == 1)
		return set(a.argv[0]);
	if (access(file, F_OK) == 0) {
		name = io_slurp(-100, file, sizeof host, NULL);
		if (name == NULL)
			tool_die("%s", rerrstr());
		name[strcspn(name, "\n")] = '\0';
	} else if (gethostname(host, sizeof host) < 0) {
		tool_oopsdie("host name");
	}
	printf("%s\n", name != NULL ? name : host);
	return tool_end(0);
}
