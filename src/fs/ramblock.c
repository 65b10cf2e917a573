#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include "ramblock.h"

static const u64 maxlength = 1ull << 40;

static u32 blocks(u64 bytes)
{
	return (u32)((bytes + RAMBLOCK - 1) / RAMBLOCK);
}

u32 ramdata_read(const RamData *d, void *p, u32 n, u64 off)
{
	u32 done = 0;

	if (off >= d->length)
		return 0;
	if (n > d->length - off)
		n = (u32)(d->length - off);
	while (done < n) {
		u64 at = off + done;
		u32 b = (u32)(at / RAMBLOCK), in = (u32)(at % RAMBLOCK);
		u32 m = RAMBLOCK - in < n - done ? RAMBLOCK - in : n - done;

		if (b < d->nblock && d->block[b] != NULL)
			memcpy((u8 *)p + done, d->block[b] + in, m);
		else
			memset((u8 *)p + done, 0, m);
		done += m;
	}
	return done;
}

/* reserve makes the blocks of [off, off+n). */
static int reserve(RamPool *pool, RamData *d, u64 off, u32 n)
{
	u32 first = (u32)(off / RAMBLOCK), end = blocks(off + n);

	if (end > d->nblock) {
		u32 want = end > d->nblock * 2 ? end : d->nblock * 2;

		d->block = mem_grow(d->block, want, sizeof d->block[0]);
		memset(d->block + d->nblock, 0, (want - d->nblock) * sizeof d->block[0]);
		d->nblock = want;
	}
	for (u32 b = first; b < end; b++) {
		if (d->block[b] != NULL)
			continue;
		if (pool->limit != 0 && pool->used + RAMBLOCK > pool->limit)
			return errset(Enospace);
		d->block[b] = calloc(1, RAMBLOCK);
		if (d->block[b] == NULL)
			return errset(Enomem);
		pool->used += RAMBLOCK;
	}
	return 0;
}

int ramdata_write(RamPool *pool, RamData *d, const void *p, u32 n, u64 off)
{
	u32 done = 0;

	if (off > maxlength || n > maxlength - off)
		return errset(Efilebig);
	if (n == 0)
		return 0;
	if (reserve(pool, d, off, n) < 0)
		return -1;
	while (done < n) {
		u64 at = off + done;
		u32 in = (u32)(at % RAMBLOCK);
		u32 m = RAMBLOCK - in < n - done ? RAMBLOCK - in : n - done;

		memcpy(d->block[at / RAMBLOCK] + in, (const u8 *)p + done, m);
		done += m;
	}
	if (off + n > d->length)
		d->length = off + n;
	return 0;
}

int ramdata_mayset(u64 n)
{
	return n > maxlength ? errset(Efilebig) : 0;
}

void ramdata_truncate(RamPool *pool, RamData *d, u64 n)
{
	u32 keep = blocks(n);

	for (u32 b = keep; b < d->nblock; b++)
		if (d->block[b] != NULL) {
			free(d->block[b]);
			d->block[b] = NULL;
			pool->used -= RAMBLOCK;
		}
	if (n < d->length && n % RAMBLOCK != 0 && keep - 1 < d->nblock && d->block[keep - 1] != NULL)
		memset(d->block[keep - 1] + n % RAMBLOCK, 0, RAMBLOCK - n % RAMBLOCK);
	d->length = n;
}

void ramdata_free(RamData *d)
{
	free(d->block);
	*d = (RamData){ 0 };
}
