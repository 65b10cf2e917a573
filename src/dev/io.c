/*
 * Reading and writing somebody else's descriptor from a device: never
 * waiting in the call, never through one of our own mounts.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <os/at.h>
#include <os/io.h>
#include <os/ipsock.h>
#include <os/procinfo.h>
#include "devio.h"

int devio_may(int flags, int mode)
{
	static const bool may[4][4] = { { 1, 0, 0, 1 }, { 0, 1, 0, 0 }, { 1, 1, 1, 1 } };

	/* who has only the name of a file (O_PATH) was not asked whether he may open it */
	return flags & O_PATH || !may[flags & O_ACCMODE][mode & 3] ? errset(Ebadusefd) : 0;
}

int devio_reopen(u32 pid, int fd, int mode)
{
	static const int acc[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY };
	char name[32];
	autofd int place = -1;
	Finfo fi;

	snprintf(name, sizeof name, "fd/%d", fd);
	place = proc_open(pid, name, O_PATH);
	if (place < 0)
		return -1;
	if (at_isfuse(place)) /* its server may be this process: not even a stat */
		return werrstr("descriptor %d is a file of a mounted server: use it by dup (rc's <[%d]) instead", fd, fd);
	if (at_stat(place, "", &fi) < 0)
		return -1;
	if (at_issock(&fi))
		return errset(Enodev);
	return proc_open(pid, name, acc[mode & 3] | O_NONBLOCK | O_NOCTTY);
}

/* moved answers r when n bytes were moved; -2: it waits until fd is ready for events. */
static void moved(Req *r, int fd, int events, ssize_t n)
{
	if (n == -2) {
		req_poll(r, fd, events, -1);
		return;
	}
	if (n < 0) {
		req_fail(r);
		return;
	}
	r->o.count = (u32)n;
	req_ok(r);
}

void devio_read(Req *r, int fd)
{
	moved(r, fd, POLLIN, io_readat(fd, r->buf, r->i.count, (i64)r->i.offset));
}

void devio_write(Req *r, int fd)
{
	moved(r, fd, POLLOUT, io_writeat(fd, r->i.data, r->i.count, (i64)r->i.offset));
}

void devio_recv(Req *r, int fd)
{
	moved(r, fd, POLLIN, ipsock_recv(fd, r->buf, r->i.count));
}

void devio_send(Req *r, int fd)
{
	moved(r, fd, POLLOUT, ipsock_send(fd, r->i.data, r->i.count));
}
