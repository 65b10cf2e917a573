/*
 * Clumps: one block as it lies in an arena, its head before it.
 */
#ifndef ARENA_CLUMP_H
#define ARENA_CLUMP_H

#include <arena/conf.h>
#include <arena/fmt.h>

/* clump_unpack turns the c->info.size bytes at data into the block, c->info.data bytes at out; -1 with what is wrong. */
int clump_unpack(const Clump *c, const u8 *data, u8 *out) must_use;

/* clump_check says whether data is the block that c's score names; out is scratch room for 65535 bytes (compressed ones). */
int clump_check(const Clump *c, const u8 *data, u8 *out) must_use;

/* clump_pack compresses n bytes at p to out (room for n - 1) and sets c's encoding and size; false: it is plain, out is unset. */
bool clump_pack(Clump *c, ConfPack how, const u8 *p, u32 n, u8 *out);

#endif
