/*
 * icmp and icmpv6, over raw sockets.  What is read and written is what Plan 9
 * has: the IP header (20 or 40 bytes), then the message.  A conversation has
 * its local port as identifier; replies with that identifier are its own, and
 * an unreachable or time exceeded that quotes a packet of its ends it, unless
 * it ignores advice.  A conversation that was announced sees every message.
 * The system answers echo requests by itself.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/random.h>
#include "ip.h"

enum { IP4HEAD = 20, IP6HEAD = 40, ICMPHEAD = 8, MESSAGE = 65536 };
enum { EchoReply = 0, Unreachable = 3, Echo = 8, TimeExceed = 11 };
enum { Unreachable6 = 1, TimeExceed6 = 3, Echo6 = 128, EchoReply6 = 129 };

static bool isv6(const Conv *c)
{
	return c->p->kind == IpIcmp6;
}

static void icmp_state(Conv *c, Buf *b)
{
	buf_printf(b, "%s qin %d qout %d\n", "Datagram", c->fd >= 0 ? ipsock_inq(c->fd) : 0,
		   c->fd >= 0 ? ipsock_outq(c->fd) : 0);
}

static bool idtaken(Conv *c, u16 id)
{
	Conv *x;

	for (int i = 0; (x = conv_get(c->st, c->p, i)) != NULL; i++)
		if (x != c && x->inuse > 0 && x->lport == id)
			return true;
	return false;
}

/* start opens the socket; the identifier is port, or a free one. */
static int start(Conv *c, u16 port)
{
	Ip any = isv6(c) ? ip_none : ip_v4none;

	if (port != 0 && idtaken(c, port))
		return werrstr("address in use");
	while (port == 0 || idtaken(c, port))
		port = (u16)(32768 + random_u32(32768));
	c->fd = conv_socket(c, &any);
	if (c->fd < 0)
		return -1;
	if (ipsock_headers(c->fd) < 0) {
		conv_shut(c);
		return -1;
	}
	c->lport = port;
	return 0;
}

static int icmp_connect(Req *r, Conv *c, char **f, int n)
{
	Ip local = ip_none;
	u16 port = 0;
	bool restricted;

	(void)r;
	if (n != 2 && n != 3)
		return werrstr("bad args to connect");
	if (conv_remote(f[1], &c->raddr, &c->rport, &restricted) < 0)
		return -1;
	if (ip_isv4(&c->raddr) == isv6(c))
		return werrstr("%s: %s is an address for %s", c->p->name, f[1], isv6(c) ? "icmp" : "icmpv6");
	if (n > 2 && conv_localport(f[2], &local, &port) < 0)
		return -1;
	if (ip_isnone(&local) && !stack_localfor(c->st, &c->raddr, &local))
		local = isv6(c) ? ip_none : ip_v4none;
	if (start(c, port) < 0)
		return -1;
	c->laddr = local;
	c->state = ConvConnected;
	return 0;
}

static int icmp_announce(Conv *c, char **f, int n)
{
	Ip local;
	u16 port = 0;

	if (n != 2)
		return werrstr("bad args to announce");
	if (strcmp(f[1], "*") == 0)
		local = ip_none;
	else if (conv_localport(f[1], &local, &port) < 0)
		return -1;
	if (start(c, port) < 0)
		return -1;
	c->laddr = local;
	c->state = ConvAnnounced;
	return 0;
}

static int icmp_ctl(Req *r, Conv *c, char **f, int n)
{
	(void)r;
	if (!isv6(c) || n != 1 || strcmp(f[0], "headers") != 0)
		return errset(Ebadctl);
	c->headers = true;
	return 0;
}

/* advice says whether p[n], an error message, is about a packet of c's, and why. */
static bool advice(Conv *c, const u8 *p, size_t n, char *why)
{
	size_t head = isv6(c) ? IP6HEAD : IP4HEAD;
	const u8 *in = p + ICMPHEAD;
	bool exceeded = p[0] == (isv6(c) ? TimeExceed6 : TimeExceed);
	Ip dst;

	if (c->state != ConvConnected || c->ignoreadvice || n < ICMPHEAD + head + ICMPHEAD ||
	    (!exceeded && p[0] != (isv6(c) ? Unreachable6 : Unreachable)))
		return false;
	if (isv6(c)) {
		memcpy(dst.b, in + 24, IPLEN);
	} else {
		head = (size_t)(in[0] & 15) * 4;
		dst = ip_v4(in + 16);
		if (head < IP4HEAD || n < ICMPHEAD + head + ICMPHEAD)
			return false;
	}
	if (!ip_eq(&dst, &c->raddr) || be16(in + head + 4) != c->lport)
		return false;
	snprintf(why, ERRMAX, exceeded ? "ttl exceeded" : "destination unreachable, code %d", p[1]);
	return true;
}

