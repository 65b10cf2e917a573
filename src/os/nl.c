#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/netns.h>
#include "nl.h"

enum { RECVBUF = 64 * 1024, TRIES = 16 };

Netlink *nl_open(int ns, int proto)
{
	int fd = netns_socket(ns, AF_NETLINK, SOCK_RAW, proto), one = 1;
	struct timeval t = { .tv_sec = 10 };
	Netlink *n;

	if (fd < 0)
		return NULL;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	n = mem_new(sizeof *n);
	n->fd = fd;
	lock_init(&n->lk, RankLeaf);
	return n;
}

void netlink_close(Netlink *n)
{
	if (n == NULL)
		return;
	close(n->fd);
	free(n);
}

void nl_start(Nlreq *r, int type, int flags, const void *fixed, size_t n)
{
	memset(r, 0, sizeof *r);
	r->h.nlmsg_type = (u16)type;
	r->h.nlmsg_flags = (u16)(NLM_F_REQUEST | flags);
	memcpy(r->body, fixed, n);
	r->h.nlmsg_len = (u32)NLMSG_LENGTH(NLMSG_ALIGN(n));
}

/* end gives the place after the request so far; all sizes here are ours and small, so overrunning it is a bug */
static u8 *end(Nlreq *r, size_t room)
{
	if (r->h.nlmsg_len + RTA_SPACE(room) > sizeof *r)
		abort();
	return (u8 *)r + r->h.nlmsg_len;
}

void nl_attr(Nlreq *r, int type, const void *p, size_t n)
{
	struct rtattr a = { .rta_type = (u16)type, .rta_len = (u16)RTA_LENGTH(n) };
	u8 *to = end(r, n);

	memcpy(to, &a, sizeof a);
	if (n > 0)
		memcpy(to + RTA_LENGTH(0), p, n);
	r->h.nlmsg_len += (u32)RTA_SPACE(n);
}

void nl_attr32(Nlreq *r, int type, u32 v)
{
	nl_attr(r, type, &v, sizeof v);
}

void nl_attrstr(Nlreq *r, int type, const char *s)
{
	nl_attr(r, type, s, strlen(s) + 1);
}

void nl_attrip(Nlreq *r, int type, const Ip *ip)
{
	if (ip_isv4(ip))
		nl_attr(r, type, ip->b + IP4OFF, 4);
	else
		nl_attr(r, type, ip->b, IPLEN);
}

size_t nl_nest(Nlreq *r, int type, const void *fixed, size_t n)
{
	size_t at = r->h.nlmsg_len;

	nl_attr(r, type, fixed, n);
	return at;
}

void nl_unnest(Nlreq *r, size_t at)
{
	u16 len = (u16)(r->h.nlmsg_len - at);

	memcpy((u8 *)r + at, &len, sizeof len);
}

/* plain gives the words for errno; for two of them netlink means something else than Plan 9 does. */
static const char *plain(int no)
{
	Err e = err_fromerrno(no);

	if (no == ENODEV)
		return "device does not exist";
	if (no == ESRCH)
		return "entry does not exist";
	return e == Eio && no != EIO ? strerror(no) : errtext(e);
}

/* failed makes the error string of a refusal: the kernel's sentence if it sent one. */
static int failed(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	Nlattrs at;

	errno = -e->error;
	if ((h->nlmsg_flags & NLM_F_ACK_TLVS) != 0) {
		size_t skip = sizeof *e;

		if ((h->nlmsg_flags & NLM_F_CAPPED) == 0 && e->msg.nlmsg_len > sizeof e->msg)
			skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof e->msg;
		nl_parse(h, skip, at);
		if (at[NLMSGERR_ATTR_MSG] != NULL && RTA_PAYLOAD(at[NLMSGERR_ATTR_MSG]) > 0)
			return os_werr("%.*s", (int)RTA_PAYLOAD(at[NLMSGERR_ATTR_MSG]),
				       (const char *)RTA_DATA(at[NLMSGERR_ATTR_MSG]));
	}
	return werrstr("%s", plain(errno));
}

/* done looks at the end of a list, which may carry an error. */
static int done(const struct nlmsghdr *h)
{
	int no = 0;

	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof no))
		memcpy(&no, NLMSG_DATA(h), sizeof no);
	return no < 0 ? werrstr("%s", plain(-no)) : 0;
}

