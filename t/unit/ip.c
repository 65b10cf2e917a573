/*
 * #I driven from inside: files, interfaces, tables, protocols.
 */
#include <pthread.h>
#include <unistd.h>
#include <base/bytes.h>
#include "ipfile.h"

static void tree(void)
{
	Fid *f;
	int n;

	ok(at(root[0], "tcp/0") == NULL, "no conversation at first");
	f = clone_(root[0], "tcp", &n);
	ok(f != NULL && n == 0, "clone makes conversation 0: %s", rerrstr());
	is_str(text(root[0], "tcp/0/local"), "::!0\n", "local of an idle one");
	ok(has(text(root[0], "tcp/0/status"), "Closed qin 0 qout 0"), "its status");
	is_int(put(f, "frob"), -1, "a bad message");
	is_str(rerrstr(), "unknown control request", "is refused");
	is_int(put(f, "connect nowhere"), -1, "a bad address");
	ok(has(rerrstr(), "malformed address"), "is refused");
	is_int(put(f, "connect 10.0.0.99!7"), -1, "without an interface");
	is_str(rerrstr(), "network unreachable", "there is no way");
	ok(has(text(root[0], "tcp/0/status"), "Closed"), "and it is idle again");
	is_int(put(f, "announce 10.0.0.99!7"), -1, "an address we do not have");
	is_str(rerrstr(), "not a local IP address", "cannot be announced");
	fid_drop(f);
	f = clone_(root[0], "tcp", &n);
	is_int(n, 0, "a closed conversation's number is used again");
	fid_drop(f);
	ok(has(text(root[0], "ipifc/stats"), "Forwarding: 2"), "stats of a stack");
	ok(has(text(root[0], "tcp/stats"), "ActiveOpens: 0"), "tcp's stats");
	ok(has(text(root[0], "udp/stats"), "NoPorts: 0"), "udp's stats");
	ok(has(text(root[0], "icmp/stats"), "EchoReply: 0 0"), "icmp's stats");
	is_int(putfile(root[0], "ndb", "ip=10.0.0.1 ipmask=/24\n"), 0, "ndb is written");
	is_str(text(root[0], "ndb"), "ip=10.0.0.1 ipmask=/24\n", "and read");
	is_str(text(root[1], "ndb"), "", "another stack has its own");
	ok(openat_(root[0], OWRITE, "ipselftab") == NULL, "ipselftab cannot be written");
}

static void interfaces(void)
{
	Fid *l0 = kern_attach(k, "l0", "glenda", &me);
	int n;

	ok(l0 != NULL, "#l0 is there: %s", rerrstr());
	is_str(text(l0, "ether0/addr"), "0200000000a0", "its address is 12 digits without newline");
	ok(has(text(l0, "ether0/stats"), "addr: 0200000000a0\n"), "stats");
	for (int i = 0; i < 3; i++) {
		ifc[i] = clone_(root[i], "ipifc", &n);
		is_int(n, 0, "an interface in #I%d", i);
	}
	is_int(put(ifc[0], "add 10.0.0.1 /24"), -1, "an address before bind");
	is_str(rerrstr(), "interface not bound", "is refused");
	is_int(put(ifc[0], "bind frob /net/x"), -1, "an unknown medium");
	is_str(rerrstr(), "unknown interface type", "is refused");
	ok(put(ifc[0], "bind ether #l0/ether0") == 0, "bind ether in #I0: %s", rerrstr());
	ok(put(ifc[1], "bind ether #l1/ether1") == 0, "bind ether in #I1: %s", rerrstr());
	is_int(put(ifc[2], "bind ether #l0/ether0"), -1, "bind it a second time");
	ok(has(rerrstr(), "already in use"), "is refused");
	is_int(put(ifc[0], "bind loopback"), -1, "a bound one cannot be bound");
	is_str(rerrstr(), "interface already bound", "and says so");
	ok(put(ifc[0], "add 10.0.0.1 /24") == 0, "an address: %s", rerrstr());
	ok(put(ifc[1], "add 10.0.0.2 255.255.255.0") == 0, "another: %s", rerrstr());
	ok(put(ifc[0], "add 2001:db8::1 /64") == 0 && put(ifc[1], "add 2001:db8::2 /64") == 0, "IPv6: %s", rerrstr());
	ok(put(ifc[2], "bind loopback /dev/null") == 0 && put(ifc[2], "add 127.1 255.0.0.0") == 0, "loopback in #I2: %s", rerrstr());
	ok(put(ifc[2], "add 10.0.0.1 /32") == 0, "with the address that #I0 has: %s", rerrstr());
	ok(put(ifc[0], "mtu 1450") == 0, "mtu: %s", rerrstr());
	ok(has(text(root[0], "ipifc/0/status"), "device #l0/ether0 maxtu 1450 "), "status has the device");
	ok(has(text(root[0], "ipifc/0/status"), "\t10.0.0.1                                 /120       10.0.0.0 "), "and the address");
	is_str(text(l0, "ether0/addr"), "0200000000a0", "the device still answers when it is bound");
	ok(put(ifc[0], "add 10.0.5.1 /24") == 0 && has(text(root[0], "ipifc/0/status"), "10.0.5.1"), "a second address");
	ok(put(ifc[0], "remove 10.0.5.1 /24") == 0 && strstr(text(root[0], "ipifc/0/status"), "10.0.5.1") == NULL, "removed");
	is_int(put(ifc[0], "remove 10.0.5.1 /24"), -1, "once");
	ok(has(rerrstr(), "10.0.5.1"), "and the error names it: %s", rerrstr());
	fid_drop(l0);
}

