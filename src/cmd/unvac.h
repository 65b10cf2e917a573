/* What unvac's files share: unvac.c (flags, the walk), unvacfile.c (making files). */
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
void undir_drop(UnDir *d);

/* un_start starts threads; un_file has one make file f in d (both are taken); un_end waits for all. */
void un_start(UnRun *r, int threads);
void un_file(UnRun *r, UnDir *d, VacFile *f, const char *path);
void un_end(UnRun *r);

/* un_copy writes f's contents to fd, which may have no offset. */
int un_copy(UnRun *r, VacFile *f, int fd) must_use;

/* un_problem tells of what was not restored; the exit status is 1. */
void un_problem(UnRun *r, const char *fmt, ...) printf_like(2, 3);

#endif
