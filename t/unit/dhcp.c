#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include <client/dhcp.h>
#include "tap.h"

/* A server of sorts: answers are built by hand into pkt. */
static u8 pkt[1024];
static size_t npkt;

static void reply(const Dhcp *d, int type, const char *opts, size_t nopts)
{
	static const u8 yi[4] = { 10, 0, 0, 7 };

	memset(pkt, 0, sizeof pkt);
	pkt[0] = 2;
	put_be32(pkt + 4, d->xid);
	memcpy(pkt + 16, yi, 4);
	memcpy(pkt + 28, d->hwaddr, 16);
	memcpy(pkt + 236, "\x63\x82\x53\x63\x35\x01", 6);
	pkt[242] = (u8)type;
	memcpy(pkt + 243, opts, nopts);
	pkt[243 + nopts] = 255;
	npkt = 244 + nopts;
}

#define OPTS(s) s, sizeof(s) - 1
#define SERVER "\x36\x04\x0a\x00\x00\x01"
#define LEASE(n) "\x33\x04\x00\x00" n

static void fresh(Dhcp *d)
{
	dhcp_init(d);
	memcpy(d->hwaddr, "\x02\x00\x00\x00\x00\x05", 6);
	d->hwlen = 6;
	d->hwtype = 1;
	dhcp_start(d, 1000, 0xabcd);
}

/* bound takes a fresh client to Bound with a lease of 120 seconds from t = 1100 ms. */
static void bound(Dhcp *d)
{
	fresh(d);
	reply(d, 2, OPTS(SERVER LEASE("\x00\x78")));
	dhcp_input(d, 1100, pkt, npkt);
	reply(d, 5, OPTS(SERVER LEASE("\x00\x78") "\x01\x04\xff\xff\xff\x00"));
	dhcp_input(d, 1200, pkt, npkt);
}

/* opt finds an option in a packet that we built. */
static const u8 *opt(const u8 *p, int code)
{
	for (p += 240; *p != 255; p += 2 + p[1])
		if (*p == code)
			return p + 2;
	return NULL;
}

static void handshake(void)
{
	Dhcp d;
	u8 p[DHCPMAX], dst[4];

	fresh(&d);
	strcpy(d.host, "box");
	strcpy(d.vendor, "plan9_amd64");
	is_int(dhcp_packet(&d, 1500, p, dst), DHCPMAX, "a discover is padded");
	is_int(be32(dst), 0xffffffff, "and broadcast");
	is_int(opt(p, 53)[0], 1, "it is a discover");
	is_int(be16(p + 10), 0x8000, "that asks for broadcast answers");
	ok(memcmp(opt(p, 12), "box", 3) == 0, "with the host's name");
	ok(memcmp(opt(p, 60), "plan9_amd64", 11) == 0, "and Plan 9's vendor class");
	ok(memchr(opt(p, 55), 119, opt(p, 55)[-1]) != NULL, "it asks for the search list");
	reply(&d, 5, OPTS(SERVER));
	is_int(dhcp_input(&d, 1600, pkt, npkt), DhcpNothing, "an ack before a request is ignored");
	reply(&d, 2, OPTS(SERVER LEASE("\x0e\x10")));
	is_int(dhcp_input(&d, 2000, pkt, npkt), DhcpSend, "an offer is answered");
	dhcp_packet(&d, 2000, p, dst);
	is_int(opt(p, 53)[0], 3, "by a request");
	is_int(be32(opt(p, 50)), 0x0a000007, "for the offered address");
	is_int(be32(opt(p, 54)), 0x0a000001, "of that server");
	is_int(be32(opt(p, 51)), 3600, "and lease");
	reply(&d, 5, OPTS(SERVER LEASE("\x0e\x10") "\x01\x04\xff\xff\xff\x00\x03\x04\x0a\x00\x00\xfe"
			"\x06\x08\x0a\x00\x00\x02\x0a\x00\x00\x03\x0c\x03" "abc" "\x0f\x07" "a.b.org"
			"\x77\x08\x03" "sub" "\xc0\x08\x01" "x" "\x77\x07\x00\x03" "org" "\x00\x00"));
	is_int(dhcp_input(&d, 2100, pkt, npkt), DhcpGot, "an ack gives a lease");
	is_int(be32(d.lease.addr), 0x0a000007, "address");
	is_int(be32(d.lease.mask), 0xffffff00, "mask");
	is_int(be32(d.lease.router), 0x0a0000fe, "router");
	is_int(d.lease.ndns, 2, "two name servers");
	is_int(be32(d.lease.dns[1]), 0x0a000003, "the second one");
	is_str(d.lease.host, "abc", "host name");
	is_str(d.lease.domain, "a.b.org", "domain");
	is_int(d.lease.secs, 3600, "lease");
	is_int(dhcp_next(&d), 2000 + 1800 * 1000, "renewal after half, counted from the request");
}

