#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <base/bytes.h>
#include <base/err.h>
#include <os/io.h>
#include <os/ipsock.h>
#include <os/netns.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

typedef union Addr {
	struct sockaddr a;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
} Addr;

/* werr words the errors that users of a network meet the way Plan 9 does. */
static int werr(void)
{
	switch (errno) {
	case EADDRINUSE:
		return werrstr("address in use");
	case EADDRNOTAVAIL:
		return werrstr("not a local IP address");
	case ENETUNREACH:
		return werrstr("network unreachable");
	case EHOSTUNREACH:
		return werrstr("host unreachable");
	case EMSGSIZE:
		return werrstr("message too long");
	}
	return errcode(errtext(err_fromerrno(errno))) == Eio ? werrstr("%s", strerror(errno))
							      : errset(err_fromerrno(errno));
}

static int result(int rc)
{
	return rc < 0 ? werr() : 0;
}

static ssize_t moved(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? IPSOCK_AGAIN : werr();
}

static int domain(int fd)
{
	socklen_t n = sizeof(int);
	int d = 0;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &d, &n) < 0 ? -1 : d;
}

static bool is6(int fd)
{
	return domain(fd) == AF_INET6;
}

/* setaddr makes the address that fd's family wants; -1 if ip is IPv6 and the socket is not. */
static int setaddr(int fd, Addr *a, socklen_t *n, const Ip *ip, u16 port)
{
	memset(a, 0, sizeof *a);
	if (is6(fd)) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(port);
		if (!ip_isnone(ip))
			memcpy(&a->v6.sin6_addr, ip->b, IPLEN);
		*n = sizeof a->v6;
		return 0;
	}
	if (!ip_isv4(ip) && !ip_isnone(ip))
		return werrstr("an IPv6 address on an IPv4 conversation");
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons(port);
	memcpy(&a->v4.sin_addr, ip->b + IP4OFF, 4);
	*n = sizeof a->v4;
	return 0;
}

static void getaddr(const Addr *a, Ip *ip, u16 *port)
{
	if (a->a.sa_family == AF_INET6) {
		memcpy(ip->b, &a->v6.sin6_addr, IPLEN);
		*port = ntohs(a->v6.sin6_port);
	} else {
		*ip = ip_v4(&a->v4.sin_addr);
		*port = ntohs(a->v4.sin_port);
	}
}

static int make(int ns, IpKind kind, int fam)
{
	static const struct {
		int type, proto;
	} k[] = {
		[IpTcp] = { SOCK_STREAM, IPPROTO_TCP }, [IpUdp] = { SOCK_DGRAM, IPPROTO_UDP },
		[IpIcmp] = { SOCK_RAW, IPPROTO_ICMP }, [IpIcmp6] = { SOCK_RAW, IPPROTO_ICMPV6 },
	};

	return netns_socket(ns, fam, k[kind].type | SOCK_NONBLOCK, k[kind].proto);
}

int ipsock_new(int ns, IpKind kind, const Ip *ip)
{
	bool any = ip_eq(ip, &ip_none);
	int fd = make(ns, kind, ip_isv4(ip) || kind == IpIcmp ? AF_INET : AF_INET6), zero = 0, one = 1;

	if (fd < 0 && any && kind != IpIcmp6)
		fd = make(ns, kind, AF_INET);
	if (fd < 0)
		return -1;
	if (is6(fd))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any ? &zero : &one, sizeof one);
	if (kind == IpUdp)
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
	if (kind == IpTcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

int ipsock_bind(int fd, const Ip *ip, u16 port)
{
	Addr a;
	socklen_t n;

	return setaddr(fd, &a, &n, ip, port) < 0 ? -1 : result(bind(fd, &a.a, n));
}

int ipsock_listen(int fd)
{
	return result(listen(fd, IPSOCK_BACKLOG));
}

int ipsock_accept(int fd)
{
	int c = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;

	if (c >= 0)
		setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	else if (errno == ECONNABORTED)
		return IPSOCK_AGAIN;
	return (int)moved(c);
}

int ipsock_connect(int fd, const Ip *ip, u16 port)
{
	Addr a;
	socklen_t n;

	if (setaddr(fd, &a, &n, ip, port) < 0)
		return -1;
	if (connect(fd, &a.a, n) == 0)
		return 0;
	if (errno == EADDRNOTAVAIL)
		return werrstr("no ports available");
	return errno == EINPROGRESS ? IPSOCK_AGAIN : werr();
}

int ipsock_error(int fd)
{
	socklen_t n = sizeof errno;
	int no = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &no, &n) < 0)
		return werr();
	errno = no;
	return no == 0 ? 0 : werr();
}

