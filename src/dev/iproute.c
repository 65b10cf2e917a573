/*
 * iproute: the kernel's routes in Plan 9's words, and changes to them.
 *
 * Tags are Linux's route origin, a byte: the well-known ones have names,
 * others get a number of ours while the stack lives.
 *
 * A route with a source: IPv6 has such routes.  For IPv4 a table per source
 * holds its default routes, and a rule leads there after everything in the
 * main table but its default was tried: the longest destination wins first,
 * then the source, as ip(3) wants.  Other IPv4 routes with a source are
 * refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include "ip.h"

enum { V4BITS = 96, FIRSTTAG = 100, FIRSTTABLE = 1000, MAINRULE = 1000, SRCRULE = 2000 };

static const struct {
	const char *tag;
	int origin;
} known[] = { { "ifc", RouteByKernel }, { "none", RouteByBoot }, { "redi", 1 }, { "stat", 4 }, { "ra", RouteByRa }, { "dhcp", RouteByDhcp } };

static const char *tagname(Stack *s, int origin, char *buf)
{
	for (size_t i = 0; i < nelem(known); i++)
		if (known[i].origin == origin)
			return known[i].tag;
	if (origin >= FIRSTTAG && origin < FIRSTTAG + NTAG && s->tag[origin - FIRSTTAG][0] != '\0')
		return s->tag[origin - FIRSTTAG];
	snprintf(buf, TAGLEN, "%d", origin & 0xFF);
	return buf;
}

/* origin finds or makes the number for a tag; tags have at most 4 characters. */
static int origin(Stack *s, const char *tag)
{
	char t[TAGLEN];

	snprintf(t, sizeof t, "%.4s", tag);
	for (size_t i = 0; i < nelem(known); i++)
		if (strcmp(known[i].tag, t) == 0)
			return known[i].origin;
	for (int i = 0; i < NTAG; i++) {
		if (s->tag[i][0] == '\0')
			memcpy(s->tag[i], t, sizeof t);
		if (strcmp(s->tag[i], t) == 0)
			return FIRSTTAG + i;
	}
	return werrstr("more than %d different route tags", NTAG);
}

static void flags(const IpRoute *r, char *p)
{
	*p++ = r->v6 ? '6' : '4';
	if (r->type == RouteUnicast && ip_isnone(&r->gw))
		*p++ = 'i';
	if (r->type == RouteLocal)
		*p++ = 'u';
	if (r->type == RouteBroadcast)
		*p++ = 'b';
	if (r->type == RouteMulticast)
		*p++ = 'm';
	if (r->type == RouteUnicast && ip_isnone(&r->gw) && r->dstbits == 128)
		*p++ = 'p';
	*p = '\0';
}

static void routeline(Stack *s, Buf *b, const IpRoute *r)
{
	char dst[IPTEXT], mask[IPTEXT], gw[IPTEXT], src[IPTEXT], smask[IPTEXT], fl[8], tag[TAGLEN], num[12] = "-";
	Ip m = ip_cidr(r->dstbits), sm = ip_cidr(r->srcbits > 0 ? r->srcbits : r->v6 ? 0 : V4BITS);
	Ip sa = r->srcbits > 0 ? r->src : r->v6 ? ip_none : ip_v4none;
	Conv *c = ifc_byindex(s, r->index);

	flags(r, fl);
	if (c != NULL)
		snprintf(num, sizeof num, "%d", c->x);
	buf_printf(b, "%-15s %-4s %-15s %-4s %4s %3s %-15s %-4s\n", ip_print(&r->dst, dst), ip_printmask(&m, mask),
		   ip_print(ip_isnone(&r->gw) ? &r->dst : &r->gw, gw), fl, tagname(s, r->origin, tag), num,
		   ip_print(&sa, src), ip_printmask(&sm, smask));
}

static int byaddress(const void *pa, const void *pb)
{
	const IpRoute *a = pa, *b = pb;
	int c = a->v6 - b->v6;

	if (c == 0)
		c = memcmp(&a->dst, &b->dst, sizeof a->dst);
	return c != 0 ? c : a->dstbits - b->dstbits;
}

