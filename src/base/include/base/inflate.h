/*
 * Unpacking gzip files (RFC 1951, 1952), of any number of members, in
 * constant memory.
 */
#ifndef BASE_INFLATE_H
#define BASE_INFLATE_H

#include <base/u.h>

typedef struct InflateIo {
	long (*in)(void *arg, u8 *p, size_t n);         /* read at most n bytes: how many, 0 at the end, -1 (errstr) */
	int (*out)(void *arg, const u8 *p, size_t n);   /* take n bytes: 0 or -1 (errstr) */
	void *arg;
} InflateIo;

/* inflate_gzip unpacks all of in to out; -1 with the reason: not gzip, damaged, cut off, or what in and out said. */
int inflate_gzip(const InflateIo *io) must_use;

#endif
