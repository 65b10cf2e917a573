/*
 * Conversations: numbered slots of a protocol, who holds them, and the ctl
 * messages that all protocols have.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include "ip.h"
#include "kernpriv.h"

static int index_of(const Proto *p)
{
	for (int i = 0; i < NPROTO; i++)
		if (ip_protos[i] == p)
			return i;
	abort();
}

Conv *conv_get(Stack *s, const Proto *p, int x)
{
	ConvTab *t = &s->tab[index_of(p)];

	return x >= 0 && x < t->n ? t->c[x] : NULL;
}

static void reset(Conv *c)
{
	c->state = ConvIdle;
	c->handed = c->headers = c->ignoreadvice = false;
	c->cookie = 0;
	c->laddr = c->raddr = ip_none;
	c->lport = c->rport = 0;
	c->ttl = c->tos = -1;
	c->err[0] = '\0';
	memset(&c->ifc, 0, sizeof c->ifc);
}

static Conv *grow(Stack *s, const Proto *p)
{
	ConvTab *t = &s->tab[index_of(p)];
	Conv *c;

	if (t->n == p->max)
		return NULL;
	c = mem_new(sizeof *c);
	c->st = s;
	c->p = p;
	c->x = t->n;
	c->fd = -1;
	rendez_init(&c->errz);
	rendez_init(&c->writez);
	list_init(&c->early);
	reset(c);
	t->c = mem_grow(t->c, (size_t)t->n + 1, sizeof t->c[0]);
	t->c[t->n++] = c;
	return c;
}

static void own(Conv *c, const char *owner)
{
	free(c->owner);
	c->owner = mem_str(owner);
	c->perm = 0660;
}

Conv *conv_slot(Stack *s, const Proto *p, int x, const char *owner)
{
	Conv *c;

	while ((c = conv_get(s, p, x)) == NULL)
		if (grow(s, p) == NULL)
			return errnull(Enofreedev);
	if (c->inuse > 0)
		return errnull(Einuse);
	c->inuse = 1;
	own(c, owner);
	return c;
}

static u64 convs_of(Stack *s, const char *owner)
{
	u64 n = 0;

	for (int i = 0; i < NPROTO; i++)
		for (int x = 0; x < s->tab[i].n; x++)
			n += s->tab[i].c[x]->inuse > 0 && strcmp(s->tab[i].c[x]->owner, owner) == 0;
	return n;
}

Conv *conv_new(Stack *s, const Proto *p, const char *owner)
{
	ConvTab *t = &s->tab[index_of(p)];

	if (kern_limit(s->k, owner, convs_of(s, owner), MaxConvs, "conversations") < 0)
		return NULL;
	for (int i = 0; i < t->n; i++)
		if (t->c[i]->inuse == 0)
			return conv_slot(s, p, i, owner);
	return conv_slot(s, p, t->n, owner);
}

int conv_open(Req *r, Conv *c)
{
	Stack *s = c->st;

	if (c->inuse > 0 && kern_may(s->k, r, c->owner, c->perm, r->i.mode) < 0)
		return -1;
	if (c->inuse++ == 0)
		own(c, ip_who(s, r));
	return 0;
}

void conv_shut(Conv *c)
{
	if (c->fd < 0)
		return;
	park_wakefd(c->fd);
	close(c->fd);
	c->fd = -1;
}

void conv_hangup(Conv *c, const char *why)
{
	conv_shut(c);
	c->state = ConvHungup;
	if (c->err[0] == '\0')
		(void)!str_cpy(c->err, sizeof c->err, why);
	rendez_all(&c->errz);
	rendez_all(&c->writez);
}

void conv_release(Conv *c)
{
	Link *l;

	if (--c->inuse > 0)
		return;
	if (c->p->close != NULL)
		c->p->close(c);
	if (c->state != ConvIdle && c->p->kind >= 0)
		iplog(c->st, c->p->kind == IpTcp ? LogTcp : c->p->kind == IpUdp ? LogUdp : LogIcmp, &c->raddr,
		      "%s/%d: closed", c->p->name, c->x);
	conv_shut(c);
	while ((l = list_pop(&c->early)) != NULL)
		free(list_item(l, Early, link));
	reset(c);
	own(c, "network");
	rendez_all(&c->errz);
	rendez_all(&c->writez);
}

void conv_adopt(Conv *c, int fd)
{
	c->fd = fd;
	c->cookie = ipsock_cookie(fd);
	(void)!ipsock_local(fd, &c->laddr, &c->lport);
	(void)!ipsock_remote(fd, &c->raddr, &c->rport);
	c->state = ConvConnected;
}

void conv_fault(Req *r, Conv *c)
{
	(void)!str_cpy(c->err, sizeof c->err, rerrstr());
	rendez_all(&c->errz);
	req_fail(r);
}

bool conv_usable(Req *r, Conv *c)
{
	if (c->fd >= 0 && c->state >= ConvConnected)
		return true;
	if (c->state == ConvHungup && r->i.type == Tread && (c->err[0] == '\0' || strcmp(c->err, errtext(Ehungup)) == 0)) {
		req_ok(r); /* the end */
		return false;
	}
	if (c->handed)
		werrstr("the socket of %s/%d was handed to a program", c->p->name, c->x);
	else if (c->state == ConvHungup)
		werrstr("%s", c->err[0] != '\0' ? c->err : errtext(Ehungup));
	else
		werrstr("%s/%d is not connected", c->p->name, c->x);
	req_fail(r);
	return false;
}

