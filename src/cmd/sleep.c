#include <stdlib.h>
#include <time.h>
#include "cmds.h"
#include "tool.h"

int cmd_sleep(int argc, char **argv)
{
	struct timespec t;
	Args a;
	char *end;
	double s;

	args_init(&a, argc, argv, "sleep seconds");
	if (args_flag(&a) != 0 || a.argc != 1)
		args_usage(&a);
	s = strtod(a.argv[0], &end);
	if (*end != '\0' || !(s >= 0 && s < 1e9))
		args_usage(&a);
	t.tv_sec = (time_t)s;
	t.tv_nsec = (long)((s - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
	return 0;
}
