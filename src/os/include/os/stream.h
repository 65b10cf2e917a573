/*
 * Writing to a byte stream with a time limit, without O_NONBLOCK: that flag
 * belongs to the open file, which others may share.
 */
#ifndef OS_STREAM_H
#define OS_STREAM_H

#include <sys/types.h>
#include <base/u.h>

typedef enum StreamKind {
	StreamSock, /* never blocks */
	StreamPipe, /* written in pieces that a pipe that polls writable has room for */
	StreamFile, /* anything else: a write may block whatever poll says */
} StreamKind;

/* stream_kind says what fd is. */
StreamKind stream_kind(int fd);

/*
 * stream_write writes a[na], then b[nb], until clock_ms is deadline (0: what
 * goes at once; -1: no limit).  It returns the bytes written, fewer than
 * asked when the time is up, or -1.
 */
ssize_t stream_write(int fd, StreamKind kind, const void *a, size_t na, const void *b, size_t nb, i64 deadline) must_use;

/* stream_read reads at most n bytes; -1 with *again set when there are none now (EINTR, O_NONBLOCK) is no error. */
ssize_t stream_read(int fd, void *p, size_t n, bool *again) must_use;

/* stream_pair makes two connected byte streams (a socketpair); stream_end ends what the other side can read from fd. */
int stream_pair(int fd[2]) must_use;
void stream_end(int fd);

#endif