void conv_readerr(Req *r, Conv *c)
{
	if (c->err[0] != '\0') {
		size_t n = strlen(c->err);

		r->o.count = n < r->i.count ? (u32)n : r->i.count;
		memcpy(r->buf, c->err, r->o.count);
		c->err[0] = '\0';
		req_ok(r);
	} else if (c->state == ConvIdle || c->state == ConvHungup) {
		req_ok(r);
	} else {
		req_sleep(r, &c->errz, -1);
	}
}

void conv_listening(Req *r, Conv *c)
{
	if (r->aux == NULL && conv_open(r, c) < 0) {
		req_fail(r);
		return;
	}
	r->aux = c; /* holds a use until it is answered */
	if (c->p->listen != NULL && c->state == ConvAnnounced && c->fd >= 0) {
		c->p->listen(r, c);
		return;
	}
	if (c->handed)
		werrstr("the listening socket of %s/%d was handed to a program", c->p->name, c->x);
	else
		werrstr(c->state == ConvHungup ? "listen hungup" : "not announced");
	conv_release(c);
	req_fail(r);
}

/* intarg reads an optional number. */
static int intarg(char **f, int n, int min, int max, int dflt, int *v)
{
	i64 i = dflt;

	if (n > 1 && str_int(f[1], min, max, &i) < 0)
		return -1;
	*v = (int)i;
	return 0;
}

static int ctl_connect(Req *r, Conv *c, char **f, int n)
{
	if (c->p->connect == NULL)
		return werrstr("connect not supported");
	if (c->state != ConvIdle)
		return werrstr("connection already in use");
	return c->p->connect(r, c, f, n);
}

static int ctl_announce(Req *r, Conv *c, char **f, int n)
{
	(void)r;
	if (c->p->announce == NULL)
		return werrstr("announce not supported");
	if (c->state != ConvIdle)
		return werrstr("connection already in use");
	return c->p->announce(c, f, n);
}

static int ctl_bind(Req *r, Conv *c, char **f, int n)
{
	return c->p->bind(r, c, f, n);
}

static int ctl_ttl(Req *r, Conv *c, char **f, int n)
{
	int v;

	(void)r;
	if (intarg(f, n, 1, 255, 255, &v) < 0)
		return -1;
	c->ttl = v;
	return c->fd >= 0 ? ipsock_ttl(c->fd, v) : 0;
}

static int ctl_tos(Req *r, Conv *c, char **f, int n)
{
	int v;

	(void)r;
	if (intarg(f, n, 0, 255, 0, &v) < 0)
		return -1;
	c->tos = v;
	return c->fd >= 0 ? ipsock_tos(c->fd, v) : 0;
}

static int ctl_ignoreadvice(Req *r, Conv *c, char **f, int n)
{
	(void)r;
	(void)f;
	(void)n;
	c->ignoreadvice = true;
	return 0;
}

/* multi is addmulti INTERFACE-IP [GROUP] and delmulti INTERFACE-IP; without a group it is the announced or remote address. */
static int multi(Conv *c, char **f, int n, bool join)
{
	Ip ifc, group = ip_ismulticast(&c->laddr) || ip_isnone(&c->raddr) ? c->laddr : c->raddr;
	Conv *i;

	if (n < 2)
		return werrstr("%s needs interface address", f[0]);
	if (ip_parse(f[1], &ifc) < 0 || (n > 2 && ip_parse(f[2], &group) < 0))
		return -1;
	i = ifc_byip(c->st, &ifc);
	if (i == NULL)
		return werrstr("no interface has address %s", f[1]);
	if (c->fd < 0)
		return werrstr("announce or connect first");
	return ipsock_multi(c->fd, &group, i->ifc.index, join);
}

