/*
 * File descriptors: whole reads and writes, closing at the end of a scope,
 * passing them between processes, errno as an error string.
 */
#ifndef OS_IO_H
#define OS_IO_H

#include <sys/types.h>
#include <base/u.h>

/* io_autoclose closes *fd, unless it is negative, and makes it -1. */
void io_autoclose(int *fd);
#define autofd __attribute__((cleanup(io_autoclose)))

/* os_werr sets "what: reason" from errno as the error string and returns -1. */
int os_werr(const char *fmt, ...) printf_like(1, 2);

/* os_err sets the Plan 9 error for errno, alone, as the error string and returns -1. */
int os_err(void);

/* os_interrupted says whether the call that has just failed was interrupted by a signal. */
bool os_interrupted(void);

/* io_readn reads exactly n bytes unless the stream ends first; it returns the bytes read or -1; may block. */
ssize_t io_readn(int fd, void *p, size_t n) must_use;

/* io_readsome reads what there is, at most n bytes; 0 at the end, -1 on failure, -2 when a non-blocking fd has nothing
 * yet; may block. */
ssize_t io_readsome(int fd, void *p, size_t n) must_use;

/* io_readat and io_writeat move at most n bytes at offset off, or at the file's own (off < 0, or a file that has none);
 * -1 with the Plan 9 error alone, -2 when a non-blocking fd would have to wait. */
ssize_t io_readat(int fd, void *p, size_t n, i64 off) must_use;
ssize_t io_writeat(int fd, const void *p, size_t n, i64 off) must_use;

/* io_writen writes all n bytes, or returns -1; may block. */
int io_writen(int fd, const void *p, size_t n) must_use;

/* io_slurp reads all of path (relative to dirfd) as a string of at most max bytes, owned by the caller. */
char *io_slurp(int dirfd, const char *path, size_t max, size_t *n) must_use;

/* io_spit makes or truncates path and writes n bytes to it. */
int io_spit(const char *path, const void *p, size_t n, int mode) must_use;

/* io_copy copies at most n bytes from where file from stands to where file to stands, within Linux. */
int io_copy(int from, int to, i64 n) must_use;

enum { IoFds = 16 };

/* io_sendfds sends data[n] (n >= 1) with nfd (at most IoFds) descriptors on a unix socket; io_recvfds receives them into
 * fd[IoFds] (all close-on-exec), sets *nfd to how many came and returns the bytes, 0 at the end of the stream.
 * io_trysendfds, for sockets that keep messages apart, waits at most ms (0: not) for room: -2 (Ebusy) if there is none. */
int io_sendfds(int sock, const void *data, size_t n, const int *fd, int nfd) must_use;
int io_trysendfds(int sock, const void *data, size_t n, const int *fd, int nfd, int ms) must_use;
ssize_t io_recvfds(int sock, void *data, size_t n, int *fd, int *nfd) must_use;

typedef struct IoVec {
	void *p;
	size_t n;
} IoVec;

/* io_sendv sends without waiting (socket: whatever fd's flags; else fd is non-blocking); 0: there is no room, -1: gone. */
ssize_t io_sendv(int fd, const IoVec *iov, int n, bool socket) must_use;

/* io_writeallv writes all of at most 64 pieces at offset off, or at the file's own (off < 0); iov is used up; may block. */
int io_writeallv(int fd, IoVec *iov, int n, i64 off) must_use;

/* io_issocket says whether fd is a socket; io_hangup shuts a socket down both ways, waking who waits on it. */
bool io_issocket(int fd);
void io_hangup(int fd);

/* io_accept takes a call from a listening socket; -2 for a failure that passes (too many files, the caller gave up). */
int io_accept(int lfd) must_use;

/* io_wait waits at most ms (-1: for ever) until fd has one of events (poll(2)) or alt (-1: none) is readable; it
 * returns 1 for fd, 2 for alt only, 0 when the time is over, -1 on failure. */
int io_wait(int fd, int events, int alt, int ms) must_use;

/* io_dup returns a duplicate of fd, close-on-exec. */
int io_dup(int fd) must_use;

/* io_inherit has fd stay open in programs that are executed. */
int io_inherit(int fd) must_use;

/* io_flags returns the flags that fd was opened with. */
int io_flags(int fd) must_use;

/* io_memfd makes a file without a name, in memory; close-on-exec; name is for /proc only. */
int io_memfd(const char *name) must_use;

/* io_memory makes a file in memory; name is for /proc only.  io_size returns the bytes in a file, 0 if it has no size. */
int io_memory(const char *name) must_use;
u64 io_size(int fd);


/* proc_closefds closes every descriptor from first on. */
int proc_closefds(int first) must_use;

/* io_nonblock turns O_NONBLOCK of fd on or off. */
int io_nonblock(int fd, bool on) must_use;

#endif
