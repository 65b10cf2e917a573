#include <stdlib.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <client/lease.h>
#include <os/clock.h>
#include "tap.h"

/* A server at the other end of the functions, and a clock that only they move. */
typedef struct Server {
	Dhcp d;
	bool deaf, shut;     /* it does not answer; the port cannot be had */
	u32 secs;            /* of the leases it gives */
	u8 addr;             /* their last byte */
	u8 pkt[DHCPMAX];     /* what came last, of npkt bytes, 0: answered */
	size_t npkt;
	int opens, closes, packets, ups, downs, dozes;
	u8 src[4], dst[4];   /* of the last */
	const char *why;
	void (*each)(struct Server *s); /* after each doze, to change something */
} Server;

static int s_open(void *arg, const u8 *local)
{
	Server *s = arg;

	s->opens++;
	return s->shut ? werrstr("address in use") : 7;
}

static void s_close(void *arg, int fd, const u8 *local)
{
	((Server *)arg)->closes++;
}

static void s_send(void *arg, int fd, const u8 *p, size_t n, const u8 dst[4], const u8 src[4])
{
	Server *s = arg;

	s->packets++;
	memcpy(s->pkt, p, n);
	s->npkt = n;
	memcpy(s->src, src, 4);
	memcpy(s->dst, dst, 4);
}

static long s_recv(void *arg, int fd, u8 *p, size_t max)
{
	Server *s = arg;
	bool discover = s->pkt[242] == 1;

	clock_shift(LEASETICK);
	if (s->deaf || s->npkt == 0)
		return 0;
	memset(p, 0, 300);
	p[0] = 2;
	memcpy(p + 4, s->pkt + 4, 4);
	memcpy(p + 16, (u8[]){ 10, 0, 0, s->addr }, 4);
	memcpy(p + 28, s->pkt + 28, 16);
	memcpy(p + 236, "\x63\x82\x53\x63\x35\x01", 6);
	p[242] = discover ? 2 : 5;
	memcpy(p + 243, "\x36\x04\x0a\x00\x00\x01\x33\x04", 8);
	put_be32(p + 251, s->secs);
	p[255] = 255;
	s->npkt = 0;
	return 256;
}

static void s_doze(void *arg, i64 ms)
{
	Server *s = arg;

	clock_shift(ms);
	s->dozes++;
	if (s->each != NULL)
		s->each(s);
}

static void s_up(void *arg) { ((Server *)arg)->ups++; }

static void s_down(void *arg, const char *why)
{
	Server *s = arg;

	s->downs++;
	s->why = why;
}

static const LeaseOps ops = { .open = s_open, .close = s_close, .send = s_send, .recv = s_recv, .doze = s_doze, .up = s_up,
			      .down = s_down };

static Server fresh(void)
{
	Server s = { .secs = 120, .addr = 7 };

	dhcp_init(&s.d);
	s.d.hwlen = 6;
	s.d.hwtype = 1;
	return s;
}

static void seeking(void)
{
	Server s = fresh();

	ok(lease_seek(&s.d, &ops, &s) == 0 && s.d.lease.addr[3] == 7, "a lease");
	ok(s.packets == 2 && s.src[0] == 0 && s.dst[0] == 255, "by two packets, from nowhere to everybody");
	ok(s.opens == 1 && s.closes == 1, "the conversation is closed");
	s = fresh();
	s.deaf = true;
	ok(lease_seek(&s.d, &ops, &s) < 0 && strcmp(rerrstr(), "no success with DHCP") == 0, "nobody answers");
	ok(s.packets == 1 + DHCPRESENDS && s.closes == 1, "after the usual tries");
	s = fresh();
	s.shut = true;
	ok(lease_seek(&s.d, &ops, &s) < 0 && strcmp(rerrstr(), "address in use") == 0, "the port's own error");
}

static int renewals;
static u8 from[4], to[4];

/* forever makes the third lease one without an end, which ends the watch. */
static void forever(Server *s)
{
	if (s->packets == 3) {
		memcpy(from, s->src, 4);
		memcpy(to, s->dst, 4);
		renewals++;
		s->secs = DHCPFOREVER;
	}
}

static void moved(Server *s)
{
	s->addr = 9;
	s->secs = DHCPFOREVER;
}

static void lost(Server *s)
{
	s->deaf = s->downs == 0;
	if (!s->deaf)
		s->secs = DHCPFOREVER;
}

static void watching(void)
{
	Server s = fresh();

	s.each = forever;
	lease_watch(&s.d, true, &ops, &s);
	ok(s.ups == 1 && s.downs == 0 && s.packets == 4, "sought, renewed, and renewed for ever");
	ok(renewals > 0 && from[3] == 7 && to[3] == 1, "from the lease's address to the server");
	s = fresh();
	s.each = moved;
	lease_watch(&s.d, true, &ops, &s);
	ok(s.ups == 2 && s.downs == 1 && s.d.lease.addr[3] == 9, "another address is configured anew");
	is_str(s.why, "the server gave another address", "with the reason");
	s = fresh();
	ok(lease_seek(&s.d, &ops, &s) == 0, "a lease to lose");
	s.deaf = true;
	clock_shift(1000 * 1000);
	s.each = lost;
	lease_watch(&s.d, false, &ops, &s);
	ok(s.downs == 1 && strcmp(s.why, "the lease is lost") == 0, "its end takes the address away");
	ok(s.ups == 1 && s.d.state == DhcpBound && s.opens == s.closes, "and another is sought until there is one");
}

int main(void)
{
	seeking();
	watching();
	return done();
}
