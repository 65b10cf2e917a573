/* Arena partitions: opening and making them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arena/arena.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>

enum { TABLE = 512 * 1024, ZEROS = 1024 * 1024 };

static u64 part_tabbase(u32 blocksize) { return (PARTBLANK + PARTHEAD + (u64)blocksize - 1) & ~((u64)blocksize - 1); }

static int part_arenas(Part *p, const ArenaMap *map, int n)
{
	u64 last = p->head.arenabase;

	p->arena = mem_array((size_t)n + 1, sizeof *p->arena);
	for (int i = 0; i < n; i++) {
		if (map[i].start < last || map[i].stop > p->disk->size)
			return werrstr("arena %s overlaps another or the end of the partition", map[i].name);
		last = map[i].stop;
		p->arena[i] = arena_load(p->disk, map[i].start, map[i].stop, p->head.blocksize, map[i].name);
		if (p->arena[i] == NULL)
			return -1;
		p->n++;
	}
	return 0;
}

static int part_read(Part *p)
{
	u8 head[PARTHEAD];
	u64 tab;
	size_t size;
	char *text;
	ArenaMap *map = NULL;
	int n = 0, rc;

	if (disk_read(p->disk, head, sizeof head, PARTBLANK) < 0 || fmt_getpart(&p->head, head) < 0)
		return -1;
	tab = part_tabbase(p->head.blocksize);
	if (tab >= p->head.arenabase || p->head.arenabase > p->disk->size)
		return werrstr("its table of arenas lies at a bad place");
	size = p->head.arenabase - tab < 4 * TABLE ? (size_t)(p->head.arenabase - tab) : 4 * TABLE;
	text = mem_new(size);
	rc = disk_read(p->disk, text, size, tab);
	if (rc == 0)
		map = fmt_getmap(text, size, &n);
	rc = map != NULL ? part_arenas(p, map, n) : -1;
	free(map);
	free(text);
	return rc;
}

Part *part_load(Disk *d)
{
	Part *p = mem_new(sizeof *p);

	p->disk = d;
	if (part_read(p) < 0) {
		autofree char *why = mem_str(rerrstr());

		p->disk = NULL;
		part_close(p);
		(void)werrstr("%s: %s", d->name, why);
		return NULL;
	}
	return p;
}

Part *part_open(const char *spec, DiskMode mode)
{
	Disk *d = disk_open(spec, mode);
	Part *p = d != NULL ? part_load(d) : NULL;

	if (p == NULL && d != NULL) {
		autofree char *why = mem_str(rerrstr());

		disk_close(d);
		(void)werrstr("%s", why);
	}
	return p;
}

void part_close(Part *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < p->n; i++)
		arena_free(p->arena[i]);
	free(p->arena);
	disk_close(p->disk);
	free(p);
}

Arena *part_find(Part *p, const char *name)
{
	for (int i = 0; i < p->n; i++)
		if (strcmp(p->arena[i]->t.name, name) == 0)
			return p->arena[i];
	(void)werrstr("%s has no arena %s", p->disk->name, name);
	return NULL;
}

static int part_zero(Disk *d, bool (*tick)(void *, u64 done), void *arg)
{
	u8 *z = mem_new(ZEROS);
	int rc = 0;

	for (u64 at = PARTBLANK; at < d->size && rc == 0; at += ZEROS) {
		rc = disk_write(d, z, d->size - at < ZEROS ? (size_t)(d->size - at) : ZEROS, at);
		if (rc == 0 && tick != NULL && !tick(arg, at))
			rc = errset(Eintr);
	}
	free(z);
	return rc;
}

static int part_map(ArenaMap *m, const char *name, u64 base, u64 size, u64 arenasize)
{
	int n = 0;

	for (u64 at = base, stop; at < size; at = stop, n++) {
		stop = size - at <= arenasize || size - at - arenasize < ARENAMIN ? size : at + arenasize;
		if (n == ARENASMAX)
			return werrstr("more than %d arenas: make them larger (-a)", ARENASMAX);
		m[n].start = at;
		m[n].stop = stop;
		snprintf(m[n].name, sizeof m[n].name, "%s%d", name, n);
		if (!fmt_nameok(m[n].name))
			return werrstr("'%s' is no name for an arena", m[n].name);
	}
	return n;
}

static int part_puttable(Disk *d, const PartHead *h, const ArenaMap *m, int n)
{
	u64 tab = part_tabbase(h->blocksize);
	size_t size = (size_t)(h->arenabase - tab);
	char *text = mem_new(size);
	u8 head[PARTHEAD];
	int rc = fmt_putmap(m, n, text, size);

	fmt_putpart(h, head);
	if (rc == 0)
		rc = disk_write(d, text, size, tab);
	if (rc == 0)
		rc = disk_write(d, head, sizeof head, PARTBLANK);
	free(text);
	return rc;
}

int part_format(Disk *d, const char *name, const PartFmt *f, bool (*tick)(void *, u64 done), void *arg)
{
	u64 tab = part_tabbase(f->blocksize), size = d->size & ~((u64)f->blocksize - 1);
	PartHead h = { PARTVERSION, f->blocksize, (u32)(tab + TABLE) };
	ArenaMap *m;
	int n, rc;

	if (f->blocksize < 512 || f->blocksize > DISKBLOCK || (f->blocksize & (f->blocksize - 1)) != 0)
		return werrstr("%u is no block size: it takes a power of two from 512 to 64k", f->blocksize);
	if (f->arenasize < ARENAMIN || f->arenasize % f->blocksize != 0)
		return werrstr("an arena has at least 1m and whole blocks of %u bytes", f->blocksize);
	if (size < h.arenabase + (u64)ARENAMIN)
		return werrstr("%s: too small for an arena: it takes %u bytes", d->name, h.arenabase + ARENAMIN);
	m = mem_array(ARENASMAX + 1, sizeof *m);
	n = rc = part_map(m, name, h.arenabase, size, f->arenasize);
	if (rc >= 0 && f->zero)
		rc = part_zero(d, tick, arg);
	for (int i = 0; i < n && rc >= 0; i++)
		rc = arena_new(d, f->version, m[i].name, m[i].start, m[i].stop, f->blocksize);
	if (rc >= 0)
		rc = part_puttable(d, &h, m, n);
	if (rc >= 0)
		rc = disk_sync(d);
	free(m);
	return rc < 0 ? -1 : 0;
}
