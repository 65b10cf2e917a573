/*
 * Writing a vac archive.  One thread (the walker) adds files to directories
 * in the order in which they shall be numbered; any thread says later what a
 * file's contents are.  A directory is written when it is ended and all its
 * files are told, by whichever thread tells the last; so an archive depends
 * on the tree and not on the threads, and only directories that are not
 * finished are in memory (about 150 bytes a file).
 */
#ifndef VENTI_VACW_H
#define VENTI_VACW_H

#include <venti/meta.h>
#include <venti/out.h>

typedef struct Vacw Vacw;
typedef struct VacwDir VacwDir;

enum { VACBLOCKLEAST = 512 };

/* vacw_new begins an archive of blocks of bsize bytes (VACBLOCKLEAST to BLOCKMAX); qids begin after qid. */
Vacw *vacw_new(u32 bsize, u64 qid) must_use;

/* vacw_free frees w; directories that were not finished are lost. */
void vacw_free(Vacw *w);

/* vacw_root is the root directory; vacw_bsize the size of blocks; vacw_skip takes n qids away and returns the last before. */
VacwDir *vacw_root(Vacw *w);
u32 vacw_bsize(const Vacw *w);
u64 vacw_skip(Vacw *w, u64 n);

/*
 * vacwdir_file adds a file (d->mode without ModeDir) and returns its place for vacwdir_told, or -1.  Of d elem,
 * owners, times, mode and qidspace count; the qid is the next.
 */
i64 vacwdir_file(VacwDir *dir, BlockOut *o, const VacDir *d) must_use;

/* vacwdir_dir adds a directory, to be ended by vacwdir_end; NULL on failure. */
VacwDir *vacwdir_dir(VacwDir *dir, BlockOut *o, const VacDir *d) must_use;

/* vacwdir_old adds a file or directory that is there already, with its entries (me: a directory's meta stream). */
int vacwdir_old(VacwDir *dir, BlockOut *o, const VacDir *d, const Entry *e, const Entry *me) must_use;

/* vacwdir_told says that the file at place has entry e; dir may be gone afterwards. */
int vacwdir_told(VacwDir *dir, BlockOut *o, i64 place, const Entry *e) must_use;

/* vacwdir_end says that no more files are added. */
int vacwdir_end(VacwDir *dir, BlockOut *o) must_use;

/* vacw_end, when every directory has been ended and written, writes the rest but the root block, and fills r. */
int vacw_end(Vacw *w, BlockOut *o, const Score *prev, Root *r) must_use;

#endif
