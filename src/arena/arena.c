/* One arena on a disk: head, tail, directory, seal. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <arena/arena.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/random.h>

enum { IOSIZE = 256 * 1024 };

static bool arena_readhead(Arena *a, ArenaHead *h)
{
	u8 *b = mem_new(a->blocksize);
	bool good = disk_read(a->disk, b, a->blocksize, a->start) == 0 && fmt_gethead(h, b) == 0;

	free(b);
	if (!good)
		a->headbad = mem_str(rerrstr());
	return good;
}

static bool arena_readtail(Arena *a)
{
	u8 *b = mem_new(a->blocksize);
	bool good = disk_read(a->disk, b, a->blocksize, a->end - a->blocksize) == 0 && fmt_gettail(&a->t, b, a->blocksize) == 0;
	const ArenaStats *st = &a->t.st;

	free(b);
	if (good && (st->used > a->room || fmt_dirsize(st->clumps, a->blocksize) > a->room - st->used)) {
		(void)werrstr("bad arena tail: %llu bytes are used and %llu are there", (unsigned long long)st->used,
			(unsigned long long)a->room);
		good = false;
	}
	if (!good)
		a->tailbad = mem_str(rerrstr());
	return good;
}

static const char *arena_differ(const Arena *a, const ArenaHead *h, const char *name)
{
	if (strcmp(a->t.name, h->name) != 0 && (name == NULL || strcmp(h->name, name) != 0))
		return "names";
	if (a->t.version != h->version)
		return "versions";
	if (a->t.magic != h->magic)
		return "clump magics";
	if (h->blocksize != a->blocksize)
		return "block sizes";
	return h->size != a->end - a->start ? "sizes" : NULL;
}

/* the tail is made anew from the head: recovery reads the clumps from the first on */
static void arena_fromhead(Arena *a, const ArenaHead *h)
{
	a->t = (ArenaTail){ .version = h->version, .magic = h->magic };
	(void)str_cpy(a->t.name, sizeof a->t.name, h->name);
}

static int arena_setup(Arena *a, const char *name)
{
	ArenaHead h;
	bool head = arena_readhead(a, &h), tail = arena_readtail(a);
	const char *differ;

	if (!head && !tail)
		return werrstr("arena %s: %s; %s", name != NULL ? name : "?", a->headbad, a->tailbad);
	differ = head && tail ? arena_differ(a, &h, name) : NULL;
	if (differ != NULL) /* which is right?  the table's name tells, else the tail: a head is never written again */
		*(name != NULL && strcmp(a->t.name, name) != 0 ? &a->tailbad : &a->headbad) =
			mem_printf("head and tail have different %s", differ);
	if (a->tailbad != NULL)
		arena_fromhead(a, &h);
	if (name != NULL && strcmp(a->t.name, name) != 0)
		return werrstr("arena %s calls itself %s", name, a->t.name);
	return 0;
}

Arena *arena_load(Disk *d, u64 start, u64 stop, u32 blocksize, const char *name)
{
	Arena *a = mem_new(sizeof *a);

	*a = (Arena){ .disk = d, .start = start, .end = stop, .base = start + blocksize, .blocksize = blocksize,
		.perblock = blocksize / CLUMPINFO };
	if (stop > d->size || start >= stop || stop - start < 4 * (u64)blocksize) {
		(void)werrstr("arena %s does not lie within its partition", name != NULL ? name : "?");
		free(a);
		return NULL;
	}
	a->room = stop - start - 2 * (u64)blocksize;
	if (arena_setup(a, name) == 0)
		return a;
	arena_free(a);
	return NULL;
}

void arena_free(Arena *a)
{
	if (a == NULL)
		return;
	free(a->headbad);
	free(a->tailbad);
	free(a);
}

Arena *arena_single(Disk *d, u64 off)
{
	u8 b[PARTHEAD];
	ArenaHead h;

	if (disk_read(d, b, sizeof b, off) < 0 || fmt_gethead(&h, b) < 0)
		return NULL;
	if (h.size > d->size - off) {
		(void)werrstr("%s: the arena is cut off: it has %llu bytes of %llu", d->name, (unsigned long long)(d->size - off),
			(unsigned long long)h.size);
		return NULL;
	}
	return arena_load(d, off, off + h.size, h.blocksize, NULL);
}

int arena_puthead(Arena *a)
{
	ArenaHead h = { .version = a->t.version, .blocksize = a->blocksize, .size = a->end - a->start, .magic = a->t.magic };
	u8 *b = mem_new(a->blocksize);
	int rc;

	(void)str_cpy(h.name, sizeof h.name, a->t.name);
	fmt_puthead(&h, b, a->blocksize);
	rc = disk_write(a->disk, b, a->blocksize, a->start);
	free(b);
	return rc;
}

