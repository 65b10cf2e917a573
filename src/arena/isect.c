/*
 * Index sections of ours.
 *
 *	[256 KB free][head 4 KB][area A][area B]
 *	area: [label 4 KB: magic[8] generation[8] bytes[8] hash[8] check[8]][bytes of content]
 *
 * Generation g is written to area g mod 2: content, sync, label, sync.  A
 * crash leaves the other area whole.
 */
#include <stdlib.h>
#include <string.h>
#include <arena/index.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include "isect.h"

enum { BUF = 1024 * 1024, LABEL = 40 };

static const char headmagic[8] = "antsisc1", labelmagic[8] = "antsgen1";

static u64 hash_words(u64 h, const u8 *p, size_t n)
{
	for (; n >= 8; p += 8, n -= 8) {
		h = (h << 23 | h >> 41) ^ le64(p);
		h *= 0x9fb21c651e98df25ull;
	}
	for (; n > 0; n--)
		h = (h ^ *p++) * 0x9fb21c651e98df25ull;
	return h ^ h >> 29;
}

static u64 isect_areasize(const Disk *d) { return (d->size - PARTBLANK - ISECTBLOCK) / 2 / ISECTBLOCK * ISECTBLOCK; }
static u64 isect_area(const Disk *d, u64 gen) { return PARTBLANK + ISECTBLOCK + gen % 2 * isect_areasize(d); }

int isect_format(Disk *d, const char *name)
{
	u8 b[3 * ISECTBLOCK] = { 0 };
	int rc;

	if (d->size < PARTBLANK + 64 * ISECTBLOCK)
		return werrstr("%s: too small for an index section: it takes 512k", d->name);
	if (!fmt_nameok(name))
		return werrstr("'%s' is no name for an index section", name);
	memcpy(b, headmagic, sizeof headmagic);
	(void)str_cpy((char *)b + 8, ANAME, name);
	rc = disk_write(d, b, sizeof b, PARTBLANK);
	memset(b, 0, sizeof b);
	for (u64 g = 0; g < 2 && rc == 0; g++)
		rc = disk_write(d, b, ISECTBLOCK, isect_area(d, g));
	return rc == 0 ? disk_sync(d) : -1;
}

static bool isect_ours(Disk *d)
{
	u8 b[8];

	return d->size >= PARTBLANK + 64 * ISECTBLOCK && disk_read(d, b, sizeof b, PARTBLANK) == 0 &&
		memcmp(b, headmagic, sizeof b) == 0;
}

Disk *isect_open(const char *spec, DiskMode mode)
{
	Disk *d = disk_open(spec, mode);

	if (d == NULL || isect_ours(d))
		return d;
	disk_close(d);
	(void)werrstr("%s: not an index section of ours (venti/fmtisect makes one); another venti's is left alone", spec);
	return NULL;
}

/* the label of an area: its generation, 0 if it is not whole */
static u64 isect_label(Disk *d, u64 area, u64 *bytes, u64 *hash)
{
	u8 b[LABEL];

	if (disk_read(d, b, sizeof b, isect_area(d, area)) < 0 || memcmp(b, labelmagic, 8) != 0 ||
		le64(b + 32) != hash_words(1, b, 32))
		return 0;
	*bytes = le64(b + 16);
	*hash = le64(b + 24);
	return le64(b + 8) % 2 == area && *bytes <= isect_areasize(d) - ISECTBLOCK ? le64(b + 8) : 0;
}

static u64 isect_newest(Disk *d, u64 *bytes, u64 *hash)
{
	u64 b[2] = { 0 }, h[2] = { 0 }, g[2];
	int i;

	for (u64 k = 0; k < 2; k++)
		g[k] = isect_label(d, k, &b[k], &h[k]);
	i = g[1] > g[0];
	*bytes = b[i];
	*hash = h[i];
	return g[i];
}

int isect_write(IsectIo *io, Disk *d)
{
	u64 bytes, hash, gen = isect_newest(d, &bytes, &hash) + 1;

	*io = (IsectIo){ .d = d, .start = isect_area(d, gen) + ISECTBLOCK, .size = isect_areasize(d) - ISECTBLOCK, .hash = gen,
		.buf = mem_new(BUF), .have = BUF };
	return 0;
}

static int isect_flush(IsectIo *io)
{
	if (io->n == 0)
		return 0;
	if (io->at > io->size - io->n || io->size < io->n)
		return werrstr("%s: too small for the index: it has room for %llu bytes", io->d->name, (unsigned long long)io->size);
	io->hash = hash_words(io->hash, io->buf, io->n);
	if (disk_write(io->d, io->buf, io->n, io->start + io->at) < 0)
		return -1;
	io->at += io->n;
	io->n = 0;
	return 0;
}

int isect_put(void *arg, const void *p, size_t n)
{
	IsectIo *io = arg;

	for (const u8 *from = p; n > 0;) {
		size_t some = BUF - io->n < n ? BUF - io->n : n;

		memcpy(io->buf + io->n, from, some);
		io->n += some;
		from += some;
		n -= some;
		if (io->n == BUF && isect_flush(io) < 0)
			return -1;
	}
	return 0;
}

int isect_commit(IsectIo *io)
{
	u64 bytes, hash, gen = isect_newest(io->d, &bytes, &hash) + 1;
	u8 b[LABEL];

	if (isect_flush(io) < 0 || disk_sync(io->d) < 0)
		return -1;
	memcpy(b, labelmagic, 8);
	put_le64(b + 8, gen);
	put_le64(b + 16, io->at);
	put_le64(b + 24, io->hash);
	put_le64(b + 32, hash_words(1, b, 32));
	return disk_write(io->d, b, sizeof b, isect_area(io->d, gen)) < 0 ? -1 : disk_sync(io->d);
}

static int isect_fill(IsectIo *io)
{
	u64 left = io->size - io->at;

	io->have = left < BUF ? (size_t)left : BUF;
	io->n = 0;
	if (io->have == 0)
		return werrstr("%s: the checkpoint is cut off", io->d->name);
	if (disk_read(io->d, io->buf, io->have, io->start + io->at) < 0)
		return -1;
	io->hash = hash_words(io->hash, io->buf, io->have);
	io->at += io->have;
	return 0;
}

int isect_get(void *arg, void *p, size_t n)
{
	IsectIo *io = arg;

	for (u8 *to = p; n > 0;) {
		size_t some;

		if (io->n == io->have && isect_fill(io) < 0)
			return -1;
		some = io->have - io->n < n ? io->have - io->n : n;
		memcpy(to, io->buf + io->n, some);
		io->n += some;
		to += some;
		n -= some;
	}
	return 0;
}

int isect_read(IsectIo *io, Disk *d)
{
	u64 bytes, hash, gen = isect_newest(d, &bytes, &hash);

	*io = (IsectIo){ 0 };
	if (gen == 0)
		return werrstr("%s: no checkpoint yet", d->name);
	*io = (IsectIo){ .d = d, .start = isect_area(d, gen) + ISECTBLOCK, .size = bytes, .hash = gen, .buf = mem_new(BUF) };
	return 0;
}

bool isect_whole(IsectIo *io)
{
	u64 bytes, hash;

	(void)isect_newest(io->d, &bytes, &hash);
	return io->at == bytes && io->n == io->have && io->hash == hash;
}

void isect_end(IsectIo *io) { free(io->buf); }
