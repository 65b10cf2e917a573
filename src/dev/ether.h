/*
 * What the files of #l share: the devices (ether.c), their tree of files
 * (etherfs.c) and conversations (etherctl.c).
 */
#ifndef ETHERPRIV_H
#define ETHERPRIV_H

#include <dev/ether.h>
#include <os/netlink.h>

enum { NCONV = 8, NMULTI = 32 };

typedef struct EtherConv {
	int inuse; /* opens of data and ctl */
	bool made; /* it has been in use once: its directory is there */
	char *owner;
	u32 perm;
	int type;  /* 0 until connected, -1 all, -2 the first 64 bytes of all */
	int fd;    /* packet socket, -1 */
	bool promisc, bridge, headersonly;
	u8 multi[NMULTI][MACLEN];
	int nmulti;
} EtherConv;

typedef struct Ether {
	Link link;
	Srv srv;
	Lock lk;   /* protects all below; taken with srv.lk held or not */
	Kern *k;
	int n;
	int home;  /* net name space it waits in, our descriptor */
	int ns;    /* the one it is in, our descriptor; -1: nobody knows */
	bool bound, gone;
	u32 mtu;   /* that it came with, 0 if not known */
	char homename[IFNAMELEN], name[IFNAMELEN];
	EtherConv conv[NCONV];
	int nprom;
} Ether;

extern const SrvOps ether_ops;

/* ether_link fills i with the interface as it is now; e->lk is held. */
int ether_link(Ether *e, Iface *i) must_use;

/* etherctl_reopen makes the sockets of all conversations anew after the interface went elsewhere; e->lk is held. */
void etherctl_reopen(Ether *e);

/* etherctl_shut closes a conversation's socket; whoever waits on it looks again.  e->lk is held, or nobody else is left. */
void etherctl_shut(EtherConv *c);

/* etherctl does a ctl message, which it takes apart in place; e->lk is held. */
int etherctl(Ether *e, EtherConv *c, char *text) must_use;

/* etherctl_release takes one open off a conversation, which is free after the last. */
void etherctl_release(Ether *e, EtherConv *c);

#endif
