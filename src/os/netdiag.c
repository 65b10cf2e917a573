/*
 * sock_diag: the state of a TCP socket that another process holds, found by
 * its addresses and cookie.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <base/bytes.h>
#include <base/err.h>
#include "nl.h"

static const char *const states[] = {
	[0] = "Closed", [1] = "Established", [2] = "Syn_sent", [3] = "Syn_received", [4] = "Finwait1",
	[5] = "Finwait2", [6] = "Time_wait", [7] = "Closed", [8] = "Close_wait", [9] = "Last_ack",
	[10] = "Listen", [11] = "Closing", [12] = "Syn_received",
};

Netlink *netlink_opendiag(int ns)
{
	return nl_open(ns, NETLINK_SOCK_DIAG);
}

typedef struct Found {
	TcpState *t;
	bool found;
} Found;

static void ondiag(void *arg, const struct nlmsghdr *h)
{
	Found *f = arg;
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	struct tcp_info i = { 0 };
	TcpState *t = f->t;
	Nlattrs at;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof *m))
		return;
	nl_parse(h, sizeof *m, at);
	if (at[INET_DIAG_INFO] != NULL) {
		size_t n = RTA_PAYLOAD(at[INET_DIAG_INFO]);

		memcpy(&i, RTA_DATA(at[INET_DIAG_INFO]), n < sizeof i ? n : sizeof i);
	}
	f->found = true;
	t->name = m->idiag_state < nelem(states) ? states[m->idiag_state] : "Closed";
	t->qin = m->idiag_rqueue;
	t->qout = m->idiag_wqueue;
	t->uid = m->idiag_uid;
	t->rtt = i.tcpi_rtt / 1000;
	t->rttvar = i.tcpi_rttvar / 1000;
	t->rto = i.tcpi_rto / 1000;
	t->mss = i.tcpi_snd_mss;
	t->cwnd = i.tcpi_snd_cwnd * i.tcpi_snd_mss;
	t->rcvwnd = i.tcpi_rcv_space;
	t->sndwnd = i.tcpi_snd_wnd;
	t->wscale = i.tcpi_snd_wscale;
	t->rscale = i.tcpi_rcv_wscale;
	t->retransmits = i.tcpi_total_retrans;
}

int netlink_tcp(Netlink *n, const Ip *laddr, u16 lport, const Ip *raddr, u16 rport, u64 cookie, TcpState *t)
{
	struct inet_diag_req_v2 q = { .sdiag_protocol = IPPROTO_TCP, .idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = ~0u };
	bool v4 = ip_isv4(laddr) && (rport == 0 || ip_isv4(raddr));
	Found f = { .t = t };
	Nlreq r;

	memset(t, 0, sizeof *t);
	q.sdiag_family = v4 ? AF_INET : AF_INET6;
	put_be16((u8 *)&q.id.idiag_sport, lport);
	put_be16((u8 *)&q.id.idiag_dport, rport);
	memcpy(q.id.idiag_src, laddr->b + (v4 ? IP4OFF : 0), v4 ? 4 : IPLEN);
	if (rport != 0)
		memcpy(q.id.idiag_dst, raddr->b + (v4 ? IP4OFF : 0), v4 ? 4 : IPLEN);
	q.id.idiag_cookie[0] = (u32)cookie;
	q.id.idiag_cookie[1] = (u32)(cookie >> 32);
	nl_start(&r, SOCK_DIAG_BY_FAMILY, 0, &q, sizeof q);
	if (nl_talk(n, &r, ondiag, &f) < 0)
		return errcode(rerrstr()) == Enonexist ? errset(Ehungup) : -1;
	return f.found ? 0 : errset(Ehungup);
}
