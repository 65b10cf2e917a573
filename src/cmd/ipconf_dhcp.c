/*
 * DHCP over Plan 9's udp: a conversation with headers, so that a packet can
 * be sent from an interface that has no address yet.  The interface has the
 * null address meanwhile, with which it takes any packet.
 *
 * Time.  A read that waits is interrupted by a timer signal at each tick of
 * the lease's loop (client/lease.h).  ANTHILL_CLOCK names a file with
 * seconds to add to the clock, by which tests live through a lease.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/lease.h>
#include <os/random.h>
#include <os/spawn.h>
#include "ipconf.h"
#include "tool.h"

enum { HDR = 52, Oraddr = 0, Oladdr = 16, Oifc = 32, Orport = 48, Olport = 50 };
enum { Client = 68, Server = 67, ANNOUNCES = 10 };

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

static void conv_send(void *arg, int fd, const u8 *pkt, size_t n, const u8 dst[4], const u8 src[4])
{
	Ipconf *c = arg;
	u8 p[HDR + DHCPMAX] = { 0 };
	Ip to = ip_v4(dst), from = ip_v4(src);

	memcpy(p + HDR, pkt, n);
	memcpy(p + Oraddr, to.b, IPLEN);
	memcpy(p + Oladdr, from.b, IPLEN);
	memcpy(p + Oifc, from.b, IPLEN);
	put_be16(p + Orport, Server);
	put_be16(p + Olport, Client);
	conf_debug(c, "sending to %d.%d.%d.%d in state %d", dst[0], dst[1], dst[2], dst[3], c->d.state);
	if (write(fd, p, HDR + n) < 0)
		tool_oops("send");
}

static long conv_recv(void *arg, int fd, u8 *p, size_t max)
{
	static u8 buf[4096];
	ssize_t n = read(fd, buf, sizeof buf);

	if (n < 0) {
		os_werr("read");
		if (strstr(rerrstr(), errtext(Eintr)) != NULL)
			return 0;
		tool_warn("%s", rerrstr());
		return -1;
	}
	if (n == 0) {
		tool_warn("the udp conversation was hung up");
		return -1;
	}
	n = n > HDR ? n - HDR : 0;
	if ((size_t)n > max)
		return 0;
	memcpy(p, buf + HDR, (size_t)n);
	return n;
}

static void nulladdress(Ipconf *c, const char *verb)
{
	if (!c->dryrun && conf_ctl(c->cfd, "%s 0.0.0.0 0.0.0.0", verb) < 0)
		conf_debug(c, "the null address: %s", rerrstr());
}

static int conv_open(void *arg, const u8 *local)
{
	Ipconf *c = arg;
	Ip ip = local != NULL ? c->laddr : ip_none;
	int fd;

	if (local == NULL)
		nulladdress(c, "add");
	for (int i = 0; (fd = announce(c, &ip)) < 0; i++) {
		/* another client may have the port for a moment */
		if (strstr(rerrstr(), "in use") == NULL || i == ANNOUNCES)
			tool_die("can't announce for dhcp: %s", rerrstr());
		usleep(500000 + random_u32(500000));
	}
	return fd;
}

static void conv_close(void *arg, int fd, const u8 *local)
{
	close(fd);
	if (local == NULL)
		nulladdress(arg, "remove");
}

static void conv_doze(void *arg, i64 ms)
{
	usleep((useconds_t)ms * 1000);
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

static void conv_up(void *arg)
{
	Ipconf *c = arg;

	take(c);
	if (conf_add(c) < 0)
		tool_warn("%s: %s", c->dev, rerrstr());
	conf_putndb(c, true);
}

static void conv_down(void *arg, const char *why)
{
	Ipconf *c = arg;

	tool_warn("%s: %s", c->dev, why);
	if (conf_remove(c) < 0)
		tool_warn("%s: %s", c->dev, rerrstr());
	conf_putndb(c, false);
	c->laddr = c->mask = c->raddr = ip_none;
	c->leased = false;
}

static const LeaseOps *conversation(void)
{
	static LeaseOps o = { .open = conv_open, .close = conv_close, .send = conv_send, .recv = conv_recv,
			      .doze = conv_doze, .up = conv_up, .down = conv_down };

	o.clock = getenv("ANTHILL_CLOCK");
	return &o;
}

int conf_dhcp(Ipconf *c)
{
	tool_ticks(LEASETICK);
	if (c->rfd >= 0 && conf_ctl(c->rfd, "tag dhcp") < 0)
		conf_debug(c, "%s", rerrstr());
	if (lease_seek(&c->d, conversation(), c) < 0)
		return -1;
	take(c);
	return 0;
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
	tool_ticks(LEASETICK);
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
	lease_watch(&c->d, fresh, conversation(), c);
	exit(0); /* a lease for ever */
}
