/*
 * Finding test vectors: $VECTORS, then ../shared/vectors beside the source
 * tree (SRCROOT, from the build), then t/vectors in it.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/io.h>

/* vector_open returns all of the vector file name as a string, NULL if no place has it; the caller frees it. */
static inline char *vector_open(const char *name)
{
	const char *env = getenv("VECTORS");
	char path[3][PATH_MAX + 64];

	snprintf(path[0], sizeof path[0], "%s/%s", env != NULL ? env : "/nonexistent", name);
	snprintf(path[1], sizeof path[1], "%s/../shared/vectors/%s", SRCROOT, name);
	snprintf(path[2], sizeof path[2], "%s/t/vectors/%s", SRCROOT, name);
	for (int i = 0; i < 3; i++)
		if (access(path[i], R_OK) == 0)
			return io_slurp(AT_FDCWD, path[i], 64 << 20, NULL);
	return NULL;
}

/* vector_hex decodes the hexadecimal digits at the beginning of s into p[max] and returns how many bytes. */
static inline size_t vector_hex(const char *s, unsigned char *p, size_t max)
{
	size_t n = 0;

	for (; n < max && isxdigit((unsigned char)s[0]) && isxdigit((unsigned char)s[1]); s += 2) {
		char two[3] = { s[0], s[1], '\0' };

		p[n++] = (unsigned char)strtoul(two, NULL, 16);
	}
	return n;
}

#endif
