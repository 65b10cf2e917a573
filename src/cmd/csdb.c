#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/file.h>
#include <os/io.h>
#include "csdb.h"

enum { MAXFILE = 4 << 20, MAXDEPTH = 4, ANSWER = 1024 };

typedef struct File {
	char *name;
	Ndb *ndb; /* NULL: not there or not sound */
	u64 size;
	i64 mtime;
} File;

struct Csdb {
	char *first, *mtpt;
	bool stack;     /* file[0] is the stack's ndb */
	File file[CSFILES];
	int n;
};

static void add_file(Csdb *db, const char *name)
{
	for (int i = 0; i < db->n; i++)
		if (strcmp(db->file[i].name, name) == 0)
			return;
	if (db->n < CSFILES)
		db->file[db->n++] = (File){ .name = mem_str(name) };
}

static void unload(Csdb *db)
{
	for (int i = 0; i < db->n; i++) {
		free(db->file[i].name);
		if (db->file[i].ndb != NULL)
			ndb_free(db->file[i].ndb);
	}
	db->n = 0;
}

static void load(File *f)
{
	size_t n;
	autofree char *text = io_slurp(AT_FDCWD, f->name, MAXFILE, &n);
	FileInfo fi;

	if (file_stat(f->name, &fi) == 0) {
		f->size = fi.size;
		f->mtime = fi.mtime;
	}
	if (text != NULL)
		f->ndb = ndb_parse(text, n, f->name);
}

static void reload(Csdb *db)
{
	unload(db);
	if (db->mtpt != NULL) {
		autofree char *own = mem_printf("%s/ndb", db->mtpt);

		add_file(db, own);
	}
	add_file(db, db->first);
	for (int i = 0; i < db->n; i++) {
		File *f = &db->file[i];
		int k;

		load(f);
		k = f->ndb != NULL ? ndb_next(f->ndb, -1, "database", NULL) : -1;
		for (int j = 0; k >= 0 && j < ndb_entry(f->ndb, k)->npair; j++)
			if (strcmp(ndb_entry(f->ndb, k)->pair[j].attr, "file") == 0)
				add_file(db, ndb_entry(f->ndb, k)->pair[j].val);
	}
}

Csdb *csdb_open(const char *file, const char *mtpt)
{
	Csdb *db = mem_new(sizeof *db);

	db->first = mem_str(file);
	db->mtpt = mem_str(mtpt);
	db->stack = mtpt != NULL;
	reload(db);
	return db;
}

void csdb_free(Csdb *db)
{
	unload(db);
	free(db->first);
	free(db->mtpt);
	free(db);
}

void csdb_fresh(Csdb *db, bool force)
{
	for (int i = 0; i < db->n && !force; i++) {
		FileInfo f = { 0 };

		if (file_stat(db->file[i].name, &f) < 0)
			f = (FileInfo){ 0 };
		force = f.size != db->file[i].size || f.mtime != db->file[i].mtime;
	}
	if (force)
		reload(db);
}

bool csdb_find(Csdb *db, const char *attr, const char *val, bool (*fn)(const NdbEntry *e, void *arg), void *arg)
{
	for (int i = 0; i < db->n; i++)
		for (int k = -1; db->file[i].ndb != NULL && (k = ndb_next(db->file[i].ndb, k, attr, val)) >= 0;)
			if (fn(ndb_entry(db->file[i].ndb, k), arg))
				return true;
	return false;
}

static bool first_entry(const NdbEntry *e, void *arg)
{
	*(const NdbEntry **)arg = e;
	return true;
}

typedef struct Net {
	Ip ip;
	const char *attr, *val;
	int bits;
} Net;

