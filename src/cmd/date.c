#include <time.h>
#include <base/str.h>
#include <os/clock.h>
#include "cmds.h"
#include "tool.h"

int cmd_date(int argc, char **argv)
{
	const char *fmt = NULL;
	Args a;
	i64 now = clock_wall();
	bool utc = false, seconds = false;
	char buf[64];
	struct tm tm;
	time_t t;
	int k;

	args_init(&a, argc, argv, "date [-itun] [seconds]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'u':
			utc = true;
			break;
		case 'n':
			seconds = true;
			break;
		case 'i':
			fmt = "%Y-%m-%d";
			break;
		case 't':
			fmt = "%Y-%m-%dT%H:%M:%S%z";
			break;
		default:
			args_usage(&a);
		}
	if (a.argc > 1 || (a.argc == 1 && str_int(a.argv[0], 0, INT64_MAX / 4, &now) < 0))
		args_usage(&a);
	if (seconds) {
		printf("%lld\n", (long long)now);
		return tool_end(0);
	}
	t = (time_t)now;
	if ((utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) == NULL)
		tool_die("%lld is not a time", (long long)now);
	if (fmt == NULL)
		fmt = utc ? "%a %b %e %H:%M:%S GMT %Y" : "%a %b %e %H:%M:%S %Z %Y";
	strftime(buf, sizeof buf, fmt, &tm);
	puts(buf);
	return tool_end(0);
}
