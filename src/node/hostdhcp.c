/*
 * DHCP for a program of `anthill run`.  The process that is to become the
 * program asks for the lease first, so that an interrupt, or the end of the
 * client, ends the asking as it would the program.  Then a grandchild of its
 * own, a child of init that the program cannot see among its children, keeps
 * the lease; it listens on a socket to init, which says "release" at the end.
 *
 *	init -- the program-to-be: seek, configure -- exec program
 *	  `- - - - - - - - - - dhcpwatch: renew ... release
 *
 * The socket is bound to the device because there is no address to route by.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/lease.h>
#include <os/at.h>
#include <os/io.h>
#include <os/ipsock.h>
#include <os/local.h>
#include <os/mount.h>
#include <os/netlink.h>
#include <os/netns.h>
#include "init.h"

enum { Client = 68, Server = 67, ReleaseMs = 1000 };

typedef struct Lease {
	Init *in;
	Dhcp d;
	LeaseOps ops;
	char dev[IFNAMELEN];
	int ctl;      /* to init */
	IfAddr addr;  /* what the interface has */
	bool watcher; /* this is the watcher, and nobody's program */
} Lease;

static int openport(void *arg, const u8 *local)
{
	Lease *l = arg;
	int fd = ipsock_new(-1, IpUdp, &ip_v4none);

	if (fd < 0)
		return -1;
	if (ipsock_reuse(fd) < 0 || ipsock_device(fd, l->dev) < 0 || ipsock_bind(fd, &ip_v4none, Client) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void closeport(void *arg, int fd, const u8 *local)
{
	close(fd);
}

static void sendpacket(void *arg, int fd, const u8 *p, size_t n, const u8 dst[4], const u8 src[4])
{
	Lease *l = arg;
	IpMsg m = { .raddr = ip_v4(dst), .rport = Server };

	if (ipsock_sendto(fd, p, n, &m) < 0)
		init_say(l->in, "dhcp: %s: send: %s", l->dev, rerrstr());
}

/* leave gives the lease back and ends the watcher. */
static void leave(Lease *l)
{
	static const u8 none[4];
	u8 p[DHCPMAX], dst[4];
	int fd;

	if (l->addr.index > 0 && (fd = openport(l, l->d.lease.addr)) >= 0)
		sendpacket(l, fd, p, dhcp_release(&l->d, p, dst), dst, none);
	_exit(0);
}

static long receive(void *arg, int fd, u8 *p, size_t n)
{
	Lease *l = arg;
	int r = io_wait(fd, POLLIN, l->ctl, LEASETICK);
	ssize_t k;

	if (r == 2 && l->watcher)
		leave(l);
	if (r != 1)
		return r == 0 ? 0 : -1;
	k = ipsock_recv(fd, p, n);
	return k == IPSOCK_AGAIN ? 0 : k;
}

static void doze(void *arg, i64 ms)
{
	Lease *l = arg;

	if (io_wait(l->ctl, POLLIN, -1, (int)ms) != 0)
		leave(l);
}

static int maskbits(const DhcpLease *l, const Ip *ip)
{
	Ip mask = ip_v4(l->mask), def = ip_defmask(ip);
	const Ip *m = ip_isnone(&mask) ? &def : &mask;
	int bits = 0;

	while (bits < 32 && m->b[IP4OFF + bits / 8] & 0x80 >> bits % 8)
		bits++;
	return 96 + bits;
}

static bool isnull(const u8 a[4])
{
	static const u8 null[4];

	return memcmp(a, null, 4) == 0;
}

/* interface gives the interface the lease's address, and the stack its default route. */
static int interface(Lease *l)
{
	const DhcpLease *d = &l->d.lease;
	IfAddr a = { .ip = ip_v4(d->addr) };
	IpRoute r = { .dst = ip_v4none, .dstbits = 96, .gw = ip_v4(d->router), .origin = RouteByDhcp };
	Netlink *nl = netlink_open(-1);
	int rc = -1;

	if (nl == NULL)
		return -1;
	a.peer = a.ip;
	a.bits = maskbits(d, &a.ip);
	if ((a.index = netlink_index(nl, l->dev)) >= 0 && netlink_addaddr(nl, &a) == 0) {
		l->addr = a;
		rc = isnull(d->router) ? 0 : netlink_addroute(nl, &r);
	}
	netlink_close(nl);
	return rc;
}

/* place returns the file that /etc/resolv.conf is, which need not exist: a link into an empty /run. */
static char *place(void)
{
	autofree char *to = at_readlink(AT_FDCWD, "/etc/resolv.conf");

	if (to == NULL)
		return mem_str("/etc/resolv.conf");
	return *to == '/' ? mem_str(to) : mem_printf("/etc/%s", to);
}

static int makeparents(const char *path)
{
	autofree char *p = mem_str(path);

	for (char *s = strchr(p + 1, '/'); s != NULL; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (access(p, F_OK) < 0 && at_mkdir(AT_FDCWD, p, 0755) < 0)
			return werrstr("mkdir %s: %s", p, rerrstr());
		*s = '/';
	}
	return 0;
}

/*
 * owned makes path a file of the program's own, in memory; the first time, for it stays.  /dev/shm is a tmpfs of the
 * program's own in any case.
 */
static int owned(const Machine *m, const char *path)
{
	static const char file[] = "/dev/shm/.resolv.conf";
	int r;

	if (access(path, F_OK) < 0)
		return m->writable ? werrstr("%s: file does not exist", path) : makeparents(path);
	if (io_spit(file, "", 0, 0644) < 0)
		return -1;
	r = mount_bind(file, path, 0);
	unlink(file);
	return r;
}

static int resolver(Lease *l, bool first)
{
	const DhcpLease *d = &l->d.lease;
	autofree char *path = place();
	autobuf Buf b = { 0 };

	if (*d->search || *d->domain)
		buf_printf(&b, "search %s\n", *d->search ? d->search : d->domain);
	for (int i = 0; i < d->ndns; i++)
		buf_printf(&b, "nameserver %d.%d.%d.%d\n", d->dns[i][0], d->dns[i][1], d->dns[i][2], d->dns[i][3]);
	if (first && owned(l->in->m, path) < 0)
		return werrstr("resolv.conf: %s", rerrstr());
	return io_spit(path, buf_text(&b), b.n, 0644);
}

static void up(void *arg)
{
	Lease *l = arg;

	if (interface(l) < 0 || resolver(l, false) < 0)
		init_say(l->in, "dhcp: %s: %s", l->dev, rerrstr());
}

static void down(void *arg, const char *why)
{
	Lease *l = arg;
	Netlink *nl = netlink_open(-1);

	init_say(l->in, "dhcp: %s: %s", l->dev, why);
	if (nl == NULL || (l->addr.index > 0 && netlink_deladdr(nl, &l->addr) < 0))
		init_say(l->in, "dhcp: %s: %s", l->dev, rerrstr());
	l->addr.index = 0;
	if (nl != NULL)
		netlink_close(nl);
}

/* identify sets the name and hardware address by which the server knows us. */
static void identify(Lease *l)
{
	const Machine *m = l->in->m;
	Dhcp *d = &l->d;

	dhcp_init(d);
	memcpy(d->hwaddr, m->ether[0].mac, MACLEN);
	memcpy(d->cid + 1, m->ether[0].mac, MACLEN);
	d->hwlen = MACLEN;
	d->ncid = MACLEN + 1;
	d->hwtype = d->cid[0] = 1;
	(void)!str_cpy(d->host, sizeof d->host, m->name);
}

static void watch(Lease *l)
{
	int null = open("/dev/null", O_RDWR), keep[5] = { 0, 1, 2, l->ctl, l->in->tty }, n = 4;

	setsid();
	proc_name("dhcpwatch");
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	if (l->in->tty > l->ctl)
		n = 5;
	else if (l->in->tty > 2) {
		keep[3] = l->in->tty;
		keep[4] = l->ctl;
		n = 5;
	}
	proc_keepfds(keep, n);
	l->watcher = true;
	lease_watch(&l->d, false, &l->ops, l);
	/* a lease for ever */
	for (;;)
		doze(l, LEASENAP);
}

/* background has a grandchild watch, which init adopts. */
static int background(Lease *l)
{
	pid_t pid = proc_clone(0, NULL);
	int status;

	if (pid == 0) {
		if (chdir("/") == 0 && proc_clone(0, NULL) == 0)
			watch(l);
		_exit(0);
	}
	return pid < 0 ? -1 : proc_waitfor(pid, &status);
}

static const char *clockfile(char *const *env)
{
	static const char name[] = "ANTHILL_CLOCK=";

	for (; env != NULL && *env != NULL; env++)
		if (str_prefix(*env, name))
			return *env + sizeof name - 1;
	return NULL;
}

bool hostdhcp_wanted(Init *in, int *ctl)
{
	int pair[2];

	*ctl = -1;
	if (in->m->dhcp == NULL || in->lease >= 0)
		return false;
	if (local_pair(pair) == 0) {
		in->lease = pair[0];
		*ctl = pair[1];
	}
	return true;
}

int hostdhcp_take(Init *in, int ctl, const Spawn *s)
{
	static const char *const lax[][2] = { { "net/ipv4/conf/all/rp_filter", "0" }, { "net/ipv4/conf/eth0/rp_filter", "0" } };
	static Lease l;

	if (ctl < 0)
		return werrstr("no socket to keep a lease by: %s", rerrstr());
	l = (Lease){ .in = in, .ctl = ctl, .dev = "eth0" };
	l.ops = (LeaseOps){ .clock = clockfile(s->env), .open = openport, .close = closeport, .send = sendpacket,
			    .recv = receive, .doze = doze, .up = up, .down = down };
	close(in->lease); /* it is init's: the watcher sees the end of it */
	sig_reset();
	setsid(); /* signals for the program end the asking */
	identify(&l);
	/* an answer comes from where there is no route to yet */
	netns_defaults(lax, nelem(lax));
	if (lease_seek(&l.d, &l.ops, &l) < 0)
		return werrstr("%s on %s; -a gives a static address", rerrstr(), in->m->dhcp);
	if (interface(&l) < 0)
		return werrstr("the address that DHCP gave: %s", rerrstr());
	if (resolver(&l, true) < 0)
		dprintf(s->fd[2], "anthill: no resolver: %s\n", rerrstr());
	return background(&l);
}

void hostdhcp_end(Init *in)
{
	char c;

	if (in->lease < 0)
		return;
	msg_send(in->lease, NULL, 0, "release", NULL);
	/* its end of the socket closes when it has done so */
	if (io_wait(in->lease, POLLIN, -1, ReleaseMs) > 0 && read(in->lease, &c, 1) < 0)
		return;
}
