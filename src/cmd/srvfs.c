/*
 * srvfs(4): exportfs in the background, posted in /srv.  The server keeps a
 * terminal that is descriptor 2, and #c/cons knows it by that (cons(3)): a
 * tree with a /dev in it serves the terminal of who ran srvfs.
 */
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/ns.h>
#include <os/local.h>
#include <os/spawn.h>
#include "cmds.h"
#include "tool.h"

static struct {
	char *program, *pattern, *path;
	bool trace, rdonly;
	u64 perm;
} fs = { .perm = 0600 };

/* start runs exportfs and returns the other end of its connection. */
static int start(void)
{
	static char prog[] = "/bin/exportfs", d[] = "-d", P[] = "-P", R[] = "-R", r[] = "-r";
	char *argv[9] = { fs.program != NULL ? fs.program : prog };
	Spawn s = { .argv = argv, .nfd = 3, .flags = SpawnGroup };
	int p[2], n = 1, pid;

	if (fs.trace)
		argv[n++] = d;
	if (fs.rdonly)
		argv[n++] = R;
	if (fs.pattern != NULL) {
		argv[n++] = P;
		argv[n++] = fs.pattern;
	}
	argv[n++] = r;
	argv[n] = fs.path;
	if (local_stream(p) < 0)
		return -1;
	s.fd[0] = s.fd[1] = p[1];
	/* a file or a pipe would be kept open for nothing */
	s.fd[2] = fs.trace || isatty(2) ? 2 : p[1];
	pid = spawn(&s);
	close(p[1]);
	if (pid >= 0)
		return p[0];
	close(p[0]);
	return -1;
}

int cmd_srvfs(int argc, char **argv)
{
	Args a;
	autofd int fd = -1;

	args_init(&a, argc, argv, "srvfs [-dR] [-p perm] [-P patternfile] [-e exportfs] name path");
	for (int c; (c = args_flag(&a)) != 0;)
		if (c == 'd')
			fs.trace = true;
		else if (c == 'R')
			fs.rdonly = true;
		else if (c == 'e')
			fs.program = args_value(&a);
		else if (c == 'P')
			fs.pattern = args_value(&a);
		else if (c != 'p' || str_u64(args_value(&a), 8, 0777, &fs.perm) < 0)
			args_usage(&a);
	if (a.argc != 2)
		args_usage(&a);
	if (!ns_isnode())
		tool_die("only in a node is there a /srv; `anthill exportfs -a ADDRESS -r DIR` serves on this host");
	fs.path = tool_path(a.argv[1]);
	if (fs.path == NULL)
		tool_die("%s: %s", a.argv[1], rerrstr());
	if (access(fs.path, F_OK) < 0)
		tool_oopsdie("%s", fs.path);
	fd = start();
	if (fd < 0)
		tool_die("%s", rerrstr());
	return tool_post(a.argv[0], (u32)fs.perm, fd) < 0;
}
