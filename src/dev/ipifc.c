/*
 * ipifc: the interfaces of a stack.  A bound conversation is a Linux
 * interface inside the stack's net name space.  Addresses, counters and the
 * MTU are read from the kernel whenever they are asked for; kept here is only
 * which interface it is and how it was named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <dev/ether.h>
#include <os/netns.h>
#include "ip.h"

enum { ETHERHEAD = 14 };
#define ALIAS "anthill ipifc"

static Conv *each(Stack *s, int *i)
{
	return conv_get(s, &ip_ipifc, (*i)++);
}

Conv *ifc_byindex(Stack *s, int index)
{
	Conv *c;

	for (int i = 0; (c = each(s, &i)) != NULL;)
		if (c->ifc.medium[0] != '\0' && c->ifc.index == index)
			return c;
	return NULL;
}

Conv *ifc_byip(Stack *s, const Ip *ip)
{
	autofree IfAddr *a = NULL;
	int n = ip_isnone(ip) ? 0 : netlink_addrs(s->nl, &a);

	for (int i = 0; i < n; i++)
		if (ip_eq(&a[i].ip, ip))
			return ifc_byindex(s, a[i].index);
	return NULL;
}

bool ifc_addron(Stack *s, int index, const Ip *to, Ip *ip)
{
	autofree IfAddr *a = NULL;
	int n = netlink_addrs(s->nl, &a);
	bool found = false;

	for (int i = 0; i < n; i++) {
		Ip mask = ip_cidr(a[i].bits), x = ip_mask(&a[i].ip, &mask), y = ip_mask(to, &mask);

		if (a[i].index != index || ip_isv4(&a[i].ip) != ip_isv4(to))
			continue;
		if (!found || ip_eq(&x, &y))
			*ip = a[i].ip;
		found = true;
		if (ip_eq(&x, &y))
			break;
	}
	return found;
}

Conv *ifc_forbroadcast(Stack *s, const Ip *from)
{
	Conv *c = ifc_byip(s, from), *first = NULL;

	if (c != NULL)
		return c;
	for (int i = 0; (c = each(s, &i)) != NULL;) {
		if (c->ifc.acceptall)
			return c;
		if (first == NULL && c->ifc.head > 0)
			first = c;
	}
	return first;
}

static const char *life(u32 seconds, char *buf, size_t n)
{
	snprintf(buf, n, "%u", seconds);
	return buf;
}

static void addrline(Buf *b, const IfAddr *a)
{
	char ip[IPTEXT], mask[IPTEXT], rem[IPTEXT], valid[16], pref[16];
	Ip m = ip_cidr(a->bits), net = ip_eq(&a->peer, &a->ip) ? ip_mask(&a->ip, &m) : a->peer;

	buf_printf(b, "\t%-40s %-10s %-40s %-12s %-12s\n", ip_print(&a->ip, ip), ip_printmask(&m, mask), ip_print(&net, rem),
		   life(a->valid, valid, sizeof valid), life(a->preferred, pref, sizeof pref));
}

static void ifc_state(Conv *c, Buf *b)
{
	autofree IfAddr *a = NULL;
	Iface f = { 0 };
	int n = 0, lines = 0;

	if (c->ifc.medium[0] != '\0' && netlink_link(c->st->nl, c->ifc.name, &f) == 0)
		n = netlink_addrs(c->st->nl, &a);
	buf_printf(b, "device %s maxtu %u sendra 0 recvra %d mflag 0 oflag 0 maxraint 0 minraint 0 linkmtu 0 reachtime 0 "
		      "rxmitra 0 ttl 0 routerlt 0 pktin %llu pktout %llu errin %llu errout %llu speed 0 delay 0\n",
		   c->ifc.path, f.mtu + (u32)c->ifc.head, c->ifc.recvra, (unsigned long long)f.in, (unsigned long long)f.out,
		   (unsigned long long)f.inerr, (unsigned long long)f.outerr);
	if (c->ifc.acceptall) {
		IfAddr null = { .ip = ip_v4none, .peer = ip_v4none, .bits = 96, .valid = ~0u, .preferred = ~0u };

		addrline(b, &null);
		lines++;
	}
	for (int i = 0; i < n; i++)
		if (a[i].index == c->ifc.index) {
			addrline(b, &a[i]);
			lines++;
		}
	if (lines == 0)
		buf_ch(b, '\n');
}

/* ifc_local lists for each address what else is answered because of it. */
static void ifc_local(Conv *c, Buf *b)
{
	autofree IfAddr *a = NULL;
	int n = c->ifc.medium[0] != '\0' ? netlink_addrs(c->st->nl, &a) : 0;
	char t[IPTEXT];

	for (int i = 0; i < n; i++) {
		Ip bc = a[i].ip, m = ip_cidr(a[i].bits);

		if (a[i].index != c->ifc.index)
			continue;
		buf_printf(b, "%-40.40s ->", ip_print(&a[i].ip, t));
		buf_printf(b, " %-40.40s", t);
		for (int k = IP4OFF; k < IPLEN; k++)
			bc.b[k] |= (u8)~m.b[k];
		if (ip_isv4(&bc) && !ip_eq(&bc, &a[i].ip))
			buf_printf(b, " %-40.40s", ip_print(&bc, t));
		buf_ch(b, '\n');
	}
}

