/*
 * A Region is memory given back all at once, or down to a mark: a parsed
 * command lives in one, and the words of commands being run in another.
 */
#ifndef RC_REGION_H
#define RC_REGION_H

#include <base/u.h>

typedef struct Chunk Chunk;

typedef struct Region {
	Chunk *top;
} Region;

typedef struct Mark {
	Chunk *top;
	size_t n;
} Mark;

/* region_new returns n unset bytes, aligned for pointers, that live until the region is cut or freed. */
void *region_new(Region *r, size_t n) must_use;

/* region_strn copies n bytes of s and adds a NUL. */
char *region_strn(Region *r, const char *s, size_t n) must_use;

/* region_mark says how full r is; region_cut gives back all that was taken since. */
Mark region_mark(const Region *r) must_use;
void region_cut(Region *r, Mark m);

/* region_free gives everything back. */
void region_free(Region *r);

#endif
