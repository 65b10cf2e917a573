/* What vac's files share: vac.c (flags), vactree.c (the walk), vacread.c (contents), vacpat.c (patterns). */
#ifndef CMD_VACCMD_H
#define CMD_VACCMD_H

#include <base/lock.h>
#include <venti/vac.h>
#include <venti/vacw.h>

/* A VacRun is one run of vac. */
typedef struct VacRun {
	Venti *v;
	VCache *cache;
	Vacw *w;
	BlockOut *out;   /* the walker's */
	u32 bsize;
	bool quick;      /* -q: what looks unchanged is not read */
	bool merge;      /* -m */
	bool verbose;    /* -v */
	bool progress;   /* on a terminal */
	i64 stamp;       /* -T: instead of the time of every file's last change; -1 */
	int errors;      /* atomic: what could not be archived */
	/* statistics; atomic */
	u64 files, dirs, skipped, links, data;
	struct VacRead *read;
} VacRun;

/* vac_problem tells of something that could not be archived; the archive is made, the exit status is 1. */
void vac_problem(VacRun *r, const char *fmt, ...) printf_like(2, 3);

/* pat_exclude adds a pattern to be left out, pat_file a file of include and exclude lines; pat_wanted judges a path. */
void pat_exclude(const char *glob);
int pat_file(const char *file) must_use;
bool pat_wanted(const char *path);

/* pat_match says whether glob matches all of path. */
bool pat_match(const char *glob, const char *path);

/* vac_tree archives path (name: as what; old: the same directory in an older archive, or NULL) into dir. */
void vac_tree(VacRun *r, VacwDir *dir, VacFile *old, const char *path);

/* vac_stdin archives standard input as name. */
void vac_stdin(VacRun *r, VacwDir *dir, const char *name);

/* vac_progress shows how far it is, now and then. */
void vac_progress(VacRun *r, bool end);

/* read_start starts threads that read files; read_file gives them one (fd becomes theirs; old may be NULL); read_end waits
 * for the last.  The walker reads files itself when the threads have enough. */
void read_start(VacRun *r, int threads);
void read_file(VacRun *r, VacwDir *dir, i64 place, int fd, u64 size, const char *path, const Entry *old, Vac *oldvac);
void read_end(VacRun *r, u64 *sent, u64 *known);

/* read_stream reads fd to its end, or to limit bytes, into an entry. */
int read_stream(VacRun *r, BlockOut *o, Treew *t, int fd, u64 limit, const Entry *old, Vac *oldvac, Entry *e) must_use;

#endif