static void tables(void)
{
	int ns = ip_netns(k, 0);
	Netlink *nl = netlink_open(ns);
	IfAddr a = { .index = netlink_index(nl, "ether0"), .bits = 120 };
	Neigh e = { .index = a.index, .mac = { 2, 0, 0, 0, 0, 9 } };
	IpRoute r = { .dstbits = 112 };

	ok(has(text(root[0], "ipselftab"), "10.0.0.1                                     01    u\n"), "ipselftab has the address");
	ok(has(text(root[0], "ipselftab"), "10.0.0.255                                   01    b\n"), "and the broadcast address");
	ok(has(text(root[0], "iproute"), "10.0.0.0        /120 10.0.0.0        4i    ifc   0 0.0.0.0         /96"), "iproute has the net");
	if (ip_parse("10.0.9.9", &a.ip) < 0 || ip_parse("10.0.0.77", &e.ip) < 0 || ip_parse("10.7.0.0", &r.dst) < 0 || ip_parse("10.0.0.2", &r.gw) < 0)
		abort();
	ok(netlink_addaddr(nl, &a) == 0 && has(text(root[0], "ipselftab"), "10.0.9.9 "), "an address added behind its back shows");
	ok(netlink_deladdr(nl, &a) == 0 && strstr(text(root[0], "ipselftab"), "10.0.9.9 ") == NULL, "and goes");
	ok(netlink_addneigh(nl, &e) == 0 && has(text(root[0], "arp"), "ether  OK   10.0.0.77"), "an arp entry shows");
	ok(has(text(root[0], "arp"), "020000000009     10.0.0.1\n"), "with its MAC and our address");
	ok(putfile(root[0], "arp", "del 10.0.0.77\n") == 0 && strstr(text(root[0], "arp"), "10.0.0.77") == NULL, "is deleted by a write");
	ok(putfile(root[0], "arp", "add ether 10.0.0.78 020000000008") == 0 && has(text(root[0], "arp"), "10.0.0.78"), "and one added");
	ok(putfile(root[0], "arp", "garp 10.0.0.1") == 0, "garp: %s", rerrstr());
	ok(netlink_addroute(nl, &r) == 0 && has(text(root[0], "iproute"), "10.7.0.0        /112 10.0.0.2        4    none   0"), "a route shows");
	ok(putfile(root[0], "iproute", "del 10.7.0.0 255.255.0.0") == 0 && strstr(text(root[0], "iproute"), "10.7.0.0") == NULL, "is deleted: %s", rerrstr());
	ok(putfile(root[0], "iproute", "tag xyz\nadd 0 0 10.0.0.2\nadd 10.8.0.0 /112 10.0.0.2 0\n") == 0, "routes with a tag: %s", rerrstr());
	ok(has(text(root[0], "iproute"), "0.0.0.0         /96  10.0.0.2        4     xyz   0"), "the default route");
	ok(has(text(root[0], "iproute"), "10.8.0.0        /112 10.0.0.2        4     xyz   0"), "and another");
	ok(putfile(root[0], "iproute", "add 0 0 10.0.0.3 10.0.0.1 /128") == 0, "a default route for a source: %s", rerrstr());
	ok(has(text(root[0], "iproute"), "0.0.0.0         /96  10.0.0.3        4    none   0 10.0.0.1        /128"), "is listed with it");
	ok(putfile(root[0], "iproute", "del 0 0 10.0.0.3 10.0.0.1 /128") == 0 && strstr(text(root[0], "iproute"), "10.0.0.3") == NULL, "and deleted: %s", rerrstr());
	ok(putfile(root[0], "iproute", "flush xyz") == 0 && strstr(text(root[0], "iproute"), "xyz") == NULL, "flush by tag: %s", rerrstr());
	ok(has(text(root[0], "iproute"), "10.0.0.0        /120"), "leaves the others");
	is_int(putfile(root[0], "iproute", "del 10.8.0.0 /112"), -1, "no such route");
	is_int(putfile(root[0], "iproute", "add 10.8.0.0"), -1, "too few words");
	netlink_close(nl);
	close(ns);
}

