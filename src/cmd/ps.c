/*
 * Plan 9's columns: user, pid, user and system time as m:ss, memory,
 * state, name; -a prints the arguments, -n the note group, -r the time since
 * the start.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/file.h>
#include "cmds.h"
#include "tool.h"

static bool aflag, nflag, rflag;

static int number(const struct dirent *e) { return strspn(e->d_name, "0123456789") == strlen(e->d_name); }

static int by_pid(const struct dirent **a, const struct dirent **b)
{
	long x = atol((*a)->d_name), y = atol((*b)->d_name);

	return (x > y) - (x < y);
}

static const char *state(char c)
{
	switch (c) {
	case 'R':
		return "Running";
	case 'D':
		return "Waiting";
	case 'T': case 't':
		return "Stopped";
	case 'Z':
		return "Moribund";
	case 'I':
		return "Idle";
	}
	return "Sleeping";
}

/* title returns the arguments as one line, "" for kernel threads. */
static char *title(const char *dir)
{
	autofree char *path = mem_printf("%s/cmdline", dir);
	size_t n = 0;
	char *s = io_slurp(-100, path, 1 << 20, &n);

	if (s == NULL)
		return mem_str("");
	for (size_t i = 0; n > 0 && i < n - 1; i++)
		if (s[i] == '\0' || s[i] == '\n')
			s[i] = ' ';
	return s;
}

static unsigned long uptime(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_BOOTTIME, &t) == 0 ? (unsigned long)t.tv_sec : 0;
}

static void print(const char *pid)
{
	autofree char *dir = mem_printf("/proc/%s", pid), *path = mem_printf("%s/stat", dir), *args = NULL;
	autofree char *s = io_slurp(-100, path, 4096, NULL);
	char *name = s != NULL ? strchr(s, '(') : NULL, *end = s != NULL ? strrchr(s, ')') : NULL, *f[24];
	long hz = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
	FileInfo info;
	unsigned long u, k;

	if (name == NULL || end == NULL || file_stat(dir, &info) < 0)
		return;
	*end = '\0';
	if (str_fields(end + 1, f, nelem(f), " ") < 22 || hz <= 0)
		return;
	u = strtoul(f[11], NULL, 10) / (unsigned long)hz;
	k = strtoul(f[12], NULL, 10) / (unsigned long)hz;
	printf("%-10s %8s", tool_user(info.uid), pid);
	if (nflag)
		printf(" %8s", f[2]);
	printf(" %4lu:%.2lu %3lu:%.2lu", u / 60, u % 60, k / 60, k % 60);
	if (rflag) {
		u = uptime() - strtoul(f[19], NULL, 10) / (unsigned long)hz;
		printf(" %4lu:%.2lu", u / 60, u % 60);
	}
	printf(" %7luK %-8.8s ", strtoul(f[21], NULL, 10) * (unsigned long)page / 1024, state(f[0][0]));
	args = aflag ? title(dir) : NULL;
	printf("%s\n", args != NULL && *args != '\0' ? args : name + 1);
}

int cmd_ps(int argc, char **argv)
{
	struct dirent **proc;
	Args a;
	int n, k;

	args_init(&a, argc, argv, "ps [-anr]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'a':
			aflag = true;
			break;
		case 'n':
			nflag = true;
			break;
		case 'r':
			rflag = true;
			break;
		default:
			args_usage(&a);
		}
	if (a.argc > 0)
		args_usage(&a);
	n = scandir("/proc", &proc, number, by_pid);
	if (n < 0)
		tool_oopsdie("/proc");
	for (int i = 0; i < n; i++) {
		print(proc[i]->d_name);
		free(proc[i]);
	}
	free(proc);
	return tool_end(0);
}
