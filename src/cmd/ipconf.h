/*
 * ip/ipconfig's parts: the stack's files (ipconf.c), its ndb entry
 * (ipconf_ndb.c), DHCP over a udp conversation and the lease's watcher
 * (ipconf_dhcp.c), flags and verbs (ip_ipconfig.c).
 */
#ifndef CMD_IPCONF_H
#define CMD_IPCONF_H

#include <base/buf.h>
#include <base/ip.h>
#include <client/dhcp.h>

enum { MAXDNS = 8 };

typedef struct Ipconf {
	const char *mtpt; /* the stack: /net, /net.alt */
	const char *type; /* the medium: ether, gbe, loopback */
	char *dev;        /* /net/ether0 */
	int cfd, rfd;     /* the interface's ctl and iproute, -1: none */
	bool bound;       /* the device was bound before we came */
	u8 mac[MACLEN];
	bool hasmac;

	Ip laddr, mask, raddr, gaddr, fs, auth; /* ip_none where unknown */
	Ip dns[MAXDNS];
	int ndns, mtu;
	char host[256];

	bool debug, dryrun, override, nowatch, retry, generic, proxy, trans;
	int primary; /* 1, 0, -1: not said */
	Dhcp d;
	bool leased; /* d.lease holds what a server said */
} Ipconf;

/* conf_debug prints with -D. */
#define conf_debug(c, ...) ((c)->debug ? tool_warn(__VA_ARGS__) : (void)0)

/* conf_find sets c->cfd to the ctl of the interface that c->dev is bound to; 1 if there is one, 0 if not, -1. */
int conf_find(Ipconf *c) must_use;

/* conf_bind binds c->dev to a new interface of the stack. */
int conf_bind(Ipconf *c) must_use;

/* conf_add gives the interface c's address, and the stack its route; conf_remove takes both away. */
int conf_add(Ipconf *c) must_use;
int conf_remove(Ipconf *c);

/* conf_islocal says whether ip is an address of any interface of the stack. */
bool conf_islocal(const Ipconf *c, const Ip *ip);

/* conf_write writes text to a file of the stack ("cs"); -1 with what failed. */
int conf_write(const Ipconf *c, const char *file, const char *text);

/* conf_ctl is a printf to an open ctl. */
int conf_ctl(int fd, const char *fmt, ...) printf_like(2, 3);

/* conf_putndb puts c's entry first in the stack's ndb, or only drops it; conf_entry appends the entry alone to b. */
void conf_putndb(const Ipconf *c, bool add);
void conf_entry(const Ipconf *c, Buf *b);

/* conf_olds appends those entries of an ndb text that are not c's and still live. */
void conf_olds(const Ipconf *c, const char *text, size_t n, Buf *b, bool (*live)(const Ipconf *c, const Ip *ip));

/* conf_dhcp asks for an address and fills c from the lease; -1 when there is no success. */
int conf_dhcp(Ipconf *c) must_use;

/* conf_watch leaves a process behind that keeps the lease (or with fresh still seeks one); it returns in the caller. */
void conf_watch(Ipconf *c, bool fresh);

#endif