int ipsock_local(int fd, Ip *ip, u16 *port)
{
	Addr a = { .a = { .sa_family = AF_INET } };
	socklen_t n = sizeof a;

	if (getsockname(fd, &a.a, &n) < 0)
		return werr();
	getaddr(&a, ip, port);
	return 0;
}

int ipsock_remote(int fd, Ip *ip, u16 *port)
{
	Addr a = { .a = { .sa_family = AF_INET } };
	socklen_t n = sizeof a;

	if (getpeername(fd, &a.a, &n) < 0)
		return werr();
	getaddr(&a, ip, port);
	return 0;
}

ssize_t ipsock_recv(int fd, void *p, size_t n)
{
	return moved(recv(fd, p, n, MSG_DONTWAIT));
}

ssize_t ipsock_send(int fd, const void *p, size_t n)
{
	return moved(send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL));
}

bool ipsock_room(int fd, size_t n)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	u32 mem[SK_MEMINFO_VARS];
	socklen_t len = sizeof mem;

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len) < 0 || len < sizeof mem)
		return false;
	/* a buffer's own memory counts too: a quarter of the data is plenty */
	return (u64)mem[SK_MEMINFO_WMEM_QUEUED] + n + n / 4 + 65536 <= mem[SK_MEMINFO_SNDBUF] && poll(&p, 1, 0) == 1 &&
	       p.revents == POLLOUT;
}

typedef union Control {
	struct cmsghdr h;
	char room[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
} Control;

static void getinfo(struct msghdr *h, IpMsg *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		struct in6_pktinfo six;
		struct in_pktinfo four;

		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&six, CMSG_DATA(c), sizeof six);
			memcpy(m->laddr.b, &six.ipi6_addr, IPLEN);
			m->index = (int)six.ipi6_ifindex;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&four, CMSG_DATA(c), sizeof four);
			m->laddr = ip_v4(&four.ipi_addr);
			m->ifc = ip_v4(&four.ipi_spec_dst);
			m->index = four.ipi_ifindex;
		}
	}
}

ssize_t ipsock_recvfrom(int fd, void *p, size_t n, IpMsg *m)
{
	Addr a = { .a = { .sa_family = AF_INET } };
	Control c;
	struct iovec iov = { p, n };
	struct msghdr h = { .msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
			    .msg_controllen = sizeof c };
	ssize_t got = recvmsg(fd, &h, MSG_DONTWAIT);

	if (got < 0)
		return moved(got);
	memset(m, 0, sizeof *m);
	getaddr(&a, &m->raddr, &m->rport);
	getinfo(&h, m);
	return got;
}

static void putinfo(int fd, struct msghdr *h, Control *c, const IpMsg *m)
{
	struct in6_pktinfo six = { .ipi6_ifindex = (unsigned)m->index };
	struct in_pktinfo four = { .ipi_ifindex = m->index };
	bool v6 = is6(fd);

	if (!ip_isnone(&m->laddr)) {
		memcpy(&six.ipi6_addr, m->laddr.b, IPLEN);
		memcpy(&four.ipi_spec_dst, m->laddr.b + IP4OFF, 4);
	} else if (ip_isv4(&m->raddr)) {
		memcpy(&six.ipi6_addr, ip_v4none.b, IPLEN);
	}
	memset(c, 0, sizeof *c);
	h->msg_control = c;
	h->msg_controllen = v6 ? CMSG_SPACE(sizeof six) : CMSG_SPACE(sizeof four);
	c->h.cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->h.cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->h.cmsg_len = v6 ? CMSG_LEN(sizeof six) : CMSG_LEN(sizeof four);
	memcpy(CMSG_DATA(&c->h), v6 ? (void *)&six : (void *)&four, v6 ? sizeof six : sizeof four);
}

