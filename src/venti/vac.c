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
			if (tree_entry(vac->cache, &top, i, &e[i]) < 0)
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
	VBlock *b = tree_block(vac->cache, e, 0);
	MetaBlock mb;
	int r;

	if (b == NULL)
		return -1;
	r = meta_unpack(&mb, vblock_bytes(b), e->dsize) < 0 ? -1 : vacdir_get(d, &mb, 0);
	vblock_drop(b);
	return r;
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

Vac *vac_open(VCache *c, const Score *s)
{
	char text[SCORETEXT];
	Vac *vac = mem_new(sizeof *vac);
	VBlock *b = vcache_get(c, s, VtRoot, ROOT);
	int r = b == NULL ? -1 : root_unpack(&vac->root, vblock_bytes(b));

	if (b != NULL)
		vblock_drop(b);
	vac->cache = c;
	if (r == 0 && strcmp(vac->root.type, "vac") != 0)
		r = werrstr("its type is '%.20s', not vac", vac->root.type);
	if (r == 0 && open_root(vac) == 0)
		return vac;
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

VCache *vac_cache(const Vac *vac) { return vac->cache; }
const Root *vac_rootblock(const Vac *vac) { return &vac->root; }
VacFile *vac_root(Vac *vac) { return vacfile_take(vac->top); }

u64 vac_maxqid(const Vac *vac)
{
	const VacDir *d = &vac->top->dir;

	return d->qidspace ? d->qidmax : d->qid;
}
