#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <base/err.h>
#include <os/io.h>
#include <os/sock.h>

typedef union Addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
} Addr;

static const u8 mapped[12] = { [10] = 0xFF, [11] = 0xFF };

/* ipaddr makes the socket address of ip!port and returns its length */
static socklen_t ipaddr(Addr *a, const u8 *ip, int port)
{
	memset(a, 0, sizeof *a);
	if (ip == NULL || memcmp(ip, mapped, sizeof mapped) != 0) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons((u16)port);
		if (ip != NULL)
			memcpy(&a->in6.sin6_addr, ip, 16);
		return sizeof a->in6;
	}
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons((u16)port);
	memcpy(&a->in.sin_addr, ip + 12, 4);
	return sizeof a->in;
}

static int unixaddr(Addr *a, const char *path)
{
	memset(a, 0, sizeof *a);
	a->un.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof a->un.sun_path)
		return werrstr("%s: %s: a unix socket's path has at most %zu bytes", path, errtext(Etoolong),
			       sizeof a->un.sun_path - 1);
	memcpy(a->un.sun_path, path, strlen(path));
	return 0;
}

/* finish waits for a connection under way and says how it went, by errno */
static int finish(int fd, int ms)
{
	struct pollfd p = { fd, POLLOUT, 0 };
	int err = 0, n;
	socklen_t len = sizeof err;

	do
		n = poll(&p, 1, ms);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	if (n <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -1;
	errno = err;
	return err == 0 ? 0 : -1;
}

/* connected connects a new socket to a and takes it out of non-blocking mode */
static int connected(int type, const Addr *a, socklen_t len, int ms)
{
	int fd = socket(a->sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return os_werr("socket");
	if (connect(fd, &a->sa, len) < 0 && (errno != EINPROGRESS || finish(fd, ms) < 0)) {
		os_werr("connect");
		close(fd);
		return -1;
	}
	if (io_nonblock(fd, false) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void sock_nodelay(int fd)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

int sock_connect(const u8 *ip, int port, bool udp, int ms)
{
	Addr a;
	socklen_t len = ipaddr(&a, ip, port);
	int fd = connected(udp ? SOCK_DGRAM : SOCK_STREAM, &a, len, ms);

	if (fd >= 0 && !udp)
		sock_nodelay(fd);
	return fd;
}

int sock_unixdial(const char *path, int ms)
{
	Addr a;
	int fd;

	if (unixaddr(&a, path) < 0)
		return -1;
	fd = connected(SOCK_STREAM, &a, sizeof a.un, ms);
	return fd >= 0 ? fd : werrstr("%s: %s", path, rerrstr());
}

/* bound binds a new socket to a and listens on it if it is a stream */
static int bound(int type, const Addr *a, socklen_t len)
{
	int fd = socket(a->sa.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return os_werr("socket");
	if (a->sa.sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (a->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 0 }, sizeof(int));
	if (bind(fd, &a->sa, len) < 0 || (type == SOCK_STREAM && listen(fd, 128) < 0)) {
		os_werr("announce");
		close(fd);
		return -1;
	}
	return fd;
}

int sock_listen(const u8 *ip, int port, bool udp)
{
	static const u8 any4[16] = { [10] = 0xFF, [11] = 0xFF };
	int type = udp ? SOCK_DGRAM : SOCK_STREAM;
	Addr a;
	socklen_t len = ipaddr(&a, ip, port);
	int fd = bound(type, &a, len);

	if (fd < 0 && ip == NULL) {
		len = ipaddr(&a, any4, port); /* a host without IPv6 */
		fd = bound(type, &a, len);
	}
	return fd;
}

/* stale says whether path is a unix socket that nobody listens on */
static bool stale(const char *path, const Addr *a)
{
	struct stat st;
	int fd, no;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	no = connect(fd, &a->sa, sizeof a->un) < 0 ? errno : 0;
	close(fd);
	return no == ECONNREFUSED;
}

int sock_unixlisten(const char *path)
{
	Addr a;
	int fd;

	if (unixaddr(&a, path) < 0)
		return -1;
	if (stale(path, &a))
		unlink(path);
	fd = bound(SOCK_STREAM, &a, sizeof a.un);
	return fd >= 0 ? fd : werrstr("%s: %s", path, rerrstr());
}

/* print writes address!port, IPv4 without its prefix */
static void print(char *s, size_t n, const Addr *a)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof text);
		snprintf(s, n, "%s!%d", text, ntohs(a->in.sin_port));
	} else if (a->sa.sa_family == AF_INET6) {
		const u8 *ip = a->in6.sin6_addr.s6_addr;

		if (memcmp(ip, mapped, sizeof mapped) == 0)
			inet_ntop(AF_INET, ip + 12, text, sizeof text);
		else
			inet_ntop(AF_INET6, ip, text, sizeof text);
		snprintf(s, n, "%s!%d", text, ntohs(a->in6.sin6_port));
	} else {
		snprintf(s, n, "unix");
	}
}

int sock_accept(int lfd, char *from, size_t n)
{
	Addr a = { 0 };
	socklen_t len = sizeof a;
	int fd;

	do
		fd = accept4(lfd, &a.sa, &len, SOCK_CLOEXEC);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return os_werr("accept");
	if (a.sa.sa_family != AF_UNIX)
		sock_nodelay(fd);
	if (from != NULL)
		print(from, n, &a);
	return fd;
}

int sock_peer(int fd, char *text, size_t n)
{
	Addr a = { 0 };
	socklen_t len = sizeof a;
	char who[80];

	if (getpeername(fd, &a.sa, &len) < 0)
		return os_werr("getpeername");
	if (a.sa.sa_family != AF_INET && a.sa.sa_family != AF_INET6)
		return errset(Ebadarg);
	print(who, sizeof who, &a);
	snprintf(text, n, "tcp!%s", who);
	return 0;
}

int sock_port(int fd)
{
	Addr a = { 0 };
	socklen_t len = sizeof a;

	if (getsockname(fd, &a.sa, &len) < 0)
		return os_werr("getsockname");
	return ntohs(a.sa.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
}

bool sock_is(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}
