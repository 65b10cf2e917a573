/*
 * Links: interfaces, pairs, bridges.  The essay is in nl.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <net/if.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include "nl.h"

#ifndef ARPHRD_ETHER
enum { ARPHRD_ETHER = 1, ARPHRD_LOOPBACK = 772 };
#endif
enum {
	LOOPBACK = 1,      /* the index of lo: Linux makes it first, and sees to that */
	MACVLANBRIDGE = 4, /* MACVLAN_MODE_BRIDGE */
};

Netlink *netlink_open(int ns)
{
	return nl_open(ns, NETLINK_ROUTE);
}

static void stats(Iface *f, const struct rtattr *a)
{
	struct rtnl_link_stats64 s = { 0 };

	if (a == NULL)
		return;
	memcpy(&s, RTA_DATA(a), RTA_PAYLOAD(a) < sizeof s ? RTA_PAYLOAD(a) : sizeof s);
	f->in = s.rx_packets;
	f->out = s.tx_packets;
	f->inbytes = s.rx_bytes;
	f->outbytes = s.tx_bytes;
	f->inerr = s.rx_errors;
	f->outerr = s.tx_errors;
	f->indrop = s.rx_dropped;
	f->crc = s.rx_crc_errors;
	f->overflow = s.rx_over_errors;
	f->frame = s.rx_frame_errors;
}

static void attrname(char *to, size_t room, const struct rtattr *a)
{
	size_t n = a != NULL ? strnlen(RTA_DATA(a), RTA_PAYLOAD(a)) : 0;

	if (n > room - 1)
		n = room - 1;
	if (n > 0)
		memcpy(to, RTA_DATA(a), n);
	to[n] = '\0';
}

static void onlink(void *buf, const struct nlmsghdr *h)
{
	const struct ifinfomsg *m = NLMSG_DATA(h);
	Iface f = { .index = m->ifi_index };
	Nlattrs at, info;

	if (h->nlmsg_type != RTM_NEWLINK)
		return;
	nl_parse(h, sizeof *m, at);
	nl_parsenest(at[IFLA_LINKINFO], 0, info);
	attrname(f.name, sizeof f.name, at[IFLA_IFNAME]);
	attrname(f.alias, sizeof f.alias, at[IFLA_IFALIAS]);
	attrname(f.kind, sizeof f.kind, info[IFLA_INFO_KIND]);
	f.ether = m->ifi_type == ARPHRD_ETHER;
	f.loopback = m->ifi_type == ARPHRD_LOOPBACK;
	f.up = (m->ifi_flags & IFF_UP) != 0;
	f.running = (m->ifi_flags & IFF_RUNNING) != 0;
	f.mtu = nl_u32(at[IFLA_MTU]);
	f.master = (int)nl_u32(at[IFLA_MASTER]);
	if (at[IFLA_ADDRESS] != NULL && RTA_PAYLOAD(at[IFLA_ADDRESS]) == MACLEN)
		memcpy(f.mac, RTA_DATA(at[IFLA_ADDRESS]), MACLEN);
	stats(&f, at[IFLA_STATS64]);
	buf_add(buf, &f, sizeof f);
}

int netlink_links(Netlink *n, Iface **out)
{
	struct ifinfomsg m = { 0 };
	void *p = NULL;
	int rc;
	Nlreq r;

	nl_start(&r, RTM_GETLINK, 0, &m, sizeof m);
	rc = nl_dump(n, &r, onlink, sizeof(Iface), &p);
	*out = p;
	return rc;
}

static int nametoolong(const char *name)
{
	if (name[0] == '\0' || strlen(name) >= IFNAMELEN)
		return werrstr("interface name '%.40s' is empty or longer than %d bytes", name, IFNAMELEN - 1);
	return 0;
}

int netlink_link(Netlink *n, const char *name, Iface *i)
{
	struct ifinfomsg m = { 0 };
	autobuf Buf b = { 0 };
	Nlreq r;

	if (nametoolong(name) < 0)
		return -1;
	nl_start(&r, RTM_GETLINK, 0, &m, sizeof m);
	nl_attrstr(&r, IFLA_IFNAME, name);
	if (nl_talk(n, &r, onlink, &b) < 0)
		return werrstr("interface %s: %s", name, rerrstr());
	if (b.n != sizeof *i)
		return werrstr("interface %s: %s", name, errtext(Enonexist));
	memcpy(i, b.p, sizeof *i);
	return 0;
}

