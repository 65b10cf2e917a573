/*
 * udp: point to point after connect; after announce either many to one with
 * a 52-byte header before each datagram (headers), or a new conversation for
 * each new sender (listen).
 *
 * Such a conversation is a socket of its own, bound to the same local end and
 * connected to the sender; Linux gives it the sender's datagrams from then on.
 * Those that came in before are queued on it (early).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include "ip.h"

/* raddr[16] laddr[16] ifcaddr[16] rport[2] lport[2], all in network order */
enum { HEAD = 52, RADDR = 0, LADDR = 16, IFCADDR = 32, RPORT = 48, LPORT = 50, DGRAM = 65536 };

static void udp_state(Conv *c, Buf *b)
{
	buf_printf(b, "%s qin %d qout %d\n", c->inuse > 0 ? "Open" : "Closed", c->fd >= 0 ? ipsock_inq(c->fd) : 0,
		   c->fd >= 0 ? ipsock_outq(c->fd) : 0);
}

static int udp_announce(Conv *c, char **f, int n)
{
	if (conv_stdannounce(c, f, n) < 0)
		return -1;
	if (ipsock_headers(c->fd) == 0)
		return 0;
	conv_shut(c);
	c->state = ConvIdle;
	return -1;
}

static int udp_ctl(Req *r, Conv *c, char **f, int n)
{
	(void)r;
	if (n == 1 && strcmp(f[0], "headers") == 0) {
		c->headers = true;
		return c->fd >= 0 ? ipsock_headers(c->fd) : 0;
	}
	if (n == 1 && strcmp(f[0], "hangup") == 0) {
		conv_hangup(c, errtext(Ehungup));
		return 0;
	}
	return errset(Ebadctl);
}

/* ifcaddr is the unicast address of the interface a datagram came in by: what a reply to a broadcast is sent from. */
static Ip ifcaddr(Stack *s, const IpMsg *m)
{
	Ip ip = ip_isv4(&m->raddr) ? ip_v4none : ip_none;

	if (!ip_isnone(&m->ifc))
		return m->ifc;
	if (!ip_isv4(&m->raddr) && !ip_ismulticast(&m->laddr))
		return m->laddr;
	ifc_addron(s, m->index, &m->raddr, &ip);
	return ip;
}

static void puthead(Conv *c, u8 *p, const IpMsg *m)
{
	Ip ifc = ifcaddr(c->st, m);

	memcpy(p + RADDR, m->raddr.b, IPLEN);
	memcpy(p + LADDR, m->laddr.b, IPLEN);
	memcpy(p + IFCADDR, ifc.b, IPLEN);
	put_be16(p + RPORT, m->rport);
	put_be16(p + LPORT, c->lport);
}

static void readheaders(Req *r, Conv *c)
{
	IpMsg m;
	ssize_t n;

	if (r->i.count < HEAD) {
		req_err(r, Etoosmall);
		return;
	}
	n = ipsock_recvfrom(c->fd, r->buf + HEAD, r->i.count - HEAD, &m);
	if (n == IPSOCK_AGAIN) {
		req_poll(r, c->fd, POLLIN, -1);
	} else if (n < 0) {
		conv_fault(r, c);
	} else {
		puthead(c, (u8 *)r->buf, &m);
		r->o.count = (u32)n + HEAD;
		req_ok(r);
	}
}

static void udp_read(Req *r, Conv *c)
{
	Link *l;
	ssize_t n;

	if (!conv_usable(r, c))
		return;
	l = list_pop(&c->early);
	if (l != NULL) {
		Early *e = list_item(l, Early, link);

		r->o.count = e->n < r->i.count ? e->n : r->i.count;
		memcpy(r->buf, e->data, r->o.count);
		free(e);
		req_ok(r);
		return;
	}
	if (c->headers) {
		readheaders(r, c);
		return;
	}
	if (c->state == ConvAnnounced) {
		werrstr("udp/%d is announced: open listen, or write headers to ctl", c->x);
		req_fail(r);
		return;
	}
	n = ipsock_recv(c->fd, r->buf, r->i.count);
	if (n < 0 && n != IPSOCK_AGAIN && c->ignoreadvice)
		n = ipsock_recv(c->fd, r->buf, r->i.count); /* the error was an ICMP message, now taken */
	if (n == IPSOCK_AGAIN) {
		req_poll(r, c->fd, POLLIN, -1);
	} else if (n < 0) {
		conv_fault(r, c);
	} else {
		r->o.count = (u32)n;
		req_ok(r);
	}
}

static bool isbroadcast(const Ip *ip)
{
	return ip_isv4(ip) && memcmp(ip->b + IP4OFF, "\xff\xff\xff\xff", 4) == 0;
}

