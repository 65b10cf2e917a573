/*
 * A Disk is where a store's bytes are: a file, a block device, a range of
 * one of them (file:lo-hi, file:plan9part), or, for tests, memory that keeps
 * a record of every write and sync (simdisk_new).  Everything that arenas
 * read and write goes through here, so that a test can be the disk.
 */
#ifndef ARENA_DISK_H
#define ARENA_DISK_H

#include <base/u.h>
#include <os/io.h>

typedef struct Disk Disk;

typedef struct DiskOps {
	int (*read)(Disk *, void *p, size_t n, u64 off);
	int (*cached)(Disk *, void *p, size_t n, u64 off);
	int (*writev)(Disk *, IoVec *v, int n, u64 off);
	void (*start)(Disk *, u64 off, u64 n);
	int (*sync)(Disk *);
	void (*close)(Disk *);
} DiskOps;

struct Disk {
	const DiskOps *op;
	char *name;    /* as given, for messages */
	u64 size;      /* bytes */
	bool writable;
	int fd;        /* for a ring's reads; -1 if there is none */
	u64 base;      /* of offset 0 in fd */
};

typedef enum DiskMode { DiskRead, DiskWrite } DiskMode;

/* disk_open opens "file", "file:lo-hi" (k, m, g, t; either may be missing) or "file:name" (a Plan 9 partition); for
 * writing it also locks the file, so that two stores never write to one; the caller closes it. */
Disk *disk_open(const char *spec, DiskMode mode) must_use;

/* disk_close gives d back; what was not synced may be lost. */
void disk_close(Disk *d);

/* disk_read reads n bytes at off; disk_cached does if no disk must be waited for, else -2. */
int disk_read(Disk *d, void *p, size_t n, u64 off) must_use;
int disk_cached(Disk *d, void *p, size_t n, u64 off) must_use;

/* disk_write, disk_writev write at off (v may be changed); -1 with "name: offset N: why". */
int disk_write(Disk *d, const void *p, size_t n, u64 off) must_use;
int disk_writev(Disk *d, IoVec *v, int n, u64 off) must_use;

/* disk_start hints that n bytes at off should go to the disk soon; disk_sync returns when all written bytes are there. */
void disk_start(Disk *d, u64 off, u64 n);
int disk_sync(Disk *d) must_use;

#endif