ssize_t ipsock_sendto(int fd, const void *p, size_t n, const IpMsg *m)
{
	Addr a;
	Control c;
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr h = { .msg_name = &a, .msg_iov = &iov, .msg_iovlen = 1 };

	if (setaddr(fd, &a, &h.msg_namelen, &m->raddr, m->rport) < 0)
		return -1;
	if (m->index != 0 || !ip_isnone(&m->laddr))
		putinfo(fd, &h, &c, m);
	return moved(sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* both sets an option that a socket for IPv4 and IPv6 has twice. */
static int both(int fd, int opt4, int opt6, int v)
{
	if (is6(fd) && setsockopt(fd, IPPROTO_IPV6, opt6, &v, sizeof v) < 0)
		return werr();
	if (setsockopt(fd, IPPROTO_IP, opt4, &v, sizeof v) < 0 && !is6(fd))
		return werr();
	return 0;
}

int ipsock_ttl(int fd, int ttl)
{
	return both(fd, IP_TTL, IPV6_UNICAST_HOPS, ttl) < 0 || both(fd, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, ttl) < 0 ? -1 : 0;
}

int ipsock_tos(int fd, int tos)
{
	return both(fd, IP_TOS, IPV6_TCLASS, tos);
}

int ipsock_headers(int fd)
{
	return both(fd, IP_PKTINFO, IPV6_RECVPKTINFO, 1);
}

int ipsock_keepalive(int fd, int ms)
{
	int on = ms > 0, s = ms < 1000 ? 1 : ms / 1000;

	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0)
		return werr();
	if (on && (setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &s, sizeof s) < 0 ||
		   setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &s, sizeof s) < 0))
		return werr();
	return 0;
}

int ipsock_reuse(int fd)
{
	int one = 1;

	return result(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
}

int ipsock_device(int fd, const char *name)
{
	return result(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)));
}

int ipsock_multi(int fd, const Ip *ip, int index, bool join)
{
	struct ip_mreqn four = { .imr_ifindex = index };
	struct ipv6_mreq six = { .ipv6mr_interface = (unsigned)index };

	if (!ip_ismulticast(ip))
		return werrstr("not a multicast address");
	if (ip_isv4(ip)) {
		memcpy(&four.imr_multiaddr, ip->b + IP4OFF, 4);
		return result(setsockopt(fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &four, sizeof four));
	}
	memcpy(&six.ipv6mr_multiaddr, ip->b, IPLEN);
	return result(setsockopt(fd, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &six, sizeof six));
}

void ipsock_hangup(int fd)
{
	shutdown(fd, SHUT_RDWR);
}

void ipsock_reset(int fd)
{
	struct linger l = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

u64 ipsock_cookie(int fd)
{
	u64 v = 0;
	socklen_t n = sizeof v;

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &v, &n) < 0 ? 0 : v;
}

int ipsock_kind(int fd)
{
	int type = 0, d = domain(fd);
	socklen_t n = sizeof type;

	if ((d != AF_INET && d != AF_INET6) || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0)
		return werrstr("not an internet socket");
	return type == SOCK_STREAM ? IpTcp : type == SOCK_DGRAM ? IpUdp : werrstr("not a tcp or udp socket");
}

bool ipsock_samestack(int fd, int ns)
{
	autofd int its = ioctl(fd, SIOCGSKNS);

	return its >= 0 && netns_same(its, ns);
}

int ipsock_give(int to, int fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { .h = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec iov = { (char[]){ 0 }, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c };

	if (domain(to) != AF_UNIX)
		return werrstr("the descriptor is not a unix socket");
	memcpy(CMSG_DATA(&c.h), &fd, sizeof fd);
	return sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? os_werr("hand over a socket") : 0;
}

int ipsock_inq(int fd)
{
	int n = 0;

	return ioctl(fd, SIOCINQ, &n) < 0 ? 0 : n;
}

int ipsock_outq(int fd)
{
	int n = 0;

	return ioctl(fd, SIOCOUTQ, &n) < 0 ? 0 : n;
}
