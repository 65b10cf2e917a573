/*
 * Addresses in ctl messages, [ip!]port[!r], and connect, announce and bind
 * as tcp and udp have them.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include "ip.h"

enum { PORTMIN = 600, PORTMAX = 1023 }; /* restricted ports, for callers that ask for !r */

static int portnum(const char *s, u16 *port)
{
	u64 v;

	if (str_u64(s, 10, 65535, &v) < 0)
		return werrstr("bad numeric port '%.40s'", s);
	*port = (u16)v;
	return 0;
}

int conv_remote(const char *str, Ip *ip, u16 *port, bool *restricted)
{
	autofree char *s = mem_str(str);
	char *p = strchr(s, '!'), *flag;

	if (p == NULL)
		return werrstr("malformed address '%.80s': need ip!port", str);
	*p++ = '\0';
	flag = strchr(p, '!');
	*restricted = flag != NULL && strcmp(flag, "!r") == 0;
	if (flag != NULL)
		*flag = '\0';
	return ip_parse(s, ip) < 0 || portnum(p, port) < 0 ? -1 : 0;
}

/* conv_localport reads [ip!]port; the address is :: for * and when there is none. */
int conv_localport(const char *str, Ip *ip, u16 *port)
{
	autofree char *s = mem_str(str);
	char *p = strchr(s, '!');

	*ip = ip_none;
	if (p != NULL && strcmp(p, "!r") == 0) {
		*p = '\0';
		p = NULL;
	}
	if (p == NULL)
		return portnum(s, port);
	*p++ = '\0';
	if (str_suffix(p, "!r"))
		p[strlen(p) - 2] = '\0';
	if (strcmp(s, "*") != 0 && ip_parse(s, ip) < 0)
		return -1;
	return portnum(p, port);
}

bool stack_localfor(Stack *s, const Ip *to, Ip *from)
{
	autofd int fd = ipsock_new(stack_ns(s), IpUdp, to);
	u16 port;

	return fd >= 0 && ipsock_connect(fd, to, 9) == 0 && ipsock_local(fd, from, &port) == 0;
}

int conv_socket(Conv *c, const Ip *like)
{
	int fd = ipsock_new(stack_ns(c->st), (IpKind)c->p->kind, like);

	if (fd < 0)
		return -1;
	if ((c->ttl < 0 || ipsock_ttl(fd, c->ttl) == 0) && (c->tos < 0 || ipsock_tos(fd, c->tos) == 0))
		return fd;
	close(fd);
	return -1;
}

static int bindrestricted(Conv *c, int fd, const Ip *ip)
{
	Stack *s = c->st;

	for (int i = PORTMIN; i <= PORTMAX; i++) {
		if (s->nextport < PORTMIN || s->nextport > PORTMAX)
			s->nextport = PORTMIN;
		if (ipsock_bind(fd, ip, s->nextport++) == 0)
			return 0;
		if (strcmp(rerrstr(), "address in use") != 0)
			return -1;
	}
	return werrstr("no ports available");
}

/* prepare makes the socket of a connect, with its local end. */
static int prepare(Conv *c, char **f, int n, bool restricted)
{
	Ip ip = ip_none;
	u16 port = 0;
	int fd, rc = 0;

	if (n > 2 && conv_localport(f[2], &ip, &port) < 0)
		return -1;
	fd = conv_socket(c, &c->raddr);
	if (fd < 0)
		return -1;
	if (restricted && port == 0)
		rc = bindrestricted(c, fd, &ip);
	else if (port != 0 || !ip_isnone(&ip))
		rc = (port != 0 && ipsock_reuse(fd) < 0) ? -1 : ipsock_bind(fd, &ip, port);
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

/* settle ends a connect that the system has answered. */
static int settle(Conv *c)
{
	int fd = c->fd;

	if (ipsock_error(fd) < 0) {
		conv_shut(c);
		c->state = ConvIdle;
		iplog(c->st, LogTcp, &c->raddr, "%s/%d: %s", c->p->name, c->x, rerrstr());
		return -1;
	}
	conv_adopt(c, fd);
	iplog(c->st, c->p->kind == IpTcp ? LogTcp : LogUdp, &c->raddr, "%s/%d: connected, port %d", c->p->name, c->x, c->rport);
	return 0;
}

int conv_stdconnect(Req *r, Conv *c, char **f, int n)
{
	bool restricted;
	int rc;

	if (f == NULL)
		return c->state == ConvConnecting && c->fd >= 0 ? settle(c) : errset(Ehungup);
	if (n != 2 && n != 3)
		return werrstr("bad args to connect");
	if (conv_remote(f[1], &c->raddr, &c->rport, &restricted) < 0)
		return -1;
	c->fd = prepare(c, f, n, restricted);
	if (c->fd < 0)
		return -1;
	c->state = ConvConnecting;
	rc = ipsock_connect(c->fd, &c->raddr, c->rport);
	if (rc == IPSOCK_AGAIN) {
		r->aux = c;
		req_poll(r, c->fd, POLLOUT, -1);
		return PARKED;
	}
	if (rc == 0)
		return settle(c);
	conv_shut(c);
	c->state = ConvIdle;
	return -1;
}

int conv_stdannounce(Conv *c, char **f, int n)
{
	Ip ip;
	u16 port;
	int fd;

	if (n != 2)
		return werrstr("bad args to announce");
	if (strcmp(f[1], "*") == 0 || str_suffix(f[1], "!*"))
		return werrstr("announce on every port is not implemented: Linux sockets have one");
	if (conv_localport(f[1], &ip, &port) < 0)
		return -1;
	fd = conv_socket(c, &ip);
	if (fd < 0)
		return -1;
	if ((c->p->kind == IpTcp && ipsock_reuse(fd) < 0) || ipsock_bind(fd, &ip, port) < 0 ||
	    (c->p->kind == IpTcp && ipsock_listen(fd) < 0) || ipsock_local(fd, &c->laddr, &c->lport) < 0) {
		close(fd);
		return -1;
	}
	if (ip_isnone(&c->laddr))
		c->laddr = ip_none;
	c->fd = fd;
	c->cookie = ipsock_cookie(fd);
	c->raddr = ip_none;
	c->rport = 0;
	c->state = ConvAnnounced;
	iplog(c->st, c->p->kind == IpTcp ? LogTcp : LogUdp, &c->laddr, "%s/%d: announced, port %d", c->p->name, c->x, c->lport);
	return 0;
}

/* bind only remembers, ip(3): connect and announce set their own local end. */
int conv_stdbind(Req *r, Conv *c, char **f, int n)
{
	Ip ip;
	u16 port;

	(void)r;
	if (n != 2)
		return werrstr("bad args to bind");
	if (c->state != ConvIdle)
		return werrstr("connection already in use");
	if (conv_localport(f[1], &ip, &port) < 0)
		return -1;
	c->laddr = ip;
	c->lport = port;
	return 0;
}
