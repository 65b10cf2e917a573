/*
 * Strings: bounded copies, numbers, Plan 9's quoting and tokenizing
 * (quote(2), getfields(2)), file names (cleanname(2)).
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <base/u.h>
#include <base/buf.h>

/* str_cpy copies s into dst[n] and ends it with a NUL; it returns -1 (Etoolong) and cuts if s does not fit. */
int str_cpy(char *dst, size_t n, const char *s);

/* str_eq compares two strings, NULL being equal to NULL only. */
bool str_eq(const char *a, const char *b);

/* str_prefix says whether s begins with pre. */
bool str_prefix(const char *s, const char *pre);

/* str_suffix says whether s ends with suf. */
bool str_suffix(const char *s, const char *suf);

/* str_u64 parses all of s as a number (base 0: 0x and 0 prefixes) of at most max; -1 with a reason that quotes s. */
int str_u64(const char *s, int base, u64 max, u64 *v) must_use;

/* str_int is str_u64 for a signed decimal in [min, max]. */
int str_int(const char *s, i64 min, i64 max, i64 *v) must_use;

/* str_fields splits s in place at runs of bytes in sep, at most max fields; it returns how many. */
int str_fields(char *s, char **f, int max, const char *sep);

/* str_tokens splits s in place at white space, honouring '' quotes (tokenize(2)), at most max; it returns how many. */
int str_tokens(char *s, char **f, int max);

/* str_quote appends s to b, in '' quotes if rc would need them (quotestrdup(2)); "" gives ''. */
void str_quote(Buf *b, const char *s);

/* path_clean rewrites a path in place without //, . and x/.. (cleanname(2)); "" becomes ".": there must be room for 2 bytes. */
char *path_clean(char *path);

/* path_join returns dir/name cleaned, owned by the caller; an absolute name stands alone. */
char *path_join(const char *dir, const char *name) must_use;

/* path_base returns the last element of path, inside path. */
const char *path_base(const char *path);

#endif