/* list gets all routes; those of tables for a source get that source. */
static int list(Stack *s, IpRoute **out)
{
	autofree IpRule *rule = NULL;
	int n = netlink_routes(s->nl, out), nr = n < 0 ? -1 : netlink_rules(s->nl, &rule), m = 0;

	if (nr < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		IpRoute *r = &(*out)[i];

		for (int j = 0; j < nr; j++)
			if (rule[j].srcbits > 0 && rule[j].table == r->table && !r->v6) {
				r->src = rule[j].src;
				r->srcbits = rule[j].srcbits;
			}
		if (r->type != RouteOther && (r->table == RouteMain || r->table == RouteLocalTable || r->srcbits > 0))
			(*out)[m++] = *r;
	}
	qsort(*out, (size_t)m, sizeof **out, byaddress);
	return m;
}

int route_text(Stack *s, Buf *b)
{
	autofree IpRoute *r = NULL;
	int n = list(s, &r);

	for (int i = 0; i < n; i++)
		routeline(s, b, &r[i]);
	return n < 0 ? -1 : 0;
}

/* table finds the table for a source, or makes one with its rule. */
static int table(Stack *s, const Ip *src, int bits)
{
	autofree IpRule *r = NULL;
	IpRule first = { .table = RouteMain, .suppress = 0, .priority = MAINRULE };
	IpRule mine = { .src = *src, .srcbits = bits, .table = FIRSTTABLE, .suppress = -1, .priority = SRCRULE + 128 - (u32)bits };
	int n = netlink_rules(s->nl, &r);
	bool hasfirst = false;

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		if (r[i].srcbits == bits && ip_eq(&r[i].src, src))
			return r[i].table;
		if (r[i].table >= mine.table)
			mine.table = r[i].table + 1;
		hasfirst |= r[i].priority == MAINRULE;
	}
	if ((!hasfirst && netlink_addrule(s->nl, &first) < 0) || netlink_addrule(s->nl, &mine) < 0)
		return -1;
	return mine.table;
}

/* ifcarg finds the interface that a number or one of its addresses names. */
static int ifcarg(Stack *s, const char *arg, int *index)
{
	Conv *c = NULL;
	Ip ip;
	u64 x;

	if (strcmp(arg, "-") == 0)
		return 0;
	if (strpbrk(arg, ".:") == NULL && str_u64(arg, 10, (u64)ip_ipifc.max - 1, &x) == 0)
		c = conv_get(s, &ip_ipifc, (int)x);
	else if (ip_parse(arg, &ip) == 0)
		c = ifc_byip(s, &ip);
	if (c == NULL || c->ifc.medium[0] == '\0')
		return werrstr("interface not found: %s", arg);
	*index = c->ifc.index;
	return 0;
}

/* net reads an address and a mask into a prefix. */
static int net(const char *a, const char *m, Ip *ip, int *bits)
{
	Ip mask;

	if (ip_parse(a, ip) < 0 || ip_parsemask(m, ip_isv4(ip), &mask) < 0)
		return -1;
	*bits = ip_bits(&mask);
	if (*bits < 0)
		return werrstr("mask %s is not a prefix: Linux has only such", m);
	*ip = ip_mask(ip, &mask);
	return 0;
}

typedef struct Want {
	IpRoute r;
	bool gw, src; /* given */
	const char *tag;
} Want;

/*
 * parse takes apart what follows add or del:
 *	target mask [gate [ifc] | [src smask] | gate src smask | gate [flags [tag]] ifc src smask]
 */
