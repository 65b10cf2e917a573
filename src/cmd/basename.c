#include <string.h>
#include <base/str.h>
#include "cmds.h"
#include "tool.h"

int cmd_basename(int argc, char **argv)
{
	Args a;
	int k;
	bool dir = false;
	char *s, *slash;

	args_init(&a, argc, argv, "basename [-d] string [suffix]");
	while ((k = args_flag(&a)) != 0) {
		if (k != 'd')
			args_usage(&a);
		dir = true;
	}
	if (a.argc < 1 || a.argc > 2)
		args_usage(&a);
	s = a.argv[0];
	slash = strrchr(s, '/');
	if (dir) {
		if (slash == NULL)
			puts(".");
		else
			printf("%.*s\n", (int)(slash - s), s);
		return tool_end(0);
	}
	if (slash != NULL)
		s = slash + 1;
	if (a.argc == 2 && str_suffix(s, a.argv[1]))
		s[strlen(s) - strlen(a.argv[1])] = '\0';
	puts(s);
	return tool_end(0);
}
