#ifndef DEV_DEVIO_H
#define DEV_DEVIO_H

#include <srv/srv.h>

/* devio_may checks that what was opened with flags (open(2)'s) may be had again for mode: we can open more than others. */
int devio_may(int flags, int mode) must_use;

/*
 * devio_reopen opens what descriptor fd of process pid is, anew and without waiting (O_NONBLOCK), for mode; the
 * caller owns it.  A socket cannot be opened; nor may a file on FUSE, which could be our own.
 */
int devio_reopen(u32 pid, int fd, int mode) must_use;

/* devio_read and devio_write answer r from fd, parking it while fd is not ready. */
void devio_read(Req *r, int fd);
void devio_write(Req *r, int fd);

/* devio_recv and devio_send do the same with a socket that others use too, and may wait on. */
void devio_recv(Req *r, int fd);
void devio_send(Req *r, int fd);

#endif