/* remember writes on the interface what a later kernel process must know. */
static int remember(Conv *c)
{
	autofree char *text = mem_printf(ALIAS " %d %s %s %s", c->x, c->ifc.medium, c->ifc.dev[0] != '\0' ? c->ifc.dev : "-",
					 c->ifc.path);

	return netlink_alias(c->st->nl, c->ifc.name, text);
}

/*
 * etherpath turns what the caller calls a device into its name inside /#: "l0/ether0".  The way there may lead through a
 * union that this stack is a member of, so the lock is given up meanwhile.
 */
static char *etherpath(Req *r, Kern *k, const char *path)
{
	char *dev;

	if (path[0] == '#')
		return mem_str(path + 1);
	if (r->caller.pid == 0)
		return errnull(Enonexist);
	if (req_block(r) < 0)
		return NULL;
	dev = kern_namec(k, r->caller.pid, path);
	req_unblock(r);
	return dev;
}

static int bindether(Req *r, Conv *c, const char *path)
{
	autofree char *dev = NULL;
	Iface i;

	dev = etherpath(r, c->st->k, path);
	if (dev == NULL)
		return werrstr("%s is not an ether device: %s", path, rerrstr());
	if (c->ifc.medium[0] != '\0')
		return werrstr("interface already bound");
	if (ether_bind(c->st->k, dev, stack_ns(c->st), &i) < 0)
		return -1;
	(void)!str_cpy(c->ifc.dev, sizeof c->ifc.dev, dev);
	(void)!str_cpy(c->ifc.name, sizeof c->ifc.name, i.name);
	c->ifc.head = ETHERHEAD;
	return 0;
}

static int bindloopback(Conv *c)
{
	Conv *x;

	for (int i = 0; (x = each(c->st, &i)) != NULL;)
		if (strcmp(x->ifc.medium, "loopback") == 0)
			return errset(Einuse);
	(void)!str_cpy(c->ifc.name, sizeof c->ifc.name, "lo");
	return 0;
}

static int bindnull(Conv *c)
{
	snprintf(c->ifc.name, sizeof c->ifc.name, "null%d", c->x);
	return netlink_dummy(c->st->nl, c->ifc.name);
}

static int unbindmedium(Conv *c)
{
	Stack *s = c->st;
	autofree IfAddr *a = NULL;
	int n;

	if (c->ifc.dev[0] != '\0') /* the node may have taken the interface away */
		return ether_unbind(s->k, c->ifc.dev) < 0 && netlink_index(s->nl, c->ifc.name) >= 0 ? -1 : 0;
	if (strcmp(c->ifc.medium, "null") == 0)
		return netlink_delete(s->nl, c->ifc.name);
	n = netlink_addrs(s->nl, &a);
	for (int i = 0; i < n; i++)
		if (a[i].index == c->ifc.index)
			(void)!netlink_deladdr(s->nl, &a[i]);
	return netlink_alias(s->nl, c->ifc.name, ""); /* the loopback stays up: calls to our own addresses need it */
}

