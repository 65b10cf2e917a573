/* The structures of venti's disks, in bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arena/fmt.h>
#include <base/buf.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>

enum { MagicPart = 0xa9e4a5e7u, MagicTail = 0xf2a14eadu, MagicHead = 0xd15c4eadu, MagicMark = 0x616e7473u };

static u64 get64(const u8 *p) { return (u64)be32(p) << 32 | be32(p + 4); }

static void put64(u8 *p, u64 v)
{
	put_be32(p, (u32)(v >> 32));
	put_be32(p + 4, (u32)v);
}

static void getname(char name[ANAME], const u8 *p)
{
	memcpy(name, p, ANAME);
	name[ANAME - 1] = 0;
}

static void putname(u8 *p, const char *name) { memcpy(p, name, strnlen(name, ANAME - 1)); }

static int badmagic(const char *what, u32 got, u32 want)
{
	return werrstr("%s: its first bytes are %08x and not %08x", what, got, want);
}

int fmt_getpart(PartHead *h, const u8 *p)
{
	if (be32(p) != MagicPart)
		return badmagic("not an arena partition", be32(p), MagicPart);
	h->version = be32(p + 4);
	h->blocksize = be32(p + 8);
	h->arenabase = be32(p + 12);
	if (h->version != PARTVERSION)
		return werrstr("arena partition of unknown version %u", h->version);
	if (h->blocksize < 512 || h->blocksize > DISKBLOCK || (h->blocksize & (h->blocksize - 1)) != 0)
		return werrstr("arena partition with a bad block size %u", h->blocksize);
	if (h->arenabase < PARTBLANK + PARTHEAD)
		return werrstr("arena partition whose arenas overlap its head");
	return 0;
}

void fmt_putpart(const PartHead *h, u8 p[PARTHEAD])
{
	memset(p, 0, PARTHEAD);
	put_be32(p, MagicPart);
	put_be32(p + 4, h->version);
	put_be32(p + 8, h->blocksize);
	put_be32(p + 12, h->arenabase);
}

/* arena head: magic[4] version[4] name[64] blocksize[4] size[8] clumpmagic[4] (the last in version 5) */
int fmt_gethead(ArenaHead *h, const u8 *p)
{
	if (be32(p) != MagicHead)
		return badmagic("bad arena head", be32(p), MagicHead);
	h->version = be32(p + 4);
	getname(h->name, p + 8);
	h->blocksize = be32(p + 72);
	h->size = get64(p + 76);
	h->magic = h->version == ARENA5 ? be32(p + 84) : ClumpMagic4;
	if (h->version != ARENA4 && h->version != ARENA5)
		return werrstr("arena head of unknown version %u", h->version);
	if (h->blocksize < 512 || h->blocksize > DISKBLOCK || (h->blocksize & (h->blocksize - 1)) != 0)
		return werrstr("arena head with a bad block size %u", h->blocksize);
	if (h->size < 4 * (u64)h->blocksize)
		return werrstr("arena head with a bad size %llu", (unsigned long long)h->size);
	return 0;
}

void fmt_puthead(const ArenaHead *h, u8 *p, u32 blocksize)
{
	memset(p, 0, blocksize);
	put_be32(p, MagicHead);
	put_be32(p + 4, h->version);
	putname(p + 8, h->name);
	put_be32(p + 72, h->blocksize);
	put64(p + 76, h->size);
	if (h->version == ARENA5)
		put_be32(p + 84, h->magic);
}

static const u8 *getstats(ArenaStats *s, const u8 *p)
{
	s->clumps = be32(p);
	s->cclumps = be32(p + 4);
	s->used = get64(p + 8);
	s->data = get64(p + 16);
	s->sealed = p[24] != 0;
	return p + 25;
}

static u8 *putstats(const ArenaStats *s, u8 *p)
{
	put_be32(p, s->clumps);
	put_be32(p + 4, s->cclumps);
	put64(p + 8, s->used);
	put64(p + 16, s->data);
	p[24] = s->sealed;
	return p + 25;
}

/*
 * arena tail: magic[4] version[4] name[64] clumps[4] cclumps[4] ctime[4] wtime[4] clumpmagic[4] (version 5)
 *   used[8] data[8] sealed[1] more[1] and if more is 1 clumps[4] cclumps[4] used[8] data[8] sealed[1],
 *   at the end our mark[4] used[8] clumps[4], and score[20].
 * The first figures are what plan9port's index has, the others what the arena has, if they differ.
 */
int fmt_gettail(ArenaTail *t, const u8 *p, u32 blocksize)
{
	const u8 *mark = p + blocksize - SCORE - TAILMARK, *end = p;
	ArenaStats *in = &t->indexed;

	if (be32(p) != MagicTail)
		return badmagic("bad arena tail", be32(p), MagicTail);
	t->version = be32(p + 4);
	if (t->version != ARENA4 && t->version != ARENA5)
		return werrstr("arena tail of unknown version %u", t->version);
	getname(t->name, p + 8);
	in->clumps = be32(p + 72);
	in->cclumps = be32(p + 76);
	t->ctime = be32(p + 80);
	t->wtime = be32(p + 84);
	end += t->version == ARENA5 ? 92 : 88;
	t->magic = t->version == ARENA5 ? be32(p + 88) : ClumpMagic4;
	in->used = get64(end);
	in->data = get64(end + 8);
	in->sealed = end[16] != 0;
	t->st = *in;
	if (end[17] == 1)
		(void)getstats(&t->st, end + 18);
	t->st.sealed |= in->sealed; /* old ventis forgot to clear the second one */
	t->clean = be32(mark) == MagicMark && get64(mark + 4) == t->st.used && be32(mark + 12) == t->st.clumps;
	memcpy(t->score.b, p + blocksize - SCORE, SCORE);
	return 0;
}

