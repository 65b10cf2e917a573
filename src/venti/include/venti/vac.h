/*
 * Reading a vac archive: a tree of files above a root score.  Any number of
 * threads may use one Vac.  Everything read is checked: an archive from a
 * hostile venti makes errors, not crashes; and since blocks are named by
 * their contents, it has no cycles (but may be far larger than its blocks).
 */
#ifndef VENTI_VAC_H
#define VENTI_VAC_H

#include <base/ref.h>
#include <venti/cache.h>
#include <venti/entry.h>
#include <venti/meta.h>

typedef struct Vac Vac;
typedef struct VacFile VacFile;
typedef struct VacList VacList;

enum { VACDEPTH = 1024 }; /* directories within each other that vac and unvac go into */

struct VacFile {
	Ref ref;
	Vac *vac;
	VacDir dir;
	Entry e, me;   /* its blocks; a directory's meta stream */
	u64 qidoffset; /* what its children's qids are to be raised by */
	int inorder;   /* a directory's meta blocks: atomic, 0 unknown, 1 in order, -1 not */
};

/* vac_parse finds the score in "vac:..." or in the file of that name. */
int vac_parse(const char *arg, Score *s) must_use;

/* vac_open opens the archive with root score s (fossil's too); the cache stays the caller's; NULL with an error; may block. */
Vac *vac_open(VCache *c, const Score *s) must_use;
VCache *vac_cache(const Vac *vac);

/* vac_close frees it; all its VacFiles must be dropped before. */
void vac_close(Vac *vac);

/* vac_rootblock is its root, vac_maxqid the largest qid in it (if it says so), vac_root a new reference to its root directory. */
const Root *vac_rootblock(const Vac *vac);
u64 vac_maxqid(const Vac *vac);
VacFile *vac_root(Vac *vac) must_use;

/* vacfile_walk looks elem up in a directory: a new reference or NULL; may block. */
VacFile *vacfile_walk(VacFile *dir, const char *elem) must_use;

/* vacfile_take and vacfile_drop count references. */
VacFile *vacfile_take(VacFile *f);
void vacfile_drop(VacFile *f);

/* vacfile_isdir; vacfile_qid is its number in the whole archive. */
bool vacfile_isdir(const VacFile *f);
u64 vacfile_qid(const VacFile *f);

/* vacfile_read reads at most n bytes at off and returns how many; 0 at the end; may block. */
long vacfile_read(VacFile *f, void *p, u32 n, u64 off) must_use;

/* vacfile_text returns all of a small file (a link's target) as a string of n bytes, owned by the caller. */
char *vacfile_text(VacFile *f, u32 max, size_t *n) must_use;

/* vaclist_new lists directory f, which must live until vaclist_free. */
VacList *vaclist_new(VacFile *f) must_use;

/*
 * vaclist_next returns 1 with the next file (to be dropped), 0 at the end, -1 for a damaged block or entry; going on
 * skips it.  Names that no file can have are refused like damage.
 */
int vaclist_next(VacList *l, VacFile **f) must_use;
void vaclist_free(VacList *l);

#endif