static int bindmedium(Req *r, Conv *c, const char *medium, const char *path)
{
	if (strcmp(medium, "ether") == 0 || strcmp(medium, "gbe") == 0)
		return path != NULL ? bindether(r, c, path) : errset(Ebadarg);
	if (strcmp(medium, "loopback") == 0)
		return bindloopback(c);
	if (strcmp(medium, "null") == 0)
		return bindnull(c);
	if (strcmp(medium, "pkt") == 0 || strcmp(medium, "netdev") == 0)
		return werrstr("interface type %s is not implemented: use ether, loopback or null", medium);
	return werrstr("unknown interface type");
}

static int ifc_bind(Req *r, Conv *c, char **f, int n)
{
	if (n < 2)
		return errset(Ebadarg);
	if (!kern_isowner(c->st->k, r))
		return errset(Enotowner);
	if (c->ifc.medium[0] != '\0')
		return werrstr("interface already bound");
	if (bindmedium(r, c, f[1], n > 2 ? f[2] : NULL) < 0) {
		memset(&c->ifc, 0, sizeof c->ifc);
		return -1;
	}
	(void)!str_cpy(c->ifc.medium, sizeof c->ifc.medium, f[1]);
	if (n > 2)
		(void)!str_cpy(c->ifc.path, sizeof c->ifc.path, f[2]);
	else
		snprintf(c->ifc.path, sizeof c->ifc.path, "%s%d", f[1], c->x);
	c->ifc.index = netlink_index(c->st->nl, c->ifc.name);
	if (c->ifc.index < 0 || remember(c) < 0 || netlink_up(c->st->nl, c->ifc.name, true) < 0) {
		char why[ERRMAX];

		(void)!str_cpy(why, sizeof why, rerrstr());
		(void)!unbindmedium(c);
		memset(&c->ifc, 0, sizeof c->ifc);
		return werrstr("%s", why);
	}
	c->inuse++;
	c->state = ConvConnected;
	iplog(c->st, LogIp, NULL, "ipifc/%d: bound to %s %s", c->x, c->ifc.medium, c->ifc.path);
	return 0;
}

static int unbind(Conv *c)
{
	if (unbindmedium(c) < 0)
		return -1;
	iplog(c->st, LogIp, NULL, "ipifc/%d: unbound from %s", c->x, c->ifc.path);
	memset(&c->ifc, 0, sizeof c->ifc);
	c->state = ConvIdle;
	c->inuse--; /* the caller's open is left */
	return 0;
}

static int setmtu(Conv *c, const char *arg)
{
	i64 v;

	if (str_int(arg, 68 + c->ifc.head, 65535 + 14, &v) < 0)
		return -1;
	return netlink_mtu(c->st->nl, c->ifc.name, (u32)(v - c->ifc.head));
}

/* proxy makes this machine answer ARP for ip on every interface. */
static int proxy(Conv *c, const char *flags)
{
	autofree char *name = mem_printf("net/ipv4/conf/%s/proxy_arp", c->ifc.name);

	if (strstr(flags, "trans") != NULL)
		return werrstr("trans: source address translation is not implemented");
	return strstr(flags, "proxy") != NULL ? netns_sysctl(stack_ns(c->st), name, "1") : errset(Ebadarg);
}

/* parseaddr reads ip [mask [remote]] as Plan 9's add and remove have them. */
static int parseaddr(char **f, int n, IfAddr *a)
{
	Ip mask;

	if (n < 2)
		return errset(Ebadarg);
	if (ip_parse(f[1], &a->ip) < 0)
		return -1;
	mask = ip_defmask(&a->ip);
	if (n > 2 && ip_parsemask(f[2], ip_isv4(&a->ip), &mask) < 0)
		return -1;
	a->bits = ip_bits(&mask);
	if (a->bits < 0)
		return werrstr("mask %s is not a prefix: Linux has only such", f[2]);
	if (n > 3 && a->bits == 128 && ip_parse(f[3], &a->peer) < 0)
		return -1;
	return 0;
}

