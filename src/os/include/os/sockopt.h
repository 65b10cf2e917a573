/*
 * What commands do to sockets they were given, and the one kind of socket
 * that has no address to dial: echo requests.
 */
#ifndef OS_SOCKOPT_H
#define OS_SOCKOPT_H

#include <base/u.h>

/* sockopt_finish tells the peer that no more will be sent (half-close); -1 if fd is not a socket. */
int sockopt_finish(int fd);

/* sockopt_keepalive has the kernel ask for a silent peer every ms milliseconds (0: the kernel's own time). */
int sockopt_keepalive(int fd, int ms);

/*
 * sockopt_echo makes a socket that sends ICMP echo requests (types 8 or 128) to ip and receives the answers, without
 * IP headers; the kernel chooses the id where it must.  *raw says that answers for others come too.
 */
int sockopt_echo(const u8 ip[16], bool *raw) must_use;

/* sockopt_recvttl receives as recv does and sets *ttl to the packet's, 0 where that is unknown. */
long sockopt_recvttl(int fd, void *p, size_t n, int *ttl);

#endif
