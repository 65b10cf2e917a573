/*
 * Netlink messages, for the files of os/ that speak it.  A request is built
 * in an Nlreq, sent with nl_talk or nl_dump, and every message that comes
 * back goes to a function.
 */
#ifndef OS_NL_H
#define OS_NL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <base/buf.h>
#include <base/lock.h>
#include <os/netlink.h>

struct Netlink {
	int fd;
	u32 seq;
	Lock lk; /* held from a request to the end of its answer */
};

typedef struct Nlreq {
	struct nlmsghdr h;
	u8 body[1024];
} Nlreq;

enum { NL_MAXATTR = 64 };
typedef const struct rtattr *Nlattrs[NL_MAXATTR];

/* nl_open opens netlink family proto in ns (-1: the caller's). */
Netlink *nl_open(int ns, int proto) must_use;

/* nl_start begins a request of a type with its fixed part; nl_attr adds an attribute. */
void nl_start(Nlreq *r, int type, int flags, const void *fixed, size_t n);
void nl_attr(Nlreq *r, int type, const void *p, size_t n);
void nl_attr32(Nlreq *r, int type, u32 v);
void nl_attrstr(Nlreq *r, int type, const char *s);

/* nl_nest begins an attribute made of attributes (with fixed bytes before them) and nl_unnest ends it. */
size_t nl_nest(Nlreq *r, int type, const void *fixed, size_t n);
void nl_unnest(Nlreq *r, size_t at);

/* nl_talk sends r and waits for its end: 0, or -1 with the kernel's words; fn (may be NULL) sees what comes in between. */
int nl_talk(Netlink *n, Nlreq *r, void (*fn)(void *arg, const struct nlmsghdr *h), void *arg) must_use;

/* nl_dump is nl_talk for a list: fn appends things of size bytes to a Buf, *out gets them, the count is returned. */
int nl_dump(Netlink *n, Nlreq *r, void (*fn)(void *buf, const struct nlmsghdr *h), size_t size, void **out) must_use;

/* nl_parse finds the attributes after a fixed part of skip bytes; absent ones are NULL. */
void nl_parse(const struct nlmsghdr *h, size_t skip, Nlattrs at);
void nl_parsenest(const struct rtattr *a, size_t skip, Nlattrs at);

/* nl_u32 reads a number attribute, 0 if absent or short. */
u32 nl_u32(const struct rtattr *a);

/* nl_ip reads an address attribute (4 or 16 bytes) into ip; false if absent or odd.  nl_attrip writes one. */
bool nl_ip(const struct rtattr *a, Ip *ip);
void nl_attrip(Nlreq *r, int type, const Ip *ip);

#endif
