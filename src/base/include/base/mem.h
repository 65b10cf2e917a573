/*
 * Memory.  Small bounded allocations do not fail (the process ends with a
 * message on file descriptor 2); sizes that come from outside go through
 * mem_try, which can.  autofree frees at the end of the scope.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <base/u.h>

/* mem_new returns n zeroed bytes owned by the caller (free); it does not return on failure. */
void *mem_new(size_t n) must_use;

/* mem_array returns zeroed room for n things of size bytes, overflow checked; it does not return on failure. */
void *mem_array(size_t n, size_t size) must_use;

/* mem_grow resizes p (may be NULL) to n things of size bytes, new bytes unset; it does not return on failure. */
void *mem_grow(void *p, size_t n, size_t size) must_use;

/* mem_try returns n unset bytes or NULL with Enomem: for sizes that came from outside and were bounded. */
void *mem_try(size_t n) must_use;

/* mem_str duplicates s (NULL gives NULL). */
char *mem_str(const char *s) must_use;

/* mem_strn duplicates at most n bytes of s and adds a NUL. */
char *mem_strn(const char *s, size_t n) must_use;

/* mem_printf formats into a new string owned by the caller. */
char *mem_printf(const char *fmt, ...) printf_like(1, 2) must_use;

/* mem_wipe clears n bytes of secrets in a way the compiler keeps. */
void mem_wipe(void *p, size_t n);

void mem_autofree(void *pp);
#define autofree __attribute__((cleanup(mem_autofree)))

#endif
