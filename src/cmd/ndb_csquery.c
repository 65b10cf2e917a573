#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include "cmds.h"
#include "tool.h"

static bool quiet;

/* ask prints cs's answers to one query. */
static int ask(int fd, const char *q)
{
	char line[4096];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	if (write(fd, q, strlen(q)) < 0) {
		if (!quiet)
			tool_oops("%s", q);
		return 1;
	}
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, line, sizeof line)) > 0)
		if (!quiet)
			printf("%.*s\n", (int)n, line);
	fflush(stdout);
	return 0;
}

static int interactive(int fd)
{
	autofree char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	for (;;) {
		if (isatty(0)) {
			fputs("> ", stdout);
			fflush(stdout);
		}
		n = getline(&line, &cap, stdin);
		if (n <= 0)
			return 0;
		line[strcspn(line, "\n")] = '\0';
		if (*line != '\0')
			ask(fd, line);
	}
}

int cmd_ndb_csquery(int argc, char **argv)
{
	const char *server = "/net/cs";
	Args a;
	int fd, bad = 0, k;

	args_init(&a, argc, argv, "ndb/csquery [-s] [/net/cs [addr ...]]");
	while ((k = args_flag(&a)) != 0) {
		if (k != 's')
			args_usage(&a);
		quiet = true;
	}
	if (a.argc > 0) {
		server = *a.argv++;
		a.argc--;
	}
	fd = open(server, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		tool_oopsdie("cannot open %s", server);
	if (a.argc == 0)
		return tool_end(interactive(fd));
	for (int i = 0; i < a.argc; i++)
		bad |= ask(fd, a.argv[i]);
	return tool_end(bad);
}
