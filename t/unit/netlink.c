#include <stdlib.h>
#include <unistd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <base/bytes.h>
#include <base/err.h>
#include <os/netlink.h>
#include <os/netns.h>
#include "stack.h"
#include "tap.h"

static const u8 mac1[MACLEN] = { 2, 0, 0, 0, 0, 1 };

static Ip addr(const char *s)
{
	Ip ip;

	if (ip_parse(s, &ip) < 0)
		abort();
	return ip;
}

static void links(Netlink *here, Netlink *there, int ns)
{
	Iface i, *list = NULL;
	int n;

	ok(netlink_veth(here, "v0", mac1, "v1", ns, NULL) == 0, "a pair across name spaces: %s", rerrstr());
	ok(netlink_link(there, "v1", &i) == 0 && i.ether && !i.up && strcmp(i.kind, "veth") == 0, "its other end is there");
	ok(netlink_link(here, "v0", &i) == 0 && memcmp(i.mac, mac1, MACLEN) == 0, "with the MAC asked for");
	is_int(netlink_veth(here, "v0", NULL, "v2", -1, NULL), -1, "the name is taken");
	is_str(rerrstr(), "make veth v0: file already exists", "and the error says so");
	is_int(netlink_link(here, "v1", &i), -1, "the other end is not here");
	is_str(rerrstr(), "interface v1: device does not exist", "no such interface");
	is_int(netlink_veth(here, "a-name-that-is-too-long", NULL, "v2", -1, NULL), -1, "a long name is refused");
	ok(netlink_bridge(here, "br0") == 0 && netlink_master(here, "v0", "br0") == 0, "a bridge with a port: %s", rerrstr());
	ok(netlink_link(here, "v0", &i) == 0 && i.master == netlink_index(here, "br0"), "the port knows its bridge");
	ok(netlink_master(here, "v0", NULL) == 0 && netlink_link(here, "v0", &i) == 0 && i.master == 0, "and leaves it");
	ok(netlink_mtu(here, "v0", 1450) == 0 && netlink_link(here, "v0", &i) == 0 && i.mtu == 1450, "mtu");
	ok(netlink_up(here, "v0", true) == 0 && netlink_up(there, "v1", true) == 0, "both up: %s", rerrstr());
	ok(netlink_link(here, "v0", &i) == 0 && i.up && i.running, "up and running");
	ok(netlink_veth(here, "w0", NULL, "w1", -1, NULL) == 0 && netlink_move(here, "w1", ns, "eth9") == 0, "move: %s", rerrstr());
	ok(netlink_link(there, "eth9", &i) == 0, "under another name");
	ok(netlink_rename(there, "eth9", "eth8") == 0 && netlink_mac(there, "eth8", mac1) == 0, "rename, MAC: %s", rerrstr());
	ok(netlink_link(there, "eth8", &i) == 0 && memcmp(i.mac, mac1, MACLEN) == 0, "the MAC is set");
	ok(netlink_delete(here, "w0") == 0 && netlink_link(there, "eth8", &i) < 0, "deleting one end deletes the other");
	n = netlink_links(here, &list);
	is_int(n, 3, "lo, v0 and br0 are left");
	free(list);
}

static bool hasaddr(Netlink *nl, const char *s, int bits, const char *peer)
{
	Ip ip = addr(s), p = addr(peer);
	IfAddr *a;
	int n = netlink_addrs(nl, &a);
	bool yes = false;

	for (int i = 0; i < n; i++)
		yes |= ip_eq(&a[i].ip, &ip) && a[i].bits == bits && ip_eq(&a[i].peer, &p);
	free(a);
	return yes;
}

static void addresses(Netlink *nl)
{
	int v0 = netlink_index(nl, "v0");
	IfAddr a = { .index = v0, .ip = addr("10.0.0.1"), .bits = 96 + 24 }, p = { .index = v0, .ip = addr("10.2.0.1"), .peer = addr("10.2.0.2"), .bits = 128 };
	IfAddr six = { .index = v0, .ip = addr("2001:db8::1"), .bits = 64, .valid = 600, .preferred = 300 };

	ok(netlink_addaddr(nl, &a) == 0, "an IPv4 address: %s", rerrstr());
	ok(hasaddr(nl, "10.0.0.1", 120, "10.0.0.1"), "is listed");
	ok(netlink_addaddr(nl, &p) == 0 && hasaddr(nl, "10.2.0.1", 128, "10.2.0.2"), "point to point: %s", rerrstr());
	ok(netlink_addaddr(nl, &six) == 0 && hasaddr(nl, "2001:db8::1", 64, "2001:db8::1"), "IPv6: %s", rerrstr());
	ok(netlink_deladdr(nl, &p) == 0 && !hasaddr(nl, "10.2.0.1", 128, "10.2.0.2"), "removed: %s", rerrstr());
	is_int(netlink_deladdr(nl, &p), -1, "removing it again fails");
	a.bits = 24;
	is_int(netlink_addaddr(nl, &a), -1, "an IPv4 address with an IPv6 mask");
	is_str(rerrstr(), "prefix /24 does not fit 10.0.0.1", "is refused");
}

static int findroute(Netlink *nl, const char *dst, int bits, IpRoute *out)
{
	Ip d = addr(dst);
	IpRoute *r;
	int n = netlink_routes(nl, &r), found = 0;

	for (int i = 0; i < n; i++)
		if (ip_eq(&r[i].dst, &d) && r[i].dstbits == bits && r[i].table == RouteMain) {
			*out = r[i];
			found++;
		}
	free(r);
	return found;
}