static int add(Conv *c, char **f, int n, bool tentative)
{
	IfAddr a = { .index = c->ifc.index, .tentative = tentative, .valid = 0 };

	if (parseaddr(f, n, &a) < 0)
		return -1;
	if (n > 4 && strcmp(f[4], "0") != 0 && setmtu(c, f[4]) < 0)
		return -1;
	if (ip_isnone(&a.ip)) {
		c->ifc.acceptall = true;
		return 0;
	}
	if (netlink_addaddr(c->st->nl, &a) < 0)
		return -1;
	iplog(c->st, LogIp, &a.ip, "ipifc/%d: address %s added", c->x, f[1]);
	return n > 5 ? proxy(c, f[5]) : 0;
}

static int del(Conv *c, char **f, int n)
{
	IfAddr want = { .index = c->ifc.index };
	autofree IfAddr *a = NULL;
	int na;

	if (parseaddr(f, n, &want) < 0)
		return -1;
	if (ip_isnone(&want.ip)) {
		c->ifc.acceptall = false;
		return 0;
	}
	na = netlink_addrs(c->st->nl, &a);
	for (int i = 0; i < na; i++)
		if (a[i].index == want.index && ip_eq(&a[i].ip, &want.ip) && (n < 3 || a[i].bits == want.bits)) {
			iplog(c->st, LogIp, &want.ip, "ipifc/%d: address %s removed", c->x, f[1]);
			return netlink_deladdr(c->st->nl, &a[i]);
		}
	return werrstr("address %s is not on interface %d", f[1], c->x);
}

static int optnum(char **f, int n, int i, i64 max, i64 dflt, i64 *v)
{
	*v = dflt;
	return i < n ? str_int(f[i], 0, max, v) : 0;
}

/* add6 is PREFIX [LEN [ONLINK [AUTO [VALID [PREFERRED]]]]]: the address is the prefix and the interface's number (EUI-64). */
static int add6(Conv *c, char **f, int n)
{
	IfAddr a = { .index = c->ifc.index };
	i64 len, onlink, autoconf, valid, pref;
	Iface i;

	if (n < 2 || n > 7)
		return errset(Ebadarg);
	if (ip_parse(f[1], &a.ip) < 0 || optnum(f, n, 2, 64, 64, &len) < 0 || optnum(f, n, 3, 1, 1, &onlink) < 0 ||
	    optnum(f, n, 4, 1, 1, &autoconf) < 0 || optnum(f, n, 5, UINT32_MAX, UINT32_MAX, &valid) < 0 ||
	    optnum(f, n, 6, UINT32_MAX, UINT32_MAX, &pref) < 0 || netlink_link(c->st->nl, c->ifc.name, &i) < 0)
		return -1;
	if (ip_isv4(&a.ip) || ip_islinklocal(&a.ip) || valid < pref || !i.ether)
		return errset(Ebadarg);
	memcpy(a.ip.b + 8, (u8[]){ i.mac[0] ^ 2, i.mac[1], i.mac[2], 0xFF, 0xFE, i.mac[3], i.mac[4], i.mac[5] }, 8);
	a.bits = onlink ? (int)len : 128;
	a.valid = (u32)valid;
	a.preferred = (u32)pref;
	return netlink_addaddr(c->st->nl, &a);
}

static int setrecvra(Conv *c, bool on)
{
	autofree char *ra = mem_printf("net/ipv6/conf/%s/accept_ra", c->ifc.name);
	autofree char *au = mem_printf("net/ipv6/conf/%s/autoconf", c->ifc.name);

	if (netns_sysctl(stack_ns(c->st), ra, on ? "2" : "0") < 0 || netns_sysctl(stack_ns(c->st), au, on ? "1" : "0") < 0)
		return -1;
	c->ifc.recvra = on;
	return 0;
}

