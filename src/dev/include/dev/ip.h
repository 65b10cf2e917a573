/*
 * #I: the node's IP stacks, ip(3).  #IN is Linux net name space N of the
 * node, made when it is first named.
 */
#ifndef DEV_IP_H
#define DEV_IP_H

#include <dev/dev.h>

extern const Dev dev_ip;

/* ip_netns returns a descriptor, owned by the caller, for the net name space of stack n: programs are started in it. */
int ip_netns(Kern *k, int n) must_use;

/* ip_restore opens the stacks that an earlier kernel process left, so that their interfaces are known. */
void ip_restore(Kern *k);

/* ip_closeall gives up the stacks of k; their name spaces stay while the fd store or a program has them. */
void ip_closeall(Kern *k);

#endif
