/*
 * What a venti keeps: blocks of 0 to 57344 bytes, each named by its score,
 * the SHA-1 of its bytes, and filed under a type (venti(6)).  Trailing zeros
 * (zero scores in pointer blocks) are not stored; a reader puts them back.
 */
#ifndef VENTI_SCORE_H
#define VENTI_SCORE_H

#include <base/u.h>

enum {
	SCORE = 20,        /* bytes of a score */
	SCORETEXT = 41,    /* its hexadecimal digits and a NUL */
	BLOCKMAX = 57344,  /* bytes of the largest block that a venti takes */
};

/* Types as they go over the wire; a block of pointers to data is VtPointer0, of pointers to those VtPointer0+1, ... */
enum {
	VtRoot = 1,
	VtDir = 2,
	VtPointer0 = 3,
	VtPointer6 = 9,
	VtData = 13,
};

typedef struct Score {
	u8 b[SCORE];
} Score;

/* score_zero is the score of the empty block, which no venti stores. */
extern const Score score_zero;

/* score_of computes the score of n bytes at p. */
Score score_of(const void *p, size_t n);

/* score_eq compares; score_cmp orders as memcmp does. */
bool score_eq(const Score *a, const Score *b);
int score_cmp(const Score *a, const Score *b);

/* score_print writes 40 digits and a NUL to s and returns s. */
char *score_print(const Score *a, char s[SCORETEXT]);

/* score_parse reads 40 hexadecimal digits after an optional "label:" ("vac:..."); label (may be NULL) gets the
 * label, "" if there is none; -1 for anything else, with the text in the error. */
int score_parse(const char *text, Score *a, char *label, size_t nlabel) must_use;

/* block_trim returns how many of the n bytes of a block of a wire type are stored: without trailing zeros (data,
 * dir), zero scores and slop (pointers); all of a root. */
size_t block_trim(int type, const void *p, size_t n);

/* block_extend puts back what block_trim took: it fills p[n] to p[full] for a block of a wire type. */
void block_extend(int type, void *p, size_t n, size_t full);

#endif
