/*
 * #I and #l driven from inside: two stacks joined by a pair, in a user and
 * net name space of the test's own.
 */
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include <dev/ether.h>
#include <dev/ip.h>
#include <os/io.h>
#include <os/netns.h>
#include <srv/call.h>
#include "stack.h"
#include "tap.h"

enum { MS = 20000, NLISTEN = 500 };

static Kern *k;
static Caller me;
static Fid *root[3]; /* of #I0, #I1, #I2 */

/* at returns a Fid for "tcp/0/ctl" below dir, not opened */
static Fid *at(Fid *dir, const char *fmt, ...)
{
	char path[128], *save = NULL;
	const char *e[8];
	va_list ap;
	int n = 0;

	va_start(ap, fmt);
	vsnprintf(path, sizeof path, fmt, ap);
	va_end(ap);
	for (char *p = strtok_r(path, "/", &save); p != NULL && n < 8; p = strtok_r(NULL, "/", &save))
		e[n++] = p;
	return call_walk(dir, n, e, &me, MS);
}

static Fid *openat_(Fid *dir, int mode, const char *path)
{
	Fid *f = at(dir, "%s", path);

	if (f != NULL && call_open(f, mode, &me, MS) < 0) {
		fid_drop(f);
		return NULL;
	}
	return f;
}

/* text returns all of a file, "" if it cannot be read; the last result is kept */
static const char *text(Fid *dir, const char *fmt, ...)
{
	static char buf[32768];
	char path[128];
	va_list ap;
	long n = 0, m = -1;
	Fid *f;

	va_start(ap, fmt);
	vsnprintf(path, sizeof path, fmt, ap);
	va_end(ap);
	f = openat_(dir, OREAD, path);
	while (f != NULL && (m = call_read(f, buf + n, (u32)(sizeof buf - 1 - (size_t)n), (u64)n, &me, MS)) > 0)
		n += m;
	fid_drop(f);
	buf[n] = '\0';
	return buf;
}