/*
 * sendheaders sends from the address the user says if that is ours, else from the interface's, else from what the
 * system picks: Linux refuses what is not ours.
 */
static ssize_t sendheaders(Conv *c, const u8 *p, u32 n)
{
	IpMsg m = { .raddr = ip_none };
	ssize_t rc = -1;
	Conv *i;

	if (n < HEAD)
		return errset(Etoosmall);
	memcpy(m.raddr.b, p + RADDR, IPLEN);
	m.rport = be16(p + RPORT);
	for (int at = LADDR; rc == -1 && at <= IFCADDR; at += IPLEN) {
		memcpy(m.laddr.b, p + at, IPLEN);
		if (isbroadcast(&m.raddr) && (i = ifc_forbroadcast(c->st, &m.laddr)) != NULL)
			m.index = i->ifc.index;
		if (!ip_isnone(&m.laddr) && !ip_ismulticast(&m.laddr) && !isbroadcast(&m.laddr))
			rc = ipsock_sendto(c->fd, p + HEAD, n - HEAD, &m);
	}
	m.laddr = ip_none;
	return rc == -1 ? ipsock_sendto(c->fd, p + HEAD, n - HEAD, &m) : rc;
}

static void udp_write(Req *r, Conv *c)
{
	ssize_t n;

	if (!conv_usable(r, c))
		return;
	if (c->headers)
		n = sendheaders(c, (const u8 *)r->i.data, r->i.count);
	else if (c->state == ConvConnected)
		n = ipsock_send(c->fd, r->i.data, r->i.count);
	else
		n = werrstr("udp/%d is announced: write headers to ctl", c->x);
	if (n < 0 && n != IPSOCK_AGAIN && c->ignoreadvice && c->state == ConvConnected)
		n = ipsock_send(c->fd, r->i.data, r->i.count);
	if (n == IPSOCK_AGAIN) {
		req_poll(r, c->fd, POLLOUT, -1);
	} else if (n < 0) {
		conv_fault(r, c);
	} else {
		r->o.count = r->i.count;
		req_ok(r);
	}
}

/* caller finds the conversation that the sender of m began earlier. */
static Conv *caller(Conv *c, const IpMsg *m)
{
	Conv *x;

	for (int i = 0; (x = conv_get(c->st, c->p, i)) != NULL; i++)
		if (x->inuse > 0 && x->state == ConvConnected && x->lport == c->lport && x->rport == m->rport &&
		    ip_eq(&x->raddr, &m->raddr))
			return x;
	return NULL;
}

static int newcall(Conv *c, Conv *nc, const IpMsg *m)
{
	const Ip *local = ip_isnone(&c->laddr) ? &m->laddr : &c->laddr;
	int fd = conv_socket(nc, &m->raddr);

	if (fd < 0)
		return -1;
	if (ipsock_reuse(c->fd) < 0 || ipsock_reuse(fd) < 0 || ipsock_bind(fd, local, c->lport) < 0 ||
	    ipsock_connect(fd, &m->raddr, m->rport) != 0) {
		close(fd);
		return -1;
	}
	conv_adopt(nc, fd);
	return 0;
}

static void keep(Conv *c, const char *p, size_t n)
{
	Early *e = mem_new(sizeof *e + n);

	e->n = (u32)n;
	memcpy(e->data, p, n);
	list_add(&c->early, &e->link);
	park_wakefd(c->fd);
}

/* udp_listen takes datagrams until one comes from a new sender; what known senders sent meanwhile is theirs. */
static void udp_listen(Req *r, Conv *c)
{
	autofree char *p = mem_new(DGRAM);
	Conv *nc, *known;
	ssize_t n;
	IpMsg m;

	while ((n = ipsock_recvfrom(c->fd, p, DGRAM, &m)) >= 0 && (known = caller(c, &m)) != NULL)
		keep(known, p, (size_t)n);
	if (n == IPSOCK_AGAIN) {
		req_poll(r, c->fd, POLLIN, -1);
		return;
	}
	nc = n >= 0 ? conv_new(c->st, c->p, c->owner) : NULL;
	if (nc == NULL || newcall(c, nc, &m) < 0) {
		if (nc != NULL)
			conv_release(nc);
		conv_release(c);
		req_fail(r);
		return;
	}
	keep(nc, p, (size_t)n);
	iplog(c->st, LogUdp, &nc->raddr, "udp/%d: a call for udp/%d", nc->x, c->x);
	ip_became(r->fid, nc);
	conv_release(c);
	req_ok(r);
}

const Proto ip_udp = {
	.name = "udp", .max = 1024, .kind = IpUdp, .connect = conv_stdconnect, .announce = udp_announce,
	.bind = conv_stdbind, .ctl = udp_ctl, .state = udp_state, .listen = udp_listen, .read = udp_read,
	.write = udp_write, .stats = stats_udp,
};
