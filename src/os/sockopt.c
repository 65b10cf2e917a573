#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <os/io.h>
#include <os/sockopt.h>

int sockopt_finish(int fd)
{
	return shutdown(fd, SHUT_WR) < 0 ? os_werr("shutdown") : 0;
}

int sockopt_keepalive(int fd, int ms)
{
	int on = 1, s = ms < 1000 ? 1 : ms / 1000;

	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0)
		return os_werr("keepalive");
	if (ms > 0 && (setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &s, sizeof s) < 0 ||
		       setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &s, sizeof s) < 0))
		return os_werr("keepalive");
	return 0;
}

static const u8 v4prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

int sockopt_echo(const u8 ip[16], bool *raw)
{
	bool v4 = memcmp(ip, v4prefix, 12) == 0;
	int proto = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, on = 1;
	autofd int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, proto);
	struct sockaddr_in a4 = { .sin_family = AF_INET };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };
	int r;

	*raw = fd < 0;
	if (fd < 0)
		fd = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, proto);
	if (fd < 0)
		return os_werr("icmp socket");
	memcpy(&a4.sin_addr, ip + 12, 4);
	memcpy(&a6.sin6_addr, ip, 16);
	if (v4 ? setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on) < 0 :
		 setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on) < 0)
		return os_werr("icmp socket");
	r = v4 ? connect(fd, (struct sockaddr *)&a4, sizeof a4) : connect(fd, (struct sockaddr *)&a6, sizeof a6);
	if (r < 0)
		return os_werr("connect");
	r = fd;
	fd = -1;
	return r;
}

long sockopt_recvttl(int fd, void *p, size_t n, int *ttl)
{
	char room[256];
	struct iovec iov = { p, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
	ssize_t k = recvmsg(fd, &m, 0);

	*ttl = 0;
	if (k < 0)
		return os_werr("receive");
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h != NULL; h = CMSG_NXTHDR(&m, h))
		if ((h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_TTL) ||
		    (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_HOPLIMIT))
			memcpy(ttl, CMSG_DATA(h), sizeof *ttl);
	return k;
}
