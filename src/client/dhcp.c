/*
 * Layout of a packet (RFC 2131 figure 1):
 *
 *	op[1] htype[1] hlen[1] hops[1] xid[4] secs[2] flags[2]
 *	ciaddr[4] yiaddr[4] siaddr[4] giaddr[4] chaddr[16] sname[64] file[128]
 *	magic[4] options: { code[1] len[1] data[len] }* 255
 *
 * Times.  A lease counts from when its request was sent, not from when the
 * ack came (RFC 2131 4.4.1).  Renewing asks the server three times, a
 * second apart, as Plan 9's does; then rebinding asks everybody, every ten seconds at first and then every minute.
 */
#include <stdio.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <client/dhcp.h>

enum { Oxid = 4, Osecs = 8, Oflags = 10, Ociaddr = 12, Oyiaddr = 16, Ogiaddr = 24, Ochaddr = 28, Omagic = 236, Oopts = 240 };
enum { Discover = 1, Offer = 2, Request = 3, Decline = 4, Ack = 5, Nak = 6, Release = 7 };
enum { Request1 = 1, Reply = 2 };
enum { MAGIC = 0x63825363, BROADCAST = 0x8000, RETRY = 4000, RENEWRETRY = 1000, NRENEW = 3, REBINDRETRY = 10000, REBINDSLOW = 60000 };
enum {
	OBpad = 0, OBmask = 1, OBrouter = 3, OBdns = 6, OBhost = 12, OBdomain = 15, OBntp = 42, OBvendorinfo = 43,
	ODipaddr = 50, ODlease = 51, ODtype = 53, ODserver = 54, ODparams = 55, ODmaxmsg = 57, ODt1 = 58, ODt2 = 59,
	ODvendor = 60, ODcid = 61, ODsearch = 119, OP9fs4 = 128, OP9auth4 = 129, OBend = 255,
};

typedef enum { Taddrs, Tstr, Tnum, Tvec } Type;

/* options by their ndb names; to add one: a row */
static const struct {
	u8 code;
	Type type;
	const char *name;
} options[] = {
	{ 1, Taddrs, "ipmask" }, { 2, Tnum, "timeoff" }, { 3, Taddrs, "ipgw" }, { 4, Taddrs, "time" },
	{ 5, Taddrs, "name" }, { 6, Taddrs, "dns" }, { 7, Taddrs, "log" }, { 8, Taddrs, "cookie" },
	{ 9, Taddrs, "lpr" }, { 10, Taddrs, "impress" }, { 11, Taddrs, "rl" }, { 12, Tstr, "sys" },
	{ 13, Tnum, "bflen" }, { 14, Tstr, "dumpfile" }, { 15, Tstr, "dom" }, { 16, Taddrs, "swap" },
	{ 17, Tstr, "rootpath" }, { 18, Tstr, "extpath" }, { 19, Tnum, "ipforward" }, { 20, Tnum, "nonlocal" },
	{ 21, Taddrs, "policyfilter" }, { 22, Tnum, "maxdatagram" }, { 23, Tnum, "ttl" }, { 24, Tnum, "pathtimeout" },
	{ 25, Tvec, "pathplateau" }, { 26, Tnum, "mtu" }, { 27, Tnum, "subnetslocal" }, { 28, Taddrs, "baddr" },
	{ 29, Tnum, "discovermask" }, { 30, Tnum, "supplymask" }, { 31, Tnum, "discoverrouter" }, { 32, Taddrs, "rs" },
	{ 33, Taddrs, "staticroutes" }, { 34, Tnum, "trailerencap" }, { 35, Tnum, "arptimeout" },
	{ 36, Tnum, "etherencap" }, { 37, Tnum, "tcpttl" }, { 38, Tnum, "tcpka" }, { 39, Tnum, "tcpkag" },
	{ 40, Tstr, "nisdomain" }, { 41, Taddrs, "ni" }, { 42, Taddrs, "ntp" }, { 44, Taddrs, "netbiosns" },
	{ 45, Taddrs, "netbiosdds" }, { 46, Tnum, "netbiostype" }, { 47, Tstr, "netbiosscope" },
	{ 48, Taddrs, "xfont" }, { 49, Taddrs, "xdispmanager" }, { 51, Tnum, "lease" }, { 54, Taddrs, "serverid" },
	{ 56, Tstr, "message" }, { 57, Tnum, "maxmsg" }, { 58, Tnum, "renewaltime" }, { 59, Tnum, "rebindingtime" },
	{ 64, Tstr, "nisplusdomain" }, { 65, Taddrs, "nisplus" }, { 66, Tstr, "tftp" }, { 67, Tstr, "bootfile" },
	{ 68, Taddrs, "homeagent" }, { 69, Taddrs, "smtp" }, { 70, Taddrs, "pop3" }, { 71, Taddrs, "nntp" },
	{ 72, Taddrs, "www" }, { 73, Taddrs, "finger" }, { 74, Taddrs, "irc" }, { 75, Taddrs, "st" }, { 76, Taddrs, "stdar" },
};

