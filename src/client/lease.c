/*
 * One tick is LEASETICK ms: a receive waits at most that long, then the
 * state machine is told the time; between the lease's deadlines the watcher
 * sleeps at most LEASENAP between looks at the clock, which may have jumped.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <client/lease.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/random.h>

i64 lease_now(const char *file)
{
	autofree char *text = file != NULL ? io_slurp(-100, file, 64, NULL) : NULL;

	return clock_ms() + (text != NULL ? strtoll(text, NULL, 10) * 1000 : 0);
}

static void transmit(Dhcp *d, const LeaseOps *o, void *arg, int fd)
{
	static const u8 none[4];
	u8 p[DHCPMAX], dst[4];
	size_t n = dhcp_packet(d, lease_now(o->clock), p, dst);
	bool has = d->state == DhcpRenewing || d->state == DhcpRebinding;

	o->send(arg, fd, p, n, dst, has ? d->lease.addr : none);
}

/* turn waits a tick for a packet and moves the state machine; the conversation's failure is DhcpFailed. */
static DhcpEvent turn(Dhcp *d, const LeaseOps *o, void *arg, int fd)
{
	u8 buf[4096];
	long n = o->recv(arg, fd, buf, sizeof buf);
	DhcpEvent e;

	if (n < 0)
		return DhcpFailed;
	e = n > 0 ? dhcp_input(d, lease_now(o->clock), buf, (size_t)n) : DhcpNothing;
	if (e == DhcpNothing)
		e = dhcp_timer(d, lease_now(o->clock));
	if (e == DhcpSend)
		transmit(d, o, arg, fd);
	return e;
}

/* exchange drives the conversation until there is a lease or there will be none. */
static DhcpEvent exchange(Dhcp *d, const LeaseOps *o, void *arg, int fd, const u8 *local)
{
	DhcpEvent e;

	transmit(d, o, arg, fd);
	do
		e = turn(d, o, arg, fd);
	while (e == DhcpNothing || e == DhcpSend);
	o->close(arg, fd, local);
	return e;
}

int lease_seek(Dhcp *d, const LeaseOps *o, void *arg)
{
	int fd = o->open(arg, NULL);

	if (fd < 0)
		return -1;
	dhcp_start(d, lease_now(o->clock), random_u32(0xffffffff));
	if (exchange(d, o, arg, fd, NULL) == DhcpGot)
		return 0;
	return werrstr("no success with DHCP");
}

static void doze(const LeaseOps *o, void *arg, i64 until)
{
	i64 left;

	while ((left = until - lease_now(o->clock)) > 0) {
		i64 ms = o->clock != NULL ? LEASETICK : left < LEASENAP ? left : LEASENAP;

		o->doze(arg, ms < LEASETICK ? LEASETICK : ms);
	}
}

/* keep lives through one lease and returns when it is lost, or when it is for ever. */
static void keep(Dhcp *d, const LeaseOps *o, void *arg)
{
	u8 old[4];
	DhcpEvent e;
	int fd;

	while (dhcp_next(d) >= 0) {
		doze(o, arg, dhcp_next(d));
		memcpy(old, d->lease.addr, 4);
		e = dhcp_timer(d, lease_now(o->clock));
		if (e == DhcpSend)
			e = (fd = o->open(arg, old)) < 0 ? DhcpFailed : exchange(d, o, arg, fd, old);
		if (e == DhcpLost || e == DhcpFailed)
			return;
		if (e == DhcpGot && memcmp(d->lease.addr, old, 4) != 0) {
			o->down(arg, "the server gave another address");
			o->up(arg);
		}
	}
}

void lease_watch(Dhcp *d, bool fresh, const LeaseOps *o, void *arg)
{
	for (;;) {
		if (!fresh) {
			keep(d, o, arg);
			if (d->state == DhcpBound && dhcp_next(d) < 0)
				return;
			o->down(arg, "the lease is lost");
		}
		while (lease_seek(d, o, arg) < 0)
			doze(o, arg, lease_now(o->clock) + LEASEAGAIN);
		o->up(arg);
		fresh = false;
	}
}