static void searches(void)
{
	Dhcp d;

	bound(&d);
	d.state = DhcpRequesting;
	reply(&d, 5, OPTS("\x77\x0a\x03" "sub" "\x01" "a" "\x00\x01" "x" "\xc0" "\x77\x01\x04"));
	dhcp_input(&d, 1, pkt, npkt);
	is_str(d.lease.search, "sub.a x.a", "a search list in two pieces, compressed");
	d.state = DhcpRequesting;
	reply(&d, 5, OPTS("\x77\x02\xc0\x00"));
	is_int(dhcp_input(&d, 1, pkt, npkt), DhcpGot, "a search list that points at itself");
	is_str(d.lease.search, "", "is dropped");
	d.state = DhcpRequesting;
	reply(&d, 5, OPTS("\x0c\x05" "a\nb=c"));
	is_int(dhcp_input(&d, 1, pkt, npkt), DhcpGot, "a host name with a newline");
	is_str(d.lease.host, "", "is dropped");
}

static void options(void)
{
	Dhcp d;
	autobuf Buf b = { 0 };

	bound(&d);
	is_int(dhcp_want(&d, "nonsense"), -1, "an unknown option");
	is_int(dhcp_want(&d, "tftp"), 0, "tftp is known");
	is_int(dhcp_want(&d, "mtu"), 0, "mtu too");
	d.state = DhcpRequesting;
	reply(&d, 5, OPTS(SERVER "\x42\x06" "t.x\n9 " "\x1a\x02\x05\xdc"));
	dhcp_input(&d, 1, pkt, npkt);
	dhcp_ndb(&d, &b);
	is_str(buf_text(&b), "\ttftp=t.x9\n\tmtu=1500\n", "what was asked for, without characters that ndb would trip on");
}

static void noanswer(void)
{
	Dhcp d;
	i64 t = 1000;
	int sends = 0;
	DhcpEvent e;

	fresh(&d);
	is_int(dhcp_timer(&d, 4999), DhcpNothing, "not yet");
	while ((e = dhcp_timer(&d, t = dhcp_next(&d))) == DhcpSend)
		sends++;
	is_int(e, DhcpFailed, "no server: failure");
	is_int(sends, 5, "after five more tries");
	is_int(t, 1000 + 6 * 4000, "four seconds apart");
	is_int(dhcp_next(&d), -1, "and no timer");
	fresh(&d);
	reply(&d, 2, OPTS(SERVER));
	dhcp_input(&d, 1100, pkt, npkt);
	reply(&d, 6, OPTS(SERVER));
	is_int(dhcp_input(&d, 1200, pkt, npkt), DhcpFailed, "a nak to a request is failure");
}

