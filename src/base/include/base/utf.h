/*
 * UTF-8 as Plan 9 has it (rune(2)): a bad byte is Runeerror, one byte long.
 */
#ifndef BASE_UTF_H
#define BASE_UTF_H

#include <base/u.h>

typedef u32 Rune;
enum { UTFmax = 4, Runeself = 0x80, Runeerror = 0xFFFD, Runemax = 0x10FFFF };

/* utf_get decodes the rune at s[0..n), n >= 1, and returns its length in bytes (1 for a bad byte, with Runeerror). */
int utf_get(Rune *r, const char *s, size_t n);

/* utf_put encodes r into s[UTFmax] and returns its length. */
int utf_put(char *s, Rune r);

/* utf_len counts the runes of a string. */
size_t utf_len(const char *s);

/* utf_valid says whether s[0..n) is well-formed UTF-8 without NUL bytes. */
bool utf_valid(const char *s, size_t n);

#endif