int netlink_index(Netlink *n, const char *name)
{
	Iface i;

	return netlink_link(n, name, &i) < 0 ? -1 : i.index;
}

/* newlink begins a request for a new interface of a kind; what follows goes into its data until endlink. */
static int newlink(Nlreq *r, const char *name, const u8 *mac, const char *kind, int parent, int ns, size_t at[2])
{
	struct ifinfomsg m = { 0 };

	if (nametoolong(name) < 0)
		return -1;
	nl_start(r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &m, sizeof m);
	nl_attrstr(r, IFLA_IFNAME, name);
	if (mac != NULL)
		nl_attr(r, IFLA_ADDRESS, mac, MACLEN);
	if (parent > 0)
		nl_attr32(r, IFLA_LINK, (u32)parent);
	if (ns >= 0)
		nl_attr32(r, IFLA_NET_NS_FD, (u32)ns);
	at[0] = nl_nest(r, IFLA_LINKINFO, NULL, 0);
	nl_attrstr(r, IFLA_INFO_KIND, kind);
	at[1] = nl_nest(r, IFLA_INFO_DATA, NULL, 0);
	return 0;
}

static int endlink(Netlink *n, Nlreq *r, const char *name, const char *kind, size_t at[2])
{
	nl_unnest(r, at[1]);
	nl_unnest(r, at[0]);
	return nl_talk(n, r, NULL, NULL) < 0 ? werrstr("make %s %s: %s", kind, name, rerrstr()) : 0;
}

int netlink_veth(Netlink *n, const char *name, const u8 *mac, const char *peer, int peerns, const u8 *peermac)
{
	struct ifinfomsg m = { 0 };
	size_t at[2], in;
	Nlreq r;

	if (nametoolong(peer) < 0 || newlink(&r, name, mac, "veth", 0, -1, at) < 0)
		return -1;
	in = nl_nest(&r, VETH_INFO_PEER, &m, sizeof m);
	nl_attrstr(&r, IFLA_IFNAME, peer);
	if (peermac != NULL)
		nl_attr(&r, IFLA_ADDRESS, peermac, MACLEN);
	if (peerns >= 0)
		nl_attr32(&r, IFLA_NET_NS_FD, (u32)peerns);
	nl_unnest(&r, in);
	return endlink(n, &r, name, "veth", at);
}

int netlink_bridge(Netlink *n, const char *name)
{
	size_t at[2];
	Nlreq r;
	u8 zero = 0;

	if (newlink(&r, name, NULL, "bridge", 0, -1, at) < 0)
		return -1;
	nl_attr32(&r, IFLA_BR_FORWARD_DELAY, 0);
	nl_attr(&r, IFLA_BR_MCAST_SNOOPING, &zero, 1);
	return endlink(n, &r, name, "bridge", at);
}

int netlink_dummy(Netlink *n, const char *name)
{
	size_t at[2];
	Nlreq r;

	if (newlink(&r, name, NULL, "dummy", 0, -1, at) < 0)
		return -1;
	return endlink(n, &r, name, "dummy", at);
}

int netlink_macvlan(Netlink *n, const char *name, const char *parent, int ns)
{
	int index = netlink_index(n, parent);
	size_t at[2];
	Nlreq r;

	if (index < 0 || newlink(&r, name, NULL, "macvlan", index, ns, at) < 0)
		return -1;
	nl_attr32(&r, IFLA_MACVLAN_MODE, MACVLANBRIDGE);
	return endlink(n, &r, name, "macvlan", at);
}

/* change begins a change of the interface called name; doit sends it and says what failed. */
static int change(Netlink *n, Nlreq *r, int type, const char *name, unsigned flags, unsigned mask)
{
	struct ifinfomsg m = { .ifi_index = netlink_index(n, name), .ifi_flags = flags, .ifi_change = mask };

	if (m.ifi_index < 0)
		return -1;
	nl_start(r, type, 0, &m, sizeof m);
	return 0;
}

