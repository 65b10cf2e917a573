/*
 * anthill grid: the life of a grid from the command line.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <node/node.h>
#include <node/sup.h>
#include <os/at.h>
#include <os/userns.h>
#include "cmds.h"
#include "gridcmd.h"
#include "tool.h"

#define Usage \
	"anthill grid up [-f gridfile] [-d seconds] [-w] [grid]\n" \
	"       anthill grid down [grid]\n" \
	"       anthill grid ps [-j] [grid]\n" \
	"       anthill grid console [-g grid] node\n" \
	"       anthill grid exec [-g grid] [-tu] node command [arg ...]\n" \
	"       anthill grid log [-g grid] node"

static NodeCmd links[512];

void gridcmd_links(void)
{
	size_t n = 0;

	for (const Cmd *c = cmds; c->name != NULL && n + 1 < nelem(links); c++)
		links[n++] = (NodeCmd){ c->name, c->small };
	node_commands(links);
}

int gridcmd_dial(const char *grid)
{
	autofree char *name = grid_only(grid);
	int fd = name ? grid_dial(name) : -1;

	if (fd < 0)
		tool_die("%s", rerrstr());
	return fd;
}

int gridcmd_ask(int sock, Buf *b, const int *fd, int nfd, ...)
{
	char *w[8];
	va_list ap;
	int n = 0;

	va_start(ap, nfd);
	while (n < (int)nelem(w) && (w[n] = va_arg(ap, char *)) != NULL)
		n++;
	va_end(ap);
	return grid_ask(sock, b, fd, nfd, w, n);
}

static void check(void)
{
	autobuf Buf b = { 0 };

	if (host_check(&b) < 0) {
		fprintf(stderr, "%s", buf_text(&b));
		tool_die("%s", rerrstr());
	}
}

/* filename makes a grid's name from the grid file's. */
static char *filename(const char *file)
{
	char *s = mem_str(path_base(file)), *dot = strrchr(s, '.');

	if (dot != NULL && dot != s)
		*dot = '\0';
	return s;
}

static int up(Args *a)
{
	const char *file = NULL;
	autofree char *name = NULL;
	bool stay = false, given;
	int deadline = 0, leash, c;
	Grid *g;

	while ((c = args_flag(a)) != 0) {
		if (c == 'f')
			file = args_value(a);
		else if (c == 'd')
			deadline = (int)args_number(a, 1, 3600) * 1000;
		else if (c == 'w')
			stay = true;
		else
			args_usage(a);
	}
	if (a->argc > 1)
		args_usage(a);
	name = a->argc == 1 ? mem_str(a->argv[0]) : filename(file ? file : "grid");
	given = file != NULL;
	if (!given)
		file = a->argc == 1 && access("grid", R_OK) < 0 ? mem_printf("%s.grid", name) : "grid";
	check();
	if ((g = grid_load(file, name)) == NULL)
		tool_die("%s%s", rerrstr(), given ? "" : " (-f names another grid file)");
	if (a->argc == 1) {
		free(g->name);
		g->name = mem_str(name);
	}
	if (!grid_goodname(g->name))
		tool_die("'%s' cannot name a grid", g->name);
	gridcmd_links();
	if ((leash = grid_up(g, deadline)) < 0)
		tool_die("%s", rerrstr());
	if (stay)
		return grid_stay(g->name) < 0 ? (tool_warn("%s", rerrstr()), 1) : 0;
	if (write(leash, "k", 1) != 1)
		tool_die("the grid has gone down");
	return 0;
}

static void noflags(Args *a, int least, int most)
{
	if (args_flag(a) != 0 || a->argc < least || a->argc > most)
		args_usage(a);
}

static int down(Args *a)
{
	autofree char *name = NULL;
	autobuf Buf b = { 0 };
	int sock, dir;

	noflags(a, 0, 1);
	name = grid_only(a->argc == 1 ? a->argv[0] : NULL);
	if (name == NULL)
		tool_die("%s", rerrstr());
	if ((dir = grid_dir(name)) < 0)
		tool_die("%s", rerrstr());
	close(dir);
	/* it may still be starting, or somebody else is taking it down */
	for (int tries = 0; (sock = grid_dial(name)) < 0 && tries < 50; tries++)
		if (grid_gone(name, 200) == 0)
			return 0;
	if (sock < 0)
		tool_die("%s", rerrstr());
	gridcmd_ask(sock, &b, NULL, 0, "down", NULL);
	if (grid_gone(name, 10000) < 0)
		tool_die("%s", rerrstr());
	return 0;
}