static void tcp(const char *addr)
{
	char buf[64] = "", want[64];
	int a = -1, c = -1, n = -1;
	Fid *lc = clone_(root[1], "tcp", &a), *cc = clone_(root[0], "tcp", &c), *nc, *cd, *nd;

	ok(put(lc, "announce *!7") == 0, "announce: %s", rerrstr());
	is_str(text(root[1], "tcp/%d/local", a), "::!7\n", "local of an announced one");
	ok(has(text(root[1], "tcp/%d/status", a), "Listen "), "listens");
	ok(put(cc, "connect %s!7", addr) == 0, "connect %s: %s", addr, rerrstr());
	snprintf(want, sizeof want, "%s!7\n", addr);
	is_str(text(root[0], "tcp/%d/remote", c), want, "remote");
	ok(has(text(root[0], "tcp/%d/status", c), "Established qin 0 qout 0 "), "established");
	nc = accepted(root[1], "tcp", a, &n);
	ok(nc != NULL && n >= 0 && n != a, "the call comes in as conversation %d: %s", n, rerrstr());
	is_str(text(root[1], "tcp/%d/local", n), want, "its local address");
	cd = data(root[0], "tcp", c);
	nd = data(root[1], "tcp", n);
	ok(put(cd, "hello") == 0 && call_read(nd, buf, sizeof buf, 0, &me, MS) == 5 && strcmp(buf, "hello") == 0, "data: %s", rerrstr());
	ok(put(nc, "close") == 0, "close: %s", rerrstr());
	is_int(call_read(cd, buf, sizeof buf, 0, &me, MS), 0, "the other end reads the end");
	ok(put(cc, "hangup") == 0, "hangup");
	is_int(put(cd, "x"), -1, "a write after hangup fails");
	is_str(rerrstr(), "i/o on hungup channel", "and says so");
	fid_drop(cd);
	fid_drop(nd);
	fid_drop(nc);
	fid_drop(cc);
	fid_drop(lc);
	cc = clone_(root[0], "tcp", &c);
	is_int(put(cc, "connect %s!7", addr), -1, "nobody listens any more");
	is_str(rerrstr(), "connection refused", "refused");
	fid_drop(cc);
}

/* big moves more than the sockets hold, so that the writer waits in the middle */
typedef struct Big {
	Fid *f;
	long n;
	int any; /* whatever it is */
} Big;

static void *bigread(void *arg)
{
	Big *b = arg;
	char *buf = mem_new(65536);
	long n;

	while ((n = call_read(b->f, buf, 65536, 0, &me, MS)) > 0) {
		for (long i = 0; i < n; i++)
			if (!b->any && buf[i] != (char)((b->n + i) % 251))
				n = -1;
		b->n += n;
	}
	free(buf);
	return NULL;
}