static bool samestats(const ArenaStats *a, const ArenaStats *b)
{
	return a->clumps == b->clumps && a->cclumps == b->cclumps && a->used == b->used && a->data == b->data &&
		a->sealed == b->sealed;
}

void fmt_puttail(const ArenaTail *t, u8 *p, u32 blocksize)
{
	u8 *mark = p + blocksize - SCORE - TAILMARK, *end = p + (t->version == ARENA5 ? 92 : 88);

	memset(p, 0, blocksize);
	put_be32(p, MagicTail);
	put_be32(p + 4, t->version);
	putname(p + 8, t->name);
	put_be32(p + 72, t->indexed.clumps);
	put_be32(p + 76, t->indexed.cclumps);
	put_be32(p + 80, t->ctime);
	put_be32(p + 84, t->wtime);
	if (t->version == ARENA5)
		put_be32(p + 88, t->magic);
	put64(end, t->indexed.used);
	put64(end + 8, t->indexed.data);
	end[16] = t->indexed.sealed;
	if (!samestats(&t->indexed, &t->st)) {
		end[17] = 1;
		(void)putstats(&t->st, end + 18);
	}
	if (t->clean) {
		put_be32(mark, MagicMark);
		put64(mark + 4, t->st.used);
		put_be32(mark + 12, t->st.clumps);
	}
	memcpy(p + blocksize - SCORE, t->score.b, SCORE);
}

/* clump info: type[1] size[2] data[2] score[20] */
void fmt_getinfo(ClumpInfo *ci, const u8 *p)
{
	ci->type = p[0];
	ci->size = be16(p + 1);
	ci->data = be16(p + 3);
	memcpy(ci->score.b, p + 5, SCORE);
}

void fmt_putinfo(const ClumpInfo *ci, u8 p[CLUMPINFO])
{
	p[0] = ci->type;
	put_be16(p + 1, ci->size);
	put_be16(p + 3, ci->data);
	memcpy(p + 5, ci->score.b, SCORE);
}

/* clump: magic[4] info[25] encoding[1] creator[4] time[4] */
int fmt_getclump(Clump *c, const u8 *p, u32 magic)
{
	if (be32(p) != magic)
		return badmagic("no clump", be32(p), magic);
	fmt_getinfo(&c->info, p + 4);
	c->encoding = p[29];
	c->creator = be32(p + 30);
	c->time = be32(p + 34);
	if (c->encoding == ClumpPlain && c->info.size != c->info.data)
		return werrstr("plain clump of %u bytes in %u", c->info.data, c->info.size);
	if ((c->encoding == ClumpWhack || c->encoding == ClumpZstd) && c->info.size >= c->info.data)
		return werrstr("compressed clump of %u bytes in %u", c->info.data, c->info.size);
	if (c->encoding != ClumpPlain && c->encoding != ClumpWhack && c->encoding != ClumpZstd)
		return werrstr("clump of unknown encoding %u", c->encoding);
	return 0;
}

void fmt_putclump(const Clump *c, u8 p[CLUMP], u32 magic)
{
	put_be32(p, magic);
	fmt_putinfo(&c->info, p + 4);
	p[29] = c->encoding;
	put_be32(p + 30, c->creator);
	put_be32(p + 34, c->time);
}

bool fmt_nameok(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n >= ANAME)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f)
			return false;
	return true;
}

static int map_line(ArenaMap *m, char *line)
{
	char *f[4];

	if (str_fields(line, f, nelem(f), "\t") != 3)
		return werrstr("a line of the table of arenas has not three fields");
	if (!fmt_nameok(f[0]))
		return werrstr("bad arena name in the table of arenas");
	(void)str_cpy(m->name, sizeof m->name, f[0]);
	if (str_u64(f[1], 10, UINT64_MAX, &m->start) < 0 || str_u64(f[2], 10, UINT64_MAX, &m->stop) < 0 || m->start >= m->stop)
		return werrstr("bad range of arena %s in the table of arenas", f[0]);
	return 0;
}

static char *nextline(char **s)
{
	char *line = *s, *nl = strchr(line, '\n');

	if (nl == NULL)
		return NULL;
	*nl = 0;
	*s = nl + 1;
	return line;
}

ArenaMap *fmt_getmap(const char *text, size_t n, int *count)
{
	autofree char *copy = mem_strn(text, n);
	char *at = copy, *line = nextline(&at);
	ArenaMap *m;
	u64 want;

	*count = 0;
	if (line == NULL || str_u64(line, 10, ARENASMAX, &want) < 0) {
		(void)werrstr("the table of arenas does not begin with their number");
		return NULL;
	}
	m = mem_array(want + 1, sizeof *m);
	for (; (u64)*count < want; ++*count) {
		line = nextline(&at);
		if (line == NULL)
			(void)werrstr("the table of arenas ends after %d of %llu", *count, (unsigned long long)want);
		if (line == NULL || map_line(&m[*count], line) < 0) {
			free(m);
			return NULL;
		}
	}
	return m;
}

int fmt_putmap(const ArenaMap *m, int count, char *text, size_t n)
{
	autobuf Buf b = { 0 };

	buf_printf(&b, "%d\n", count);
	for (int i = 0; i < count; i++)
		buf_printf(&b, "%s\t%llu\t%llu\n", m[i].name, (unsigned long long)m[i].start, (unsigned long long)m[i].stop);
	if (b.n > n)
		return werrstr("the table of %d arenas takes %zu bytes and has room for %zu", count, b.n, n);
	memset(text, 0, n);
	memcpy(text, b.p, b.n);
	return 0;
}

u64 fmt_dirsize(u32 clumps, u32 blocksize) { return ((u64)(clumps / (blocksize / CLUMPINFO)) + 1) * blocksize; }
