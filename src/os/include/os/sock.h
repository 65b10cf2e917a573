/*
 * Sockets.  An IP address is 16 bytes, IPv4 as ::ffff:a.b.c.d; NULL is any.
 */
#ifndef OS_SOCK_H
#define OS_SOCK_H

#include <base/u.h>

/* sock_connect connects to ip!port by tcp or udp within ms milliseconds (-1: no limit); TCP has no delay for small messages. */
int sock_connect(const u8 *ip, int port, bool udp, int ms) must_use;

/* sock_listen makes a listening TCP socket, or a bound UDP one; port 0: a free one. */
int sock_listen(const u8 *ip, int port, bool udp) must_use;

/* sock_unixdial connects to the unix socket at path; sock_unixlisten makes one, replacing one nobody listens on. */
int sock_unixdial(const char *path, int ms) must_use;
int sock_unixlisten(const char *path) must_use;

/* sock_accept waits for the next connection; from[n] (may be NULL) gets its "address!port". */
int sock_accept(int lfd, char *from, size_t n) must_use;

/* sock_nodelay makes a TCP socket send small messages at once; others it leaves alone. */
void sock_nodelay(int fd);

/* sock_peer writes whom TCP socket fd is connected to, as "tcp!ADDRESS!PORT"; -1 if it is none, or not any more. */
int sock_peer(int fd, char *text, size_t n) must_use;

/* sock_port returns the port a socket is bound to. */
int sock_port(int fd) must_use;

/* sock_is says whether fd is a socket. */
bool sock_is(int fd);

#endif
