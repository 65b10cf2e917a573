/*
 * rtnetlink and sock_diag by hand: links, addresses, routes, neighbours and
 * TCP's state of one net name space.  A Netlink is a socket in that name
 * space, so nothing here changes the calling thread's.  Prefix lengths are
 * Plan 9's: of 128 bits, an IPv4 /24 being 120.  Requests are local and
 * quick; a Netlink may be used by several threads.
 */
#ifndef OS_NETLINK_H
#define OS_NETLINK_H

#include <base/ip.h>
#include <base/u.h>

enum { IFNAMELEN = 16, IFALIASLEN = 128 };

typedef struct Netlink Netlink;

typedef struct Iface {
	int index;
	char name[IFNAMELEN];
	char alias[IFALIASLEN]; /* free text kept with it, "" if there is none */
	char kind[IFNAMELEN]; /* "veth", "bridge" ...; "" for hardware */
	u8 mac[MACLEN];
	bool ether, loopback, up, running; /* running: up with a carrier */
	u32 mtu;
	int master;           /* index of its bridge, 0: none */
	u64 in, out, inbytes, outbytes, inerr, outerr, indrop, crc, overflow, frame;
} Iface;

typedef struct IfAddr {
	int index;
	Ip ip, peer; /* peer == ip unless point to point */
	int bits;
	u32 valid, preferred; /* seconds; ~0: for ever */
	bool tentative;
} IfAddr;

enum { RouteUnicast, RouteLocal, RouteBroadcast, RouteMulticast, RouteOther };
enum { RouteMain = 254, RouteLocalTable = 255 };
enum { RouteByKernel = 2, RouteByBoot = 3, RouteByRa = 9, RouteByDhcp = 16 }; /* rtnetlink's protocol numbers */

typedef struct IpRoute {
	Ip dst, src, gw, prefsrc; /* ip_none where there is none; dst is 0.0.0.0 for IPv4's default */
	int dstbits, srcbits;
	int index;  /* of the interface, 0: not said */
	int type;   /* Route* */
	int table, origin;
	u32 metric;
	bool v6, onlink;
} IpRoute;

/* a rule of policy routing: packets from src look into table; routes of suppress bits or fewer do not count (-1: all do) */
typedef struct IpRule {
	Ip src;
	int srcbits; /* 0: any source */
	int table, suppress;
	u32 priority;
} IpRule;

typedef struct Neigh {
	int index;
	Ip ip;
	u8 mac[MACLEN];
	bool hasmac;
	bool resolved, permanent, failed;
} Neigh;

typedef struct TcpState {
	const char *name; /* "Established" ... Plan 9's names */
	u32 qin, qout;    /* bytes; for a listener calls waiting and the most */
	u32 rtt, rttvar, rto; /* milliseconds */
	u32 cwnd, mss, sndwnd, rcvwnd; /* bytes */
	u32 wscale, rscale;
	u32 retransmits;
	u32 uid;
} TcpState;

/* netlink_open opens rtnetlink in net name space ns (-1: the caller's); owned by the caller. */
Netlink *netlink_open(int ns) must_use;
void netlink_close(Netlink *n);

/* netlink_links lists interfaces, netlink_addrs addresses, netlink_routes routes of all tables, netlink_neighs the ARP and
 * ND caches: *out is an array owned by the caller (free), the value its length, or -1. */
int netlink_links(Netlink *n, Iface **out) must_use;
int netlink_addrs(Netlink *n, IfAddr **out) must_use;
int netlink_routes(Netlink *n, IpRoute **out) must_use;
int netlink_neighs(Netlink *n, Neigh **out) must_use;

/* netlink_link fills i for the interface with that name; netlink_index returns its index. */
int netlink_link(Netlink *n, const char *name, Iface *i) must_use;
int netlink_index(Netlink *n, const char *name) must_use;

/* netlink_veth makes a pair: name here, peer in net name space peerns (-1: here too), MACs NULL for random ones. */
int netlink_veth(Netlink *n, const char *name, const u8 *mac, const char *peer, int peerns, const u8 *peermac) must_use;

/* netlink_bridge makes a bridge (no spanning tree, no forwarding delay); netlink_macvlan a macvlan (bridge mode) on parent,
 * in net name space ns (-1: here); netlink_dummy a dummy. */
int netlink_bridge(Netlink *n, const char *name) must_use;
int netlink_macvlan(Netlink *n, const char *name, const char *parent, int ns) must_use;
int netlink_dummy(Netlink *n, const char *name) must_use;

/* netlink_loopback brings the loopback of a new net name space up and takes the addresses that Linux then gives it away. */
int netlink_loopback(Netlink *n) must_use;

/* changes to one interface, by name; a new name or MAC wants the interface down. */
int netlink_delete(Netlink *n, const char *name) must_use;
int netlink_up(Netlink *n, const char *name, bool up) must_use;
int netlink_mtu(Netlink *n, const char *name, u32 mtu) must_use;
int netlink_mac(Netlink *n, const char *name, const u8 mac[MACLEN]) must_use;
int netlink_rename(Netlink *n, const char *name, const char *to) must_use;
int netlink_alias(Netlink *n, const char *name, const char *text) must_use; /* cut to IFALIASLEN - 1 bytes */
int netlink_master(Netlink *n, const char *name, const char *bridge) must_use; /* NULL: none */
int netlink_promisc(Netlink *n, const char *name, bool on) must_use;

/* netlink_move gives the interface to net name space ns, under the name as (NULL: its own). */
int netlink_move(Netlink *n, const char *name, int ns, const char *as) must_use;

/* netlink_addaddr adds an address (peer, valid and preferred are used when set); netlink_deladdr removes it. */
int netlink_addaddr(Netlink *n, const IfAddr *a) must_use;
int netlink_deladdr(Netlink *n, const IfAddr *a) must_use;

/* netlink_addroute adds or replaces a route; netlink_delroute removes one like it (gw, index and origin if set). */
int netlink_addroute(Netlink *n, const IpRoute *r) must_use;
int netlink_delroute(Netlink *n, const IpRoute *r) must_use;

/* netlink_rules lists IPv4's rules; netlink_addrule and netlink_delrule change them. */
int netlink_rules(Netlink *n, IpRule **out) must_use;
int netlink_addrule(Netlink *n, const IpRule *r) must_use;
int netlink_delrule(Netlink *n, const IpRule *r) must_use;

/* netlink_addneigh adds or replaces a permanent entry; netlink_delneigh removes one. */
int netlink_addneigh(Netlink *n, const Neigh *e) must_use;
int netlink_delneigh(Netlink *n, const Neigh *e) must_use;

/* netlink_opendiag opens sock_diag in ns; netlink_tcp fills t for the socket with that cookie between the two ends (rport
 * 0: a listener); -1 with Ehungup when it is gone. */
Netlink *netlink_opendiag(int ns) must_use;
int netlink_tcp(Netlink *n, const Ip *laddr, u16 lport, const Ip *raddr, u16 rport, u64 cookie, TcpState *t) must_use;

#endif