static void renewal(void)
{
	Dhcp d;
	u8 p[DHCPMAX], dst[4];
	i64 t0 = 1100;

	bound(&d);
	is_int(dhcp_next(&d), t0 + 60000, "bound: T1 at half the lease");
	is_int(dhcp_timer(&d, t0 + 60000), DhcpSend, "then renew");
	is_int(d.state, DhcpRenewing, "state");
	dhcp_packet(&d, t0 + 60000, p, dst);
	is_int(be32(dst), 0x0a000001, "from the server alone");
	is_int(be32(p + 12), 0x0a000007, "with our address as ciaddr");
	ok(opt(p, 50) == NULL && opt(p, 54) == NULL, "and neither address nor server as options");
	reply(&d, 5, OPTS(SERVER LEASE("\x00\x78")));
	is_int(dhcp_input(&d, t0 + 60100, pkt, npkt), DhcpGot, "an ack renews");
	is_int(dhcp_next(&d), t0 + 120000, "the new lease counts from the renewal");
}

static void expiry(void)
{
	Dhcp d;
	u8 p[DHCPMAX], dst[4];
	i64 t, t0 = 1100;
	DhcpEvent e;
	int unicast = 0, broadcast = 0;

	bound(&d);
	while ((e = dhcp_timer(&d, t = dhcp_next(&d))) == DhcpSend) {
		dhcp_packet(&d, t, p, dst);
		if (dst[0] == 255)
			broadcast++;
		else
			unicast++;
	}
	is_int(unicast, 3, "a silent server: three renewals");
	ok(broadcast >= 3, "then rebinding (%d)", broadcast);
	is_int(e, DhcpLost, "the lease is lost");
	is_int(t, t0 + 120000, "when it runs out and not before");
	is_int(d.state, DhcpInit, "and the client is at the start");

	bound(&d);
	dhcp_timer(&d, t0 + 60000);
	reply(&d, 6, OPTS(SERVER));
	is_int(dhcp_input(&d, t0 + 60001, pkt, npkt), DhcpLost, "a nak to a renewal takes the address away");

	bound(&d);
	is_int(dhcp_timer(&d, t0 + 500000), DhcpLost, "a machine that slept past the end loses it at once");
}

static void forever(void)
{
	Dhcp d;

	fresh(&d);
	reply(&d, 2, OPTS(SERVER));
	dhcp_input(&d, 1100, pkt, npkt);
	reply(&d, 5, OPTS(SERVER "\x33\x04\xff\xff\xff\xff"));
	is_int(dhcp_input(&d, 1200, pkt, npkt), DhcpGot, "a lease for ever");
	is_int(dhcp_next(&d), -1, "needs no timer");
}

static void nonsense(void)
{
	Dhcp d;

	fresh(&d);
	reply(&d, 2, OPTS(SERVER));
	pkt[7]++;
	is_int(dhcp_input(&d, 1100, pkt, npkt), DhcpNothing, "another xid");
	reply(&d, 2, OPTS(SERVER));
	pkt[28]++;
	is_int(dhcp_input(&d, 1100, pkt, npkt), DhcpNothing, "another hardware address");
	reply(&d, 2, OPTS(SERVER));
	pkt[236]++;
	is_int(dhcp_input(&d, 1100, pkt, npkt), DhcpNothing, "no cookie");
	reply(&d, 2, OPTS("\x36\xff"));
	npkt = 246;
	is_int(dhcp_input(&d, 1100, pkt, npkt), DhcpNothing, "an option that runs over the end");
	reply(&d, 2, OPTS(SERVER));
	for (size_t n = 0; n < npkt - 8; n++)
		if (dhcp_input(&d, 1100, pkt, n) != DhcpNothing)
			ok(0, "cut at %zu", n);
	is_int(d.state, DhcpSelecting, "cut anywhere it is ignored");
	reply(&d, 2, OPTS(""));
	is_int(dhcp_input(&d, 1100, pkt, npkt), DhcpNothing, "an offer without a server");
}

int main(void)
{
	handshake();
	searches();
	options();
	noanswer();
	renewal();
	expiry();
	forever();
	nonsense();
	return done();
}