static void bulk(void)
{
	enum { SIZE = 16 << 20 };
	char *buf = mem_new(SIZE);
	int a = -1, c = -1, n = -1;
	Fid *lc = clone_(root[1], "tcp", &a), *cc = clone_(root[0], "tcp", &c), *nc, *cd;
	Big b = { 0 };
	pthread_t t;

	for (long i = 0; i < SIZE; i++)
		buf[i] = (char)(i % 251);
	ok(put(lc, "announce 10.0.0.2!9") == 0 && put(cc, "connect 10.0.0.2!9") == 0, "announce an address, connect");
	nc = accepted(root[1], "tcp", a, &n);
	cd = data(root[0], "tcp", c);
	b.f = data(root[1], "tcp", n);
	pthread_create(&t, NULL, bigread, &b);
	is_int(call_write(cd, buf, SIZE, 0, &me, MS), SIZE, "one large write");
	fid_drop(cd);
	fid_drop(cc);
	pthread_join(t, NULL);
	is_int(b.n, SIZE, "arrives whole and in order");
	fid_drop(b.f);
	fid_drop(nc);
	fid_drop(lc);
	free(buf);
}

/* flushes ends what waits: a connect, a read, a write that the socket took a part of, an open of listen */
static void flushes(void)
{
	enum { SIZE = 32 << 20, SHORT = 150 };
	char *buf = mem_new(SIZE);
	int a = -1, c = -1, n = -1;
	Fid *lc = clone_(root[1], "tcp", &a), *cc = clone_(root[0], "tcp", &c), *nc, *cd, *l;
	Big b = { 0 };
	pthread_t t;

	is_int(call_write(cc, "connect 10.0.0.98!7", 19, 0, &me, SHORT), -1, "a connect that nobody answers is flushed");
	ok(has(text(root[0], "tcp/%d/status", c), "Closed"), "and the conversation is idle");
	ok(put(lc, "announce *!12") == 0 && put(cc, "connect 10.0.0.2!12") == 0, "so it can connect: %s", rerrstr());
	l = at(root[1], "tcp/%d/listen", a);
	nc = accepted(root[1], "tcp", a, &n);
	is_int(call_open(l, ORDWR, &me, SHORT), -1, "an open of listen is flushed");
	cd = data(root[0], "tcp", c);
	is_int(call_read(cd, buf, SIZE, 0, &me, SHORT), -1, "a read is flushed");
	is_int(call_write(cd, buf, SIZE, 0, &me, SHORT), -1, "a write in the middle is flushed");
	is_int(call_write(cd, buf, SIZE, 0, &me, SHORT), -1, "and the next one can wait");
	b.f = data(root[1], "tcp", n);
	b.any = 1;
	pthread_create(&t, NULL, bigread, &b);
	is_int(call_write(cd, "last", 4, 0, &me, MS), 4, "and the one after it is done when there is room");
	fid_drop(cd);
	fid_drop(cc);
	pthread_join(t, NULL);
	ok(b.n > 4, "the reader had %ld bytes", b.n);
	fid_drop(b.f);
	fid_drop(nc);
	fid_drop(l);
	fid_drop(lc);
	free(buf);
}

static void udp(void)
{
	char buf[256];
	u8 h[256];
	int a = -1, c = -1, n = -1;
	Fid *lc = clone_(root[1], "udp", &a), *cc = clone_(root[0], "udp", &c), *ld, *cd, *nc, *nd;
	Ip ip;
	long m;

	ok(put(lc, "announce *!53") == 0 && put(lc, "headers") == 0, "udp announce with headers: %s", rerrstr());
	ok(put(cc, "connect 10.0.0.2!53") == 0, "udp connect: %s", rerrstr());
	cd = data(root[0], "udp", c);
	ld = data(root[1], "udp", a);
	ok(put(cd, "query") == 0, "a datagram goes out");
	m = call_read(ld, h, sizeof h, 0, &me, MS);
	is_int(m, 52 + 5, "it comes with 52 bytes before it");
	memcpy(ip.b, h, IPLEN);
	is_str(ip_print(&ip, buf), "10.0.0.1", "raddr");
	memcpy(ip.b, h + 16, IPLEN);
	is_str(ip_print(&ip, buf), "10.0.0.2", "laddr");
	memcpy(ip.b, h + 32, IPLEN);
	is_str(ip_print(&ip, buf), "10.0.0.2", "ifcaddr");
	is_int(be16(h + 50), 53, "lport");
	memcpy(h + 52, "reply", 5);
	is_int(call_write(ld, h, 57, 0, &me, MS), 57, "the answer with the same header");
	is_int(call_read(cd, buf, sizeof buf, 0, &me, MS), 5, "arrives");
	ok(memcmp(buf, "reply", 5) == 0, "as it was sent");
	ok(has(text(root[1], "udp/%d/status", a), "Open qin 0 qout 0\n"), "status");
	fid_drop(ld);
	fid_drop(lc);
	fid_drop(cd);
	fid_drop(cc);
	lc = clone_(root[1], "udp", &a);
	cc = clone_(root[0], "udp", &c);
	ok(put(lc, "announce *!54") == 0 && put(cc, "connect 10.0.0.2!54") == 0, "udp announce without headers");
	cd = data(root[0], "udp", c);
	ok(put(cd, "one") == 0 && put(cd, "two") == 0, "two datagrams");
	nc = accepted(root[1], "udp", a, &n);
	ok(nc != NULL && n != a, "the first is a call: %s", rerrstr());
	nd = data(root[1], "udp", n);
	is_int(call_read(nd, buf, sizeof buf, 0, &me, MS), 3, "and is read there");
	ok(memcmp(buf, "one", 3) == 0, "first");
	ok(put(nd, "back") == 0 && call_read(cd, buf, sizeof buf, 0, &me, MS) == 4, "the conversation answers: %s", rerrstr());
	fid_drop(nd);
	fid_drop(nc);
	fid_drop(cd);
	fid_drop(cc);
	fid_drop(lc);
}

