#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <base/err.h>
#include <os/io.h>
#include <os/local.h>

int local_pair(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0 ? os_werr("socketpair") : 0;
}

int local_stream(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0 ? os_werr("socketpair") : 0;
}

static int address(struct sockaddr_un *a, int dirfd, const char *name)
{
	int n;

	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	n = snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/%s", dirfd, name);
	return n < (int)sizeof a->sun_path ? 0 : errset(Etoolong);
}

static int sock(struct sockaddr_un *a, int dirfd, const char *name)
{
	int fd;

	if (address(a, dirfd, name) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return fd < 0 ? os_werr("socket") : fd;
}

int local_listen(int dirfd, const char *name)
{
	struct sockaddr_un a;
	int fd = sock(&a, dirfd, name);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || fchmodat(dirfd, name, 0600, 0) < 0 || listen(fd, 64) < 0) {
		os_werr("listen on %s", name);
		close(fd);
		return -1;
	}
	return fd;
}

int local_dial(int dirfd, const char *name)
{
	struct sockaddr_un a;
	int fd = sock(&a, dirfd, name);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		os_werr("dial %s", name);
		close(fd);
		return -1;
	}
	return fd;
}

int local_accept(int lfd, u32 *uid)
{
	struct ucred c;
	socklen_t n = sizeof c;
	int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return os_werr("accept");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) < 0) {
		os_werr("accept");
		close(fd);
		return -1;
	}
	*uid = c.uid;
	return fd;
}
