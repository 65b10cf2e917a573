/*
 * Plan 9's kill prints commands that kill every process of a name, for rc
 * to run: kill NAME | rc.  Here notes are files too (#p), and where they
 * are not mounted the Linux command is printed.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include "cmds.h"
#include "tool.h"

static int number(const struct dirent *e) { return strspn(e->d_name, "0123456789") == strlen(e->d_name); }

static int by_pid(const struct dirent **a, const struct dirent **b)
{
	long x = atol((*a)->d_name), y = atol((*b)->d_name);

	return (x > y) - (x < y);
}

/* command returns the name of process pid: its argv[0]'s last element, else the kernel's word. */
static char *command(const char *pid)
{
	autofree char *path = mem_printf("/proc/%s/cmdline", pid), *comm = mem_printf("/proc/%s/comm", pid);
	autofree char *s = io_slurp(-100, path, 1 << 16, NULL);

	if (s != NULL && *s != '\0')
		return mem_str(path_base(s));
	free(s);
	s = io_slurp(-100, comm, 256, NULL);
	if (s == NULL)
		return mem_str("");
	s[strcspn(s, "\n")] = '\0';
	return mem_str(s);
}

static void print(const char *pid, const char *name)
{
	autofree char *note = mem_printf("/proc/%s/note", pid);

	if (access(note, F_OK) == 0)
		printf("echo kill>/proc/%s/note # %s\n", pid, name);
	else
		printf("/bin/kill -KILL %s # %s\n", pid, name);
}

int cmd_kill(int argc, char **argv)
{
	struct dirent **proc;
	Args a;
	int n;

	args_init(&a, argc, argv, "kill name ...");
	if (args_flag(&a) != 0 || a.argc == 0)
		args_usage(&a);
	n = scandir("/proc", &proc, number, by_pid);
	if (n < 0)
		tool_oopsdie("/proc");
	for (int i = 0; i < n; i++) {
		autofree char *name = command(proc[i]->d_name);

		for (int j = 0; j < a.argc; j++)
			if (strcmp(name, a.argv[j]) == 0 && atol(proc[i]->d_name) != getpid())
				print(proc[i]->d_name, name);
		free(proc[i]);
	}
	free(proc);
	return tool_end(0);
}
