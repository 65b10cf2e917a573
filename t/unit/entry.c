/* Entries and roots: those of the vectors pack to the same bytes; sizes that cannot be are refused. */
#include <stdlib.h>
#include <base/bytes.h>
#include <base/err.h>
#include <venti/entry.h>
#include "tap.h"
#include "vectors.h"

static long nentries, nroots, bad;

static void one_dir(const u8 *p, size_t n)
{
	for (size_t i = 0; i + ENTRY <= n; i += ENTRY) {
		Entry e;
		u8 out[ENTRY];

		nentries++;
		if (entry_unpack(&e, p + i) < 0) {
			printf("# %s\n", rerrstr());
			bad++;
			continue;
		}
		entry_pack(&e, out);
		if (be32(p + i + 4) == 0)
			continue; /* fossil's empty file, which is given block sizes */
		bad += memcmp(out, p + i, ENTRY) != 0;
	}
}

static void one_root(const u8 *p)
{
	u8 out[ROOT];
	Root r;

	nroots++;
	if (root_unpack(&r, p) < 0) {
		bad++;
		return;
	}
	root_pack(&r, out);
	bad += memcmp(out, p, ROOT) != 0 || strcmp(r.type, "vac") != 0;
}

static void test_vectors(void)
{
	char *all = vector_open("venti/blocks.hex"), *line, *next = all;
	static u8 buf[65536];

	while (next != NULL && (line = strsep(&next, "\n")) != NULL && line[0] != 0) {
		char *hex = strchr(line, ' ') + 1;
		size_t n = vector_hex(hex, buf, 8192);
		int type = atoi(strchr(line, '.') + 1);

		memset(buf + n, 0, sizeof buf - n);
		if (type == VtRoot)
			one_root(buf);
		else if (type == VtDir)
			one_dir(buf, (n + ENTRY - 1) / ENTRY * ENTRY);
	}
	free(all);
	ok(nentries > 400 && nroots >= 4, "%ld entries and %ld roots in the vectors", nentries, nroots);
	is_int(bad, 0, "each packs to the same bytes");
}

static void test_sizes(void)
{
	Entry e = { .flags = EntryActive, .psize = 8180, .dsize = 8192, .size = 1 };
	u8 p[ENTRY];

	is_int(entry_depth(0, 8180, 8192), 0, "no block");
	is_int(entry_depth(8192, 8180, 8192), 0, "one");
	is_int(entry_depth(8193, 8180, 8192), 1, "two");
	is_int(entry_depth(409 * 8192, 8180, 8192), 1, "a full pointer block");
	is_int(entry_depth(409 * 8192 + 1, 8180, 8192), 2, "and one more");
	entry_pack(&e, p);
	ok(entry_unpack(&e, p) == 0 && e.size == 1, "an entry");
	e.size = 8193;
	entry_pack(&e, p);
	ok(entry_unpack(&e, p) == -1, "too large for its depth");
	e = (Entry){ .flags = EntryActive, .psize = 8180, .dsize = 255 };
	entry_pack(&e, p);
	ok(entry_unpack(&e, p) == -1, "blocks that are too small");
	e = (Entry){ .flags = EntryActive, .psize = 64 << 10, .dsize = 1 << 20, .size = 5 };
	entry_pack(&e, p);
	ok(entry_unpack(&e, p) == 0 && e.dsize == 1 << 20 && e.psize == 64 << 10, "big sizes");
	put_be16(p + 6, 0xffff);
	ok(entry_unpack(&e, p) == -1, "too big");
	e = (Entry){ .flags = EntryActive, .psize = 0, .dsize = 0, .score = score_zero };
	entry_pack(&e, p);
	ok(entry_unpack(&e, p) == 0 && e.dsize == 4096, "an old empty file has no block sizes");
	e = (Entry){ .flags = EntryActive, .psize = 256, .dsize = 256, .depth = 7, .size = FILEMAX };
	entry_pack(&e, p);
	ok(entry_unpack(&e, p) == -1, "too many blocks");
	is_int(entry_type(&e, 0), VtData, "a data block");
	is_int(entry_type(&e, 2), VtPointer0 + 1, "pointers to pointers");
	is_int(entry_psize(8192), 8180, "pointer blocks hold whole scores");
}

static void test_root(void)
{
	Root r = { .type = "vac", .blocksize = 8192 };
	u8 p[ROOT];

	root_pack(&r, p);
	ok(root_unpack(&r, p) == 0 && r.blocksize == 8192, "a root");
	p[1] = 3;
	ok(root_unpack(&r, p) == -1, "another version");
	r.blocksize = 1 << 17;
	root_pack(&r, p);
	ok(p[0] == 0x80 && root_unpack(&r, p) == 0 && r.blocksize == 1 << 17, "big blocks");
	p[278] = p[279] = 0;
	ok(root_unpack(&r, p) == -1, "no block size");
}

int main(void)
{
	test_vectors();
	test_sizes();
	test_root();
	return done();
}
