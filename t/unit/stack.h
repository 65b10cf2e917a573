/*
 * For tests of networks: a user and net name space of the test's own, so
 * that nothing touches the host's and no privilege is needed.
 */
#ifndef T_STACK_H
#define T_STACK_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int stack_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
	close(fd);
	return rc;
}

/* stack_alone returns 0 in new name spaces as their uid 0, -1 if this host forbids it; call it before any thread exists */
static int stack_alone(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -1;
	stack_write("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "0 %u 1", uid);
	if (stack_write("/proc/self/uid_map", map) < 0)
		return -1;
	snprintf(map, sizeof map, "0 %u 1", gid);
	return stack_write("/proc/self/gid_map", map);
}

#endif
