/*
 * What a store asks of files and block devices: reading what is in memory
 * already, gathering writes, starting write-back early, many reads at once.
 */
#ifndef OS_DISKIO_H
#define OS_DISKIO_H

#include <base/u.h>
#include <os/io.h>

/* diskio_size returns the bytes in a file or block device. */
int diskio_size(int fd, u64 *size) must_use;

/* diskio_lock takes the writer's lock on n bytes at off of fd's file until fd is closed, without waiting; -1 "in use". */
int diskio_lock(int fd, u64 off, u64 n) must_use;

/* diskio_read reads n bytes at off, retrying short reads; -1 also at the end of the file ("i/o error"); may block. */
int diskio_read(int fd, void *p, size_t n, u64 off) must_use;

/* diskio_cached is diskio_read if the bytes are all in memory: 0, or -2 if it would have to wait for the disk. */
int diskio_cached(int fd, void *p, size_t n, u64 off) must_use;

/* diskio_writev writes all of the n pieces at off, in their order, and may change v; may block. */
int diskio_writev(int fd, IoVec *v, int n, u64 off) must_use;

/* diskio_start has Linux begin to write n bytes at off to the disk; a hint. */
void diskio_start(int fd, u64 off, u64 n);

/* diskio_sync returns when everything written to fd is on the disk. */
int diskio_sync(int fd) must_use;

/* diskio_forget drops n bytes at off from Linux's memory; a hint.  diskio_random says that reads will be scattered. */
void diskio_forget(int fd, u64 off, u64 n);
void diskio_random(int fd);

/* diskio_truncate sets a file's size; room of a file that grows reads as zeros. */
int diskio_truncate(int fd, u64 size) must_use;

/* A Ring reads many pieces at once (io_uring); used by one thread at a time. */
typedef struct Ring Ring;

typedef struct RingRead {
	int fd;
	void *p;
	size_t n;
	u64 off;
	long got; /* filled in: bytes, or -errno */
} RingRead;

/* ring_new makes a ring for at most n reads at once; NULL with the reason if Linux refuses io_uring. */
Ring *ring_new(unsigned n) must_use;

/* ring_read runs n reads and returns when all have ended, each with its own result (which may be short); -1 if the ring
 * itself failed: nothing is in flight then. */
int ring_read(Ring *r, RingRead *v, int n) must_use;

void ring_free(Ring *r);

#endif
