#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/errstr.h>
#include <os/io.h>

void io_autoclose(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int os_werr(const char *fmt, ...)
{
	char what[ERRMAX], buf[ERRMAX];
	int no = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return werrstr("%s: %s", what, os_reason(no, buf));
}

int os_err(void)
{
	char buf[ERRMAX];

	return werrstr("%s", os_reason(errno, buf));
}

bool os_interrupted(void)
{
	return errno == EINTR;
}

ssize_t io_readn(int fd, void *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t m = read(fd, (char *)p + got, n - got);

		if (m < 0 && errno == EINTR)
			continue;
		if (m < 0)
			return os_werr("read");
		if (m == 0)
			break;
		got += (size_t)m;
	}
	return (ssize_t)got;
}

ssize_t io_readsome(int fd, void *p, size_t n)
{
	ssize_t m;

	do
		m = read(fd, p, n);
	while (m < 0 && errno == EINTR);
	if (m < 0 && errno == EAGAIN)
		return -2;
	return m < 0 ? os_werr("read") : m;
}

/* some is the answer of a call that moved n bytes. */
static ssize_t some(ssize_t n)
{
	return n >= 0 ? n : errno == EAGAIN ? -2 : os_err();
}

ssize_t io_readat(int fd, void *p, size_t n, i64 off)
{
	ssize_t m = -1;

	if (off >= 0)
		m = pread(fd, p, n, (off_t)off);
	if (off < 0 || (m < 0 && errno == ESPIPE))
		m = read(fd, p, n);
	return some(m);
}

ssize_t io_writeat(int fd, const void *p, size_t n, i64 off)
{
	ssize_t m = -1;

	if (off >= 0)
		m = pwrite(fd, p, n, (off_t)off);
	if (off < 0 || (m < 0 && errno == ESPIPE))
		m = write(fd, p, n);
	return some(m);
}

int io_writen(int fd, const void *p, size_t n)
{
	while (n > 0) {
		ssize_t m = write(fd, p, n);

		if (m < 0 && errno == EINTR)
			continue;
		if (m < 0)
			return os_werr("write");
		p = (const char *)p + m;
		n -= (size_t)m;
	}
	return 0;
}

char *io_slurp(int dirfd, const char *path, size_t max, size_t *n)
{
	autofd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	autobuf Buf b = { 0 };
	ssize_t m;

	if (fd < 0) {
		os_werr("%s", path);
		return NULL;
	}
	while ((m = io_readn(fd, buf_room(&b, 4096), 4096)) > 0) {
		b.n += (size_t)m;
		if (b.n > max) {
			werrstr("%s: more than %zu bytes", path, max);
			return NULL;
		}
	}
	if (m < 0)
		return NULL;
	if (n != NULL)
		*n = b.n;
	return buf_take(&b);
}

int io_spit(const char *path, const void *p, size_t n, int mode)
{
	autofd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0)
		return os_werr("create %s", path);
	return io_writen(fd, p, n);
}

int io_copy(int from, int to, i64 n)
{
	while (n > 0) {
		ssize_t m = sendfile(to, from, NULL, n < 1 << 24 ? (size_t)n : 1 << 24);

		if (m < 0 && errno == EINTR)
			continue;
		if (m < 0)
			return os_werr("copy");
		if (m == 0)
			break;
		n -= m;
	}
	return 0;
}

static ssize_t sendfds(int sock, const void *data, size_t n, const int *fd, int nfd, int flags)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(IoFds * sizeof(int))];
	} c = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t k;

	if (nfd > IoFds)
		return errset(Ebadarg);
	if (nfd > 0) {
		m.msg_control = &c;
		m.msg_controllen = CMSG_SPACE((size_t)nfd * sizeof(int));
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN((size_t)nfd * sizeof(int));
		memcpy(CMSG_DATA(&c.h), fd, (size_t)nfd * sizeof(int));
	}
	do
		k = sendmsg(sock, &m, MSG_NOSIGNAL | flags);
	while (k < 0 && errno == EINTR);
	if (k >= 0)
		return k;
	os_werr("sendmsg");
	return errno == EAGAIN || errno == ETOOMANYREFS ? -2 : -1;
}

