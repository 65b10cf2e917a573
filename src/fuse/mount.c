/*
 * Mounting: by the kernel's file-system calls when this process may, else by
 * fusermount3, which is setuid root and passes back an open /dev/fuse.
 */
#include "impl.h"
#include <base/mem.h>
#include <errno.h>
#include <fcntl.h>
#include <os/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELPER "fusermount3"

int fuse_open(Fuse *f)
{
	/* a node's device nodes; its /dev may be a union of a kernel process that has died */
	f->fd = open("/.dev/fuse", O_RDWR | O_CLOEXEC);
	if (f->fd < 0)
		f->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (f->fd >= 0)
		return 0;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		return werrstr("/dev/fuse: this kernel has no FUSE; load the module fuse");
	return os_werr("/dev/fuse");
}

static int option(int fs, const char *key, const char *fmt, u64 v)
{
	char val[32];

	snprintf(val, sizeof val, fmt, (unsigned long long)v);
	return fsconfig(fs, FSCONFIG_SET_STRING, key, val, 0);
}

static int configure(Fuse *f, int fs)
{
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", f->source, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "subtype", "anthill", 0) < 0 ||
	    option(fs, "fd", "%llu", (u64)f->fd) < 0 || option(fs, "rootmode", "%llo", S_IFDIR) < 0 ||
	    option(fs, "user_id", "%llu", f->uid) < 0 || option(fs, "group_id", "%llu", f->gid) < 0)
		return -1;
	if (f->o.allow_other && fsconfig(fs, FSCONFIG_SET_FLAG, "allow_other", NULL, 0) < 0)
		return -1;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int fuse_mountfd(Fuse *f)
{
	autofd int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	unsigned attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (f->o.readonly ? MOUNT_ATTR_RDONLY : 0);
	int fd;

	if (fs < 0)
		return os_werr("mounting FUSE");
	if (f->fd < 0 && fuse_open(f) < 0)
		return -1;
	if (configure(f, fs) < 0)
		return os_werr("mounting FUSE");
	fd = fsmount(fs, FSMOUNT_CLOEXEC, attr);
	return fd < 0 ? os_werr("mounting FUSE") : fd;
}

int fuse_checkdir(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return errno == ENOTCONN ? werrstr("%s: a dead mount is here; `anthill unmount %s` clears it", dir, dir)
					 : os_werr("%s", dir);
	return S_ISDIR(st.st_mode) ? 0 : werrstr("%s: not a directory", dir);
}

/* helper runs fusermount3 with these arguments; sock, if not -1, is the one it answers on.  The exit status or -1. */
static int helper(char *const argv[], int sock)
{
	char comm[32];
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return os_werr("fork");
	if (pid == 0) {
		if (sock >= 0) {
			snprintf(comm, sizeof comm, "%d", sock);
			setenv("_FUSE_COMMFD", comm, 1);
			fcntl(sock, F_SETFD, 0);
		}
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return os_werr("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* bysuid mounts by fusermount3, which says itself what is wrong. */
static int bysuid(Fuse *f, const char *dir)
{
	autofree char *opts =
		mem_printf("fsname=%s,subtype=anthill,nosuid,nodev%s", f->source, f->o.readonly ? ",ro" : "");
	char *argv[] = {HELPER, "-o", opts, "--", (char *)(uintptr_t)dir, NULL};
	int s[2], fd[IoFds], status, nfd = 0;
	char c;

	for (char *p = strchr(opts, ','); p != NULL && p < strstr(opts, ",subtype="); p = strchr(p + 1, ','))
		*p = '_'; /* a comma in the address would end the option */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) < 0)
		return os_werr("socketpair");
	status = helper(argv, s[1]);
	close(s[1]);
	if (status == 0 && io_recvfds(s[0], &c, 1, fd, &nfd) != 1)
		nfd = 0;
	close(s[0]);
	while (nfd > 1)
		close(fd[--nfd]);
	if (status == 127)
		return werrstr("only root may mount here, or a user who has " HELPER " (install fuse3)");
	if (status != 0 || nfd != 1)
		return werrstr(HELPER " could not mount on %s", dir);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd[0];
	return 0;
}

int fuse_mount(Fuse *f, const char *dir)
{
	autofd int m = -1;

	if (fuse_checkdir(dir) < 0)
		return -1;
	m = fuse_mountfd(f);
	if (m < 0 && geteuid() != 0)
		return bysuid(f, dir);
	if (m < 0)
		return -1;
	if (move_mount(m, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return os_werr("mounting on %s", dir);
	return 0;
}

int fuse_unmount(const char *dir)
{
	char *argv[] = {HELPER, "-u", "-z", "-q", "--", (char *)(uintptr_t)dir, NULL};
	int status;

	if (umount2(dir, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return 0;
	if (errno == EINVAL)
		return werrstr("%s: nothing is mounted here", dir);
	if (errno != EPERM)
		return os_werr("%s", dir);
	status = helper(argv, -1);
	if (status == 127)
		return werrstr("%s: only root may unmount, or a user who has " HELPER " (install fuse3)", dir);
	return status == 0 ? 0 : werrstr("%s: not mounted by you, or nothing is mounted here", dir);
}
