/*
 * A root score names a root, whose score names a dir block with three
 * entries: the root directory's entries, its meta stream, and a meta block
 * with its own metadata.  Fossil's archives have one level more: the first
 * entry is a directory that holds those three.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include <venti/vac.h>
#include "vacimpl.h"

int vac_parse(const char *arg, Score *s)
{
	char label[8], text[64];
	autofree char *file = NULL;
	size_t n;

	if (score_parse(arg, s, label, sizeof label) == 0 && strcmp(label, "vac") == 0)
		return 0;
	file = io_slurp(AT_FDCWD, arg, 4096, &n);
	if (file == NULL)
		return -1;
	n = strcspn(file, " \t\r\n");
	if (n >= sizeof text)
		return werrstr("%s: it does not begin with a score, vac:...", arg);
	memcpy(text, file, n);
	text[n] = 0;
	if (score_parse(text, s, label, sizeof label) < 0 || strcmp(label, "vac") != 0)
		return werrstr("%s: it does not begin with a score, vac:...", arg);
	return 0;
}

static int top_entries(Vac *vac, Entry e[3])
{
	Entry top = { .psize = entry_psize(vac->root.blocksize), .dsize = vac->root.blocksize, .flags = EntryActive, .dir = true,
		      .size = 3 * ENTRY, .score = vac->root.score };

	for (int level = 0; level < 2; level++) {
		for (u32 i = 0; i < 3; i++)
			if (vac_entry(vac, &top, i, &e[i]) < 0)
				return -1;
		if (e[2].flags & EntryActive)
			break;
		top = e[0];
		if (!(top.flags & EntryActive) || !top.dir)
			break;
	}
	if ((e[0].flags & e[1].flags & e[2].flags & EntryActive) && e[0].dir && !e[1].dir && !e[2].dir)
		return 0;
	return werrstr("not the root of an archive: its entries are not a directory's");
}

static int root_dir(Vac *vac, const Entry *e, VacDir *d)
{
	autofree u8 *p = mem_try(e->dsize);
	MetaBlock mb;

	if (p == NULL || vacfile_block(vac, e, 0, p) < 0)
		return -1;
	return meta_unpack(&mb, p, e->dsize) < 0 ? -1 : vacdir_get(d, &mb, 0);
}

static int open_root(Vac *vac)
{
	Entry e[3];
	VacDir d;

	if (top_entries(vac, e) < 0 || root_dir(vac, &e[2], &d) < 0)
		return -1;
	d.mode |= ModeDir;
	vac->top = vacfile_new(vac, &d, &e[0], &e[1], 0);
	return 0;
}

Vac *vac_open(Venti *v, const Score *s)
{
	u8 p[ROOT];
	char text[SCORETEXT];
	Vac *vac = mem_new(sizeof *vac);
	long n = venti_read(v, s, VtRoot, p, ROOT);

	vac->v = v;
	if (n == ROOT && root_unpack(&vac->root, p) == 0) {
		if (strcmp(vac->root.type, "vac") != 0)
			werrstr("its type is '%.20s', not vac", vac->root.type);
		else if (open_root(vac) == 0)
			return vac;
	} else if (n >= 0 && n != ROOT)
		werrstr("its root has %ld bytes, not %d", n, ROOT);
	free(vac);
	werrstr("archive vac:%s: %s", score_print(s, text), rerrstr());
	return NULL;
}

void vac_close(Vac *vac)
{
	if (vac == NULL)
		return;
	vacfile_drop(vac->top);
	free(vac);
}

const Root *vac_rootblock(const Vac *vac) { return &vac->root; }
VacFile *vac_root(Vac *vac) { return vacfile_take(vac->top); }

u64 vac_maxqid(const Vac *vac)
{
	const VacDir *d = &vac->top->dir;

	return d->qidspace ? d->qidmax : d->qid;
}

/* block reads a block of full bytes */
static int block(Vac *vac, const Score *s, int type, u8 *p, u32 full)
{
	long n = score_eq(s, &score_zero) ? 0 : venti_read(vac->v, s, type, p, full < BLOCKMAX ? full : BLOCKMAX);

	if (n < 0)
		return -1;
	block_extend(type, p, (size_t)n, full);
	return 0;
}

int vacfile_score(Vac *vac, const Entry *e, u64 bn, Score *s)
{
	u64 np = e->psize / SCORE;
	autofree u8 *p = NULL;

	if (bn >= entry_blocks(e))
		return werrstr("block %llu is behind the end", (unsigned long long)bn);
	*s = e->score;
	if (e->depth > 0 && (p = mem_try(e->psize)) == NULL)
		return -1;
	for (int l = e->depth; l > 0 && !score_eq(s, &score_zero); l--) {
		u64 below = 1;

		for (int i = 1; i < l && below <= bn; i++)
			below *= np;
		if (block(vac, s, entry_type(e, l), p, e->psize) < 0)
			return -1;
		memcpy(s->b, p + bn / below % np * SCORE, SCORE);
	}
	return 0;
}

int vacfile_block(Vac *vac, const Entry *e, u64 bn, u8 *p)
{
	Score s;

	return vacfile_score(vac, e, bn, &s) < 0 ? -1 : block(vac, &s, entry_type(e, 0), p, e->dsize);
}

int vac_entry(Vac *vac, const Entry *dir, u32 i, Entry *e)
{
	u32 per = entry_per(dir->dsize);
	autofree u8 *p = NULL;

	*e = (Entry){ 0 };
	if (i / per >= entry_blocks(dir))
		return 0;
	p = mem_try(dir->dsize);
	return p == NULL || vacfile_block(vac, dir, i / per, p) < 0 ? -1 : entry_unpack(e, p + i % per * ENTRY);
}
