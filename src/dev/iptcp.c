/*
 * tcp: Linux's TCP.  The status of a connection comes from sock_diag by the
 * socket's cookie, so it is the same whether the device or a program holds
 * the socket.
 */
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include "ip.h"

enum {
	KEEPALIVE = 30000, /* milliseconds, as in ip(3) */
	BULK = 16 * 1024,  /* bytes of a write that is worth an early answer */
};

static void tcp_state(Conv *c, Buf *b)
{
	TcpState t = { .name = "Closed" };

	if (c->state == ConvConnecting)
		t.name = "Syn_sent";
	else if (c->cookie != 0 && c->state != ConvHungup &&
		 netlink_tcp(c->st->diag, &c->laddr, c->lport, &c->raddr, c->rport, c->cookie, &t) < 0)
		t.name = "Closed";
	buf_printf(b, "%s qin %u qout %u rq 0.0 srtt %u mdev %u sst 0 cwin %u swin %u>>%u rwin %u>>%u qscale 0 "
		      "timer.start %u timer.count 0 rerecv 0 katimer.start 0 katimer.count 0\n",
		   t.name, t.qin, t.qout, t.rtt, t.rttvar, t.cwnd, t.sndwnd, t.wscale, t.rcvwnd, t.rscale, t.rto);
}

/* tcp_listen answers an open of listen with the ctl of the next call. */
static void tcp_listen(Req *r, Conv *c)
{
	Stack *s = c->st;
	Conv *nc = conv_new(s, c->p, c->owner);
	int fd = nc != NULL ? ipsock_accept(c->fd) : -1;

	if (fd == IPSOCK_AGAIN) {
		conv_release(nc);
		req_poll(r, c->fd, POLLIN, -1);
		return;
	}
	if (fd < 0) {
		if (nc != NULL)
			conv_release(nc);
		conv_release(c);
		req_fail(r);
		return;
	}
	conv_adopt(nc, fd);
	iplog(s, LogTcp, &nc->raddr, "tcp/%d: a call for tcp/%d", nc->x, c->x);
	ip_became(r->fid, nc);
	conv_release(c);
	req_ok(r);
}

static void tcp_read(Req *r, Conv *c)
{
	ssize_t n;

	if (!conv_usable(r, c))
		return;
	n = ipsock_recv(c->fd, r->buf, r->i.count);
	if (n == IPSOCK_AGAIN) {
		req_poll(r, c->fd, POLLIN, -1);
	} else if (n < 0) {
		conv_fault(r, c);
	} else {
		r->o.count = (u32)n;
		req_ok(r);
	}
}

/* endwrite lets the next writer begin. */
static void endwrite(Req *r, Conv *c)
{
	if (c->writer == r) {
		c->writer = NULL;
		rendez_one(&c->writez);
	}
}

/* A write that the socket takes only a part of waits for room; others wait behind it.  r->aux counts the bytes gone. */
static void tcp_write(Req *r, Conv *c)
{
	size_t done = (size_t)(uintptr_t)r->aux;

	if (c->writer != NULL && c->writer != r) {
		req_sleep(r, &c->writez, -1);
		return;
	}
	if (c->fd < 0)
		endwrite(r, c);
	if (!conv_usable(r, c))
		return;
	if (done == 0 && r->i.count >= BULK && ipsock_room(c->fd, r->i.count))
		req_ack(r); /* the writer goes on while Linux copies */
	while (done < r->i.count) {
		ssize_t n = ipsock_send(c->fd, r->i.data + done, r->i.count - done);

		if (n == IPSOCK_AGAIN) {
			c->writer = r;
			r->aux = (void *)(uintptr_t)done;
			req_poll(r, c->fd, POLLOUT, -1);
			return;
		}
		if (n < 0) {
			endwrite(r, c);
			conv_fault(r, c);
			return;
		}
		done += (size_t)n;
	}
	endwrite(r, c);
	r->o.count = r->i.count;
	req_ok(r);
}

static int tcp_hangup(Conv *c, bool reset)
{
	if (c->handed)
		return werrstr("the socket of tcp/%d was handed to a program: end that", c->x);
	if (c->fd >= 0) {
		if (reset)
			ipsock_reset(c->fd);
		ipsock_hangup(c->fd);
	}
	conv_hangup(c, reset ? errtext(Ehungup) : "");
	return 0;
}

static int tcp_keepalive(Conv *c, char **f, int n)
{
	i64 ms = KEEPALIVE;

	if (n > 1 && str_int(f[1], 0, 1 << 30, &ms) < 0)
		return -1;
	if (c->fd < 0)
		return werrstr("connect first");
	return ipsock_keepalive(c->fd, (int)ms);
}

static int tcp_ctl(Req *r, Conv *c, char **f, int n)
{
	(void)r;
	if (n == 1 && strcmp(f[0], "close") == 0)
		return tcp_hangup(c, false);
	if (n == 1 && strcmp(f[0], "hangup") == 0)
		return tcp_hangup(c, true);
	if (strcmp(f[0], "keepalive") == 0)
		return tcp_keepalive(c, f, n);
	if (strcmp(f[0], "checksum") == 0)
		return n == 2 && strcmp(f[1], "0") != 0 ? 0 : werrstr("checksum 0: Linux always sends TCP checksums");
	if (strcmp(f[0], "tcpporthogdefense") == 0)
		return n == 2 && strcmp(f[1], "off") == 0 ? 0 : werrstr("tcpporthogdefense: Linux has none");
	return errset(Ebadctl);
}

const Proto ip_tcp = {
	.name = "tcp", .max = 4096, .kind = IpTcp, .connect = conv_stdconnect, .announce = conv_stdannounce,
	.bind = conv_stdbind, .ctl = tcp_ctl, .state = tcp_state, .listen = tcp_listen, .read = tcp_read,
	.write = tcp_write, .stats = stats_tcp,
};
