/*
 * arp and ipselftab: who our neighbours are and what we answer to, as the
 * kernel has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/netns.h>
#include <os/packet.h>
#include "ip.h"

enum { ETHERARP = 0x806, ETHERIP = 0x800, ARPLEN = 28 };

int arp_text(Stack *s, Buf *b)
{
	autofree Neigh *e = NULL;
	int n = netlink_neighs(s->nl, &e);

	for (int i = 0; i < n; i++) {
		Conv *c = ifc_byindex(s, e[i].index);
		char ip[IPTEXT], ia[IPTEXT], mac[MACTEXT] = "";
		Ip local = ip_isv4(&e[i].ip) ? ip_v4none : ip_none;

		if (c == NULL || e[i].failed || ip_ismulticast(&e[i].ip))
			continue;
		ifc_addron(s, e[i].index, &e[i].ip, &local);
		if (e[i].hasmac)
			mac_print(e[i].mac, mac);
		buf_printf(b, "%-6.6s %-4.4s %-40.40s %-16.16s %s\n", c->ifc.medium, e[i].resolved ? "OK" : "WAIT",
			   ip_print(&e[i].ip, ip), mac, ip_print(&local, ia));
	}
	return n < 0 ? -1 : 0;
}

/* ifcfor finds the interface for neighbour ip: that of address ifcip, else the one with a net that ip is in. */
static Conv *ifcfor(Stack *s, const Ip *ip, const char *ifcip)
{
	autofree IfAddr *a = NULL;
	Conv *c = NULL;
	Ip x;
	int n;

	if (ifcip != NULL) {
		if (ip_parse(ifcip, &x) < 0)
			return NULL;
		c = ifc_byip(s, &x);
	} else {
		n = netlink_addrs(s->nl, &a);
		for (int i = 0; i < n && c == NULL; i++) {
			Ip mask = ip_cidr(a[i].bits), na = ip_mask(&a[i].ip, &mask), nb = ip_mask(ip, &mask);

			if (ip_isv4(ip) == ip_isv4(&a[i].ip) && ip_eq(&na, &nb))
				c = ifc_byindex(s, a[i].index);
		}
	}
	if (c == NULL)
		werrstr("no interface");
	return c;
}

/* add is [TYPE] IP MAC [IFCIP]; a type can be told from an address. */
static int add(Stack *s, char **f, int n)
{
	Neigh e = { 0 };
	Conv *c;

	if (n > 3 && ip_parse(f[1], &e.ip) < 0) {
		f++;
		n--;
	}
	if (n != 3 && n != 4)
		return errset(Ebadarg);
	if (ip_parse(f[1], &e.ip) < 0 || mac_parse(f[2], e.mac) < 0 || (c = ifcfor(s, &e.ip, n == 4 ? f[3] : NULL)) == NULL)
		return -1;
	e.index = c->ifc.index;
	return netlink_addneigh(s->nl, &e);
}

/* del removes the entries for ip, all if it is NULL. */
static int del(Stack *s, const Ip *ip)
{
	autofree Neigh *e = NULL;
	int n = netlink_neighs(s->nl, &e), rc = n < 0 ? -1 : 0;

	for (int i = 0; i < n; i++)
		if (ip == NULL || ip_eq(&e[i].ip, ip))
			if (ifc_byindex(s, e[i].index) != NULL && netlink_delneigh(s->nl, &e[i]) < 0)
				rc = -1;
	return rc;
}

/* garp tells everybody on the segment that ip is here (RFC 5227's announcement). */
static int garp(Stack *s, const Ip *ip)
{
	static const u8 head[] = { 0, 1, 8, 0, 6, 4, 0, 1 }; /* ether, IP, lengths, request */
	u8 p[PACKET_HEAD + ARPLEN] = { 255, 255, 255, 255, 255, 255 }, *a = p + PACKET_HEAD;
	Conv *c = ifc_byip(s, ip);
	autofd int fd = -1;
	Iface i;

	if (c == NULL || !ip_isv4(ip))
		return werrstr("no interface");
	if (netlink_link(s->nl, c->ifc.name, &i) < 0 || (fd = packet_open(stack_ns(s), i.index, ETHERARP)) < 0)
		return -1;
	memcpy(p + MACLEN, i.mac, MACLEN);
	put_be16(p + 2 * MACLEN, ETHERARP);
	memcpy(a, head, sizeof head);
	memcpy(a + 8, i.mac, MACLEN);
	memcpy(a + 14, ip->b + IP4OFF, 4);
	memcpy(a + 24, ip->b + IP4OFF, 4);
	return packet_send(fd, p, sizeof p) < 0 ? -1 : 0;
}

int arp_write(Stack *s, char **f, int n)
{
	Ip ip;

	if (strcmp(f[0], "flush") == 0)
		return del(s, NULL);
	if (strcmp(f[0], "add") == 0)
		return add(s, f, n);
	if (strcmp(f[0], "del") != 0 && strcmp(f[0], "garp") != 0)
		return werrstr("bad arp request");
	if (n != 2)
		return errset(Ebadarg);
	if (ip_parse(f[1], &ip) < 0)
		return -1;
	return f[0][0] == 'd' ? del(s, &ip) : garp(s, &ip);
}

typedef struct Self {
	Ip ip;
	char type;
} Self;

static void selfadd(Buf *b, const Ip *ip, char type)
{
	Self x = { .type = type };

	x.ip = *ip;
	buf_add(b, &x, sizeof x);
}

static int selforder(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(Self));
}

/* groups adds the multicast addresses from /proc/net/igmp or igmp6: the column with that many hex digits. */
static void groups(Stack *s, Buf *b, const char *file, size_t digits)
{
	autofree char *text = netns_slurp(stack_ns(s), file);

	for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
		char *f[8];
		int n;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		n = str_fields(line, f, 8, " \t");
		for (int i = 0; i < n; i++)
			if (strlen(f[i]) == digits && strspn(f[i], "0123456789abcdefABCDEF") == digits) {
				Ip ip = ip_none;

				for (size_t k = 0; k < digits / 2; k++) {
					unsigned v = 0;

					sscanf(f[i] + 2 * k, "%2x", &v);
					ip.b[digits == 8 ? (size_t)IPLEN - 1 - k : k] = (u8)v;
				}
				if (digits == 8)
					memcpy(ip.b, ip_v4none.b, IP4OFF);
				if (ip_ismulticast(&ip))
					selfadd(b, &ip, 'm');
				break;
			}
	}
}

int self_text(Stack *s, Buf *b)
{
	autofree IpRoute *r = NULL;
	autobuf Buf list = { 0 };
	int n = netlink_routes(s->nl, &r), count, dup;
	const Self *x;
	char ip[IPTEXT];

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (r[i].table == RouteLocalTable && r[i].dstbits == 128 && (r[i].type == RouteLocal || r[i].type == RouteBroadcast))
			selfadd(&list, &r[i].dst, r[i].type == RouteLocal ? 'u' : 'b');
	groups(s, &list, "igmp", 8);
	groups(s, &list, "igmp6", 32);
	count = (int)(list.n / sizeof(Self));
	if (count > 0)
		qsort(list.p, (size_t)count, sizeof(Self), selforder);
	x = (const Self *)(void *)list.p;
	for (int i = 0; i < count; i += dup) {
		for (dup = 1; i + dup < count && selforder(&x[i], &x[i + dup]) == 0; dup++)
			;
		buf_printf(b, "%-44.44s %2.2d %4c\n", ip_print(&x[i].ip, ip), dup, x[i].type);
	}
	return 0;
}
