/*
 * Whack, the compression of Plan 9's venti: matches within the last 16 KB
 * and bytes, each as a run of bits; older text of a block is its dictionary.
 */
#ifndef ARENA_WHACK_H
#define ARENA_WHACK_H

#include <base/u.h>

/* whack_pack writes the compressed form of n bytes at src to dst (room for n - 1): its size, or -1 if it saves nothing. */
int whack_pack(u8 *dst, const u8 *src, int n);

/* whack_unpack unpacks n bytes to dst (room for max): the size, or -1 with what is wrong. */
int whack_unpack(u8 *dst, int max, const u8 *src, int n) must_use;

#endif
