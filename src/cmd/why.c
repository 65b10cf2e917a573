/*
 * anthill why: who waits on what in a node.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <node/sup.h>
#include <os/local.h>
#include "cmds.h"
#include "gridcmd.h"
#include "tool.h"

enum { Patience = 3000 };

/* onenode prints what a node says until all who were asked have answered, or patience ends. */
static int onenode(const char *grid, const char *node, const char *pid, bool named)
{
	struct pollfd p = { .events = POLLIN };
	autobuf Buf b = { 0 };
	Msg *m = msg_new();
	int pair[2], sock = gridcmd_dial(grid), r, texts = 0;
	bool there = false;

	if (local_pair(pair) < 0)
		tool_die("%s", rerrstr());
	r = gridcmd_ask(sock, &b, &pair[1], 1, "why", node, pid, NULL);
	close(pair[1]);
	close(sock);
	if (r != 0) {
		tool_warn("%s: %s", node, rerrstr());
		return 1;
	}
	p.fd = pair[0];
	if (named)
		printf("%s:\n", node);
	for (; (r = poll(&p, 1, Patience)) > 0 && msg_recv(pair[0], m) > 0; texts++)
		if (msg_is(m, "text", 1)) {
			printf("%s", m->w[1]);
			there = there || (pid != NULL && str_suffix(m->w[1], ":\n")); /* the process's own line */
		}
	if (r > 0 && there && texts == 1)
		printf("  it waits for no file of the node\n");
	if (r == 0)
		printf("a kernel process has not answered for %d s\n", Patience / 1000);
	close(pair[0]);
	msg_free(m);
	return 0;
}

int cmd_why(int argc, char **argv)
{
	const char *grid = NULL;
	autobuf Buf b = { 0 };
	char *save = NULL;
	int c, sock, bad = 0;
	Args a;

	args_init(&a, argc, argv, "anthill why [-g grid] [node [pid]]");
	while ((c = args_flag(&a)) != 0) {
		if (c != 'g')
			args_usage(&a);
		grid = args_value(&a);
	}
	if (a.argc > 2)
		args_usage(&a);
	if (a.argc > 0)
		return onenode(grid, a.argv[0], a.argc > 1 ? a.argv[1] : NULL, false) | tool_end(0);
	sock = gridcmd_dial(grid);
	if (gridcmd_ask(sock, &b, NULL, 0, "ps", NULL) != 0)
		tool_die("%s", rerrstr());
	close(sock);
	for (char *l = b.p ? strtok_r(b.p, "\n", &save) : NULL; l != NULL; l = strtok_r(NULL, "\n", &save)) {
		char *end = strchr(l, ' ');

		if (end == NULL || strncmp(end, " node up ", 9) != 0)
			continue;
		*end = '\0';
		bad |= onenode(grid, l, NULL, true);
	}
	return tool_end(bad);
}
