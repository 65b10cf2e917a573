/* Meta blocks: every one of the vectors decodes and encodes to the same bytes; damaged ones are refused. */
#include <stdlib.h>
#include <base/bytes.h>
#include <base/err.h>
#include <venti/meta.h>
#include <venti/score.h>
#include "tap.h"
#include "vectors.h"

enum { BLOCK = 8192 };

static long nblocks, nentries, badpack, badorder, badsearch;

static int version_of(const MetaBlock *mb, u32 i)
{
	MetaEntry me;

	return meta_entry(mb, i, &me) < 0 ? -1 : be16(mb->buf + me.off + 4);
}

static void one_entry(const MetaBlock *mb, u32 i, VacDir *d)
{
	int version = version_of(mb, i);
	u8 out[BLOCK];
	MetaEntry me;
	u32 at;

	nentries++;
	if (meta_entry(mb, i, &me) < 0 || version < 8 || vacdir_size(d, version) != me.n) {
		badpack++;
		return;
	}
	vacdir_pack(d, version, out);
	badpack += memcmp(out, mb->buf + me.off, me.n) != 0;
	badsearch += meta_search(mb, d->elem, &at, &me) != 1 || at != i;
}

static void one_block(u8 *p, size_t n)
{
	MetaBlock mb;
	char before[METANAME + 1] = "";

	nblocks++;
	if (meta_unpack(&mb, p, n) < 0) {
		badpack++;
		return;
	}
	for (u32 i = 0; i < mb.n; i++) {
		VacDir d;

		if (vacdir_get(&d, &mb, i) < 0) {
			badpack++;
			continue;
		}
		one_entry(&mb, i, &d);
		if (i > 0)
			badorder += meta_order(mb.botch, before, strlen(before), d.elem, strlen(d.elem)) >= 0;
		snprintf(before, sizeof before, "%s", d.elem);
		vacdir_clear(&d);
	}
}

static void test_vectors(void)
{
	char *all = vector_open("venti/blocks.hex"), *line, *next = all;
	static u8 buf[65536];

	while (next != NULL && (line = strsep(&next, "\n")) != NULL && line[0] != 0) {
		char *hex = strchr(line, ' ') + 1;
		size_t n = vector_hex(hex, buf, BLOCK);

		memset(buf + n, 0, sizeof buf - n);
		if (n > 12 && (be32(buf) == 0x5656fc79 || be32(buf) == 0x5656fc7a))
			one_block(buf, sizeof buf);
	}
	free(all);
	ok(nblocks > 30 && nentries > 600, "%ld meta blocks, %ld entries in the vectors", nblocks, nentries);
	is_int(badpack, 0, "each packs to the same bytes");
	is_int(badorder, 0, "each block is in its order");
	is_int(badsearch, 0, "each entry is found by its name");
}

static VacDir sample(const char *elem, const char *uid)
{
	VacDir d = { .qid = 7, .mtime = 1, .ctime = 2, .atime = 3, .mode = 0644 };

	d.elem = (char *)(uintptr_t)elem;
	d.uid = d.gid = (char *)(uintptr_t)uid;
	d.mid = (char *)(uintptr_t)"";
	return d;
}

static void test_build(void)
{
	static u8 buf[BLOCK];
	MetaBlock mb, again;
	VacDir d = sample("ab", "vac"), got;
	u32 size;

	meta_init(&mb, buf, sizeof buf);
	ok(meta_add(&mb, &d) == 0 && meta_add(&mb, &d) == -1, "a name is taken once");
	size = mb.size;
	d = sample("ab", "root");
	ok(meta_change(&mb, &d) == 0, "its owner changes");
	is_int(mb.size, size + 2, "it grew in place");
	is_int(mb.free, 2, "which is counted as free, as Plan 9's vac does");
	d = sample("abc", "root");
	ok(meta_add(&mb, &d) == 0, "a longer name");
	d = sample("a", "root");
	ok(meta_add(&mb, &d) == 0, "a shorter one");
	ok(meta_unpack(&again, buf, sizeof buf) == 0 && again.n == 3 && again.size == mb.size && again.free == 2, "read back");
	ok(vacdir_get(&got, &again, 0) == 0, "the first");
	is_str(got.elem, "abc", "longer names come first");
	vacdir_clear(&got);
	d = sample("missing", "root");
	ok(meta_change(&mb, &d) == -1, "what is not there does not change");
}

static void test_options(void)
{
	VacDir d = sample("x", "u"), got;
	u8 p[256];
	size_t n;

	d.plan9 = d.qidspace = true;
	d.p9path = 0x123456789abcdef0, d.p9version = 9;
	d.qidoffset = 1ull << 40, d.qidmax = 77;
	n = vacdir_size(&d, 8);
	vacdir_pack(&d, 8, p);
	ok(vacdir_unpack(&got, p, n) == 0 && got.p9path == d.p9path && got.mcount == 9, "plan9 option, which counts modifications");
	ok(got.qidspace && got.qidoffset == 1ull << 40 && got.qidmax == 77 && got.mentry == 1, "qid space");
	vacdir_clear(&got);
	for (size_t cut = 0; cut < n; cut++)
		if (vacdir_unpack(&got, p, cut) == 0) {
			ok(cut == n - 19 || cut == n - 34, "cut to %zu bytes", cut);
			vacdir_clear(&got);
		}
	d.gen = 5, d.mentry = 70, d.mgen = 6;
	n = vacdir_size(&d, 9);
	vacdir_pack(&d, 9, p);
	ok(vacdir_unpack(&got, p, n) == 0 && got.gen == 5 && got.mentry == 70 && got.mgen == 6 && !got.plan9, "version 9");
	vacdir_clear(&got);
	p[5] = 7;
	ok(vacdir_unpack(&got, p, 60) == -1, "a version 7 that is cut");
	p[5] = 10;
	ok(vacdir_unpack(&got, p, n) == -1 && strstr(rerrstr(), "version 10") != NULL, "an unknown version");
}

static void test_damage(void)
{
	static u8 buf[BLOCK];
	MetaBlock mb;
	MetaEntry me;
	VacDir d = sample("name", "u");

	meta_init(&mb, buf, sizeof buf);
	(void)!meta_add(&mb, &d);
	ok(meta_unpack(&mb, buf, 0) == 0 && mb.n == 0, "an empty block has no entries");
	ok(meta_unpack(&mb, buf, 11) == -1, "too short");
	ok(meta_unpack(&mb, buf, 100) == -1, "its index does not fit");
	put_be16(buf + 10, 82);
	ok(meta_unpack(&mb, buf, sizeof buf) == -1, "more entries than its index holds");
	put_be16(buf + 10, 1);
	put_be16(buf + 12, 20);
	ok(meta_unpack(&mb, buf, sizeof buf) == 0 && meta_entry(&mb, 0, &me) == -1, "an entry in the index");
	put_be16(buf + 12, 0xffff);
	ok(meta_entry(&mb, 0, &me) == -1, "an entry behind the end");
	put_be16(buf + 12, METAHDR + 81 * METAIDX);
	ok(meta_entry(&mb, 0, &me) == 0 && vacdir_get(&d, &mb, 0) == 0, "and a good one");
	vacdir_clear(&d);
	buf[METAHDR + 81 * METAIDX + 9] = 0;
	ok(vacdir_get(&d, &mb, 0) == -1, "a name with a NUL");
	ok(!vacdir_goodname("") && !vacdir_goodname("..") && !vacdir_goodname("a/b") && vacdir_goodname("..."), "names");
}

int main(void)
{
	test_vectors();
	test_build();
	test_options();
	test_damage();
	return done();
}
