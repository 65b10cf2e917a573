#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/stream.h>

StreamKind stream_kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return StreamFile;
	return S_ISSOCK(st.st_mode) ? StreamSock : S_ISFIFO(st.st_mode) ? StreamPipe : StreamFile;
}

/* writable waits until fd takes bytes; 0 when the time is up */
static int writable(int fd, i64 deadline)
{
	i64 ms = deadline < 0 ? -1 : deadline - clock_ms();
	struct pollfd p = { fd, POLLOUT, 0 };
	int n;

	if (deadline >= 0 && ms < 0)
		ms = 0;
	n = poll(&p, 1, ms > INT_MAX ? INT_MAX : (int)ms);
	return n < 0 && errno == EINTR ? 1 : n;
}

/* some writes what goes now; -1 with EAGAIN if nothing does */
static ssize_t some(int fd, StreamKind kind, struct iovec *v, int n)
{
	struct msghdr m = { .msg_iov = v, .msg_iovlen = (size_t)n };

	if (kind == StreamSock)
		return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (kind == StreamFile)
		return writev(fd, v, n);
	if (writable(fd, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(fd, v[0].iov_base, v[0].iov_len < PIPE_BUF ? v[0].iov_len : PIPE_BUF);
}

ssize_t stream_write(int fd, StreamKind kind, const void *a, size_t na, const void *b, size_t nb, i64 deadline)
{
	size_t sent = 0;

	while (sent < na + nb) {
		size_t in_a = sent < na ? na - sent : 0, from = sent > na ? sent - na : 0;
		struct iovec v[2] = {
			{ (char *)(uintptr_t)a + (na - in_a), in_a },
			{ nb > 0 ? (char *)(uintptr_t)b + from : NULL, nb - from },
		};
		ssize_t k = some(fd, kind, in_a > 0 ? v : v + 1, in_a > 0 && nb > 0 ? 2 : 1);

		if (k > 0)
			sent += (size_t)k;
		else if (k < 0 && errno != EAGAIN && errno != EINTR)
			return os_werr("write");
		else if (k == 0 || (errno == EAGAIN && writable(fd, deadline) == 0))
			break;
	}
	return (ssize_t)sent;
}

ssize_t stream_read(int fd, void *p, size_t n, bool *again)
{
	ssize_t k = read(fd, p, n);

	*again = k < 0 && (errno == EINTR || errno == EAGAIN);
	return k < 0 && !*again ? os_werr("read") : k;
}

int stream_pair(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0 ? os_werr("socketpair") : 0;
}

void stream_end(int fd)
{
	shutdown(fd, SHUT_WR);
}