/* answer handles one datagram: 1 to read on, 0 at the end, -1; *torn says that a list changed while it was read. */
static int answer(u32 seq, const u8 *buf, int len, void (*fn)(void *, const struct nlmsghdr *), void *arg, bool *torn)
{
	const struct nlmsghdr *h;
	u32 left = (u32)len, step;

	for (; left >= sizeof *h; left -= step, buf += step) {
		h = (const void *)buf;
		if (h->nlmsg_len < sizeof *h || h->nlmsg_len > left)
			break;
		step = NLMSG_ALIGN(h->nlmsg_len) < left ? NLMSG_ALIGN(h->nlmsg_len) : left;
		if (h->nlmsg_seq != seq)
			continue;
		if ((h->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			*torn = true;
		if (h->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(h))->error == 0 ? 0 : failed(h);
		if (h->nlmsg_type == NLMSG_DONE)
			return done(h);
		if (fn != NULL && h->nlmsg_type >= NLMSG_MIN_TYPE)
			fn(arg, h);
	}
	return 1;
}

static int talk(Netlink *n, Nlreq *r, void (*fn)(void *, const struct nlmsghdr *), void *arg, bool *torn)
{
	autofree u8 *buf = mem_new(RECVBUF);
	int rc = 1;

	r->h.nlmsg_seq = ++n->seq;
	if (send(n->fd, r, r->h.nlmsg_len, 0) < 0)
		return os_werr("netlink");
	while (rc > 0) {
		ssize_t len = recv(n->fd, buf, RECVBUF, 0);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return os_werr("netlink");
		rc = answer(n->seq, buf, (int)len, fn, arg, torn);
	}
	return rc;
}

int nl_talk(Netlink *n, Nlreq *r, void (*fn)(void *arg, const struct nlmsghdr *h), void *arg)
{
	bool torn = false;
	int rc;

	r->h.nlmsg_flags |= NLM_F_ACK;
	lock(&n->lk);
	rc = talk(n, r, fn, arg, &torn);
	unlock(&n->lk);
	return rc;
}

int nl_dump(Netlink *n, Nlreq *r, void (*fn)(void *buf, const struct nlmsghdr *h), size_t size, void **out)
{
	Buf b = { 0 };
	int rc = -1;
	bool torn = true;

	r->h.nlmsg_flags |= NLM_F_DUMP;
	lock(&n->lk);
	for (int i = 0; torn && i < TRIES; i++) {
		torn = false;
		b.n = 0;
		rc = talk(n, r, fn, &b, &torn);
		if (rc < 0)
			break;
	}
	unlock(&n->lk);
	if (rc < 0) {
		buf_free(&b);
		return -1;
	}
	rc = (int)(b.n / size);
	*out = buf_take(&b);
	return rc;
}

static void parse(const void *p, size_t len, Nlattrs at)
{
	int left = (int)len;

	memset(at, 0, sizeof(Nlattrs));
	for (const struct rtattr *a = p; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		int type = a->rta_type & NLA_TYPE_MASK;

		if (type < NL_MAXATTR)
			at[type] = a;
	}
}

void nl_parse(const struct nlmsghdr *h, size_t skip, Nlattrs at)
{
	size_t head = NLMSG_LENGTH(NLMSG_ALIGN(skip));

	parse((const u8 *)h + head, h->nlmsg_len > head ? h->nlmsg_len - head : 0, at);
}

void nl_parsenest(const struct rtattr *a, size_t skip, Nlattrs at)
{
	size_t n = a != NULL ? RTA_PAYLOAD(a) : 0;

	parse(n > skip ? (const u8 *)RTA_DATA(a) + skip : NULL, n > skip ? n - skip : 0, at);
}

u32 nl_u32(const struct rtattr *a)
{
	u32 v = 0;

	if (a != NULL && RTA_PAYLOAD(a) >= sizeof v)
		memcpy(&v, RTA_DATA(a), sizeof v);
	return v;
}

bool nl_ip(const struct rtattr *a, Ip *ip)
{
	if (a == NULL || (RTA_PAYLOAD(a) != 4 && RTA_PAYLOAD(a) != IPLEN))
		return false;
	if (RTA_PAYLOAD(a) == 4)
		*ip = ip_v4(RTA_DATA(a));
	else
		memcpy(ip->b, RTA_DATA(a), IPLEN);
	return true;
}
