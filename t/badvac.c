/*
 * badvac ADDR KIND SEED: writes an archive that nobody's vac would make into the venti at ADDR and prints its score.
 *
 *	mix     directories within each other, shared, with odd names, names twice, links, and everything that a
 *		directory, an entry or a pointer block can say changed at random
 *	deep    directories 3000 deep
 *	wide    each directory is sixteen times the same one: 16 to the 12th files
 *	giant   files of up to 256 TB, with few blocks or none
 *	escape  links that lead out of the archive, and directories of the same names
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include <venti/client.h>
#include <venti/entry.h>
#include <venti/meta.h>

enum { KIDS = 12, MADE = 64, BSIZE = 8192, DEEP = 3000, WIDE = 12 };

static Venti *v;
static u32 x;
static bool mutate;

typedef struct Tree {
	Entry e, me;
	bool dir;
} Tree;

static Tree made[MADE]; /* what was written before, to be used again */
static u32 nmade;

typedef struct Kid {
	char name[300];
	u32 mode;
	Tree t;
} Kid;

static u32 random32(void)
{
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x >> 2;
}

static bool chance(u32 percent) { return random32() % 100 < percent; }

static void die(const char *what)
{
	fprintf(stderr, "badvac: %s: %s\n", what, rerrstr());
	exit(1);
}

/* some bytes of a block are changed, sometimes */
static void spoil(u8 *p, u32 n)
{
	if (!mutate || n == 0 || !chance(12))
		return;
	for (u32 k = random32() % 4 + 1; k > 0; k--)
		p[chance(60) ? random32() % (n < 64 ? n : 64) : random32() % n] = (u8)random32();
}

static Score put(int type, u8 *p, u32 n)
{
	Score s = score_zero;

	spoil(p, n);
	n = (u32)block_trim(type, p, n);
	if (n > 0 && venti_write(v, &s, type, p, n) < 0)
		die("write");
	return s;
}

/* makes an entry say something else */
static void twist(Entry *e)
{
	if (!mutate || !chance(15))
		return;
	switch (random32() % 7) {
	case 0: e->size = FILEMAX >> random32() % 40; break;
	case 1: e->depth = (u8)(random32() % 8); break;
	case 2: e->dsize = BLOCKLEAST + random32() % BLOCKMAX; break;
	case 3: e->psize = BLOCKLEAST + random32() % BLOCKMAX; break;
	case 4: e->gen = random32(); break;
	case 5: e->dir = !e->dir; break;
	default:
		if (nmade > 0)
			e->score = made[random32() % nmade].e.score;
	}
}

static Entry stream(u8 *p, u32 n, bool dir)
{
	Entry e = { .psize = BSIZE, .dsize = BSIZE, .flags = EntryActive, .dir = dir, .size = n };

	e.score = put(dir ? VtDir : VtData, p, n);
	return e;
}

static Tree file(void)
{
	u8 p[BSIZE];
	u32 n = random32() % BSIZE;
	Tree t = { 0 };

	memset(p, 'a' + (int)(random32() % 26), n);
	t.e = stream(p, n, false);
	return t;
}

static Tree giant(void)
{
	Tree t = file();

	t.e.size = FILEMAX >> random32() % 12;
	t.e.depth = (u8)entry_depth(t.e.size, t.e.psize, t.e.dsize);
	if (chance(50))
		t.e.score = score_zero;
	return t;
}

static Tree text(const char *s)
{
	autofree char *copy = mem_str(s);
	Tree t = { .e = stream((u8 *)copy, (u32)strlen(s), false) };

	return t;
}

/* the metadata of one kid; its name may be one that meta_add would not take twice */
static void add(MetaBlock *mb, const Kid *k, u32 entry)
{
	VacDir d = { .elem = (char *)(uintptr_t)k->name, .entry = entry, .mentry = entry + 1, .qid = random32(), .uid = "sys",
		.gid = "sys", .mid = "sys", .mode = k->mode };
	char other[32];
	MetaEntry me;
	u32 i;

	if (mutate && chance(5))
		d.entry = random32() % 40;
	if (mutate && chance(5))
		d.mentry = random32();
	if (meta_add(mb, &d) == 0)
		return;
	snprintf(other, sizeof other, "%.*u", (int)strlen(k->name) % 20 + 1, entry); /* as long, then renamed */
	d.elem = other;
	if (strlen(other) != strlen(k->name) || meta_add(mb, &d) < 0 || meta_search(mb, other, &i, &me) != 1)
		return;
	for (u8 *p = mb->buf + me.off; p + strlen(other) <= mb->buf + me.off + me.n; p++)
		if (memcmp(p, other, strlen(other)) == 0) {
			memcpy(p, k->name, strlen(other));
			return;
		}
}

static Tree directory(const Kid *kid, u32 n)
{
	u8 *ents = mem_new(BSIZE), *meta = mem_new(BSIZE);
	u32 at = 0;
	MetaBlock mb;
	Tree t = { .dir = true };

	meta_init(&mb, meta, BSIZE);
	for (u32 i = 0; i < n; i++) {
		Entry e = kid[i].t.e, me = kid[i].t.me;

		add(&mb, &kid[i], at);
		twist(&e);
		entry_pack(&e, ents + (size_t)at++ * ENTRY);
		if (kid[i].t.dir) {
			twist(&me);
			entry_pack(&me, ents + (size_t)at++ * ENTRY);
		}
	}
	meta_pack(&mb);
	t.e = stream(ents, at * ENTRY, true);
	t.me = stream(meta, BSIZE, false);
	if (nmade < MADE)
		made[nmade++] = t;
	free(ents);
	free(meta);
	return t;
}

