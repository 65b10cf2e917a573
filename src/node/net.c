#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/netns.h>
#include "unit.h"

/* A segment is a bridge that has no address of its own; IPv6 would give it one. */
static void quiet(void)
{
	(void)!io_spit("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1", 1, 0);
	(void)!io_spit("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", 1, 0);
}

int net_start(Sup *s)
{
	if ((s->nl = netlink_open(-1)) == NULL)
		return -1;
	quiet();
	for (int i = 0; i < s->g->nseg; i++) {
		const Segment *g = &s->g->seg[i];

		if (netlink_bridge(s->nl, g->name) < 0 || (g->mtu && netlink_mtu(s->nl, g->name, g->mtu) < 0) ||
		    netlink_up(s->nl, g->name, true) < 0)
			return werrstr("segment %s: %s", g->name, rerrstr());
	}
	return 0;
}

static int attach1(Sup *s, Unit *u, const Ether *e)
{
	const Segment *g = &s->g->seg[e->segment];
	char here[IFNAMELEN], there[IFNAMELEN];

	snprintf(here, sizeof here, "%d.%d", u->serial, e->n);
	snprintf(there, sizeof there, u->m->host ? "eth%d" : "ether%d", e->n);
	if (netlink_veth(s->nl, here, NULL, there, u->net, e->mac) < 0)
		return werrstr("%s: %s", there, rerrstr());
	if (g->mtu) {
		Netlink *nl = netlink_open(u->net);
		int r = nl ? netlink_mtu(nl, there, g->mtu) : -1;

		if (nl != NULL)
			netlink_close(nl);
		if (r < 0 || netlink_mtu(s->nl, here, g->mtu) < 0)
			return werrstr("%s: mtu %u: %s", there, g->mtu, rerrstr());
	}
	if (netlink_master(s->nl, here, g->name) < 0 || netlink_up(s->nl, here, true) < 0)
		return werrstr("%s on segment %s: %s", there, g->name, rerrstr());
	return 0;
}

/* setaddress gives a host its static address and default route; one without has to ask for it. */
static int setaddress(Netlink *nl, const Machine *m)
{
	autofree char *dev = mem_printf("eth%d", m->ether[0].n);
	IfAddr a = { .ip = m->ip, .peer = m->ip, .bits = m->bits };
	IpRoute r = { .gw = m->gwip };

	if ((a.index = netlink_index(nl, dev)) < 0)
		return -1;
	if (m->addr != NULL && netlink_addaddr(nl, &a) < 0)
		return werrstr("address %s: %s", m->addr, rerrstr());
	if (m->gw == NULL)
		return 0;
	r.v6 = !ip_isv4(&m->gwip);
	r.dst = r.v6 ? ip_none : ip_v4none;
	r.dstbits = r.v6 ? 0 : 96;
	return netlink_addroute(nl, &r) < 0 ? werrstr("gateway %s: %s", m->gw, rerrstr()) : 0;
}

static int hostnet(Netlink *nl, const Machine *m)
{
	if (netlink_up(nl, "lo", true) < 0)
		return -1;
	for (int i = 0; i < m->nether; i++) {
		autofree char *dev = mem_printf("eth%d", m->ether[i].n);

		if (netlink_up(nl, dev, true) < 0)
			return -1;
	}
	return m->nether > 0 ? setaddress(nl, m) : 0;
}

int net_attach(Sup *s, Unit *u)
{
	Netlink *nl;
	int r;

	for (int i = 0; i < u->m->nether; i++)
		if (attach1(s, u, &u->m->ether[i]) < 0)
			return -1;
	if (!u->m->host)
		return 0;
	if ((nl = netlink_open(u->net)) == NULL)
		return -1;
	r = hostnet(nl, u->m);
	netlink_close(nl);
	return r;
}