static int put(Fid *f, const char *fmt, ...)
{
	char msg[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	return f != NULL && call_write(f, msg, (u32)strlen(msg), 0, &me, MS) == (long)strlen(msg) ? 0 : -1;
}

static int putfile(Fid *dir, const char *path, const char *msg)
{
	Fid *f = openat_(dir, OWRITE, path);
	int rc = put(f, "%s", msg);

	fid_drop(f);
	return rc;
}

/* clone opens a conversation and returns its ctl; *n is its number */
static Fid *clone_(Fid *dir, const char *proto, int *n)
{
	char path[32], num[16] = "";
	Fid *f;

	snprintf(path, sizeof path, "%s/clone", proto);
	f = openat_(dir, ORDWR, path);
	if (f != NULL && call_read(f, num, sizeof num - 1, 0, &me, MS) > 0)
		*n = atoi(num);
	return f;
}

static Fid *data(Fid *dir, const char *proto, int n)
{
	char path[32];

	snprintf(path, sizeof path, "%s/%d/data", proto, n);
	return openat_(dir, ORDWR, path);
}

static int has(const char *s, const char *part)
{
	int yes = s != NULL && strstr(s, part) != NULL;

	if (!yes)
		printf("# '%s' is not in:\n# %s\n", part, s != NULL ? s : "(null)");
	return yes;
}

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

static Fid *ifc[3];

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

/* accepted opens listen of conversation n and returns the new conversation's ctl; *nc is its number */
static Fid *accepted(Fid *dir, const char *proto, int n, int *nc)
{
	char path[32], num[16] = "";
	Fid *f;

	snprintf(path, sizeof path, "%s/%d/listen", proto, n);
	f = openat_(dir, ORDWR, path);
	if (f != NULL && call_read(f, num, sizeof num - 1, 0, &me, MS) > 0)
		*nc = atoi(num);
	return f;
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

static void alone(void)
{
	int c = -1, a = -1;
	Fid *lc = clone_(root[2], "tcp", &a), *cc = clone_(root[0], "tcp", &c);

	ok(put(lc, "announce 10.0.0.1!77") == 0, "#I2 announces on the address #I0 has too");
	is_int(put(cc, "connect 10.0.0.1!77"), -1, "which #I0 does not see");
	is_str(rerrstr(), "connection refused", "it asks itself");
	fid_drop(cc);
	cc = clone_(root[2], "tcp", &c);
	ok(put(cc, "connect 10.0.0.1!77") == 0, "#I2 itself does: %s", rerrstr());
	fid_drop(cc);
	fid_drop(lc);
}

/* requests that wait, without threads */
typedef struct Wait {
	Req r;
	char err[ERRMAX];
	int done; /* atomic: 1 good, 2 failed */
} Wait;

static void waited(Req *r)
{
	Wait *w = container_of(r, Wait, r);

	snprintf(w->err, sizeof w->err, "%s", r->o.type == Rerror ? r->ename : "");
	__atomic_store_n(&w->done, r->o.type == Rerror ? 2 : 1, __ATOMIC_RELEASE);
}

static void startopen(Wait *w, Fid *f)
{
	memset(w, 0, sizeof *w);
	req_init(&w->r);
	w->r.i.type = Topen;
	w->r.i.mode = ORDWR;
	w->r.fid = f;
	w->r.caller = me;
	w->r.done = waited;
	req_dispatch(&w->r);
}

static int count(Wait *w, int n, int done)
{
	int c = 0;

	for (int i = 0; i < n; i++)
		c += __atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE) == done;
	return c;
}

static int threads(void)
{
	char *s = io_slurp(-100, "/proc/self/status", 16384, NULL), *p = s != NULL ? strstr(s, "Threads:") : NULL;
	int n = p != NULL ? atoi(p + 8) : -1;

	free(s);
	return n;
}

static void many(void)
{
	Wait *w = mem_array(NLISTEN, sizeof *w);
	Fid **f = mem_array(NLISTEN, sizeof *f);
	int a = -1, c = -1, before = threads(), flushed = 0;
	Fid *lc = clone_(root[1], "tcp", &a), *cc = clone_(root[0], "tcp", &c);

	ok(put(lc, "announce *!11") == 0, "announce");
	for (int i = 0; i < NLISTEN; i++) {
		f[i] = at(root[1], "tcp/%d/listen", a);
		startopen(&w[i], f[i]);
	}
	is_int(count(w, NLISTEN, 0), NLISTEN, "%d opens of listen wait", NLISTEN);
	ok(threads() <= before + 2, "without threads: %d before, %d now", before, threads());
	ok(put(cc, "connect 10.0.0.2!11") == 0, "a call");
	for (int i = 0; i < 1000 && count(w, NLISTEN, 1) == 0; i++)
		usleep(10000);
	is_int(count(w, NLISTEN, 1), 1, "one of them has it");
	is_int(count(w, NLISTEN, 2), 0, "none failed");
	for (int i = 0; i < NLISTEN; i++)
		if (__atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE) == 0) {
			while (!req_flush(&w[i].r) && __atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE) == 0)
				usleep(100); /* it was looking at the socket just now */
			if (__atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE) == 0)
				req_interrupt(&w[i].r);
			flushed += strcmp(w[i].err, "interrupted") == 0;
		}
	is_int(flushed, NLISTEN - 1, "the others are flushed");
	for (int i = 0; i < NLISTEN; i++)
		fid_drop(f[i]);
	fid_drop(cc);
	fid_drop(lc);
	lc = clone_(root[1], "tcp", &a);
	ok(put(lc, "announce *!11") == 0, "the port is free again: %s", rerrstr());
	fid_drop(lc);
	free(f);
	free(w);
}