static const u8 standard[] = { OBmask, OBrouter, OBdns, OBhost, OBdomain, ODsearch, OBntp };

void dhcp_init(Dhcp *d)
{
	memset(d, 0, sizeof *d);
	memcpy(d->want, standard, sizeof standard);
	d->nwant = sizeof standard;
	d->deadline = -1;
}

int dhcp_want(Dhcp *d, const char *name)
{
	for (size_t i = 0; i < nelem(options); i++) {
		if (strcmp(options[i].name, name) != 0)
			continue;
		if (memchr(d->want, options[i].code, (size_t)d->nwant) != NULL)
			return 0;
		if (d->nwant == (int)sizeof d->want)
			return werrstr("too many DHCP options");
		d->want[d->nwant++] = options[i].code;
		return 0;
	}
	return werrstr("unknown DHCP option '%s'", name);
}

/* Building. */

static u8 *put(u8 *p, int code, const void *v, size_t n)
{
	p[0] = (u8)code;
	p[1] = (u8)n;
	memcpy(p + 2, v, n);
	return p + 2 + n;
}

static u8 *put32(u8 *p, int code, u32 v)
{
	u8 b[4];

	put_be32(b, v);
	return put(p, code, b, 4);
}

static u8 *put_header(const Dhcp *d, i64 now, u8 *p, int type)
{
	u8 t = (u8)type;
	i64 secs = (now - d->start) / 1000;

	memset(p, 0, DHCPMAX);
	p[0] = Request1;
	p[1] = (u8)d->hwtype;
	p[2] = (u8)d->hwlen;
	put_be32(p + Oxid, d->xid);
	put_be16(p + Osecs, secs > 0xffff ? 0xffff : (u16)secs);
	memcpy(p + Ochaddr, d->hwaddr, (size_t)d->hwlen);
	put_be32(p + Omagic, MAGIC);
	p = put(p + Oopts, ODtype, &t, 1);
	return d->ncid > 0 ? put(p, ODcid, d->cid, (size_t)d->ncid) : p;
}

static u8 *put_asks(const Dhcp *d, u8 *p)
{
	static const u8 plan9[] = { OP9fs4, OP9auth4, OBvendorinfo };
	u8 want[sizeof d->want + sizeof plan9];
	size_t n = (size_t)d->nwant;

	memcpy(want, d->want, n);
	if (d->vendor[0] != 0) {
		p = put(p, ODvendor, d->vendor, strlen(d->vendor));
		memcpy(want + n, plan9, sizeof plan9);
		n += sizeof plan9;
	}
	if (d->host[0] != 0)
		p = put(p, OBhost, d->host, strlen(d->host));
	return put(p, ODparams, want, n);
}

/* An interface without an address takes no unicast, so until it has one the answer is asked for as a broadcast. */
size_t dhcp_packet(const Dhcp *d, i64 now, u8 *p, u8 dst[4])
{
	u8 *e = put_header(d, now, p, d->state == DhcpSelecting ? Discover : Request);

	memset(dst, 0xff, 4);
	if (d->state == DhcpRenewing || d->state == DhcpRebinding) {
		memcpy(p + Ociaddr, d->lease.addr, 4);
		if (d->state == DhcpRenewing)
			memcpy(dst, d->lease.server, 4);
	} else {
		put_be16(p + Oflags, BROADCAST);
	}
	if (d->state == DhcpRequesting) {
		e = put(e, ODipaddr, d->offered, 4);
		e = put(e, ODserver, d->offserver, 4);
		if (d->offsecs != 0)
			e = put32(e, ODlease, d->offsecs);
	}
	e = put_asks(d, e);
	*e = OBend;
	return DHCPMAX;
}

