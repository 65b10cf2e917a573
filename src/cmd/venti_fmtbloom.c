/* An empty Bloom filter for plan9port's venti, in its format: magic[4] version[4] hashes[4] bytes[4], then bits. */
#include <stdlib.h>
#include <base/bytes.h>
#include <base/mem.h>
#include "cmds.h"
#include "vtool.h"

enum { HASHES = 32, PIECE = 1 << 20 };

static u64 power(u64 v)
{
	u64 p = 1;

	while (p <= v / 2)
		p *= 2;
	return p;
}

/* more than 64 bits a block are of no use; ln 2 times the bits a block are the best number of hashes */
static u32 hashes(u64 *size, u64 blocks)
{
	u64 n;

	while (*size / 8 >= blocks && *size > PIECE)
		*size /= 2;
	n = *size * 8 / blocks * 7 / 10;
	return n > HASHES ? HASHES : n < 1 ? 1 : (u32)n;
}

static int write_filter(Disk *d, u64 size, u32 nhash)
{
	u8 *b = mem_new(PIECE);
	int rc = 0;

	put_be32(b, 0xb1004eadu);
	put_be32(b + 4, 1);
	put_be32(b + 8, nhash);
	put_be32(b + 12, (u32)size);
	for (u64 at = 0; at < size && rc == 0; at += PIECE) {
		rc = disk_write(d, b, PIECE, at);
		if (at == 0)
			put_be32(b, 0), put_be32(b + 4, 0), put_be32(b + 8, 0), put_be32(b + 12, 0);
	}
	free(b);
	return rc == 0 ? disk_sync(d) : -1;
}

int cmd_venti_fmtbloom(int argc, char **argv)
{
	Args a;
	u64 size = 0, blocks = 0;
	u32 nhash = 0;
	Disk *d;

	args_init(&a, argc, argv, "venti/fmtbloom [-n nblocks | -N nhash] [-s size] file");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'n': blocks = vtool_size(&a); break;
		case 'N': nhash = (u32)args_number(&a, 1, HASHES); break;
		case 's': size = vtool_size(&a); break;
		default: args_usage(&a);
		}
	if (a.argc != 1 || (blocks != 0 && nhash != 0))
		args_usage(&a);
	d = vtool_disk(a.argv[0], DiskWrite);
	if (size == 0)
		size = d->size;
	if (size < PIECE || size > d->size)
		tool_die("%s: a filter takes 1m at least, and %llu bytes are there", a.argv[0], (unsigned long long)d->size);
	size = power(size > 512u << 20 ? 512u << 20 : size);
	if (blocks != 0)
		nhash = hashes(&size, blocks);
	else if (nhash == 0)
		nhash = HASHES;
	if (write_filter(d, size, nhash) < 0)
		tool_die("%s", rerrstr());
	fprintf(stderr, "venti/fmtbloom %s: %llu MB, %u hashes a score; for plan9port's venti: this one needs no filter\n", a.argv[0],
		(unsigned long long)(size >> 20), nhash);
	disk_close(d);
	return tool_end(0);
}
