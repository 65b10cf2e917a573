/*
 * #l: the node's ether devices.  etherN is a Linux interface that waits in a
 * net name space of the kernel process (the hardware, so to say) until an IP
 * stack binds it, goes into the stack's, and comes back when it is unbound.
 */
#ifndef DEV_ETHER_H
#define DEV_ETHER_H

#include <base/ip.h>
#include <dev/dev.h>
#include <os/netlink.h>

enum { ETHERPATH = 24 }; /* room for "l0/ether0" */

extern const Dev dev_ether;

/*
 * ether_add makes interface ifname of net name space ns etherN of #lN.  ns is duplicated.  A new kernel process calls it
 * for what is in ns; devices that are in a stack are found there, and go to the process's net name space when unbound.
 */
int ether_add(Kern *k, int n, const char *ifname, int ns) must_use;

/* ether_drop forgets etherN; its conversations answer "device shut down". */
void ether_drop(Kern *k, int n);

/* ether_bind moves the device that path ("l0/ether0") names into net name space ns and fills i; Einuse if it is in one. */
int ether_bind(Kern *k, const char *path, int ns, Iface *i) must_use;

/* ether_unbind takes it back; it is down afterwards. */
int ether_unbind(Kern *k, const char *path) must_use;

/* ether_found tells that a stack of an earlier kernel process has the device: interface ifname of ns. */
void ether_found(Kern *k, const char *path, int ns, const char *ifname);

#endif
