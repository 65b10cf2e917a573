/*
 * Local (unix domain) sockets that keep messages apart (SOCK_SEQPACKET):
 * what the parts of a grid talk over.  Paths may be longer than the 107
 * bytes of a socket address.
 */
#ifndef OS_LOCAL_H
#define OS_LOCAL_H

#include <base/u.h>

/* local_pair makes two connected sockets. */
int local_pair(int fd[2]) must_use;

/* local_stream makes two connected stream sockets: a full-duplex pipe. */
int local_stream(int fd[2]) must_use;

/* local_listen makes a listening socket named name in directory dirfd, accessible to its owner only. */
int local_listen(int dirfd, const char *name) must_use;

/* local_dial connects to it; "connection refused" when nobody listens any more. */
int local_dial(int dirfd, const char *name) must_use;

/* local_accept takes a connection and says which user (as our name space sees it) is on the other end. */
int local_accept(int lfd, u32 *uid) must_use;

#endif
