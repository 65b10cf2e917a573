/*
 * MetaBlocks (big-endian):
 *
 *	magic4 size2 free2 maxindex2 nindex2, maxindex * (offset2 size2), entries
 *
 * Plan 9's vac makes a file in two steps, with its directory's owners and
 * then with its own, and the second leaves the entry where it is.  So an
 * entry that grew counts the growth as free space, and one that shrank
 * leaves the end of the first behind.  meta_change does the same: a block
 * has the same score whoever wrote it.
 */
#include <stdlib.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include <venti/meta.h>

enum { Magic = 0x5656fc79, EntryMagic = 0x1c4d9072 };

int meta_unpack(MetaBlock *mb, const u8 *buf, size_t n)
{
	u32 magic;

	*mb = (MetaBlock){ .buf = (u8 *)(uintptr_t)buf, .max = (u32)n };
	if (n == 0)
		return 0;
	if (n < METAHDR)
		return werrstr("a meta block of %zu bytes is too short", n);
	magic = be32(buf);
	if (magic != Magic && magic != Magic + 1)
		return werrstr("not a meta block: magic %#x", magic);
	mb->botch = magic == Magic;
	mb->size = be16(buf + 4);
	mb->free = be16(buf + 6);
	mb->maxindex = be16(buf + 8);
	mb->n = be16(buf + 10);
	if (mb->size > n || mb->free > mb->size || mb->n > mb->maxindex || METAHDR + mb->maxindex * METAIDX > mb->size)
		return werrstr("damaged meta block: %u bytes of %zu, %u free, %u entries of %u", mb->size, n, mb->free, mb->n,
			mb->maxindex);
	return 0;
}

void meta_init(MetaBlock *mb, u8 *buf, size_t n)
{
	*mb = (MetaBlock){ .buf = buf, .max = (u32)n, .maxindex = (u32)n / METAPER, .botch = true };
	mb->size = METAHDR + mb->maxindex * METAIDX;
	meta_pack(mb);
}

void meta_pack(MetaBlock *mb)
{
	put_be32(mb->buf, mb->botch ? Magic : Magic + 1);
	put_be16(mb->buf + 4, (u16)mb->size);
	put_be16(mb->buf + 6, (u16)mb->free);
	put_be16(mb->buf + 8, (u16)mb->maxindex);
	put_be16(mb->buf + 10, (u16)mb->n);
}

int meta_entry(const MetaBlock *mb, u32 i, MetaEntry *me)
{
	const u8 *p;

	if (i >= mb->n)
		return werrstr("meta block has no entry %u", i);
	p = mb->buf + METAHDR + i * METAIDX;
	me->off = be16(p);
	me->n = be16(p + 2);
	if (me->off < METAHDR + mb->maxindex * METAIDX || me->off + me->n > mb->size)
		return werrstr("damaged meta block: entry %u is at %u, %u bytes", i, me->off, me->n);
	p = mb->buf + me->off;
	if (me->n < 8 || be32(p) != EntryMagic || me->n < 8u + be16(p + 6))
		return werrstr("damaged meta block: entry %u is none", i);
	return 0;
}

const char *meta_name(const MetaBlock *mb, const MetaEntry *me, size_t *n)
{
	*n = be16(mb->buf + me->off + 6);
	return (const char *)mb->buf + me->off + 8;
}

int meta_order(bool botch, const char *a, size_t na, const char *b, size_t nb)
{
	size_t n = na < nb ? na : nb;
	int c = memcmp(a, b, n);

	if (c != 0 || na == nb)
		return c;
	return (na < nb) == botch ? 1 : -1;
}

int meta_cmp(const MetaBlock *mb, const MetaEntry *me, const char *elem)
{
	size_t n;
	const char *name = meta_name(mb, me, &n);

	return meta_order(mb->botch, name, n, elem, strlen(elem));
}

int meta_search(const MetaBlock *mb, const char *elem, u32 *i, MetaEntry *me)
{
	u32 lo = 0, hi = mb->n;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;
		int c;

		if (meta_entry(mb, mid, me) < 0)
			return -1;
		c = meta_cmp(mb, me, elem);
		if (c == 0) {
			*i = mid;
			return 1;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*i = lo;
	return 0;
}

bool meta_room(const MetaBlock *mb, u32 n)
{
	return mb->n < mb->maxindex && n + mb->size <= mb->max * METAFULL / 100 + mb->free && n <= mb->max - mb->size;
}

/* insert makes the bytes of me the index's entry i */
static void insert(MetaBlock *mb, u32 i, const MetaEntry *me)
{
	u8 *p = mb->buf + METAHDR + i * METAIDX;

	if (me->off + me->n > mb->size) {
		mb->free -= mb->size - me->off;
		mb->size = me->off + me->n;
	} else
		mb->free -= me->n;
	memmove(p + METAIDX, p, (mb->n - i) * METAIDX);
	put_be16(p, (u16)me->off);
	put_be16(p + 2, (u16)me->n);
	mb->n++;
}

static void take(MetaBlock *mb, u32 i, const MetaEntry *me)
{
	u8 *p = mb->buf + METAHDR + i * METAIDX;

	if (me->off + me->n == mb->size)
		mb->size -= me->n;
	else
		mb->free += me->n;
	memmove(p, p + METAIDX, (mb->n - i - 1) * METAIDX);
	memset(p + (mb->n - i - 1) * METAIDX, 0, METAIDX);
	mb->n--;
}

int meta_add(MetaBlock *mb, const VacDir *d)
{
	size_t n = vacdir_size(d, METAVERS);
	MetaEntry me;
	u32 i;
	int found = meta_search(mb, d->elem, &i, &me);

	if (found != 0)
		return found < 0 ? -1 : werrstr("'%s' %s", d->elem, errtext(Eexist));
	if (mb->n >= mb->maxindex || n > mb->max - mb->size)
		return werrstr("the names of '%s' and its owners do not fit into a meta block of %u bytes: take larger blocks", d->elem,
			mb->max);
	me = (MetaEntry){ mb->size, (u32)n };
	vacdir_pack(d, METAVERS, mb->buf + me.off);
	insert(mb, i, &me);
	meta_pack(mb);
	return 0;
}

int meta_change(MetaBlock *mb, const VacDir *d)
{
	u32 n = (u32)vacdir_size(d, METAVERS), end, i;
	MetaEntry me;
	int found = meta_search(mb, d->elem, &i, &me);

	if (found != 1)
		return found < 0 ? -1 : werrstr("'%s' %s", d->elem, errtext(Enonexist));
	for (end = me.off + me.n; end < mb->max && end < me.off + n && mb->buf[end] == 0;)
		end++;
	if (end < me.off + n)
		return werrstr("the entry of '%s' has no room to grow to %u bytes", d->elem, n);
	me.n = n;
	take(mb, i, &me);
	vacdir_pack(d, METAVERS, mb->buf + me.off);
	insert(mb, i, &me);
	meta_pack(mb);
	return 0;
}
