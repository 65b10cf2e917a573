/*
 * auth/newns: a program in a name space that is made from a file.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/newns.h>
#include <ns/ns.h>
#include "cmds.h"
#include "tool.h"

extern char **environ;

/* rooted says whether path says itself where the program is. */
static bool rooted(const char *path)
{
	return path[0] == '/' || path[0] == '#' || str_prefix(path, "./") || str_prefix(path, "../");
}

static void become(char **argv)
{
	autofree char *path = ns_path(argv[0]), *bin = mem_printf("/bin/%s", argv[0]);

	ns_net("/net"); /* Linux programs use the stack that is there when they are started */
	if (path != NULL)
		execve(path, argv, environ);
	if (!rooted(argv[0])) {
		execve(bin, argv, environ);
		execvp(argv[0], argv);
	}
	tool_oopsdie("exec: %s", argv[0]);
}

static const char *me(void)
{
	const char *user = getenv("user");

	return user != NULL && *user != '\0' ? user : tool_user(getuid());
}

int cmd_auth_newns(int argc, char **argv)
{
	static char shell[] = "/bin/rc", interactive[] = "-i";
	char *usual[] = { shell, interactive, NULL };
	const char *file = "/lib/namespace";
	NewNs o = { .who = "newns" };
	bool add = false;
	Args a;
	int k;

	args_init(&a, argc, argv, "auth/newns [-ad] [-n namespace] [cmd [arg ...]]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'a':
			add = true;
			o.who = "addns";
			break;
		case 'd':
			o.debug = true;
			break;
		case 'n':
			file = args_value(&a);
			break;
		default:
			args_usage(&a);
		}
	if (add ? ns_rfork("n") < 0 || newns_add(&o, file) < 0 : newns_make(&o, me(), file) < 0)
		tool_die("%s", rerrstr());
	become(a.argc > 0 ? a.argv : usual);
	return 1;
}