/* forme says whether message p[n] from m is c's. */
static bool forme(Conv *c, const u8 *p, size_t n, const IpMsg *m)
{
	if (n < ICMPHEAD || p[0] == (isv6(c) ? Echo6 : Echo))
		return false;
	if (c->state == ConvAnnounced)
		return true;
	return be16(p + 4) == c->lport && (ip_eq(&m->laddr, &c->laddr) || ip_eq(&m->raddr, &c->raddr));
}

/* head6 writes what stands before an ICMPv6 message: an IP header, or unused[8] laddr[16] raddr[16]. */
static void head6(Conv *c, u8 *p, size_t n, const IpMsg *m)
{
	memset(p, 0, 8);
	memcpy(p + 8, c->headers ? m->laddr.b : m->raddr.b, IPLEN);
	memcpy(p + 24, c->headers ? m->raddr.b : m->laddr.b, IPLEN);
	if (c->headers)
		return;
	p[0] = 0x60;
	put_be16(p + 4, (u16)n);
	p[6] = 58;
	p[7] = 255;
}

/* take reads messages until one is c's; bytes with its header in buf, IPSOCK_AGAIN, or -1. */
static ssize_t take(Conv *c, u8 *buf)
{
	char why[ERRMAX];
	size_t head = isv6(c) ? IP6HEAD : 0;
	IpMsg m;

	for (;;) {
		ssize_t n = ipsock_recvfrom(c->fd, buf + head, MESSAGE, &m);
		const u8 *p = buf + head;
		size_t skip = isv6(c) || n < 1 ? 0 : (size_t)(p[0] & 15) * 4;

		if (n < 0)
			return n;
		if ((size_t)n < skip)
			continue;
		if (!isv6(c))
			m.laddr = ip_v4(p + 16);
		if (forme(c, p + skip, (size_t)n - skip, &m)) {
			if (isv6(c))
				head6(c, buf, (size_t)n, &m);
			return n + (ssize_t)head;
		}
		if ((size_t)n >= skip + ICMPHEAD && advice(c, p + skip, (size_t)n - skip, why))
			return werrstr("%s", why);
	}
}

static void icmp_read(Req *r, Conv *c)
{
	autofree u8 *buf = NULL;
	ssize_t n;

	if (!conv_usable(r, c))
		return;
	buf = mem_new(MESSAGE + IP6HEAD);
	n = take(c, buf);
	if (n == IPSOCK_AGAIN) {
		req_poll(r, c->fd, POLLIN, -1);
	} else if (n < 0) {
		conv_fault(r, c);
	} else {
		r->o.count = (u32)n < r->i.count ? (u32)n : r->i.count;
		memcpy(r->buf, buf, r->o.count);
		req_ok(r);
	}
}

static u16 checksum(const u8 *p, size_t n)
{
	u32 sum = n % 2 != 0 ? (u32)p[n - 1] << 8 : 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += be16(p + i);
	while (sum >> 16 != 0)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return (u16)~sum;
}

/* put sends p[n], its header's place included; the identifier and the checksum are filled in. */
static ssize_t put(Conv *c, u8 *p, size_t n)
{
	size_t head = isv6(c) ? IP6HEAD : IP4HEAD;
	IpMsg m = { .raddr = c->raddr, .laddr = c->laddr };

	if (n < head + ICMPHEAD)
		return errset(Etoosmall);
	if (c->headers) {
		memcpy(m.laddr.b, p + 8, IPLEN);
		memcpy(m.raddr.b, p + 24, IPLEN);
	} else if (c->state != ConvConnected) {
		return werrstr("%s/%d is announced: write headers to ctl", c->p->name, c->x);
	}
	p += head;
	n -= head;
	if (!c->headers)
		put_be16(p + 4, c->lport);
	if (!isv6(c)) {
		put_be16(p + 2, 0);
		put_be16(p + 2, checksum(p, n));
	}
	return ipsock_sendto(c->fd, p, n, &m);
}

static void icmp_write(Req *r, Conv *c)
{
	autofree u8 *p = NULL;
	ssize_t n;

	if (!conv_usable(r, c))
		return;
	p = mem_try(r->i.count + 1);
	if (p != NULL)
		memcpy(p, r->i.data, r->i.count);
	n = p != NULL ? put(c, p, r->i.count) : -1;
	if (n == IPSOCK_AGAIN) {
		req_poll(r, c->fd, POLLOUT, -1);
	} else if (n < 0) {
		conv_fault(r, c);
	} else {
		r->o.count = r->i.count;
		req_ok(r);
	}
}

const Proto ip_icmp = {
	.name = "icmp", .max = 128, .kind = IpIcmp, .connect = icmp_connect, .announce = icmp_announce,
	.bind = conv_stdbind, .ctl = icmp_ctl, .state = icmp_state, .read = icmp_read, .write = icmp_write,
	.stats = stats_icmp,
};

const Proto ip_icmpv6 = {
	.name = "icmpv6", .max = 16, .kind = IpIcmp6, .connect = icmp_connect, .announce = icmp_announce,
	.bind = conv_stdbind, .ctl = icmp_ctl, .state = icmp_state, .read = icmp_read, .write = icmp_write,
	.stats = stats_icmpv6,
};