/* narrower keeps the attribute of the smallest network that the address is in. */
static bool narrower(const NdbEntry *e, void *arg)
{
	Net *n = arg;
	const char *base = ndb_get(e, "ip"), *m = ndb_get(e, "ipmask"), *val = ndb_get(e, n->attr);
	Ip ip, mask, a, b;

	if (val == NULL || base == NULL || ip_parse(base, &ip) < 0)
		return false;
	mask = ip_defmask(&ip);
	if (m != NULL && ip_parsemask(m, ip_isv4(&ip), &mask) < 0)
		return false;
	a = ip_mask(&ip, &mask);
	b = ip_mask(&n->ip, &mask);
	if (ip_eq(&a, &b) && ip_bits(&mask) > n->bits) {
		n->bits = ip_bits(&mask);
		n->val = val;
	}
	return false;
}

typedef struct Host {
	Ip *ip;
	int n;
	const Ip *want;
	const char *attr, *val;
} Host;

static bool of_address(const NdbEntry *e, void *arg)
{
	Host *h = arg;
	Ip ip;

	for (int i = 0; i < e->npair && h->val == NULL; i++)
		if (strcmp(e->pair[i].attr, "ip") == 0 && ip_parse(e->pair[i].val, &ip) == 0 && ip_eq(&ip, h->want) &&
		    ndb_get(e, "ipnet") == NULL)
			h->val = ndb_get(e, h->attr);
	return h->val != NULL;
}

const char *csdb_ipattr(Csdb *db, const Ip *ip, const char *attr)
{
	Host h = { .want = ip, .attr = attr };
	Net n = { .ip = *ip, .attr = attr, .bits = -1 };

	if (csdb_find(db, "ip", NULL, of_address, &h))
		return h.val;
	csdb_find(db, "ipnet", NULL, narrower, &n);
	return n.val;
}

const char *csdb_attr(Csdb *db, const char *attr)
{
	Ndb *own = db->stack && db->n > 0 ? db->file[0].ndb : NULL;
	const char *sys = getenv("sysname"), *val;
	const NdbEntry *e;
	Ip ip;

	for (int i = 0; own != NULL && i < ndb_count(own); i++)
		if ((val = ndb_get(ndb_entry(own, i), attr)) != NULL)
			return val;
	if (sys != NULL && csdb_find(db, "sys", sys, first_entry, &e) && (val = ndb_get(e, attr)) != NULL)
		return val;
	for (int i = 0; own != NULL && i < ndb_count(own); i++) {
		const char *a = ndb_get(ndb_entry(own, i), "ip");

		if (a != NULL && ip_parse(a, &ip) == 0 && (val = csdb_ipattr(db, &ip, attr)) != NULL)
			return val;
	}
	return NULL;
}

int csdb_port(Csdb *db, const char *net, const char *service)
{
	const NdbEntry *e;
	const char *port;
	i64 v;

	if (str_int(service, 0, 65535, &v) == 0)
		return (int)v;
	if (!csdb_find(db, net, service, first_entry, &e))
		return werrstr("can't translate address: unknown service '%s'", service);
	port = ndb_get(e, "port");
	if (port == NULL || str_int(port, 0, 65535, &v) < 0)
		return werrstr("can't translate address: service '%s' has no port", service);
	return (int)v;
}

static bool addresses(const NdbEntry *e, void *arg)
{
	Host *h = arg;

	for (int i = 0; i < e->npair && h->n < CSADDRS; i++) {
		int k = 0;

		if (strcmp(e->pair[i].attr, "ip") != 0 || ip_parse(e->pair[i].val, &h->ip[h->n]) < 0)
			continue;
		while (k < h->n && !ip_eq(&h->ip[k], &h->ip[h->n]))
			k++;
		h->n += k == h->n; /* an address is given once */
	}
	return false;
}

