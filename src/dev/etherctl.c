/*
 * The conversations of #l: their packet sockets and ctl messages.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/packet.h>
#include "ether.h"

/* shut closes a conversation's socket; whoever waits on it looks again. */
void etherctl_shut(EtherConv *c)
{
	if (c->fd < 0)
		return;
	park_wakefd(c->fd);
	close(c->fd);
	c->fd = -1;
}

/* openconv makes the packet socket of a connected conversation where the interface is; e->lk is held. */
static int openconv(Ether *e, EtherConv *c)
{
	Iface i;

	if (ether_link(e, &i) < 0)
		return -1;
	etherctl_shut(c);
	c->fd = packet_open(e->ns, i.index, c->type > 0 ? (u16)c->type : 0);
	if (c->fd < 0)
		return -1;
	if (c->promisc && packet_promisc(c->fd, i.index, true) < 0)
		return -1;
	for (int m = 0; m < c->nmulti; m++)
		if (packet_multi(c->fd, i.index, c->multi[m], true) < 0)
			return -1;
	return 0;
}

void etherctl_reopen(Ether *e)
{
	for (int i = 0; i < NCONV; i++) {
		EtherConv *c = &e->conv[i];

		if (c->type != 0 && (e->gone || openconv(e, c) < 0))
			etherctl_shut(c);
	}
}

static int ctl_connect(Ether *e, EtherConv *c, const char *arg)
{
	i64 type;
	u64 u;

	if (str_int(arg, -2, 0xFFFF, &type) < 0) {
		if (str_u64(arg, 0, 0xFFFF, &u) < 0)
			return -1;
		type = (i64)u;
	}
	if (type == 0)
		return errset(Ebadarg);
	for (int i = 0; type > 0 && i < NCONV; i++)
		if (e->conv[i].type == type)
			return errset(Einuse);
	c->type = (int)type;
	if (openconv(e, c) == 0)
		return 0;
	c->type = 0;
	etherctl_shut(c);
	return -1;
}

static int ctl_promiscuous(Ether *e, EtherConv *c, const char *arg)
{
	Iface i;

	(void)arg;
	if (c->promisc)
		return 0;
	if (c->fd >= 0 && (ether_link(e, &i) < 0 || packet_promisc(c->fd, i.index, true) < 0))
		return -1;
	c->promisc = true;
	e->nprom++;
	return 0;
}

static int ctl_bridge(Ether *e, EtherConv *c, const char *arg)
{
	(void)e;
	(void)arg;
	c->bridge = true;
	return 0;
}

static int ctl_headersonly(Ether *e, EtherConv *c, const char *arg)
{
	(void)e;
	(void)arg;
	c->headersonly = true;
	return 0;
}

static int ctl_addmulti(Ether *e, EtherConv *c, const char *arg)
{
	u8 mac[MACLEN];
	Iface i;

	if (mac_parse(arg, mac) < 0)
		return -1;
	if (c->nmulti == NMULTI)
		return werrstr("at most %d multicast addresses", NMULTI);
	if (c->fd >= 0 && (ether_link(e, &i) < 0 || packet_multi(c->fd, i.index, mac, true) < 0))
		return -1;
	memcpy(c->multi[c->nmulti++], mac, MACLEN);
	return 0;
}

static int ctl_delmulti(Ether *e, EtherConv *c, const char *arg)
{
	u8 mac[MACLEN];
	Iface f;

	if (mac_parse(arg, mac) < 0)
		return -1;
	for (int i = 0; i < c->nmulti; i++)
		if (memcmp(c->multi[i], mac, MACLEN) == 0) {
			memmove(c->multi[i], c->multi[--c->nmulti], MACLEN);
			if (c->fd >= 0 && ether_link(e, &f) == 0)
				return packet_multi(c->fd, f.index, mac, false);
			return 0;
		}
	return errset(Enonexist);
}

static int ctl_bypass(Ether *e, EtherConv *c, const char *arg)
{
	(void)e;
	(void)c;
	(void)arg;
	return werrstr("bypass is not implemented: a Linux interface sends what it is given");
}

static int ctl_scanbs(Ether *e, EtherConv *c, const char *arg)
{
	(void)e;
	(void)c;
	(void)arg;
	return werrstr("scanbs: not a wireless interface");
}

static const struct {
	const char *name;
	int args;
	int (*fn)(Ether *e, EtherConv *c, const char *arg);
} ctls[] = {
	{ "connect", 1, ctl_connect }, { "promiscuous", 0, ctl_promiscuous }, { "bridge", 0, ctl_bridge },
	{ "headersonly", 0, ctl_headersonly }, { "addmulti", 1, ctl_addmulti }, { "delmulti", 1, ctl_delmulti },
	{ "remmulti", 1, ctl_delmulti }, { "bypass", 0, ctl_bypass }, { "scanbs", 0, ctl_scanbs }, { "scanbs", 1, ctl_scanbs },
};

int etherctl(Ether *e, EtherConv *c, char *text)
{
	char *f[3];
	int n = str_tokens(text, f, 3);

	bool known = false;

	for (size_t i = 0; n > 0 && i < nelem(ctls); i++)
		if (strcmp(ctls[i].name, f[0]) == 0) {
			if (n == ctls[i].args + 1)
				return ctls[i].fn(e, c, f[1]);
			known = true;
		}
	return errset(known ? Ebadarg : Ebadctl);
}

void etherctl_release(Ether *e, EtherConv *c)
{
	if (--c->inuse > 0)
		return;
	lock(&e->lk);
	etherctl_shut(c);
	if (c->promisc)
		e->nprom--;
	c->type = c->nmulti = 0;
	c->promisc = c->bridge = c->headersonly = false;
	unlock(&e->lk);
}