static void routes(Netlink *nl)
{
	IpRoute r = { .dst = ip_v4none, .dstbits = 96, .gw = addr("10.0.0.254") }, got;
	IpRoute net = { .dst = addr("10.9.0.0"), .dstbits = 96 + 16, .gw = addr("10.0.0.253"), .origin = RouteByDhcp };
	IpRoute six = { .dst = addr("2001:db8:1::"), .dstbits = 48, .gw = addr("2001:db8::2") };

	is_int(findroute(nl, "10.0.0.0", 120, &got), 1, "the interface's own route");
	ok(netlink_addroute(nl, &r) == 0, "a default route: %s", rerrstr());
	ok(findroute(nl, "0.0.0.0", 96, &got) == 1 && ip_eq(&got.gw, &r.gw) && !got.v6, "is listed");
	ok(netlink_addroute(nl, &net) == 0 && findroute(nl, "10.9.0.0", 112, &got) == 1 && got.origin == RouteByDhcp, "a net: %s", rerrstr());
	ok(netlink_addroute(nl, &six) == 0 && findroute(nl, "2001:db8:1::", 48, &got) == 1 && got.v6, "IPv6: %s", rerrstr());
	ok(netlink_delroute(nl, &net) == 0 && findroute(nl, "10.9.0.0", 112, &got) == 0, "removed: %s", rerrstr());
	is_int(netlink_delroute(nl, &net), -1, "removing it again fails");
	is_str(rerrstr(), "remove route 10.9.0.0/16: entry does not exist", "with an error");
	r.gw = addr("10.77.0.1");
	is_int(netlink_addroute(nl, &r), -1, "a gateway nobody can reach is refused: %s", rerrstr());
}

static void neighbours(Netlink *nl)
{
	Neigh e = { .index = netlink_index(nl, "v0"), .ip = addr("10.0.0.7"), .mac = { 2, 0, 0, 0, 0, 7 } }, *list;
	int n, seen = 0;

	ok(netlink_addneigh(nl, &e) == 0, "an arp entry: %s", rerrstr());
	n = netlink_neighs(nl, &list);
	for (int i = 0; i < n; i++)
		seen += ip_eq(&list[i].ip, &e.ip) && list[i].resolved && memcmp(list[i].mac, e.mac, MACLEN) == 0;
	free(list);
	is_int(seen, 1, "is listed");
	ok(netlink_delneigh(nl, &e) == 0, "removed: %s", rerrstr());
}

static void tcp(int ns, Netlink *nl)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int l = netns_socket(ns, AF_INET, SOCK_STREAM, 0), c = netns_socket(ns, AF_INET, SOCK_STREAM, 0);
	Netlink *d = netlink_opendiag(ns);
	Ip lo = addr("127.0.0.1");
	socklen_t len = sizeof(u64);
	u64 cookie = 0, lcookie = 0;
	TcpState t;

	ok(netlink_up(nl, "lo", true) == 0, "the loopback comes up");
	ok(bind(l, (struct sockaddr *)&a, sizeof a) == 0 && listen(l, 5) == 0, "a listener in a stack");
	ok(connect(c, (struct sockaddr *)&a, sizeof a) == 0, "a call in the same stack");
	getsockopt(c, SOL_SOCKET, 57 /* SO_COOKIE */, &cookie, &len);
	getsockopt(l, SOL_SOCKET, 57, &lcookie, &len);
	len = sizeof a;
	getsockname(c, (struct sockaddr *)&a, &len);
	ok(netlink_tcp(d, &lo, ntohs(a.sin_port), &lo, 7, cookie, &t) == 0, "found by its cookie: %s", rerrstr());
	is_str(t.name, "Established", "it is established");
	ok(t.cwnd > 0 && t.rto > 0, "with a window %u and a timer %u", t.cwnd, t.rto);
	ok(netlink_tcp(d, &lo, 7, &lo, 0, lcookie, &t) == 0, "the listener too: %s", rerrstr());
	is_str(t.name, "Listen", "it listens");
	is_int(netlink_tcp(d, &lo, ntohs(a.sin_port), &lo, 7, cookie + 1, &t), -1, "a stale cookie is not found");
	is_str(rerrstr(), "i/o on hungup channel", "and says so");
	close(l);
	close(c);
	netlink_close(d);
}

static int boom(void *arg)
{
	(void)arg;
	return werrstr("said the visitor");
}

int main(void)
{
	Netlink *here, *there;
	Iface *list;
	int ns, self;

	if (stack_alone() < 0) {
		skip("this host forbids user name spaces");
		return done();
	}
	ns = netns_new();
	self = netns_self();
	ok(ns >= 0 && self >= 0 && !netns_same(ns, self), "a new net name space is another: %s", rerrstr());
	is_int(netns_run(ns, boom, NULL), -1, "a visit fails");
	is_str(rerrstr(), "said the visitor", "and its error string comes back");
	here = netlink_open(-1);
	there = netlink_open(ns);
	is_int(netlink_links(there, &list), 1, "it has one interface");
	ok(list != NULL && list->loopback && !list->up, "the loopback, down");
	free(list);
	links(here, there, ns);
	addresses(here);
	routes(here);
	neighbours(here);
	tcp(ns, there);
	netlink_close(here);
	netlink_close(there);
	close(ns);
	close(self);
	return done();
}