/* broadcast does what a DHCP client without an address does */
static void broadcast(void)
{
	u8 p[128] = { [10] = 255, [11] = 255, [12] = 255, [13] = 255, [14] = 255, [15] = 255 };
	int a = -1, c = -1;
	Fid *lc = clone_(root[1], "udp", &a), *cc = clone_(root[0], "udp", &c), *ld, *cd;
	char buf[IPTEXT];
	Ip ip;

	ok(put(ifc[0], "remove 10.0.0.1 /24") == 0 && put(ifc[0], "add 0.0.0.0 0.0.0.0") == 0, "the null address: %s", rerrstr());
	ok(has(text(root[0], "ipifc/0/status"), "\t0.0.0.0 "), "is in status");
	ok(put(lc, "announce *!67") == 0 && put(lc, "headers") == 0, "a server");
	ok(put(cc, "announce *!68") == 0 && put(cc, "headers") == 0, "a client");
	ld = data(root[1], "udp", a);
	cd = data(root[0], "udp", c);
	memset(p + 16, 0, 32);
	put_be16(p + 48, 67);
	memcpy(p + 52, "discover", 8);
	is_int(call_write(cd, p, 60, 0, &me, MS), 60, "a broadcast from nowhere goes out: %s", rerrstr());
	is_int(call_read(ld, p, sizeof p, 0, &me, MS), 60, "and comes in");
	memcpy(ip.b, p, IPLEN);
	is_str(ip_print(&ip, buf), "0.0.0.0", "from 0.0.0.0");
	memcpy(ip.b, p + 32, IPLEN);
	is_str(ip_print(&ip, buf), "10.0.0.2", "with the interface's address");
	is_int(be16(p + 48), 68, "and port");
	memset(p + 12, 255, 4);
	memcpy(p + 52, "offer", 5);
	is_int(call_write(ld, p, 57, 0, &me, MS), 57, "the answer is broadcast: %s", rerrstr());
	is_int(call_read(cd, p, sizeof p, 0, &me, MS), 57, "and arrives");
	memcpy(ip.b, p, IPLEN);
	is_str(ip_print(&ip, buf), "10.0.0.2", "from the server");
	ok(put(ifc[0], "remove 0.0.0.0 0.0.0.0") == 0 && put(ifc[0], "add 10.0.0.1 /24") == 0, "back to an address");
	fid_drop(ld);
	fid_drop(cd);
	fid_drop(lc);
	fid_drop(cc);
}

/* others: user 65534 is "none" */
static void others(void)
{
	Caller owner = me;
	int c = -1, d = -1, n;
	Fid *cc = clone_(root[0], "tcp", &c), *f, *mine;
	char path[32];

	snprintf(path, sizeof path, "tcp/%d/ctl", c);
	me.uid = me.gid = 65534;
	f = at(root[0], "%s", path);
	is_int(call_open(f, ORDWR, &me, MS), -1, "none may not open another's conversation");
	is_str(rerrstr(), "permission denied", "and is told so");
	fid_drop(f);
	ok(openat_(root[0], OWRITE, "iproute") == NULL && openat_(root[0], OWRITE, "arp") == NULL &&
	   openat_(root[0], OWRITE, "ndb") == NULL && openat_(root[0], OWRITE, "log") == NULL, "nor write iproute, arp, ndb or log");
	mine = clone_(root[0], "tcp", &d);
	ok(mine != NULL && d != c, "but has conversations of its own");
	f = clone_(root[0], "ipifc", &n);
	is_int(put(f, "bind loopback"), -1, "none may not bind an interface");
	is_str(rerrstr(), "not owner", "and is told so");
	is_int(put(f, "iprouting"), -1, "nor make the stack a router");
	fid_drop(f);
	me = owner;
	snprintf(path, sizeof path, "tcp/%d/data", d);
	f = openat_(root[0], ORDWR, path);
	ok(f != NULL, "which the host owner may open: %s", rerrstr());
	fid_drop(f);
	fid_drop(mine);
	fid_drop(cc);
}

