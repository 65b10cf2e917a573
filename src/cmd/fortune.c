#include <string.h>
#include <base/mem.h>
#include <os/random.h>
#include "cmds.h"
#include "tool.h"

/* One line of a file, each as likely as any other, in one pass and without knowing how many there are. */
int cmd_fortune(int argc, char **argv)
{
	autofree char *best = NULL, *line = NULL;
	const char *name = "/rc/lib/fortunes";
	size_t cap = 0;
	u32 n = 0;
	ssize_t len;
	Args a;
	FILE *f;

	args_init(&a, argc, argv, "fortune [file]");
	if (args_flag(&a) != 0 || a.argc > 1)
		args_usage(&a);
	if (a.argc == 1)
		name = a.argv[0];
	f = tool_input(name);
	if (f == NULL)
		return 1;
	while ((len = getline(&line, &cap, f)) > 0) {
		if (random_u32(++n) != 0)
			continue;
		mem_autofree(&best);
		best = mem_strn(line, (size_t)len);
	}
	if (ferror(f))
		tool_oopsdie("%s", name);
	if (best == NULL)
		tool_die("%s has no fortunes: misfortune!", name);
	fputs(best, stdout);
	return tool_end(0);
}
