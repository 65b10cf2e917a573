/*
 * srv(4): dial a 9P server, or start a command that is one, and post the
 * connection in /srv; with -m, or a mount point, mount it too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <client/dial.h>
#include <ns/ns.h>
#include <os/file.h>
#include <os/local.h>
#include <os/spawn.h>
#include "cmds.h"
#include "tool.h"

enum { DialMs = 10000, Delay = 3600 };

static struct {
	bool command, mount, quiet;
	int flags;
	unsigned delay; /* seconds */
	const char *dest;
	char *post, *point; /* names: in /srv; where to mount */
} srv;

/* last is what follows the last c of s, all of it if there is none. */
static const char *last(const char *s, char c)
{
	const char *p = strrchr(s, c);

	return p != NULL ? p + 1 : s;
}

static int start(char *command)
{
	static char rc[] = "/bin/rc", c[] = "-c";
	char *argv[] = { rc, c, command, NULL };
	Spawn s = { .argv = argv, .nfd = 3, .flags = SpawnGroup };
	int p[2], r;

	if (local_stream(p) < 0)
		return -1;
	s.fd[0] = s.fd[1] = p[1];
	s.fd[2] = 2;
	r = spawn(&s);
	close(p[1]);
	if (r >= 0)
		return p[0];
	close(p[0]);
	return -1;
}

static int reach(void)
{
	autofree char *addr = NULL;

	if (srv.command)
		return start((char *)(uintptr_t)srv.dest);
	addr = dial_addr(srv.dest, "net", "9fs");
	return dial(addr, DialMs);
}

/* posted makes the post anew. */
static int posted(void)
{
	autofd int fd = reach();

	if (fd < 0)
		tool_die("%s", rerrstr());
	if (srv.delay > 0) {
		dprintf(2, "sleep...");
		sleep(srv.delay);
	}
	dprintf(2, "post...\n");
	return tool_post(srv.post, 0666, fd);
}

/* mounted mounts the post; *again says that its server has gone, not that it refuses. */
static int mounted(bool *again)
{
	autofree char *name = mem_printf("/srv/%s", srv.post);

	if (access(srv.point, F_OK) < 0 && file_mkdirs(srv.point, 0777) < 0)
		return -1;
	if (ns_mount(name, srv.point, srv.flags, "") == 0)
		return 0;
	*again = strstr(rerrstr(), "hung") != NULL || strstr(rerrstr(), "timed out") != NULL ||
		 strstr(rerrstr(), "onnection") != NULL;
	return -1;
}

static int run(void)
{
	autofree char *path = mem_printf("/srv/%s", srv.post);
	bool old = access(path, F_OK) == 0, again = false;
	int r;

	if (old && !srv.mount) {
		if (!srv.quiet)
			tool_warn("%s already exists", path);
		return 0;
	}
	if (!old && posted() < 0)
		return 1;
	if (!srv.mount)
		return 0;
	r = mounted(&again);
	/* an old post may be of a connection that has ended since */
	if (r < 0 && old && again && unlink(path) == 0)
		r = posted() < 0 ? -1 : mounted(&again);
	if (r < 0)
		tool_warn("mount %s: %s", srv.dest, rerrstr());
	return r < 0;
}

static void flag(Args *a, int c)
{
	switch (c) {
	case 'a':
		srv.flags |= MAFTER;
		break;
	case 'b':
		srv.flags |= MBEFORE;
		break;
	case 'c':
		srv.flags |= MCREATE;
		break;
	case 'C':
		srv.flags |= MCACHE;
		break;
	case 'N':
		srv.flags |= MNONE;
		return;
	case 'm':
		break;
	case 'e':
		srv.command = true;
		return;
	case 'n':
	case 'r':
		return;
	case 'q':
		srv.quiet = true;
		return;
	case 's':
		srv.delay = (unsigned)args_number(a, 0, Delay);
		return;
	default:
		args_usage(a);
	}
	srv.mount = true;
}

int cmd_srv(int argc, char **argv)
{
	const char *base;
	Args a;

	args_init(&a, argc, argv, "srv [-abcCemnNq] [-s seconds] [net!]host[!service] [srvname [mtpt]]\n"
				  "       srv -e [-abcCmnNq] [-s seconds] command [srvname [mtpt]]");
	for (int c; (c = args_flag(&a)) != 0;)
		flag(&a, c);
	if (a.argc < 1 || a.argc > 3 || (srv.flags & (MBEFORE | MAFTER)) == (MBEFORE | MAFTER))
		args_usage(&a);
	if (!ns_isnode())
		tool_die("only in a node is there a /srv; on this host `anthill mount ADDRESS DIR` mounts");
	srv.dest = a.argv[0];
	base = last(srv.dest, '/');
	srv.post = mem_str(a.argc > 1 ? a.argv[1] : base);
	base = strchr(base, '!') != NULL ? strchr(base, '!') + 1 : base;
	srv.point = a.argc > 2 ? mem_str(a.argv[2]) : mem_printf("/n/%s", base);
	srv.mount |= a.argc > 2;
	if (strchr(srv.post, '/') != NULL)
		tool_die("%s: a name in /srv has no slash", srv.post);
	return run();
}
