/*
 * DHCP over Plan 9's udp: a conversation with headers, so that a packet can
 * be sent from an interface that has no address yet.  The interface has the
 * null address meanwhile, with which it takes any packet.
 *
 * Time.  One tick is TICK ms: a read that waits is interrupted by a timer
 * signal at each, the state machine (client/dhcp.h) is told the time, and
 * the watcher sleeps at most NAP between looks at the clock.
 * ANTHILL_CLOCK names a file with seconds to add to the clock, by which
 * tests live through a lease.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/random.h>
#include <os/spawn.h>
#include "ipconf.h"
#include "tool.h"

enum { HDR = 52, Oraddr = 0, Oladdr = 16, Oifc = 32, Orport = 48, Olport = 50 };
enum { Client = 68, Server = 67, TICK = 250, NAP = 60 * 1000, AGAIN = 30 * 1000, ANNOUNCES = 10 };

static i64 now(void)
{
	const char *file = getenv("ANTHILL_CLOCK");
	autofree char *text = file != NULL ? io_slurp(-100, file, 64, NULL) : NULL;

	return clock_ms() + (text != NULL ? strtoll(text, NULL, 10) * 1000 : 0);
}

/* announce opens a udp conversation on the client's port, at local unless that is none, and returns its data file. */
static int announce(const Ipconf *c, const Ip *local)
{
	autofree char *clone = mem_printf("%s/udp/clone", c->mtpt), *data = NULL;
	autofd int ctl = open(clone, O_RDWR | O_CLOEXEC);
	char n[32], ip[IPTEXT];
	ssize_t k;
	int fd;

	if (ctl < 0)
		return os_werr("%s", clone);
	k = read(ctl, n, sizeof n - 1);
	if (k <= 0)
		return os_werr("%s", clone);
	n[k] = '\0';
	if (ip_isnone(local) ? conf_ctl(ctl, "announce %d", Client) < 0 :
			       conf_ctl(ctl, "announce %s!%d", ip_print(local, ip), Client) < 0)
		return -1;
	if (conf_ctl(ctl, "headers") < 0)
		return -1;
	data = mem_printf("%s/udp/%ld/data", c->mtpt, strtol(n, NULL, 10));
	fd = open(data, O_RDWR | O_CLOEXEC);
	return fd < 0 ? os_werr("%s", data) : fd;
}

static void send_packet(Ipconf *c, int fd)
{
	u8 p[HDR + DHCPMAX] = { 0 }, dst[4];
	size_t n = dhcp_packet(&c->d, now(), p + HDR, dst);
	bool has = c->d.state == DhcpRenewing || c->d.state == DhcpRebinding;
	Ip to = ip_v4(dst), from = has ? ip_v4(c->d.lease.addr) : ip_v4none;

	memcpy(p + Oraddr, to.b, IPLEN);
	memcpy(p + Oladdr, from.b, IPLEN);
	memcpy(p + Oifc, from.b, IPLEN);
	put_be16(p + Orport, Server);
	put_be16(p + Olport, Client);
	conf_debug(c, "sending to %d.%d.%d.%d in state %d", dst[0], dst[1], dst[2], dst[3], c->d.state);
	if (write(fd, p, HDR + n) < 0)
		tool_oops("send");
}

/* turn waits a tick for a packet and moves the state machine; the conversation's failure is DhcpFailed. */
static DhcpEvent turn(Ipconf *c, int fd)
{
	static u8 buf[4096];
	ssize_t n = read(fd, buf, sizeof buf);
	DhcpEvent e = n > HDR ? dhcp_input(&c->d, now(), buf + HDR, (size_t)n - HDR) : DhcpNothing;

	if (n < 0) {
		os_werr("read");
		if (strstr(rerrstr(), errtext(Eintr)) == NULL) {
			tool_warn("%s", rerrstr());
			return DhcpFailed;
		}
	} else if (n == 0) {
		tool_warn("the udp conversation was hung up");
		return DhcpFailed;
	}
	if (e == DhcpNothing)
		e = dhcp_timer(&c->d, now());
	if (e == DhcpSend)
		send_packet(c, fd);
	return e;
}

/* exchange drives the conversation until there is a lease or there will be none. */
static DhcpEvent exchange(Ipconf *c, const Ip *local)
{
	autofd int fd = -1;
	DhcpEvent e;

	for (int i = 0; (fd = announce(c, local)) < 0; i++) {
		/* another client may have the port for a moment */
		if (strstr(rerrstr(), "in use") == NULL || i == ANNOUNCES)
			tool_die("can't announce for dhcp: %s", rerrstr());
		usleep(500000 + random_u32(500000));
	}
	send_packet(c, fd);
	do
		e = turn(c, fd);
	while (e == DhcpNothing || e == DhcpSend);
	return e;
}

