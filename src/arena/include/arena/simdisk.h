/*
 * A disk in memory that remembers every write and sync, for tests: what
 * could a machine that crashed at any moment have on its disk?  It can also
 * fail.  Any number of threads may use it.
 */
#ifndef ARENA_SIMDISK_H
#define ARENA_SIMDISK_H

#include <arena/disk.h>

/* simdisk_new makes a disk of zeros that records; disk_close frees it. */
Disk *simdisk_new(u64 size) must_use;

/* simdisk_hold makes d outlive one disk_close. */
void simdisk_hold(Disk *d);

/* simdisk_ops returns how many writes and syncs there were so far: a moment to crash at. */
u32 simdisk_ops(Disk *d);

/*
 * simdisk_crash makes the disk that a crash just before operation `at` could
 * have left: everything that a sync had made durable by then, and of the
 * other writes some, in any order, some of them with a few of their sectors
 * only, as seed decides (0: none of them, 1: all, whole).  It does not record.
 */
Disk *simdisk_crash(Disk *d, u32 at, u32 seed) must_use;

typedef enum SimFault { SimNone, SimWrite, SimFull, SimSync, SimRead } SimFault;

/* simdisk_fail makes operations of a kind fail from now on: "i/o error", or "file system full" for SimFull. */
void simdisk_fail(Disk *d, SimFault kind);

/* simdisk_onsync has the next sync call fn(arg) once it is under way: what fn writes is not covered by that sync. */
void simdisk_onsync(Disk *d, void (*fn)(void *arg), void *arg);

#endif
