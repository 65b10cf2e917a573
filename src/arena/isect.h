/*
 * The partition where checkpoints of the index are kept (fmtisect).
 */
#ifndef ISECT_H
#define ISECT_H

#include <arena/disk.h>
#include <arena/fmt.h>

enum { ISECTBLOCK = 4096 };

/* A stream of bytes into, or out of, one of the two areas. */
typedef struct IsectIo {
	Disk *d;
	u64 start, size;  /* the area's content */
	u64 at;           /* bytes moved */
	u64 hash;
	u8 *buf;
	size_t n, have;   /* bytes in buf that were used, that are there */
} IsectIo;

/* isect_open opens an index section of ours; NULL for anything else. */
Disk *isect_open(const char *spec, DiskMode mode) must_use;

/* isect_write begins a new generation, isect_commit makes it count after everything of it is on the disk; isect_read
 * begins to read the newest whole one: -1 if there is none.  isect_end frees what they made; checks are at the end. */
int isect_write(IsectIo *io, Disk *d) must_use;
int isect_commit(IsectIo *io) must_use;
int isect_read(IsectIo *io, Disk *d) must_use;
bool isect_whole(IsectIo *io);
void isect_end(IsectIo *io);

/* isect_put and isect_get move n bytes. */
int isect_put(void *io, const void *p, size_t n) must_use;
int isect_get(void *io, void *p, size_t n) must_use;

#endif