/* take fills c from the lease; what the command line said wins with -O. */
static void take(Ipconf *c)
{
	const DhcpLease *l = &c->d.lease;
	Ip router = ip_v4(l->router), mask = ip_v4(l->mask);
	bool masked = !ip_isnone(&mask);

	memset(mask.b, 0xff, IP4OFF);
	if (!c->override || ip_isnone(&c->laddr))
		c->laddr = ip_v4(l->addr);
	if (!c->override || ip_isnone(&c->mask))
		c->mask = masked ? mask : ip_none;
	if ((!c->override || ip_isnone(&c->gaddr)) && !ip_isnone(&router))
		c->gaddr = router;
	c->raddr = ip_none;
	c->leased = true;
}

static int seek(Ipconf *c)
{
	DhcpEvent e;

	if (!c->dryrun && conf_ctl(c->cfd, "add 0.0.0.0 0.0.0.0") < 0)
		conf_debug(c, "the null address: %s", rerrstr());
	dhcp_start(&c->d, now(), random_u32(0xffffffff));
	e = exchange(c, &ip_none);
	if (!c->dryrun && conf_ctl(c->cfd, "remove 0.0.0.0 0.0.0.0") < 0)
		conf_debug(c, "the null address: %s", rerrstr());
	if (e != DhcpGot)
		return werrstr("no success with DHCP");
	take(c);
	return 0;
}

int conf_dhcp(Ipconf *c)
{
	tool_ticks(TICK);
	if (c->rfd >= 0 && conf_ctl(c->rfd, "tag dhcp") < 0)
		conf_debug(c, "%s", rerrstr());
	return seek(c);
}

/* detach: the watcher says what it does in Plan 9's log, if there is one, for nobody reads its standard error. */
static void detach(const Ipconf *c)
{
	int null = open("/dev/null", O_RDWR), log = open("/sys/log/ipconfig", O_WRONLY | O_APPEND | O_CLOEXEC);

	setsid();
	proc_name("dhcpwatch");
	dup2(null, 0);
	dup2(null, 1);
	if (!c->debug)
		dup2(log >= 0 ? log : null, 2);
	for (int i = 3; i < 64; i++)
		if (i != c->cfd && i != c->rfd)
			close(i);
	tool_ticks(TICK);
}

static void doze(i64 until)
{
	i64 left;

	while ((left = until - now()) > 0) {
		i64 ms = getenv("ANTHILL_CLOCK") != NULL ? TICK : left < NAP ? left : NAP;

		usleep((useconds_t)(ms < TICK ? TICK : ms) * 1000);
	}
}

static void configure(Ipconf *c)
{
	if (conf_add(c) < 0)
		tool_warn("%s: %s", c->dev, rerrstr());
	conf_putndb(c, true);
}

static void unconfigure(Ipconf *c)
{
	if (conf_remove(c) < 0)
		tool_warn("%s: %s", c->dev, rerrstr());
	conf_putndb(c, false);
	c->laddr = c->mask = c->raddr = ip_none;
	c->leased = false;
}

/* keep lives through one lease and returns when it is lost. */
static void keep(Ipconf *c)
{
	Ip old;
	DhcpEvent e;

	while (dhcp_next(&c->d) >= 0) {
		doze(dhcp_next(&c->d));
		old = c->laddr;
		e = dhcp_timer(&c->d, now());
		if (e == DhcpSend)
			e = exchange(c, &old);
		if (e == DhcpLost || e == DhcpFailed)
			return;
		if (e == DhcpGot && memcmp(c->d.lease.addr, old.b + IP4OFF, 4) != 0) {
			tool_warn("%s: the server gave another address", c->dev);
			unconfigure(c);
			take(c);
			configure(c);
		}
	}
	if (c->d.state == DhcpBound)
		exit(0); /* a lease for ever */
}

void conf_watch(Ipconf *c, bool fresh)
{
	if (c->nowatch || (!fresh && c->d.lease.secs == DHCPFOREVER))
		return;
	switch (fork()) {
	case -1:
		tool_oopsdie("fork");
	case 0:
		break;
	default:
		return;
	}
	detach(c);
	for (;;) {
		if (!fresh) {
			keep(c);
			tool_warn("%s: the lease is lost", c->dev);
			unconfigure(c);
		}
		while (seek(c) < 0)
			doze(now() + AGAIN);
		configure(c);
		fresh = false;
	}
}
