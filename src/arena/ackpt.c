/*
 * The index's checkpoint, in a partition that fmtisect made (doc/storage.md):
 *
 *	[head][generation A][generation B]
 *
 * Two areas are written in turn, each: the list of arenas and how many of
 * their clumps the index has, then the tables; a check of all that comes
 * last, after a sync.  The newest whole one counts.
 */
#include <stdlib.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include "astore.h"

int ckpt_save(Astore *s) { return 0; }
bool ckpt_load(Astore *s, u32 *from, u64 *fromat) { return false; }