static const char *const odd[] = { "..", ".", "", "/", "a/b", "../outside/x", "/etc/x", "new\nline", "\033[2J", "\377\376",
	"con", " ", "-rf", "*", "~", "a", "a", "a.vac", "$(id)", "\"" };

static void name(Kid *k)
{
	if (chance(40)) {
		snprintf(k->name, sizeof k->name, "%s", odd[random32() % nelem(odd)]);
	} else if (chance(10)) {
		memset(k->name, 'n', 256 + random32() % 40);
	} else {
		snprintf(k->name, sizeof k->name, "f%u", random32() % 30);
	}
}

static Tree mix(u32 depth)
{
	Kid *kid = mem_array(KIDS, sizeof *kid);
	u32 n = random32() % KIDS + 1;
	Tree t;

	for (u32 i = 0; i < n; i++) {
		Kid *k = &kid[i];

		name(k);
		k->mode = random32() % 512;
		if (depth > 0 && chance(40)) {
			k->t = nmade > 0 && chance(30) ? made[random32() % nmade] : mix(depth - 1);
			k->mode |= ModeDir;
		} else if (chance(10)) {
			k->t = giant();
		} else if (chance(10)) {
			k->t = text("../../outside");
			k->mode |= ModeLink;
		} else {
			k->t = file();
			k->mode |= chance(20) ? 1u << random32() % 32 : 0;
		}
	}
	t = directory(kid, n);
	free(kid);
	return t;
}

static Tree below(Tree t, const char *as)
{
	Kid k = { .mode = 0755 | ModeDir, .t = t };

	snprintf(k.name, sizeof k.name, "%s", as);
	return directory(&k, 1);
}

static Tree deep(void)
{
	Tree t = directory(&(Kid){ .name = "end", .mode = 0644, .t = file() }, 1);

	for (u32 i = 0; i < DEEP; i++)
		t = below(t, "d");
	return t;
}

static Tree wide(void)
{
	Kid kid[16] = { 0 };
	Tree t = directory(&(Kid){ .name = "end", .mode = 0644, .t = file() }, 1);

	for (u32 k = 0; k < WIDE; k++) {
		for (u32 i = 0; i < nelem(kid); i++) {
			snprintf(kid[i].name, sizeof kid[i].name, "d%u", i);
			kid[i].mode = 0755 | ModeDir;
			kid[i].t = t;
		}
		t = directory(kid, nelem(kid));
	}
	return t;
}

static Tree giants(void)
{
	Kid kid[4] = { 0 };

	for (u32 i = 0; i < nelem(kid); i++) {
		snprintf(kid[i].name, sizeof kid[i].name, "g%u", i);
		kid[i].mode = 0644;
		kid[i].t = giant();
	}
	return directory(kid, nelem(kid));
}

static Tree escape(void)
{
	Tree inner = directory(&(Kid){ .name = "mine", .mode = 0644, .t = file() }, 1);
	Kid kid[6] = {
		{ .name = "way", .mode = 0777 | ModeLink, .t = text("../outside") },
		{ .name = "way", .mode = 0755 | ModeDir, .t = inner },
		{ .name = "out", .mode = 0755 | ModeDir, .t = inner },
		{ .name = "out", .mode = 0777 | ModeLink, .t = text("../outside") },
		{ .name = "file", .mode = 0777 | ModeLink, .t = text("../outside/mine") },
		{ .name = "file", .mode = 0644, .t = file() },
	};

	return directory(kid, nelem(kid));
}

/* a root directory has three entries: the tree's, its meta stream's, and that of the tree's own metadata */
static Score root(const Tree *t)
{
	u8 ents[3 * ENTRY], meta[BSIZE] = { 0 }, block[ROOT];
	Kid top = { .name = "root", .mode = 0755 | ModeDir };
	Root r = { .name = "bad", .type = "vac", .blocksize = BSIZE };
	MetaBlock mb;
	Entry e;

	meta_init(&mb, meta, BSIZE);
	add(&mb, &top, 0);
	meta_pack(&mb);
	e = stream(meta, BSIZE, false);
	entry_pack(&t->e, ents);
	entry_pack(&t->me, ents + ENTRY);
	entry_pack(&e, ents + 2 * ENTRY);
	r.score = put(VtDir, ents, sizeof ents);
	root_pack(&r, block);
	return put(VtRoot, block, ROOT);
}

int main(int argc, char **argv)
{
	char hex[SCORETEXT];
	Score s;
	Tree t;

	if (argc != 4) {
		fprintf(stderr, "usage: badvac addr mix|deep|wide|giant|escape seed\n");
		return 2;
	}
	x = (u32)atoi(argv[3]) * 2654435761u + 88675123u;
	v = venti_dial(argv[1], NULL);
	if (v == NULL)
		die("dial");
	mutate = strcmp(argv[2], "mix") == 0;
	t = mutate ? mix(4) : strcmp(argv[2], "deep") == 0 ? deep() : strcmp(argv[2], "wide") == 0 ? wide() :
		strcmp(argv[2], "giant") == 0 ? giants() : escape();
	s = root(&t);
	if (venti_sync(v) < 0)
		die("sync");
	venti_close(v);
	printf("vac:%s\n", score_print(&s, hex));
	return 0;
}