static void psline(const char *grid, char *line, bool json, bool first)
{
	char *f[6] = { 0 };
	char *why = strchr(line, ':');
	int n;
	i64 pid = 0;

	if (why != NULL)
		*why++ = '\0';
	n = str_fields(line, f, 6, " ");
	if (n < 5 || str_int(f[3], 0, INT32_MAX, &pid) < 0)
		return;
	pid = pid > 0 ? grid_hostpid(grid, (int)pid) : 0;
	if (json)
		printf("%s{\"grid\":\"%s\",\"name\":\"%s\",\"kind\":\"%s\",\"state\":\"%s\",\"pid\":%d,\"consoles\":%s}",
		       first ? "" : ",\n ", grid, f[0], f[1], f[2], (int)pid, f[4]);
	else
		printf("%-15s %-15s %-5s %-9s %8d %s\n", grid, f[0], f[1], f[2], (int)pid, why ? why : "");
}

static int psgrid(const char *grid, bool json, bool *first)
{
	autobuf Buf b = { 0 };
	int sock = grid_dial(grid), r;
	char *save = NULL;

	if (sock < 0)
		return -1;
	r = gridcmd_ask(sock, &b, NULL, 0, "ps", NULL);
	close(sock);
	if (r != 0)
		return -1;
	for (char *l = b.p ? strtok_r(b.p, "\n", &save) : NULL; l != NULL; l = strtok_r(NULL, "\n", &save)) {
		psline(grid, l, json, *first);
		*first = false;
	}
	return 0;
}

static int ps(Args *a)
{
	autobuf Buf names = { 0 };
	bool json = false, first = true;
	char *save = NULL;
	int c;

	while ((c = args_flag(a)) != 0) {
		if (c != 'j')
			args_usage(a);
		json = true;
	}
	if (a->argc > 1)
		args_usage(a);
	if (a->argc == 1)
		buf_str(&names, a->argv[0]);
	else if (grid_names(&names) < 0)
		tool_die("%s", rerrstr());
	printf("%s", json ? "[" : "");
	for (char *g = names.p ? strtok_r(names.p, "\n", &save) : NULL; g != NULL; g = strtok_r(NULL, "\n", &save))
		if (psgrid(g, json, &first) < 0) {
			if (a->argc == 1)
				tool_die("%s", rerrstr());
			tool_warn("%s", rerrstr());
		}
	printf("%s", json ? "]\n" : "");
	return tool_end(0);
}

static int console(Args *a)
{
	const char *grid = NULL;
	int c;

	while ((c = args_flag(a)) != 0) {
		if (c != 'g')
			args_usage(a);
		grid = args_value(a);
	}
	if (a->argc != 1)
		args_usage(a);
	if (grid_console(gridcmd_dial(grid), a->argv[0]) < 0)
		tool_die("%s", rerrstr());
	return 0;
}

static int exec(Args *a)
{
	static char word[] = "exec";
	char *head[2] = { word }, *env[2] = { NULL };
	GridExec x = { .head = head, .nhead = 2, .env = env };
	const char *grid = NULL, *term = getenv("TERM");
	int c;

	while ((c = args_flag(a)) != 0) {
		if (c == 'g')
			grid = args_value(a);
		else if (c == 't')
			x.tty = true;
		else if (c == 'u')
			x.user = true;
		else
			args_usage(a);
	}
	if (a->argc < 2)
		args_usage(a);
	head[1] = a->argv[0];
	x.argv = a->argv + 1;
	if (x.tty && term != NULL)
		env[0] = mem_printf("TERM=%s", term);
	if ((c = grid_exec(gridcmd_dial(grid), &x)) < 0) {
		tool_warn("%s", rerrstr());
		return 127;
	}
	return c;
}

static int showlog(Args *a)
{
	const char *grid = NULL;
	autofree char *name = NULL, *log = NULL, *text = NULL;
	autofd int dir = -1;
	size_t n;
	int c;

	while ((c = args_flag(a)) != 0) {
		if (c != 'g')
			args_usage(a);
		grid = args_value(a);
	}
	if (a->argc != 1 || !grid_goodname(a->argv[0]))
		args_usage(a);
	if ((name = grid_only(grid)) == NULL || (dir = grid_dir(name)) < 0)
		tool_die("%s", rerrstr());
	log = mem_printf("%s.log", a->argv[0]);
	text = io_slurp(dir, log, 16 << 20, &n);
	if (text == NULL)
		tool_die("no node or host '%s' in grid %s", a->argv[0], name);
	fwrite(text, 1, n, stdout);
	return tool_end(0);
}

int cmd_grid(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(Args *a);
	} verbs[] = { { "up", up },	    { "down", down }, { "ps", ps },
		      { "console", console }, { "exec", exec }, { "log", showlog } };
	Args a;

	args_init(&a, argc < 2 ? argc : argc - 1, argc < 2 ? argv : argv + 1, Usage);
	for (size_t i = 0; argc > 1 && i < nelem(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].fn(&a);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		printf("usage: %s\n", Usage);
		return 0;
	}
	args_usage(&a);
}