static void handover(void)
{
	int sp[2], a = -1, c = -1, n = -1, got[16], ngot = 0, lsp[2];
	Fid *lc = clone_(root[1], "tcp", &a), *cc = clone_(root[0], "tcp", &c), *nc, *nd;
	char buf[64];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sp) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, lsp) < 0)
		abort();
	ok(put(lc, "announce *!13") == 0 && put(cc, "connect 10.0.0.2!13") == 0, "a connection");
	nc = accepted(root[1], "tcp", a, &n);
	nd = data(root[1], "tcp", n);
	ok(put(cc, "sock %d", sp[1]) == 0, "sock: %s", rerrstr());
	is_int(io_recvfds(sp[0], buf, sizeof buf, got, &ngot), 1, "one byte comes");
	is_int(ngot, 1, "with a descriptor");
	ok(write(got[0], "direct", 6) == 6 && call_read(nd, buf, sizeof buf, 0, &me, MS) == 6, "the socket works");
	ok(has(text(root[0], "tcp/%d/status", c), "Established"), "status still tells");
	ok(has(text(root[0], "tcp/%d/remote", c), "10.0.0.2!13"), "and remote");
	is_int(put(cc, "hangup"), -1, "what needs the socket is refused: %s", rerrstr());
	close(got[0]);
	is_int(call_read(nd, buf, sizeof buf, 0, &me, MS), 0, "when the program closes it the peer reads the end");
	fid_drop(nd);
	fid_drop(nc);
	fid_drop(cc);
	ok(put(lc, "sock %d", lsp[1]) == 0 && io_recvfds(lsp[0], buf, sizeof buf, got, &ngot) == 1 && ngot == 1, "a listener is handed over: %s", rerrstr());
	ok(has(text(root[1], "tcp/%d/status", a), "Listen"), "it still listens");
	cc = clone_(root[0], "tcp", &c);
	ok(put(cc, "connect 10.0.0.2!13") == 0, "it takes calls");
	n = accept(got[0], NULL, NULL);
	nc = clone_(root[1], "tcp", &a);
	ok(put(nc, "adopt %d", n) == 0, "the accepted socket becomes a conversation: %s", rerrstr());
	ok(has(text(root[1], "tcp/%d/local", a), "10.0.0.2!13"), "with its addresses");
	is_int(put(nc, "adopt %d", n), -1, "once");
	fid_drop(nc);
	close(n);
	close(got[0]);
	fid_drop(cc);
	fid_drop(lc);
	cc = clone_(root[0], "tcp", &c);
	is_int(put(cc, "connect 10.0.0.2!13"), -1, "when the program closes the listener calls are refused");
	fid_drop(cc);
	for (int i = 0; i < 2; i++) {
		close(sp[i]);
		close(lsp[i]);
	}
}

static void frames(void)
{
	u8 p[128] = { 255, 255, 255, 255, 255, 255 }, q[2048];
	Fid *l0 = kern_attach(k, "l0", "glenda", &me), *l1 = kern_attach(k, "l1", "glenda", &me);
	Fid *c0 = openat_(l0, ORDWR, "ether0/clone"), *c1 = openat_(l1, ORDWR, "ether1/clone"), *d0, *d1, *c2;
	char num[16] = "";

	is_int(call_read(c0, num, sizeof num - 1, 0, &me, MS), 12, "the number of an ether conversation");
	is_str(num, "          0 ", "is 12 bytes");
	ok(put(c0, "connect 0x1234") == 0 && put(c1, "connect 4660") == 0, "connect: %s", rerrstr());
	is_str(text(l0, "ether0/0/type"), "       4660 ", "type");
	c2 = openat_(l0, ORDWR, "ether0/clone");
	is_int(put(c2, "connect 4660"), -1, "a type twice");
	is_str(rerrstr(), "device or object already in use", "is refused");
	is_int(put(c2, "scanbs"), -1, "an unknown message");
	is_str(rerrstr(), "unknown control request", "is refused");
	ok(put(c2, "promiscuous") == 0 && has(text(l0, "ether0/stats"), "prom: 1"), "promiscuous");
	fid_drop(c2);
	ok(has(text(l0, "ether0/stats"), "prom: 0"), "until it is closed");
	d0 = openat_(l0, ORDWR, "ether0/0/data");
	d1 = openat_(l1, ORDWR, "ether1/0/data");
	put_be16(p + 12, 0x1234);
	p[14] = 99;
	is_int(call_write(d0, p, 60, 0, &me, MS), 60, "a frame goes out: %s", rerrstr());
	is_int(call_read(d1, q, sizeof q, 0, &me, MS), 60, "and comes in");
	ok(memcmp(q + 6, "\2\0\0\0\0\xa0", 6) == 0 && q[14] == 99, "from this device's address");
	is_int(call_write(d0, p, 5, 0, &me, MS), -1, "a piece of a frame is refused");
	fid_drop(d0);
	fid_drop(d1);
	fid_drop(c0);
	fid_drop(c1);
	fid_drop(l0);
	fid_drop(l1);
}