static int parse(Stack *s, char **f, int n, Want *w)
{
	bool add = strcmp(f[0], "add") == 0;

	memset(w, 0, sizeof *w);
	if (n < (add ? 4 : 3) || n > 9)
		return errset(Ebadctl);
	if (net(f[1], f[2], &w->r.dst, &w->r.dstbits) < 0)
		return -1;
	w->r.v6 = !ip_isv4(&w->r.dst);
	w->gw = add || (n > 3 && n != 5);
	if (w->gw && ip_parse(f[3], &w->r.gw) < 0)
		return -1;
	if (w->gw && !ip_isnone(&w->r.gw) && ip_isv4(&w->r.gw) == w->r.v6)
		return werrstr("target and gateway are of different IP versions");
	if (n > 5 || (n == 5 && !add)) {
		if (net(f[n - 2], f[n - 1], &w->r.src, &w->r.srcbits) < 0)
			return -1;
		w->src = !ip_isnone(&w->r.src);
		if (!w->src)
			w->r.srcbits = 0;
		else if (ip_isv4(&w->r.src) == w->r.v6)
			return werrstr("target and source are of different IP versions");
	}
	if (((n == 5 && add) || n > 6) && ifcarg(s, n == 5 ? f[4] : f[n - 3], &w->r.index) < 0)
		return -1;
	w->tag = n == 9 ? f[5] : NULL;
	return 0;
}

static int addroute(Stack *s, Want *w, const char *tag)
{
	IpRoute *r = &w->r;
	Ip self = ip_mask(&r->gw, &ip_allbits);

	r->origin = origin(s, w->tag != NULL ? w->tag : tag);
	if (r->origin < 0)
		return -1;
	if (w->src && !r->v6) {
		if (r->dstbits != V4BITS)
			return werrstr("an IPv4 route with a source is only implemented for the default route");
		r->table = table(s, &r->src, r->srcbits);
		r->srcbits = 0;
		if (r->table < 0)
			return -1;
	}
	if (r->index > 0 && ip_eq(&self, &r->dst))
		r->gw = ip_none; /* Plan 9 writes an interface route so */
	return netlink_addroute(s->nl, r);
}

static bool matches(const IpRoute *r, const Want *w)
{
	return r->table != RouteLocalTable && r->v6 == w->r.v6 && r->dstbits == w->r.dstbits && ip_eq(&r->dst, &w->r.dst) &&
	       (!w->gw || ip_isnone(&w->r.gw) || ip_eq(&r->gw, &w->r.gw) || (ip_isnone(&r->gw) && ip_eq(&w->r.gw, &r->dst))) &&
	       (w->src ? r->srcbits == w->r.srcbits && ip_eq(&r->src, &w->r.src) : r->srcbits == 0) &&
	       (w->r.index == 0 || r->index == w->r.index);
}

static int del(Stack *s, IpRoute *r)
{
	if (!r->v6)
		r->srcbits = 0; /* it was the table's */
	return netlink_delroute(s->nl, r);
}

static int delroute(Stack *s, const Want *w)
{
	autofree IpRoute *r = NULL;
	int n = list(s, &r);
	char ip[IPTEXT];

	for (int i = 0; i < n; i++)
		if (matches(&r[i], w))
			return del(s, &r[i]);
	return n < 0 ? -1 : werrstr("no such route: %s", ip_print(&w->r.dst, ip));
}

static int flush(Stack *s, const char *tag)
{
	autofree IpRoute *r = NULL;
	int n = list(s, &r);
	char t[TAGLEN];

	for (int i = 0; i < n; i++)
		if (r[i].table != RouteLocalTable && r[i].origin != RouteByKernel &&
		    (tag == NULL || strncmp(tagname(s, r[i].origin, t), tag, TAGLEN - 1) == 0) && del(s, &r[i]) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

int route_write(Stack *s, char **f, int n, char *tag)
{
	Want w;

	if (strcmp(f[0], "flush") == 0)
		return flush(s, n > 1 ? f[1] : NULL);
	if (strcmp(f[0], "tag") == 0) {
		if (n != 2)
			return errset(Ebadarg);
		snprintf(tag, TAGLEN, "%.4s", f[1]);
		return 0;
	}
	if (strcmp(f[0], "add") == 0)
		return parse(s, f, n, &w) < 0 ? -1 : addroute(s, &w, tag);
	if (strcmp(f[0], "del") == 0 || strcmp(f[0], "remove") == 0)
		return parse(s, f, n, &w) < 0 ? -1 : delroute(s, &w);
	return errset(Ebadctl);
}