int io_sendfds(int sock, const void *data, size_t n, const int *fd, int nfd)
{
	ssize_t k = sendfds(sock, data, n, fd, nfd, 0);

	if (k < 0)
		return -1;
	return (size_t)k == n ? 0 : io_writen(sock, (const char *)data + k, n - (size_t)k);
}

int io_trysendfds(int sock, const void *data, size_t n, const int *fd, int nfd, int ms)
{
	struct pollfd p = { .fd = sock, .events = POLLOUT };
	i64 end = clock_ms() + ms;
	ssize_t k;

	while ((k = sendfds(sock, data, n, fd, nfd, MSG_DONTWAIT)) == -2) {
		i64 left = end - clock_ms();

		if (left <= 0) {
			errset(Ebusy);
			return -2;
		}
		poll(&p, 1, left > 100 ? 100 : (int)left); /* ETOOMANYREFS has no event */
	}
	return k < 0 ? -1 : 0;
}

ssize_t io_recvfds(int sock, void *data, size_t n, int *fd, int *nfd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(IoFds * sizeof(int))];
	} c;
	struct iovec iov = { data, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c };
	ssize_t k;

	*nfd = 0;
	do
		k = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		return os_werr("recvmsg");
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h != NULL; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
			*nfd = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(fd, CMSG_DATA(h), (size_t)*nfd * sizeof(int));
		}
	return k;
}

_Static_assert(sizeof(IoVec) == sizeof(struct iovec) && offsetof(IoVec, n) == offsetof(struct iovec, iov_len),
	       "an IoVec is an iovec");

int io_writeallv(int fd, IoVec *iov, int n, i64 off)
{
	while (n > 0) {
		struct iovec *v = (struct iovec *)(uintptr_t)iov;
		ssize_t k = off < 0 ? writev(fd, v, n) : pwritev(fd, v, n, off);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return os_werr("write");
		off += off < 0 ? 0 : k;
		for (; n > 0 && (size_t)k >= iov->n; iov++, n--)
			k -= (ssize_t)iov->n;
		if (n > 0) {
			iov->p = (u8 *)iov->p + k;
			iov->n -= (size_t)k;
		}
	}
	return 0;
}

ssize_t io_sendv(int fd, const IoVec *iov, int n, bool socket)
{
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n };
	ssize_t k;

	do
		k = socket ? sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) : writev(fd, m.msg_iov, n);
	while (k < 0 && errno == EINTR);
	if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	return k < 0 ? os_werr("write") : k;
}

bool io_issocket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

void io_hangup(int fd)
{
	shutdown(fd, SHUT_RDWR);
}

int io_accept(int lfd)
{
	int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		return fd;
	os_werr("accept");
	return errno == EBADF || errno == EINVAL || errno == ENOTSOCK || errno == EOPNOTSUPP ? -1 : -2;
}

int io_wait(int fd, int events, int alt, int ms)
{
	struct pollfd p[2] = { { .fd = fd, .events = (short)events }, { .fd = alt, .events = POLLIN } };
	int n;

	do
		n = poll(p, 2, ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return os_werr("poll");
	return n == 0 ? 0 : p[0].revents != 0 ? 1 : 2;
}

int io_memory(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	return fd < 0 ? os_werr("memory file") : fd;
}

u64 io_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : (u64)st.st_size;
}

int io_nonblock(int fd, bool on)
{
	int fl = fcntl(fd, F_GETFL);

	if (fl < 0 || fcntl(fd, F_SETFL, on ? fl | O_NONBLOCK : fl & ~O_NONBLOCK) < 0)
		return os_werr("fcntl");
	return 0;
}

int io_dup(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? os_werr("dup") : copy;
}

int io_flags(int fd)
{
	int fl = fcntl(fd, F_GETFL);

	return fl < 0 ? os_werr("descriptor %d", fd) : fl;
}

int io_memfd(const char *name)
{
	int fd = (int)syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */);

	return fd < 0 ? os_werr("memfd_create") : fd;
}

int proc_closefds(int first)
{
	return syscall(SYS_close_range, first, ~0u, 0) < 0 ? os_werr("close_range") : 0;
}

int io_inherit(int fd)
{
	return fcntl(fd, F_SETFD, 0) < 0 ? os_werr("fcntl") : 0;
}