static void unbind(void)
{
	Fid *l0 = kern_attach(k, "l0", "glenda", &me);

	ok(put(ifc[0], "unbind") == 0, "unbind: %s", rerrstr());
	is_str(text(l0, "ether0/addr"), "0200000000a0", "the device is back");
	ok(strstr(text(root[0], "iproute"), "10.0.0.0") == NULL, "its routes are gone");
	ok(put(ifc[2], "unbind") == 0, "unbind the loopback: %s", rerrstr());
	ok(put(ifc[2], "bind ether #l0/ether0") == 0 && put(ifc[2], "add 10.0.0.3 /24") == 0, "another stack takes it: %s", rerrstr());
	ok(put(ifc[2], "unbind") == 0, "and gives it back");
	for (int i = 0; i < 3; i++)
		fid_drop(ifc[i]);
	fid_drop(l0);
}

/* an init that keeps descriptors, for one kernel process after another */
typedef struct Init {
	int s, n;
	char key[16][64];
	int fd[16];
} Init;

static void *keeper(void *arg)
{
	Init *in = arg;
	char buf[512];
	int fd[IoFds], nfd;
	ssize_t n;

	while ((n = io_recvfds(in->s, buf, sizeof buf - 1, fd, &nfd)) > 0)
		if (strncmp(buf, "store ", 6) == 0 && nfd == 1 && in->n < 16) {
			snprintf(in->key[in->n], sizeof in->key[0], "%.60s", buf + 6);
			in->fd[in->n++] = fd[0];
		} else if (nfd == 1) {
			close(fd[0]);
		}
	return NULL;
}

static Kern *kernel(Init *in, pthread_t *t)
{
	int sp[2];
	char buf[128];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sp) < 0)
		abort();
	in->s = sp[0];
	for (int i = 0; i < in->n; i++) {
		int n = snprintf(buf, sizeof buf, "kept %s", in->key[i]);

		if (io_sendfds(sp[0], buf, (size_t)n + 1, &in->fd[i], 1) < 0)
			abort();
	}
	if (io_sendfds(sp[0], "go", 3, NULL, 0) < 0)
		abort();
	pthread_create(t, NULL, keeper, in);
	return kern_new("glenda", sp[1]);
}

