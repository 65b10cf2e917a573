/*
 * Addresses, routes and neighbours.  The essay is in nl.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <base/err.h>
#include <base/mem.h>
#include "nl.h"

enum { V4BITS = 96 };

static int family(const Ip *ip)
{
	return ip_isv4(ip) ? AF_INET : AF_INET6;
}

/* linuxbits turns a prefix length of 128 bits into ip's family's; -1 if an IPv4 address has one below 96. */
static int linuxbits(const Ip *ip, int bits)
{
	char buf[IPTEXT];

	if (bits < (ip_isv4(ip) ? V4BITS : 0) || bits > 128)
		return werrstr("prefix /%d does not fit %s", bits, ip_print(ip, buf));
	return ip_isv4(ip) ? bits - V4BITS : bits;
}

static int plan9bits(int fam, int bits)
{
	return fam == AF_INET ? bits + V4BITS : bits;
}

static int fail(const char *what, const Ip *ip, int bits)
{
	char buf[IPTEXT];

	return werrstr("%s %s/%d: %s", what, ip_print(ip, buf), ip_isv4(ip) ? bits - V4BITS : bits, rerrstr());
}

static void onaddr(void *buf, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	IfAddr a = { .index = (int)m->ifa_index, .valid = ~0u, .preferred = ~0u };
	struct ifa_cacheinfo life;
	Nlattrs at;

	if (h->nlmsg_type != RTM_NEWADDR || (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
		return;
	nl_parse(h, sizeof *m, at);
	if (!nl_ip(at[IFA_LOCAL], &a.ip) && !nl_ip(at[IFA_ADDRESS], &a.ip))
		return;
	if (!nl_ip(at[IFA_ADDRESS], &a.peer))
		a.peer = a.ip;
	a.bits = plan9bits(m->ifa_family, m->ifa_prefixlen);
	a.tentative = ((at[IFA_FLAGS] != NULL ? nl_u32(at[IFA_FLAGS]) : m->ifa_flags) & IFA_F_TENTATIVE) != 0;
	if (at[IFA_CACHEINFO] != NULL && RTA_PAYLOAD(at[IFA_CACHEINFO]) >= sizeof life) {
		memcpy(&life, RTA_DATA(at[IFA_CACHEINFO]), sizeof life);
		a.valid = life.ifa_valid;
		a.preferred = life.ifa_prefered;
	}
	buf_add(buf, &a, sizeof a);
}

int netlink_addrs(Netlink *n, IfAddr **out)
{
	struct ifaddrmsg m = { 0 };
	void *p = NULL;
	int rc;
	Nlreq r;

	nl_start(&r, RTM_GETADDR, 0, &m, sizeof m);
	rc = nl_dump(n, &r, onaddr, sizeof(IfAddr), &p);
	*out = p;
	return rc;
}

static void broadcast(Nlreq *r, const IfAddr *a)
{
	Ip mask = ip_cidr(a->bits), b = a->ip;

	if (!ip_isv4(&a->ip) || a->bits > 126 || b.b[IP4OFF] == 127)
		return;
	for (int i = IP4OFF; i < IPLEN; i++)
		b.b[i] |= (u8)~mask.b[i];
	nl_attrip(r, IFA_BROADCAST, &b);
}

static int startaddr(Nlreq *r, int type, int flags, const IfAddr *a)
{
	int bits = linuxbits(&a->ip, a->bits);
	struct ifaddrmsg m = { .ifa_family = (u8)family(&a->ip), .ifa_prefixlen = (u8)bits, .ifa_index = (u32)a->index };
	bool peer = !ip_isnone(&a->peer) && !ip_eq(&a->peer, &a->ip);

	if (bits < 0)
		return -1;
	if (peer && family(&a->peer) != family(&a->ip))
		return werrstr("local and remote address are of different IP versions");
	nl_start(r, type, flags, &m, sizeof m);
	nl_attrip(r, IFA_LOCAL, &a->ip);
	nl_attrip(r, IFA_ADDRESS, peer ? &a->peer : &a->ip);
	return 0;
}

int netlink_addaddr(Netlink *n, const IfAddr *a)
{
	struct ifa_cacheinfo life = { .ifa_valid = a->valid, .ifa_prefered = a->preferred };
	Nlreq r;

	if (startaddr(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, a) < 0)
		return -1;
	if (ip_isnone(&a->peer) || ip_eq(&a->peer, &a->ip))
		broadcast(&r, a);
	if (!ip_isv4(&a->ip) && !a->tentative)
		nl_attr32(&r, IFA_FLAGS, IFA_F_NODAD);
	if (a->valid != 0)
		nl_attr(&r, IFA_CACHEINFO, &life, sizeof life);
	return nl_talk(n, &r, NULL, NULL) < 0 ? fail("add address", &a->ip, a->bits) : 0;
}

int netlink_deladdr(Netlink *n, const IfAddr *a)
{
	Nlreq r;

	if (startaddr(&r, RTM_DELADDR, 0, a) < 0)
		return -1;
	return nl_talk(n, &r, NULL, NULL) < 0 ? fail("remove address", &a->ip, a->bits) : 0;
}

static int routetype(int t)
{
	switch (t) {
	case RTN_UNICAST:
		return RouteUnicast;
	case RTN_LOCAL:
	case RTN_ANYCAST:
		return RouteLocal;
	case RTN_BROADCAST:
		return RouteBroadcast;
	case RTN_MULTICAST:
		return RouteMulticast;
	}
	return RouteOther;
}

static void onroute(void *buf, const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	IpRoute t = { .v6 = m->rtm_family == AF_INET6, .origin = m->rtm_protocol, .type = routetype(m->rtm_type) };
	Nlattrs at;

	if (h->nlmsg_type != RTM_NEWROUTE || (m->rtm_family != AF_INET && m->rtm_family != AF_INET6) ||
	    (m->rtm_flags & RTM_F_CLONED) != 0)
		return;
	nl_parse(h, sizeof *m, at);
	if (!nl_ip(at[RTA_DST], &t.dst))
		t.dst = t.v6 ? ip_none : ip_v4none;
	nl_ip(at[RTA_SRC], &t.src);
	nl_ip(at[RTA_GATEWAY], &t.gw);
	nl_ip(at[RTA_PREFSRC], &t.prefsrc);
	t.dstbits = plan9bits(m->rtm_family, m->rtm_dst_len);
	t.srcbits = m->rtm_src_len > 0 ? plan9bits(m->rtm_family, m->rtm_src_len) : 0;
	t.index = (int)nl_u32(at[RTA_OIF]);
	t.table = at[RTA_TABLE] != NULL ? (int)nl_u32(at[RTA_TABLE]) : m->rtm_table;
	t.metric = nl_u32(at[RTA_PRIORITY]);
	t.onlink = (m->rtm_flags & RTNH_F_ONLINK) != 0;
	buf_add(buf, &t, sizeof t);
}

int netlink_routes(Netlink *n, IpRoute **out)
{
	struct rtmsg m = { 0 };
	void *p = NULL;
	int rc;
	Nlreq r;

	nl_start(&r, RTM_GETROUTE, 0, &m, sizeof m);
	rc = nl_dump(n, &r, onroute, sizeof(IpRoute), &p);
	*out = p;
	return rc;
}

static int routeop(Netlink *n, int type, int flags, const IpRoute *t)
{
	int bits = linuxbits(&t->dst, t->dstbits), sbits = t->srcbits > 0 ? linuxbits(&t->src, t->srcbits) : 0;
	struct rtmsg m = { .rtm_family = (u8)family(&t->dst), .rtm_dst_len = (u8)bits, .rtm_src_len = (u8)sbits,
			   .rtm_protocol = (u8)t->origin, .rtm_table = RT_TABLE_UNSPEC };
	Nlreq r;

	if (bits < 0 || sbits < 0)
		return -1;
	if (type == RTM_NEWROUTE) {
		m.rtm_type = RTN_UNICAST;
		m.rtm_scope = ip_isnone(&t->gw) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
		m.rtm_flags = t->onlink ? RTNH_F_ONLINK : 0;
		m.rtm_protocol = (u8)(t->origin != 0 ? t->origin : RouteByBoot);
	} else {
		m.rtm_scope = RT_SCOPE_NOWHERE;
	}
	nl_start(&r, type, flags, &m, sizeof m);
	if (bits > 0)
		nl_attrip(&r, RTA_DST, &t->dst);
	if (sbits > 0)
		nl_attrip(&r, RTA_SRC, &t->src);
	if (!ip_isnone(&t->gw))
		nl_attrip(&r, RTA_GATEWAY, &t->gw);
	if (!ip_isnone(&t->prefsrc))
		nl_attrip(&r, RTA_PREFSRC, &t->prefsrc);
	if (t->index > 0)
		nl_attr32(&r, RTA_OIF, (u32)t->index);
	if (t->metric > 0)
		nl_attr32(&r, RTA_PRIORITY, t->metric);
	nl_attr32(&r, RTA_TABLE, t->table > 0 ? (u32)t->table : RT_TABLE_MAIN);
	return nl_talk(n, &r, NULL, NULL);
}

int netlink_addroute(Netlink *n, const IpRoute *t)
{
	if (routeop(n, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, t) < 0)
		return fail("add route", &t->dst, t->dstbits);
	return 0;
}

int netlink_delroute(Netlink *n, const IpRoute *t)
{
	return routeop(n, RTM_DELROUTE, 0, t) < 0 ? fail("remove route", &t->dst, t->dstbits) : 0;
}

static void onrule(void *buf, const struct nlmsghdr *h)
{
	const struct fib_rule_hdr *m = NLMSG_DATA(h);
	IpRule t = { .suppress = -1 };
	Nlattrs at;

	if (h->nlmsg_type != RTM_NEWRULE || m->family != AF_INET)
		return;
	nl_parse(h, sizeof *m, at);
	nl_ip(at[FRA_SRC], &t.src);
	t.srcbits = m->src_len > 0 ? plan9bits(AF_INET, m->src_len) : 0;
	t.table = at[FRA_TABLE] != NULL ? (int)nl_u32(at[FRA_TABLE]) : m->table;
	t.priority = nl_u32(at[FRA_PRIORITY]);
	if (at[FRA_SUPPRESS_PREFIXLEN] != NULL)
		t.suppress = (int)nl_u32(at[FRA_SUPPRESS_PREFIXLEN]);
	buf_add(buf, &t, sizeof t);
}

int netlink_rules(Netlink *n, IpRule **out)
{
	struct fib_rule_hdr m = { .family = AF_INET };
	void *p = NULL;
	int rc;
	Nlreq r;

	nl_start(&r, RTM_GETRULE, 0, &m, sizeof m);
	rc = nl_dump(n, &r, onrule, sizeof(IpRule), &p);
	*out = p;
	return rc;
}

static int ruleop(Netlink *n, int type, int flags, const IpRule *t)
{
	struct fib_rule_hdr m = { .family = AF_INET, .action = FR_ACT_TO_TBL, .table = RT_TABLE_UNSPEC };
	Nlreq r;

	if (t->srcbits > 0)
		m.src_len = (u8)(t->srcbits - V4BITS);
	nl_start(&r, type, flags, &m, sizeof m);
	if (t->srcbits > 0)
		nl_attrip(&r, FRA_SRC, &t->src);
	nl_attr32(&r, FRA_TABLE, (u32)t->table);
	nl_attr32(&r, FRA_PRIORITY, t->priority);
	if (t->suppress >= 0)
		nl_attr32(&r, FRA_SUPPRESS_PREFIXLEN, (u32)t->suppress);
	return nl_talk(n, &r, NULL, NULL);
}

int netlink_addrule(Netlink *n, const IpRule *t)
{
	return ruleop(n, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, t) < 0 ? fail("add rule from", &t->src, t->srcbits) : 0;
}

int netlink_delrule(Netlink *n, const IpRule *t)
{
	return ruleop(n, RTM_DELRULE, 0, t) < 0 ? fail("remove rule from", &t->src, t->srcbits) : 0;
}

static void onneigh(void *buf, const struct nlmsghdr *h)
{
	const struct ndmsg *m = NLMSG_DATA(h);
	Neigh e = { .index = m->ndm_ifindex };
	Nlattrs at;

	if (h->nlmsg_type != RTM_NEWNEIGH || (m->ndm_family != AF_INET && m->ndm_family != AF_INET6))
		return;
	nl_parse(h, sizeof *m, at);
	if (!nl_ip(at[NDA_DST], &e.ip) || (m->ndm_state & NUD_NOARP) != 0)
		return;
	if (at[NDA_LLADDR] != NULL && RTA_PAYLOAD(at[NDA_LLADDR]) == MACLEN) {
		memcpy(e.mac, RTA_DATA(at[NDA_LLADDR]), MACLEN);
		e.hasmac = true;
	}
	e.permanent = (m->ndm_state & NUD_PERMANENT) != 0;
	e.failed = (m->ndm_state & NUD_FAILED) != 0;
	e.resolved = e.hasmac && (m->ndm_state & (NUD_INCOMPLETE | NUD_FAILED)) == 0;
	buf_add(buf, &e, sizeof e);
}

int netlink_neighs(Netlink *n, Neigh **out)
{
	struct ndmsg m = { 0 };
	void *p = NULL;
	int rc;
	Nlreq r;

	nl_start(&r, RTM_GETNEIGH, 0, &m, sizeof m);
	rc = nl_dump(n, &r, onneigh, sizeof(Neigh), &p);
	*out = p;
	return rc;
}

static int neighop(Netlink *n, int type, int flags, const Neigh *e)
{
	struct ndmsg m = { .ndm_family = (u8)family(&e->ip), .ndm_ifindex = e->index, .ndm_state = NUD_PERMANENT };
	Nlreq r;

	nl_start(&r, type, flags, &m, sizeof m);
	nl_attrip(&r, NDA_DST, &e->ip);
	if (type == RTM_NEWNEIGH)
		nl_attr(&r, NDA_LLADDR, e->mac, MACLEN);
	return nl_talk(n, &r, NULL, NULL);
}

int netlink_addneigh(Netlink *n, const Neigh *e)
{
	return neighop(n, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, e) < 0 ? fail("add arp entry", &e->ip, 128) : 0;
}

int netlink_delneigh(Netlink *n, const Neigh *e)
{
	return neighop(n, RTM_DELNEIGH, 0, e) < 0 ? fail("remove arp entry", &e->ip, 128) : 0;
}
