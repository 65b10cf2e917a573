#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/ndb.h>
#include <base/str.h>
#include "ipconf.h"
#include "tool.h"

static void put_addr(Buf *b, const char *attr, const u8 a[4])
{
	Ip ip = ip_v4(a);
	char text[IPTEXT];

	buf_printf(b, "\t%s=%s\n", attr, ip_print(&ip, text));
}

static void put_ip(Buf *b, const char *attr, const Ip *ip)
{
	char text[IPTEXT];

	if (!ip_isnone(ip))
		buf_printf(b, "\t%s=%s\n", attr, ip_print(ip, text));
}

static void put_lease(const Ipconf *c, Buf *b)
{
	const DhcpLease *l = &c->d.lease;
	autofree char *search = mem_str(l->search);
	char *f[32];
	int n = str_fields(search, f, nelem(f), " ");

	for (int i = 0; i < n; i++)
		buf_printf(b, "\tdnsdomain=%s\n", f[i]);
	for (int i = 0; i < l->ndns; i++)
		put_addr(b, "dns", l->dns[i]);
	for (int i = 0; i < l->nfs; i++)
		put_addr(b, "fs", l->fs[i]);
	for (int i = 0; i < l->nauth; i++)
		put_addr(b, "auth", l->auth[i]);
	for (int i = 0; i < l->nntp; i++)
		put_addr(b, "ntp", l->ntp[i]);
}

/* names splits "box.example.org" into the system's name and its domain, which the lease may give too. */
static void put_names(const Ipconf *c, Buf *b)
{
	autofree char *host = mem_str(c->leased && c->d.lease.host[0] != '\0' ? c->d.lease.host : c->host);
	char *dot = strchr(host, '.');
	const char *dom = c->leased && c->d.lease.domain[0] != '\0' ? c->d.lease.domain : dot != NULL ? dot + 1 : "";

	if (dot != NULL)
		*dot = '\0';
	if (*host != '\0')
		buf_printf(b, "\tsys=%s\n", host);
	if (*host != '\0' && *dom != '\0')
		buf_printf(b, "\tdom=%s.%s\n", host, dom);
}

void conf_entry(const Ipconf *c, Buf *b)
{
	char ip[IPTEXT], mask[IPTEXT], gw[IPTEXT];

	buf_printf(b, "ip=%s ipmask=%s ipgw=%s\n", ip_print(&c->laddr, ip), ip_printmask(&c->mask, mask),
		   ip_print(&c->gaddr, gw));
	put_names(c, b);
	for (int i = 0; i < c->ndns; i++)
		put_ip(b, "dns", &c->dns[i]);
	put_ip(b, "fs", &c->fs);
	put_ip(b, "auth", &c->auth);
	if (c->leased) {
		put_lease(c, b);
		dhcp_ndb(&c->d, b);
	}
}

static void put_entry(const NdbEntry *e, Buf *b)
{
	for (int i = 0; i < e->npair; i++) {
		const NdbPair *p = &e->pair[i];
		bool quote = strpbrk(p->val, " \t#") != NULL;

		if (i > 0)
			buf_str(b, p->line != p[-1].line ? "\n\t" : " ");
		buf_printf(b, quote ? "%s=\"%s\"" : "%s=%s", p->attr, p->val);
	}
	buf_ch(b, '\n');
}

void conf_olds(const Ipconf *c, const char *text, size_t n, Buf *b, bool (*live)(const Ipconf *c, const Ip *ip))
{
	Ndb *db = ndb_parse(text, n, "ndb");

	for (int i = 0; db != NULL && i < ndb_count(db); i++) {
		const NdbEntry *e = ndb_entry(db, i);
		const char *val = ndb_get(e, "ip");
		Ip ip;

		if (val != NULL && ndb_get(e, "ipnet") == NULL && ip_parse(val, &ip) == 0 &&
		    (ip_eq(&ip, &c->laddr) || !live(c, &ip)))
			continue;
		if (b->n > 0)
			buf_ch(b, '\n');
		put_entry(e, b);
	}
	if (db != NULL)
		ndb_free(db);
}

void conf_putndb(const Ipconf *c, bool add)
{
	autofree char *path = mem_printf("%s/ndb", c->mtpt), *old = NULL;
	autobuf Buf b = { 0 };
	size_t n = 0;

	if (c->primary == 0)
		return;
	if (add)
		conf_entry(c, &b);
	old = io_slurp(-100, path, 1 << 20, &n);
	if (old != NULL)
		conf_olds(c, old, n, &b, conf_islocal);
	if (io_spit(path, buf_text(&b), b.n, 0664) < 0)
		tool_warn("%s", rerrstr());
	/* whoever serves names reads it again; that they are not there is no error */
	if (conf_write(c, "cs", "refresh") < 0 || conf_write(c, "dns", "refresh") < 0)
		conf_debug(c, "%s", rerrstr());
}