size_t dhcp_release(const Dhcp *d, u8 *p, u8 dst[4])
{
	u8 *e = put_header(d, d->start, p, Release);

	memcpy(dst, d->lease.server, 4);
	memcpy(p + Ociaddr, d->lease.addr, 4);
	e = put(e, ODserver, d->lease.server, 4);
	*e = OBend;
	return DHCPMAX;
}

/* Parsing. */

typedef struct Opts {
	const u8 *p;
	size_t n;
} Opts;

/* next steps to the next option and returns its data, NULL at the end; sound says whether the end was a proper one. */
static const u8 *next(Opts *o, int *code, size_t *len, bool *sound)
{
	*sound = true;
	while (o->n > 0 && o->p[0] == OBpad) {
		o->p++;
		o->n--;
	}
	if (o->n == 0 || o->p[0] == OBend)
		return NULL;
	*sound = o->n >= 2 && o->p[1] <= o->n - 2;
	if (!*sound)
		return NULL;
	*code = o->p[0];
	*len = o->p[1];
	o->p += 2 + *len;
	o->n -= 2 + *len;
	return o->p - *len;
}

static bool sound(Opts o)
{
	int code;
	size_t n;
	bool good;

	while (next(&o, &code, &n, &good) != NULL)
		;
	return good;
}

/* get finds an option of at least min bytes. */
static const u8 *get(Opts o, int want, size_t min, size_t *len)
{
	const u8 *v;
	int code;
	bool good;

	while ((v = next(&o, &code, len, &good)) != NULL)
		if (code == want && *len >= min)
			return v;
	return NULL;
}

static bool get_addr(Opts o, int code, u8 a[4])
{
	size_t n;
	const u8 *v = get(o, code, 4, &n);

	if (v != NULL)
		memcpy(a, v, 4);
	return v != NULL;
}

static int get_addrs(Opts o, int code, u8 (*a)[4], int max)
{
	size_t n;
	const u8 *v = get(o, code, 4, &n);
	int i = 0;

	for (; v != NULL && i < max && (size_t)(i + 1) * 4 <= n; i++)
		memcpy(a[i], v + 4 * i, 4);
	return i;
}

static u32 get_num(Opts o, int code, u32 dflt)
{
	size_t n;
	const u8 *v = get(o, code, 1, &n);

	if (v == NULL)
		return dflt;
	return n >= 4 ? be32(v) : n >= 2 ? be16(v) : v[0];
}