/* restart lets a kernel process with a configured stack go and looks what the next one has */
static void restart(int hw)
{
	Init in = { 0 };
	pthread_t t[2];
	static Kern *one, *two; /* a Kern lives as long as its process */
	Fid *r, *c, *l;
	int n;

	one = kernel(&in, &t[0]);
	ok(ether_add(one, 0, "e0", hw) == 0, "a kernel process: %s", rerrstr());
	r = kern_attach(one, "I7", "glenda", &me);
	c = clone_(r, "ipifc", &n);
	ok(put(c, "bind ether #l0/ether0") == 0 && put(c, "add 10.3.0.1 /24") == 0, "with an interface: %s", rerrstr());
	ok(putfile(r, "ndb", "sys=x\n") == 0, "and ndb");
	fid_drop(c);
	fid_drop(r);
	ok(has(text(r = kern_attach(one, "I7", "glenda", &me), "ipifc/0/status"), "10.3.0.1"), "a bound interface stays when its ctl is closed");
	fid_drop(r);
	ip_closeall(one);
	ether_drop(one, 0);
	shutdown(in.s, SHUT_RDWR);
	pthread_join(t[0], NULL);
	two = kernel(&in, &t[1]);
	l = kern_attach(two, "l0", "glenda", &me);
	is_str(text(l, "ether0/addr"), "0200000000a0", "the next kernel process finds #l0 in the stack");
	fid_drop(l);
	r = kern_attach(two, "I7", "glenda", &me);
	ok(has(text(r, "ipifc/0/status"), "device #l0/ether0 maxtu 1514 "), "has the interface");
	ok(has(text(r, "ipselftab"), "10.3.0.1 "), "its address");
	is_str(text(r, "ndb"), "sys=x\n", "and ndb");
	l = kern_attach(two, "l0", "glenda", &me);
	is_str(text(l, "ether0/addr"), "0200000000a0", "#l0 finds its interface in the stack");
	ok(putfile(r, "ipifc/0/ctl", "unbind") == 0, "unbind: %s", rerrstr());
	is_str(text(l, "ether0/addr"), "0200000000a0", "and has it back");
	fid_drop(l);
	fid_drop(r);
	ip_closeall(two);
	ether_drop(two, 0);
	shutdown(in.s, SHUT_RDWR);
	pthread_join(t[1], NULL);
	for (int i = 0; i < in.n; i++)
		close(in.fd[i]);
}

static void log_(void)
{
	char buf[256] = "";
	Fid *f = openat_(root[0], ORDWR, "log"), *c;
	int n;

	ok(put(f, "set tcp") == 0, "log: %s", rerrstr());
	is_int(put(f, "set frob"), -1, "an unknown item");
	c = clone_(root[0], "tcp", &n);
	ok(put(c, "announce *!99") == 0 && call_read(f, buf, sizeof buf - 1, 0, &me, MS) > 0, "something is logged");
	ok(has(buf, "announced, port 99"), "the announcement");
	fid_drop(c);
	fid_drop(f);
}

int main(void)
{
	int hw, host;
	Netlink *nl;
	const u8 mac[MACLEN] = { 2, 0, 0, 0, 0, 0xa0 };

	if (stack_alone() < 0) {
		skip("this host forbids user name spaces");
		return done();
	}
	me = (Caller){ .pid = (u32)getpid(), .uid = getuid(), .gid = getgid() };
	k = kern_new("glenda", -1);
	hw = netns_new();
	nl = netlink_open(hw);
	if (!ok(netlink_veth(nl, "e0", mac, "e1", -1, NULL) == 0, "a pair: %s", rerrstr()))
		return done();
	ok(ether_add(k, 0, "e0", hw) == 0 && ether_add(k, 1, "e1", hw) == 0, "two ether devices: %s", rerrstr());
	is_int(ether_add(k, 1, "e1", hw), -1, "each number once");
	for (int i = 0; i < 3; i++)
		root[i] = kern_attach(k, i == 0 ? "I0" : i == 1 ? "I1" : "I2", "glenda", &me);
	if (!ok(root[0] != NULL && root[1] != NULL && root[2] != NULL, "three stacks: %s", rerrstr()))
		return done();
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
	icmp("icmp", "10.0.0.2", 20, 8, 0);
	icmp("icmpv6", "2001:db8::2", 40, 128, 129);
	alone();
	many();
	handover();
	frames();
	log_();
	unbind();
	for (int i = 0; i < 3; i++)
		fid_drop(root[i]);
	ok(netns_same(host, netns_self()), "this thread is where it was");
	ip_closeall(k);
	ether_drop(k, 0);
	ether_drop(k, 1);
	restart(hw);
	is_int(ref_live("Fid"), 0, "no Fid is left");
	netlink_close(nl);
	return done();
}
