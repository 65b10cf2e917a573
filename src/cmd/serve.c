/*
 * With a name in /srv or a mount point the server is a child at the other
 * end of a socketpair, made before there is any thread; the parent hands its
 * end over and goes.  The child ends when the last user of that end is gone.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/dial.h>
#include <ns/ns.h>
#include <os/local.h>
#include <os/spawn.h>
#include <os/thread.h>
#include "serve.h"
#include "tool.h"

extern char **environ;

static int listen_fd(Srv *s, const Serve *o)
{
	autofd int fd = announce(o->addr, NULL);

	if (fd < 0 || conn_listen(s, fd, &o->conn) < 0) {
		tool_warn("%s: %s", o->addr, rerrstr());
		return 1;
	}
	return 0;
}

/* unlink_end removes a unix socket's file when a signal ends the server. */
static void unlink_end(void *arg)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigwait(&set, &sig);
	unlink(arg);
	_exit(0);
}

static int listening(Srv *s, const Serve *o)
{
	sigset_t set;

	if (str_prefix(o->addr, "unix!")) {
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		sigaddset(&set, SIGINT);
		sigaddset(&set, SIGHUP);
		sigprocmask(SIG_BLOCK, &set, NULL);
		if (thread_start("signals", unlink_end, (void *)(uintptr_t)(o->addr + 5)) < 0) {
			tool_warn("%s", rerrstr());
			return 1;
		}
	}
	return listen_fd(s, o);
}

/* mount_flags reads "-ac" for ns_mountfd. */
static int mount_flags(const char *s)
{
	int f = MREPL;

	for (; s != NULL && *s != '\0'; s++)
		f |= *s == 'a' ? MAFTER : *s == 'b' ? MBEFORE : *s == 'c' ? MCREATE : *s == 'C' ? MCACHE : 0;
	return f;
}

/* in_node mounts in a node, where this process's name space is its parent's too. */
static int in_node(const Serve *o, int fd)
{
	autofree char *name = o->post != NULL ? mem_printf("/srv/%s", o->post) : mem_printf("/fd/%d", fd);

	if (ns_mountfd(fd, name, o->mount, mount_flags(o->flags), "") < 0) {
		tool_warn("mount %s: %s", o->mount, rerrstr());
		return -1;
	}
	return 0;
}

static int domount(const Serve *o, int fd)
{
	const char *argv[7] = { "mount", "-u", tool_user(getuid()) };
	int n = 3, pid, pidfd;
	/* our own mount: $PATH has Linux's first */
	Spawn s = { .path = "/proc/self/exe", .argv = (char **)(uintptr_t)argv, .fd = { fd, 1, 2 }, .nfd = 3 };

	if (ns_isnode())
		return in_node(o, fd);
	if (o->flags != NULL && strchr(o->flags, 'C') != NULL)
		argv[n++] = "-C"; /* the others speak of unions */
	argv[n++] = "/fd/0";
	argv[n++] = o->mount;
	pid = spawn(&s);
	pidfd = pid < 0 ? -1 : pid_open(pid);
	if (pidfd < 0) {
		tool_warn("mount: %s", rerrstr());
		return -1;
	}
	return pid_wait(pidfd, -1) == 0 ? 0 : -1;
}

/* behind makes the calling process a background server of s on fd. */
static void behind(Srv *s, const Serve *o, int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int i = 0; i < 3; i++)
		if (i < 2 || !o->conn.trace)
			dup2(null, i);
	(void)!conn_serve(s, fd, fd, &o->conn);
	_exit(0);
}

static int background(Srv *s, const Serve *o)
{
	int p[2];
	pid_t pid;

	if (local_stream(p) < 0) {
		tool_warn("%s", rerrstr());
		return 1;
	}
	pid = fork();
	if (pid < 0) {
		tool_oops("fork");
		return 1;
	}
	if (pid == 0) {
		close(p[0]);
		behind(s, o, p[1]);
	}
	close(p[1]);
	if (o->post != NULL && tool_post(o->post, 0600, p[0]) < 0)
		return 1;
	return o->mount != NULL && domount(o, p[0]) < 0 ? 1 : 0;
}

const char *serve_place(const char *dir)
{
	if (!ns_isnode())
		tool_die("where? -a address, or a directory to mount on; only in a node it is %s unless told otherwise", dir);
	return dir;
}

int serve_run(Srv *s, const Serve *o)
{
	if (o->stdio)
		return conn_serve(s, 0, 1, &o->conn) < 0 ? (tool_warn("%s", rerrstr()), 1) : 0;
	return o->addr != NULL ? listening(s, o) : background(s, o);
}
