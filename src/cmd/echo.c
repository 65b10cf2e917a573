#include <string.h>
#include <base/mem.h>
#include "cmds.h"
#include "tool.h"

static char *add(char *p, const char *s)
{
	size_t n = strlen(s);

	memcpy(p, s, n);
	return p + n;
}

/*
 * One write for all of it: a ctl file takes a write as a request.  Most echoes are short, and are started
 * often: they do without malloc, whose first call costs as much as a quarter of the exec.
 */
int cmd_echo(int argc, char **argv)
{
	char small[1024], *begin = small, *p;
	autofree char *large = NULL;
	bool newline = argc < 2 || strcmp(argv[1], "-n") != 0;
	size_t n = 1;

	argv += newline ? 1 : 2;
	for (char **a = argv; *a != NULL; a++)
		n += strlen(*a) + 1;
	if (n > sizeof small)
		begin = large = mem_array(n, 1);
	p = begin;
	for (char **a = argv; *a != NULL; a++) {
		if (a > argv)
			*p++ = ' ';
		p = add(p, *a);
	}
	if (newline)
		*p++ = '\n';
	if (p > begin && io_writen(1, begin, (size_t)(p - begin)) < 0) {
		fprintf(stderr, "echo: %s\n", rerrstr());
		return 1;
	}
	return 0;
}