static int ctl_addmulti(Req *r, Conv *c, char **f, int n)
{
	(void)r;
	return multi(c, f, n, true);
}

static int ctl_delmulti(Req *r, Conv *c, char **f, int n)
{
	(void)r;
	return multi(c, f, n, false);
}

static int fdarg(Req *r, char **f, int n)
{
	i64 fd;

	if (n != 2 || str_int(f[1], 0, INT32_MAX, &fd) < 0)
		return werrstr("usage: %s FD", f[0]);
	if (r->caller.pid == 0)
		return werrstr("%s: the caller is on another machine", f[0]);
	return kern_takefd(r->caller.pid, (int)fd);
}

/* ctl_sock gives the socket away over a unix socket of the caller's; the device keeps the name and lets the socket go. */
static int ctl_sock(Req *r, Conv *c, char **f, int n)
{
	autofd int to = -1;

	if (c->p->kind != IpTcp && c->p->kind != IpUdp)
		return errset(Ebadctl);
	if (c->fd < 0 || c->state == ConvConnecting)
		return werrstr("announce or connect first");
	if (!list_empty(&c->early))
		return werrstr("the first datagram is not read yet");
	to = fdarg(r, f, n);
	if (to < 0 || io_nonblock(c->fd, false) < 0)
		return -1;
	if (ipsock_give(to, c->fd) < 0) {
		(void)!io_nonblock(c->fd, true);
		return -1;
	}
	c->handed = true;
	conv_shut(c);
	return 0;
}

/* ctl_adopt is the way back: the caller's socket (an accepted call) gets this conversation's name. */
static int ctl_adopt(Req *r, Conv *c, char **f, int n)
{
	int fd;

	if (c->p->kind != IpTcp && c->p->kind != IpUdp)
		return errset(Ebadctl);
	if (c->state != ConvIdle)
		return werrstr("connection already in use");
	fd = fdarg(r, f, n);
	if (fd < 0)
		return -1;
	if (ipsock_kind(fd) != c->p->kind || !ipsock_samestack(fd, stack_ns(c->st))) {
		close(fd);
		return werrstr("descriptor %s is not a %s socket of this stack", f[1], c->p->name);
	}
	conv_adopt(c, fd);
	c->handed = true;
	conv_shut(c);
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(Req *r, Conv *c, char **f, int n);
} ctls[] = {
	{ "connect", ctl_connect }, { "announce", ctl_announce }, { "bind", ctl_bind }, { "ttl", ctl_ttl },
	{ "tos", ctl_tos }, { "ignoreadvice", ctl_ignoreadvice }, { "addmulti", ctl_addmulti },
	{ "delmulti", ctl_delmulti }, { "remmulti", ctl_delmulti }, { "sock", ctl_sock }, { "adopt", ctl_adopt },
};

static int message(Req *r, Conv *c, char *text)
{
	char *f[MAXFIELDS];
	int n = str_tokens(text, f, MAXFIELDS);

	if (n < 1)
		return werrstr("short control request");
	for (size_t i = 0; i < nelem(ctls); i++)
		if (strcmp(ctls[i].name, f[0]) == 0)
			return ctls[i].fn(r, c, f, n);
	return c->p->ctl != NULL ? c->p->ctl(r, c, f, n) : errset(Ebadctl);
}

void conv_ctl(Req *r, Conv *c)
{
	autofree char *text = NULL;
	int rc;

	r->o.count = r->i.count;
	if (r->aux != NULL) {
		rc = c->p->connect(r, c, NULL, 0);
	} else {
		text = req_text(r);
		rc = text != NULL ? message(r, c, text) : -1;
	}
	if (rc < 0)
		req_fail(r);
	else if (rc != PARKED)
		req_ok(r);
}

void conv_cancel(Req *r, Conv *c)
{
	if (r->i.type == Topen) {
		conv_release(c);
	} else if (c->writer == r) {
		c->writer = NULL;
		rendez_one(&c->writez);
	} else if (r->i.type == Twrite && c->state == ConvConnecting && r->aux == c) {
		conv_shut(c);
		reset(c);
	}
}
