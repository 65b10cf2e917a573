/* What unvac's files share: unvac.c (flags, the walk), unvacdir.c (directories), unvacfile.c (files), unvacjob.c (threads). */
#ifndef CMD_UNVAC_H
#define CMD_UNVAC_H

#include <base/lock.h>
#include <venti/vac.h>

typedef struct UnRun {
	VCache *cache;
	bool times;   /* -T */
	bool owners;  /* -p */
	bool diff;    /* -d */
	int errors;   /* atomic */
	u64 data, same; /* atomic: bytes written, found there already */
} UnRun;

/* An UnDir is a directory being filled: its mode and times are set when nobody needs it any more. */
typedef struct UnDir UnDir;

/* undir_top is the directory that unvac was started in; undir_make makes (or takes) f in d; NULL after a message. */
UnDir *undir_top(UnRun *r) must_use;
UnDir *undir_make(UnDir *d, VacFile *f, const char *path) must_use;
void undir_take(UnDir *d);
void undir_drop(UnDir *d);

/* undir_use returns d's descriptor, which is good until undir_done; undir_path is its name, "" for the top. */
int undir_use(UnDir *d) must_use;
void undir_done(UnDir *d);
const char *undir_path(const UnDir *d);

/* A batch of files of one directory, made by one thread. */
enum { UNBATCH = 16 };

typedef struct UnBatch {
	Link link;
	UnDir *dir;
	int n;
	VacFile *f[UNBATCH];
} UnBatch;

/* un_start starts threads; un_file adds f to *b, a batch for d (NULL: a new one; both are taken); un_push has a batch made
 * (*b is NULL then, and may be before), which un_file does with a full one; un_end waits for all. */
void un_start(UnRun *r, int threads);
void un_file(UnRun *r, UnBatch **b, UnDir *d, VacFile *f);
void un_push(UnRun *r, UnBatch **b);
void un_end(UnRun *r);

/* un_make makes f in the directory open at dirfd; un_ahead asks for its first blocks, before un_make or un_copy. */
int un_make(UnRun *r, int dirfd, VacFile *f) must_use;
void un_ahead(UnRun *r, VacFile *f);

/* un_copy writes f's contents to fd: at its offset, or, if fresh, to an empty file, where it leaves holes. */
int un_copy(UnRun *r, VacFile *f, int fd, bool fresh) must_use;

/* un_mode gives d's permissions as far as they are restored; un_id the number of user (0) or group (1) name, -1 if unknown. */
u32 un_mode(const UnRun *r, const VacDir *d);
i64 un_id(int which, const char *name);

/* un_problem tells of what was not restored; the exit status is 1. */
void un_problem(UnRun *r, const char *fmt, ...) printf_like(2, 3);

#endif