static int ra6(Conv *c, char **f, int n)
{
	if (n < 3 || n % 2 == 0)
		return errset(Ebadarg);
	for (int i = 1; i < n; i += 2) {
		if (strcmp(f[i], "recvra") == 0) {
			if (setrecvra(c, strcmp(f[i + 1], "0") != 0) < 0)
				return -1;
		} else if (strcmp(f[i], "sendra") != 0 || strcmp(f[i + 1], "0") != 0) {
			return werrstr("ra6 %s: sending router advertisements is not implemented", f[i]);
		}
	}
	return 0;
}

static int iprouting(Conv *c, char **f, int n)
{
	const char *v = n > 1 && strcmp(f[1], "0") == 0 ? "0" : "1";

	if (netns_sysctl(stack_ns(c->st), "net/ipv4/ip_forward", v) < 0)
		return -1;
	return netns_sysctl(stack_ns(c->st), "net/ipv6/conf/all/forwarding", v);
}

static int ifc_ctl(Req *r, Conv *c, char **f, int n)
{
	const char *cmd = f[0];

	if (!kern_isowner(c->st->k, r))
		return errset(Enotowner);
	if (strcmp(cmd, "iprouting") == 0)
		return iprouting(c, f, n);
	if (c->ifc.medium[0] == '\0')
		return werrstr("interface not bound");
	if (strcmp(cmd, "unbind") == 0)
		return unbind(c);
	if (strcmp(cmd, "add") == 0 || strcmp(cmd, "try") == 0)
		return add(c, f, n, cmd[0] == 't');
	if (strcmp(cmd, "del") == 0 || strcmp(cmd, "remove") == 0)
		return del(c, f, n);
	if (strcmp(cmd, "mtu") == 0)
		return n == 2 ? setmtu(c, f[1]) : errset(Ebadarg);
	if (strcmp(cmd, "add6") == 0)
		return add6(c, f, n);
	if (strcmp(cmd, "del6") == 0 || strcmp(cmd, "remove6") == 0)
		return n == 1 ? 0 : errset(Ebadarg); /* Linux takes expired addresses away by itself */
	if (strcmp(cmd, "ra6") == 0)
		return ra6(c, f, n);
	for (size_t i = 0; i < 4; i++)
		if (strcmp(cmd, (const char *const[]){ "speed", "delay", "reflect", "reassemble" }[i]) == 0)
			return werrstr("%s is not implemented", cmd);
	return errset(Ebadctl);
}

static void ifc_io(Req *r, Conv *c)
{
	werrstr("ipifc/%d is not a packet interface", c->x);
	req_fail(r);
}

void ifc_restore(Stack *s)
{
	autofree Iface *list = NULL;
	int n = netlink_links(s->nl, &list);

	for (int i = 0; i < n; i++) {
		char *f[6];
		u64 x;
		Conv *c;

		if (str_fields(list[i].alias, f, 6, " ") != 6 || strcmp(f[0], "anthill") != 0 || strcmp(f[1], "ipifc") != 0 ||
		    str_u64(f[2], 10, (u64)ip_ipifc.max - 1, &x) < 0 || (c = conv_slot(s, &ip_ipifc, (int)x, "network")) == NULL)
			continue;
		(void)!str_cpy(c->ifc.medium, sizeof c->ifc.medium, f[3]);
		(void)!str_cpy(c->ifc.dev, sizeof c->ifc.dev, strcmp(f[4], "-") == 0 ? "" : f[4]);
		(void)!str_cpy(c->ifc.path, sizeof c->ifc.path, f[5]);
		(void)!str_cpy(c->ifc.name, sizeof c->ifc.name, list[i].name);
		c->ifc.index = list[i].index;
		c->ifc.head = c->ifc.dev[0] != '\0' ? ETHERHEAD : 0;
		c->state = ConvConnected;
		if (c->ifc.dev[0] != '\0')
			ether_found(s->k, c->ifc.dev, s->ns, c->ifc.name);
	}
}

const Proto ip_ipifc = {
	.name = "ipifc", .max = 32, .kind = -1, .snoop = true, .bind = ifc_bind, .ctl = ifc_ctl, .state = ifc_state,
	.local = ifc_local, .read = ifc_io, .write = ifc_io, .stats = stats_ip,
};