static int doit(Netlink *n, Nlreq *r, const char *name, const char *what)
{
	return nl_talk(n, r, NULL, NULL) < 0 ? werrstr("interface %s: %s: %s", name, what, rerrstr()) : 0;
}

int netlink_delete(Netlink *n, const char *name)
{
	Nlreq r;

	return change(n, &r, RTM_DELLINK, name, 0, 0) < 0 ? -1 : doit(n, &r, name, "delete");
}

int netlink_up(Netlink *n, const char *name, bool up)
{
	Nlreq r;

	if (change(n, &r, RTM_NEWLINK, name, up ? IFF_UP : 0, IFF_UP) < 0)
		return -1;
	return doit(n, &r, name, up ? "bring up" : "take down");
}

int netlink_loopback(Netlink *n)
{
	struct ifinfomsg m = { .ifi_index = LOOPBACK, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	IfAddr a[2] = { { .index = LOOPBACK, .bits = 104 }, { .index = LOOPBACK, .bits = 128 } };
	Nlreq r;

	nl_start(&r, RTM_NEWLINK, 0, &m, sizeof m);
	if (doit(n, &r, "lo", "bring up") < 0 || ip_parse("127.0.0.1", &a[0].ip) < 0 || ip_parse("::1", &a[1].ip) < 0 ||
	    netlink_deladdr(n, &a[0]) < 0)
		return -1;
	(void)!netlink_deladdr(n, &a[1]); /* not there on a host without IPv6 */
	return 0;
}

int netlink_promisc(Netlink *n, const char *name, bool on)
{
	Nlreq r;

	if (change(n, &r, RTM_NEWLINK, name, on ? IFF_PROMISC : 0, IFF_PROMISC) < 0)
		return -1;
	return doit(n, &r, name, "promiscuous");
}

int netlink_mtu(Netlink *n, const char *name, u32 mtu)
{
	Nlreq r;

	if (change(n, &r, RTM_NEWLINK, name, 0, 0) < 0)
		return -1;
	nl_attr32(&r, IFLA_MTU, mtu);
	return doit(n, &r, name, "mtu");
}

int netlink_mac(Netlink *n, const char *name, const u8 mac[MACLEN])
{
	Nlreq r;

	if (change(n, &r, RTM_NEWLINK, name, 0, 0) < 0)
		return -1;
	nl_attr(&r, IFLA_ADDRESS, mac, MACLEN);
	return doit(n, &r, name, "ether address");
}

int netlink_rename(Netlink *n, const char *name, const char *to)
{
	Nlreq r;

	if (nametoolong(to) < 0 || change(n, &r, RTM_NEWLINK, name, 0, 0) < 0)
		return -1;
	nl_attrstr(&r, IFLA_IFNAME, to);
	return doit(n, &r, name, "rename");
}

int netlink_alias(Netlink *n, const char *name, const char *text)
{
	size_t len = strlen(text);
	Nlreq r;

	if (change(n, &r, RTM_NEWLINK, name, 0, 0) < 0)
		return -1;
	nl_attr(&r, IFLA_IFALIAS, text, len < IFALIASLEN ? len : IFALIASLEN - 1);
	return doit(n, &r, name, "alias");
}

int netlink_master(Netlink *n, const char *name, const char *bridge)
{
	int index = bridge != NULL ? netlink_index(n, bridge) : 0;
	Nlreq r;

	if (index < 0 || change(n, &r, RTM_NEWLINK, name, 0, 0) < 0)
		return -1;
	nl_attr32(&r, IFLA_MASTER, (u32)index);
	return doit(n, &r, name, "join bridge");
}

int netlink_move(Netlink *n, const char *name, int ns, const char *as)
{
	Nlreq r;

	if ((as != NULL && nametoolong(as) < 0) || change(n, &r, RTM_NEWLINK, name, 0, 0) < 0)
		return -1;
	if (as != NULL)
		nl_attrstr(&r, IFLA_IFNAME, as);
	nl_attr32(&r, IFLA_NET_NS_FD, (u32)ns);
	return doit(n, &r, name, "move to another net name space");
}
