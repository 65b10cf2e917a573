/*
 * Sockets of a stack: TCP, UDP and raw ICMP, addressed by Ip and port, never
 * blocking.  A call that would have to wait returns IPSOCK_AGAIN.
 */
#ifndef OS_IPSOCK_H
#define OS_IPSOCK_H

#include <sys/types.h>
#include <base/ip.h>
#include <base/u.h>

enum { IPSOCK_AGAIN = -2, IPSOCK_BACKLOG = 1024 };
typedef enum IpKind { IpTcp, IpUdp, IpIcmp, IpIcmp6 } IpKind;

/* where a datagram comes from and goes to */
typedef struct IpMsg {
	Ip raddr, laddr;
	Ip ifc; /* received IPv4 only: the own unicast address it came in by, also when laddr is a broadcast address */
	u16 rport;
	int index; /* of the interface, 0: not said */
} IpMsg;

/* ipsock_new makes a socket in net name space ns for addresses like ip; :: gives one for IPv4 and IPv6 (or IPv4 only where
 * the host has no IPv6). */
int ipsock_new(int ns, IpKind kind, const Ip *ip) must_use;

/* ipsock_bind sets the local end (port 0: any); ipsock_listen lets calls in; ipsock_accept takes one. */
int ipsock_bind(int fd, const Ip *ip, u16 port) must_use;
int ipsock_listen(int fd) must_use;
int ipsock_accept(int fd) must_use;

/* ipsock_connect calls: 0 connected, IPSOCK_AGAIN in progress (writable when done: then ipsock_error), -1. */
int ipsock_connect(int fd, const Ip *ip, u16 port) must_use;

/* ipsock_error returns 0, or -1 with what went wrong on the socket since the last call. */
int ipsock_error(int fd) must_use;

/* ipsock_local and ipsock_remote give the ends; -1 when there is none. */
int ipsock_local(int fd, Ip *ip, u16 *port) must_use;
int ipsock_remote(int fd, Ip *ip, u16 *port) must_use;

/* ipsock_recv and ipsock_send move bytes, or one datagram; recv returns 0 at the end of a stream. */
ssize_t ipsock_recv(int fd, void *p, size_t n) must_use;
ssize_t ipsock_send(int fd, const void *p, size_t n) must_use;

/* ipsock_room says whether a stream socket has no error and would take n bytes now. */
bool ipsock_room(int fd, size_t n);

/* ipsock_recvfrom and ipsock_sendto move one datagram with its addresses (laddr :: and index 0: the system chooses). */
ssize_t ipsock_recvfrom(int fd, void *p, size_t n, IpMsg *m) must_use;
ssize_t ipsock_sendto(int fd, const void *p, size_t n, const IpMsg *m) must_use;

/* options; keepalive in milliseconds, 0 turns it off; headers makes recvfrom tell laddr and index. */
int ipsock_ttl(int fd, int ttl) must_use;
int ipsock_tos(int fd, int tos) must_use;
int ipsock_keepalive(int fd, int ms) must_use;
int ipsock_reuse(int fd) must_use;
int ipsock_headers(int fd) must_use;

/* ipsock_device confines the socket to the interface with that name, for when there is no address or route to go by. */
int ipsock_device(int fd, const char *name) must_use;

/* ipsock_multi joins or leaves multicast group ip on the interface with that index. */
int ipsock_multi(int fd, const Ip *ip, int index, bool join) must_use;

/* ipsock_hangup ends both directions of a connection; ipsock_reset makes the next close send a reset. */
void ipsock_hangup(int fd);
void ipsock_reset(int fd);

/* ipsock_cookie returns the number by which sock_diag knows the socket; ipsock_kind says what fd is, -1 if none of ours. */
u64 ipsock_cookie(int fd);
int ipsock_kind(int fd) must_use;

/* ipsock_samestack says whether fd, a socket, is in net name space ns. */
bool ipsock_samestack(int fd, int ns);

/* ipsock_give sends descriptor fd with one byte over the unix socket to, without waiting; -1 if that is no unix socket or full. */
int ipsock_give(int to, int fd) must_use;

/* ipsock_inq and ipsock_outq return bytes waiting to be read and sent. */
int ipsock_inq(int fd);
int ipsock_outq(int fd);

#endif