/* A name from the wire ends in files that others parse: only letters, digits, '-', '_' and '.' pass. */
static bool namechar(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static void get_name(Opts o, int code, char *s, size_t max)
{
	size_t n = 0;
	const u8 *v = get(o, code, 1, &n);

	s[0] = 0;
	while (v != NULL && n > 0 && v[n - 1] == 0)
		n--;
	if (v == NULL || n >= max)
		return;
	for (size_t i = 0; i < n; i++)
		if (!namechar(v[i]))
			return;
	memcpy(s, v, n);
	s[n] = 0;
}

/* label expands one domain name of p[n] at off (RFC 1035 4.1.4) into b; it returns the offset after it, 0 if it is bad. */
static size_t label(const u8 *p, size_t n, size_t off, Buf *b)
{
	size_t after = 0;
	int jumps = 0;

	for (;;) {
		if (off >= n)
			return 0;
		size_t l = p[off++];

		if (l == 0)
			return after != 0 ? after : off;
		if ((l & 0xc0) == 0xc0) {
			if (off >= n || ++jumps > 16)
				return 0;
			if (after == 0)
				after = off + 1;
			off = (l & 0x3f) << 8 | p[off];
			continue;
		}
		if (l > 63 || off + l > n || b->n > 255)
			return 0;
		if (b->n > 0 && b->p[b->n - 1] != ' ')
			buf_ch(b, '.');
		for (; l > 0; l--, off++) {
			if (!namechar(p[off]) || p[off] == '.')
				return 0;
			buf_ch(b, p[off]);
		}
	}
}

/* Option 119 (RFC 3397) may come in pieces that are joined before they are read. */
static void get_search(Opts o, char *s, size_t max)
{
	u8 all[512];
	size_t n = 0, len, off = 0;
	autobuf Buf b = { 0 };
	const u8 *v;
	int code;
	bool good;

	s[0] = 0;
	while ((v = next(&o, &code, &len, &good)) != NULL) {
		if (code != ODsearch)
			continue;
		if (n + len > sizeof all)
			return;
		memcpy(all + n, v, len);
		n += len;
	}
	while (off < n) {
		if (b.n > 0)
			buf_ch(&b, ' ');
		off = label(all, n, off, &b);
		if (off == 0)
			return;
	}
	if (b.n > 0 && b.n < max)
		memcpy(s, b.p, b.n + 1);
}

static void get_times(Opts o, DhcpLease *l)
{
	l->secs = get_num(o, ODlease, 0);
	if (l->secs == 0)
		l->secs = DHCPMINLEASE;
	l->t1 = get_num(o, ODt1, l->secs / 2);
	l->t2 = get_num(o, ODt2, l->secs / 8 * 7);
	if (l->t2 > l->secs)
		l->t2 = l->secs;
	if (l->t1 > l->t2)
		l->t1 = l->t2;
	if (l->t1 < 5)
		l->t1 = 5;
}

static void get_lease(const u8 *p, Opts o, DhcpLease *l)
{
	u8 server[4];
	size_t n;
	const u8 *v;

	memcpy(server, l->server, 4);
	memset(l, 0, sizeof *l);
	memcpy(l->addr, p + Oyiaddr, 4);
	if (!get_addr(o, ODserver, l->server))
		memcpy(l->server, server, 4);
	get_addr(o, OBmask, l->mask);
	if (!get_addr(o, OBrouter, l->router))
		memcpy(l->router, p + Ogiaddr, 4);
	l->ndns = get_addrs(o, OBdns, l->dns, nelem(l->dns));
	l->nntp = get_addrs(o, OBntp, l->ntp, nelem(l->ntp));
	get_name(o, OBhost, l->host, sizeof l->host);
	get_name(o, OBdomain, l->domain, sizeof l->domain);
	get_search(o, l->search, sizeof l->search);
	get_times(o, l);
	v = get(o, OBvendorinfo, 1, &n);
	if (v != NULL && sound((Opts){ v, n })) {
		l->nfs = get_addrs((Opts){ v, n }, OP9fs4, l->fs, nelem(l->fs));
		l->nauth = get_addrs((Opts){ v, n }, OP9auth4, l->auth, nelem(l->auth));
	}
	if (l->nfs == 0)
		l->nfs = get_addrs(o, OP9fs4, l->fs, nelem(l->fs));
	if (l->nauth == 0)
		l->nauth = get_addrs(o, OP9auth4, l->auth, nelem(l->auth));
}

/* The life of a lease. */

static void enter(Dhcp *d, DhcpState s, i64 now, i64 wait)
{
	d->state = s;
	d->resends = 0;
	d->sent = now;
	d->deadline = wait < 0 ? -1 : now + wait;
}

void dhcp_start(Dhcp *d, i64 now, u32 xid)
{
	d->xid = xid;
	d->start = now;
	enter(d, DhcpSelecting, now, RETRY);
}

static i64 expiry(const Dhcp *d) { return d->start + (i64)d->lease.secs * 1000; }

static DhcpEvent offer(Dhcp *d, i64 now, const u8 *p, Opts o)
{
	if (d->state != DhcpSelecting || !get_addr(o, ODserver, d->offserver) || be32(p + Oyiaddr) == 0)
		return DhcpNothing;
	memcpy(d->offered, p + Oyiaddr, 4);
	d->offsecs = get_num(o, ODlease, 0);
	enter(d, DhcpRequesting, now, RETRY);
	return DhcpSend;
}

static DhcpEvent ack(Dhcp *d, i64 now, const u8 *p, Opts o)
{
	i64 sent = d->sent;

	if ((d->state != DhcpRequesting && d->state != DhcpRenewing && d->state != DhcpRebinding) || be32(p + Oyiaddr) == 0)
		return DhcpNothing;
	if (d->state == DhcpRequesting)
		memcpy(d->lease.server, d->offserver, 4);
	get_lease(p, o, &d->lease);
	d->nopt = o.n < sizeof d->opt ? o.n : 0;
	memcpy(d->opt, o.p, d->nopt);
	enter(d, DhcpBound, sent, d->lease.secs == DHCPFOREVER ? -1 : (i64)d->lease.t1 * 1000);
	d->start = sent;
	return DhcpGot;
}

static DhcpEvent nak(Dhcp *d, Opts o)
{
	u8 from[4];
	bool had = d->state == DhcpRenewing || d->state == DhcpRebinding;

	if (!had && d->state != DhcpRequesting)
		return DhcpNothing;
	if (get_addr(o, ODserver, from) && d->state != DhcpRebinding &&
	    memcmp(from, had ? d->lease.server : d->offserver, 4) != 0)
		return DhcpNothing;
	d->state = DhcpInit;
	d->deadline = -1;
	return had ? DhcpLost : DhcpFailed;
}

DhcpEvent dhcp_input(Dhcp *d, i64 now, const u8 *p, size_t n)
{
	Opts o;

	if (n < Oopts || p[0] != Reply || be32(p + Oxid) != d->xid || be32(p + Omagic) != MAGIC)
		return DhcpNothing;
	if (d->hwlen > 0 && memcmp(p + Ochaddr, d->hwaddr, (size_t)d->hwlen) != 0)
		return DhcpNothing;
	o = (Opts){ p + Oopts, n - Oopts };
	if (!sound(o))
		return DhcpNothing;
	switch (get_num(o, ODtype, 0)) {
	case Offer:
		return offer(d, now, p, o);
	case Ack:
		return ack(d, now, p, o);
	case Nak:
		return nak(d, o);
	}
	return DhcpNothing;
}

static DhcpEvent resend(Dhcp *d, i64 now)
{
	if (++d->resends > DHCPRESENDS) {
		d->state = DhcpInit;
		d->deadline = -1;
		return DhcpFailed;
	}
	d->sent = now;
	d->deadline = now + RETRY;
	return DhcpSend;
}

/* again asks for more of the lease that runs; the deadline never passes its end. */
static DhcpEvent again(Dhcp *d, i64 now)
{
	i64 rebind = d->start + (i64)d->lease.t2 * 1000, end = expiry(d);

	if (now >= end) {
		d->state = DhcpInit;
		d->deadline = -1;
		return DhcpLost;
	}
	if (d->state == DhcpBound)
		enter(d, DhcpRenewing, now, 0);
	else if (d->state == DhcpRenewing && (now >= rebind || d->resends >= NRENEW))
		enter(d, DhcpRebinding, now, 0);
	d->resends++;
	d->sent = now;
	d->deadline = now + (d->state == DhcpRenewing ? RENEWRETRY : d->resends < 6 ? REBINDRETRY : REBINDSLOW);
	if (d->deadline > end)
		d->deadline = end;
	return DhcpSend;
}

DhcpEvent dhcp_timer(Dhcp *d, i64 now)
{
	if (d->deadline < 0 || now < d->deadline)
		return DhcpNothing;
	switch (d->state) {
	case DhcpSelecting:
	case DhcpRequesting:
		return resend(d, now);
	case DhcpBound:
	case DhcpRenewing:
	case DhcpRebinding:
		return again(d, now);
	case DhcpInit:
		break;
	}
	return DhcpNothing;
}

i64 dhcp_next(const Dhcp *d) { return d->deadline; }

static void put_value(Buf *b, const char *name, Type type, const u8 *v, size_t n)
{
	if (type == Taddrs) {
		for (size_t i = 0; i + 4 <= n; i += 4)
			buf_printf(b, "\t%s=%d.%d.%d.%d\n", name, v[i], v[i + 1], v[i + 2], v[i + 3]);
		return;
	}
	if (type == Tnum) {
		buf_printf(b, "\t%s=%u\n", name, n >= 4 ? be32(v) : n >= 2 ? be16(v) : n ? v[0] : 0);
		return;
	}
	buf_printf(b, "\t%s=", name);
	for (size_t i = 0; i < n; i++) {
		if (type == Tvec)
			buf_printf(b, "%02X", v[i]);
		else if (namechar(v[i]) || v[i] == '/' || v[i] == ':')
			buf_ch(b, v[i]);
	}
	buf_ch(b, '\n');
}

void dhcp_ndb(const Dhcp *d, Buf *b)
{
	Opts o = { d->opt, d->nopt };
	size_t n;

	for (int i = sizeof standard; i < d->nwant; i++)
		for (size_t j = 0; j < nelem(options); j++) {
			const u8 *v;

			if (options[j].code == d->want[i] && (v = get(o, d->want[i], 1, &n)) != NULL)
				put_value(b, options[j].name, options[j].type, v, n);
		}
}