int arena_puttail(Arena *a)
{
	u8 *b = mem_new(a->blocksize);
	int rc;

	fmt_puttail(&a->t, b, a->blocksize);
	rc = disk_write(a->disk, b, a->blocksize, a->end - a->blocksize);
	free(b);
	return rc;
}

static u32 newmagic(void)
{
	u32 m;

	do
		random_bytes(&m, sizeof m);
	while (m == 0 || m == ClumpMagic4);
	return m;
}

int arena_new(Disk *d, u32 version, const char *name, u64 start, u64 stop, u32 blocksize)
{
	static const u8 zero[CLUMPFREE];
	Arena a = { .disk = d, .start = start, .end = stop, .base = start + blocksize, .blocksize = blocksize };

	a.t.version = version;
	a.t.magic = version == ARENA4 ? ClumpMagic4 : newmagic();
	(void)str_cpy(a.t.name, sizeof a.t.name, name);
	if (arena_puttail(&a) < 0 || arena_puthead(&a) < 0)
		return -1;
	return disk_write(d, zero, sizeof zero, a.base);
}

u64 arena_limit(const Arena *a, u32 clumps) { return a->room - fmt_dirsize(clumps, a->blocksize); }

/* plan9port leaves room for 4 more bytes than it writes; so do we */
bool arena_fits(const Arena *a, u32 size)
{
	return a->t.st.used + CLUMP + size + 2 * CLUMPFREE + fmt_dirsize(a->t.st.clumps + 1, a->blocksize) <= a->room;
}

/* block k of the directory is the (k+1)th before the tail */
static u64 dir_block(const Arena *a, u32 k) { return a->base + a->room - (u64)(k + 1) * a->blocksize; }

int arena_getdir(Arena *a, u32 first, u32 n, ClumpInfo *ci)
{
	enum { ATONCE = 64 };
	u32 k = first / a->perblock, last = (first + n + a->perblock - 1) / a->perblock, some;
	u8 *b = mem_array(ATONCE, a->blocksize);
	int rc = 0;

	for (; n > 0 && rc == 0 && k < last; k += some) {
		some = last - k < ATONCE ? last - k : ATONCE;
		rc = disk_read(a->disk, b, (size_t)some * a->blocksize, dir_block(a, k + some - 1));
		for (u32 i = 0; i < some && rc == 0; i++) {
			u32 lo = (k + i) * a->perblock;

			for (u32 j = 0; j < a->perblock; j++)
				if (lo + j >= first && lo + j < first + n)
					fmt_getinfo(&ci[lo + j - first], b + (size_t)(some - 1 - i) * a->blocksize + j * CLUMPINFO);
		}
	}
	free(b);
	return rc;
}

int arena_putdir(Arena *a, u32 first, u32 n, const ClumpInfo *ci)
{
	u32 k = first / a->perblock, blocks = (n + a->perblock - 1) / a->perblock;
	u8 *b;
	int rc;

	if (n == 0)
		return 0;
	b = mem_array(blocks, a->blocksize);
	for (u32 i = 0; i < n; i++)
		fmt_putinfo(&ci[i], b + (size_t)(blocks - 1 - i / a->perblock) * a->blocksize + i % a->perblock * CLUMPINFO);
	rc = disk_write(a->disk, b, (size_t)blocks * a->blocksize, dir_block(a, k + blocks - 1));
	free(b);
	return rc;
}

int arena_sum(Arena *a, Score *s, bool (*tick)(void *, u64 done), void *arg)
{
	u8 *b = mem_new(IOSIZE);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int rc = md != NULL && EVP_DigestInit_ex(md, EVP_sha1(), NULL) == 1 ? 0 : errset(Enomem);

	for (u64 at = a->start; at < a->end && rc == 0;) {
		size_t n = a->end - at < IOSIZE ? (size_t)(a->end - at) : IOSIZE;

		rc = disk_read(a->disk, b, n, at);
		at += n;
		if (at > a->end - SCORE) { /* the score may straddle two reads */
			u64 from = a->end - SCORE > at - n ? a->end - SCORE - (at - n) : 0;

			memset(b + from, 0, n - from);
		}
		if (rc == 0 && EVP_DigestUpdate(md, b, n) != 1)
			rc = errset(Enomem);
		if (rc == 0 && tick != NULL && !tick(arg, at - a->start))
			rc = errset(Eintr);
	}
	if (rc == 0 && EVP_DigestFinal_ex(md, s->b, NULL) != 1)
		rc = errset(Enomem);
	EVP_MD_CTX_free(md);
	free(b);
	return rc;
}