/* by_dns asks the stack's resolver, "name ip" and "name ipv6", whose answers are "name ip ADDR". */
static int by_dns(const char *mtpt, const char *name, Ip *ip)
{
	autofree char *path = mem_printf("%s/dns", mtpt);
	static const char *const types[] = { "ip", "ipv6" };
	int n = 0;

	for (size_t t = 0; t < nelem(types); t++) {
		autofree char *q = mem_printf("%s %s", name, types[t]);
		autofd int fd = open(path, O_RDWR | O_CLOEXEC);
		char line[ANSWER], *f[3];
		ssize_t k;

		if (fd < 0 || write(fd, q, strlen(q)) < 0)
			continue;
		lseek(fd, 0, SEEK_SET);
		while (n < CSADDRS && (k = read(fd, line, sizeof line - 1)) > 0) {
			line[k] = '\0';
			if (str_fields(line, f, 3, " \n") == 3 && ip_parse(f[2], &ip[n]) == 0)
				n++;
		}
	}
	return n;
}

static int host(Csdb *db, const char *name, Ip *ip, int depth)
{
	Host h = { .ip = ip };
	const char *val, *dom;

	if (*name == '$') {
		val = depth < MAXDEPTH ? csdb_attr(db, name + 1) : NULL;
		return val != NULL ? host(db, val, ip, depth + 1) : 0;
	}
	if (ip_parse(name, ip) == 0)
		return 1;
	csdb_find(db, "sys", name, addresses, &h);
	if (h.n == 0)
		csdb_find(db, "dom", name, addresses, &h);
	dom = h.n == 0 && strchr(name, '.') == NULL ? csdb_attr(db, "dnsdomain") : NULL;
	if (dom != NULL) {
		autofree char *full = mem_printf("%s.%s", name, dom);

		csdb_find(db, "dom", full, addresses, &h);
		if (h.n == 0 && db->mtpt != NULL)
			h.n = by_dns(db->mtpt, full, ip);
	}
	if (h.n == 0 && db->mtpt != NULL)
		h.n = by_dns(db->mtpt, name, ip);
	return h.n;
}

int csdb_host(Csdb *db, const char *name, Ip *ip) { return host(db, name, ip, 0); }

/* answer adds the line for one address. */
static void answer(Buf *b, const char *mtpt, const char *net, const Ip *ip, int port)
{
	char text[IPTEXT];

	if (strcmp(net, "icmp") == 0 && ip != NULL && !ip_isv4(ip))
		net = "icmpv6";
	if (ip == NULL)
		buf_printf(b, "%s/%s/clone %d\n", mtpt, net, port);
	else
		buf_printf(b, "%s/%s/clone %s!%d\n", mtpt, net, ip_print(ip, text), port);
}

int csdb_translate(Csdb *db, const char *mtpt, const char *query, Buf *lines)
{
	static const char *const nets[] = { "tcp", "udp", "icmp", "icmpv6", "il", "rudp", "gre" };
	autofree char *q = mem_str(query);
	char *name = strchr(q, '!'), *service = name != NULL ? strchr(name + 1, '!') : NULL;
	const char *net = q;
	Ip ip[CSADDRS];
	int n, port;
	bool known = false;

	if (name == NULL)
		return werrstr("can't translate address: net!host!service is wanted");
	*name++ = '\0';
	if (service != NULL)
		*service++ = '\0';
	if (strcmp(net, "net") == 0)
		net = "tcp";
	for (size_t i = 0; i < nelem(nets); i++)
		known |= strcmp(nets[i], net) == 0;
	if (!known)
		return werrstr("can't translate address: unknown network '%s'", net);
	port = service != NULL ? csdb_port(db, net, service) : strncmp(net, "icmp", 4) == 0 ? 1 : werrstr("can't translate address: net!host!service is wanted");
	if (port < 0)
		return -1;
	if (strcmp(name, "*") == 0) {
		answer(lines, mtpt, net, NULL, port);
		return 0;
	}
	n = csdb_host(db, name, ip);
	for (int i = 0; i < n; i++)
		answer(lines, mtpt, net, &ip[i], port);
	return n > 0 ? 0 : werrstr("can't translate address: no such host '%s'", name);
}
