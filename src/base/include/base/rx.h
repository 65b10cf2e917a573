/*
 * Regular expressions, Plan 9's regexp(7): . * + ? | ( ) [ ] [^ ] ^ $ and
 * \c for c itself (\n is a newline).  The leftmost match is found and of
 * those the longest, in time proportional to the text times the pattern,
 * whatever the pattern is.  ^ and $ match at lines; . and [^ ] do not match
 * a newline.
 */
#ifndef BASE_RX_H
#define BASE_RX_H

#include <base/u.h>

enum { RXSUBS = 32, RXPROG = 8192 }; /* subexpressions with the whole match, and instructions */

typedef struct Rx Rx;

typedef struct RxSub {
	i64 s, e; /* offsets in the text; s is -1 if the subexpression took no part */
} RxSub;

enum { RxNocase = 1, RxLiteral = 2 }; /* fold ASCII case; no character is special */

/* rx_compile compiles pat; owned by the caller (rx_free); NULL with what is wrong with it.  One Rx serves one thread. */
Rx *rx_compile(const char *pat, int flags) must_use;

/*
 * rx_match looks for a match in text[0..n) that begins at from or later and
 * fills sub[0..nsub): [0] is the whole match.  With nsub 0 it only says
 * whether there is one, which is quicker.
 */
bool rx_match(Rx *rx, const char *text, size_t n, size_t from, RxSub *sub, int nsub);

/* rx_nsub returns the number of parentheses. */
int rx_nsub(const Rx *rx);

/* rx_free frees rx; NULL is allowed. */
void rx_free(Rx *rx);

#endif
