/*
 * dial(2): connections by name.  An address is [mtpt/]net!host!service:
 *
 *     tcp!fs.test!9fs   tcp!127.1!564   udp!10.0.0.1!53   net!host!service
 *     /net.alt/tcp!host!9fs             unix!/run/fossil.sock
 *
 * Where mtpt (or /net) holds Plan 9's network files, dial asks cs there, uses
 * clone, ctl and data, and takes over the Linux socket itself when the
 * stack is local (`sock FD` on ctl): the data file costs a FUSE round trip a
 * message.  Elsewhere, without an mtpt, it makes Linux sockets; names then
 * come from /etc/hosts only, since a static program has no resolver: in a
 * node cs asks dns.
 */
#ifndef CLIENT_DIAL_H
#define CLIENT_DIAL_H

#include <base/u.h>

enum { DIALDIR = 128 }; /* bytes of a conversation's directory name */

/*
 * dial returns a connected descriptor, or -1; it blocks at most ms
 * milliseconds (0: a minute; -1: no limit).  In a node the stack's own
 * limits apply instead.
 */
int dial(const char *addr, int ms) must_use;

/* dial_addr completes addr (netmkaddr(2)): host becomes net!host!service; the caller frees it. */
char *dial_addr(const char *addr, const char *net, const char *service) must_use;

/*
 * announce returns a listening socket, with dir empty, or, where the network
 * is files that give no socket, a ctl file and its directory.  dir NULL: a
 * socket or an error.  A unix socket's file is replaced if nobody listens on it.
 */
int announce(const char *addr, char dir[DIALDIR]) must_use;

/*
 * dial_accept waits for the next call on what announce gave and returns its
 * descriptor; may block.  from[n] gets who called ("10.0.0.1!1234"); NULL
 * is fine.
 */
int dial_accept(int fd, const char *dir, char *from, size_t n) must_use;

/* dial_port finds the number of a service of tcp or udp ("9fs", "564"), or -1. */
int dial_port(const char *net, const char *service) must_use;

#endif