static void numbers(void)
{
	Fid *f[33] = { NULL };
	char buf[ERRMAX] = "";
	int n;
	Fid *c, *e;

	for (int i = 0; i < 17; i++)
		f[i] = clone_(root[2], "icmpv6", &n);
	ok(f[15] != NULL && f[16] == NULL, "icmpv6 has 16 conversations");
	is_str(rerrstr(), "no free devices", "and then no more");
	for (int i = 0; i < 17; i++)
		fid_drop(f[i]);
	c = clone_(root[0], "tcp", &n);
	ok(put(c, "announce *!0") == 0 && put(c, "hangup") == 0, "hangup of an announced one");
	e = at(root[0], "tcp/%d/listen", n);
	is_int(call_open(e, ORDWR, &me, MS), -1, "no listen after it");
	is_str(rerrstr(), "listen hungup", "says why");
	fid_drop(e);
	e = at(root[0], "tcp/%d/err", n);
	ok(call_open(e, OREAD, &me, MS) == 0 && call_read(e, buf, sizeof buf - 1, 0, &me, MS) > 0, "err has something");
	is_str(buf, "i/o on hungup channel", "the reason");
	fid_drop(e);
	fid_drop(c);
}

/* udpsum adds up the UDP packet p[n] with its pseudo header; a good one gives 0xFFFF */
static u32 udpsum(const u8 *p, long n)
{
	u32 sum = 17 + (u32)(n - 20);

	for (long i = 12; i < n; i += 2)
		sum += (u32)p[i] << 8 | (i + 1 < n ? p[i + 1] : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return sum;
}

static void checksums(Fid *s)
{
	u8 p[256];
	int n = -1;
	Fid *c = clone_(root[0], "udp", &n), *d;
	long m;

	ok(put(c, "connect 10.0.0.2!9") == 0, "a datagram whose checksum is left to hardware that is not there");
	d = data(root[0], "udp", n);
	ok(put(d, "odd") == 0, "goes by");
	m = call_read(s, p, sizeof p, 0, &me, MS);
	is_int(m, 31, "and is seen");
	is_int(udpsum(p, m), 0xFFFF, "with its checksum");
	fid_drop(d);
	fid_drop(c);
}

static void snoop(void)
{
	u8 p[256], e[84] = { 0 };
	Fid *s = openat_(root[1], OREAD, "ipifc/0/snoop"), *c, *d;
	int n = -1;

	ok(s != NULL, "snoop: %s", rerrstr());
	c = clone_(root[0], "icmp", &n);
	ok(put(c, "connect 10.0.0.2!1") == 0, "a ping");
	d = data(root[0], "icmp", n);
	e[20] = 8;
	ok(call_write(d, e, sizeof e, 0, &me, MS) == (long)sizeof e, "goes by");
	is_int(call_read(s, p, sizeof p, 0, &me, MS), (long)sizeof e, "and is seen");
	ok(p[0] == 0x45 && memcmp(p + 12, "\12\0\0\1\12\0\0\2", 8) == 0 && p[20] == 8, "whole, from its IP header on");
	fid_drop(d);
	fid_drop(c);
	is_int(call_read(s, p, sizeof p, 0, &me, MS), (long)sizeof e, "the answer too");
	checksums(s);
	fid_drop(s);
}

static void no(Fid *f, const char *msg, const char *why)
{
	is_int(put(f, "%s", msg), -1, "%s", msg);
	ok(has(rerrstr(), why), "is refused by name");
}

/* datagram reads what goes by until that is one of udp */
static int datagram(Fid *s, u8 *p, u32 n)
{
	long got;

	do
		got = call_read(s, p, n, 0, &me, MS);
	while (got > 20 && p[9] != 17);
	return got > 20;
}

static void messages(void)
{
	u8 p[256];
	int n = -1, t = -1;
	Fid *s = openat_(root[1], OREAD, "ipifc/0/snoop"), *u = clone_(root[0], "udp", &n), *c = clone_(root[0], "tcp", &t), *d;

	ok(put(u, "ttl 7") == 0 && put(u, "tos 16") == 0 && put(u, "connect 10.0.0.2!9") == 0, "ttl and tos: %s", rerrstr());
	d = data(root[0], "udp", n);
	ok(put(u, "ignoreadvice") == 0 && put(d, "x") == 0 && datagram(s, p, sizeof p), "a datagram");
	ok(p[8] == 7 && p[1] == 16, "has them: %d %d", p[8], p[1]);
	ok(put(u, "ttl") == 0 && put(d, "x") == 0 && datagram(s, p, sizeof p) && p[8] == 255, "without a number it is 255");
	ok(put(u, "ttl 256") < 0 && put(u, "tos x") < 0, "bad numbers are refused");
	ok(put(u, "addmulti 10.0.0.1 224.0.1.9") == 0, "a multicast group: %s", rerrstr());
	ok(put(u, "delmulti 10.0.0.1") < 0 && put(u, "delmulti 10.0.0.1 224.0.1.9") == 0, "is left by its name: %s", rerrstr());
	no(u, "addmulti 10.0.0.99", "10.0.0.99");
	no(u, "addmulti", "addmulti needs interface address");
	no(c, "announce *!*", "announce on every port is not implemented");
	no(c, "checksum 0", "checksum 0");
	no(c, "tcpporthogdefense on", "tcpporthogdefense");
	ok(put(c, "checksum 1") == 0 && put(c, "tcpporthogdefense off") == 0, "what Linux does is allowed: %s", rerrstr());
	for (size_t i = 0; i < 4; i++) {
		static const char *const not[] = { "speed 100", "delay 40", "reflect 1", "reassemble 1" };
		char what[16] = "";

		sscanf(not[i], "%15s", what);
		no(ifc[0], not[i], what);
	}
	no(ifc[0], "ra6 sendra 1", "sending router advertisements is not implemented");
	ok(put(ifc[0], "ra6 recvra 1") == 0 && has(text(root[0], "ipifc/0/status"), "recvra 1") && put(ifc[0], "ra6 recvra 0") == 0,
	   "receiving them can be asked for: %s", rerrstr());
	ok(put(ifc[0], "add6 2001:db8:9::1 64") == 0 && has(text(root[0], "ipifc/0/status"), "2001:db8:9:") && put(ifc[0], "del6") == 0,
	   "add6 and del6: %s", rerrstr());
	ok(put(ifc[0], "try 10.0.7.1 /24") == 0 && has(text(root[0], "ipifc/0/status"), "10.0.7.1") && put(ifc[0], "del 10.0.7.1 /24") == 0,
	   "try: %s", rerrstr());
	ok(put(ifc[0], "add 0.0.0.0 0.0.0.0") == 0 && put(ifc[0], "del 0.0.0.0 0.0.0.0") == 0, "the null address: %s", rerrstr());
	no(ifc[0], "add 10.0.8.1 /24 10.0.8.2 0 trans", "trans");
	ok(put(ifc[0], "iprouting 1") == 0 && has(text(root[0], "ipifc/stats"), "Forwarding: 1"), "iprouting");
	ok(put(ifc[0], "iprouting 0") == 0 && has(text(root[0], "ipifc/stats"), "Forwarding: 2"), "and not");
	fid_drop(d);
	fid_drop(u);
	fid_drop(c);
	c = clone_(root[0], "ipifc", &n);
	no(c, "bind pkt", "pkt is not implemented");
	no(c, "bind netdev /dev/x", "netdev is not implemented");
	fid_drop(c);
	ok(at(root[0], "il") == NULL && at(root[0], "rudp") == NULL && at(root[0], "gre") == NULL && at(root[0], "esp") == NULL &&
	   at(root[0], "ipmux") == NULL, "protocols that Linux does not give a stack are not there");
	is_str(rerrstr(), "file does not exist", "as Plan 9 says");
	fid_drop(s);
}

/* headers6 pings with the addresses before each message */
static void headers6(void)
{
	u8 p[256] = { 0 };
	int n = -1;
	Fid *c = clone_(root[0], "icmpv6", &n), *d;
	Ip to;

	ok(put(c, "announce *") == 0 && put(c, "headers") == 0, "icmpv6 headers: %s", rerrstr());
	d = data(root[0], "icmpv6", n);
	if (ip_parse("2001:db8::2", &to) < 0)
		abort();
	memcpy(p + 24, to.b, IPLEN);
	p[40] = 128;
	p[47] = 9;
	is_int(call_write(d, p, 40 + 64, 0, &me, MS), 40 + 64, "an echo request to who stands before it: %s", rerrstr());
	do
		memset(p, 0, sizeof p);
	while (call_read(d, p, sizeof p, 0, &me, MS) > 40 && p[40] != 129);
	ok(p[40] == 129 && memcmp(p + 24, to.b, IPLEN) == 0, "its answer has who it is from: type %d", p[40]);
	fid_drop(d);
	fid_drop(c);
}

static void tcpmessages(void)
{
	int a = -1, c = -1;
	Fid *lc = clone_(root[1], "tcp", &a), *cc = clone_(root[0], "tcp", &c);
	const char *port;

	is_int(put(cc, "keepalive"), -1, "keepalive of an idle one");
	ok(put(lc, "announce 10.0.0.2!513") == 0 && put(cc, "connect 10.0.0.2!513!r") == 0, "connect with !r: %s", rerrstr());
	port = strchr(text(root[0], "tcp/%d/local", c), '!');
	ok(port != NULL && atoi(port + 1) >= 600 && atoi(port + 1) < 1024, "has a restricted port: %s", port);
	ok(put(cc, "keepalive") == 0 && put(cc, "keepalive 5000") == 0, "keepalive: %s", rerrstr());
	is_int(put(cc, "keepalive often"), -1, "not a number");
	ok(put(cc, "close") == 0, "close: %s", rerrstr());
	fid_drop(cc);
	cc = clone_(root[0], "tcp", &c);
	ok(put(cc, "bind 10.0.0.1!0") == 0 && put(cc, "connect 10.0.0.2!513") == 0, "bind: %s", rerrstr());
	ok(put(cc, "announce *!9") < 0 && put(cc, "connect 10.0.0.2!513") < 0, "a conversation is used once");
	is_str(rerrstr(), "connection already in use", "says why");
	fid_drop(cc);
	fid_drop(lc);
}

static void icmp(const char *proto, const char *addr, int head, u8 type, u8 reply)
{
	u8 p[256] = { 0 };
	int c = -1;
	Fid *cc = clone_(root[0], proto, &c), *cd;
	long n;

	ok(put(cc, "connect %s!1", addr) == 0, "%s connect: %s", proto, rerrstr());
	cd = data(root[0], proto, c);
	p[head] = type;
	p[head + 7] = 42;
	is_int(call_write(cd, p, (u32)head + 64, 0, &me, MS), head + 64, "an echo request");
	memset(p, 0, sizeof p);
	n = call_read(cd, p, sizeof p, 0, &me, MS);
	is_int(n, head + 64, "has an answer");
	ok(p[head] == reply && p[head + 7] == 42, "which is the echo of it: type %d seq %d", p[head], p[head + 7]);
	fid_drop(cd);
	fid_drop(cc);
}

int main(void)
{
	int host;

	if (!ip_up())
		return done();
	is_int(ether_add(k, 1, "e1", hw), -1, "each number of an ether device once");
	ok(kern_attach(k, "I128", "glenda", &me) == NULL, "there is no #I128");
	host = netns_self();
	tree();
	interfaces();
	tables();
	tcp("10.0.0.2");
	tcp("2001:db8::2");
	bulk();
	flushes();
	udp();
	broadcast();
	others();
	numbers();
	snoop();
	messages();
	tcpmessages();
	headers6();
	icmp("icmp", "10.0.0.2", 20, 8, 0);
	icmp("icmpv6", "2001:db8::2", 40, 128, 129);
	for (int i = 0; i < 3; i++)
		fid_drop(ifc[i]);
	ok(netns_same(host, netns_self()), "this thread is where it was");
	ip_down();
	is_int(ref_live("Fid"), 0, "no Fid is left");
	netlink_close(hwlink);
	return done();
}
