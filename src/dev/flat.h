/*
 * Devices that are one directory of fixed files: qid.path 0 is the
 * directory, i + 1 the i'th file.
 */
#ifndef DEV_FLAT_H
#define DEV_FLAT_H

#include <dev/dev.h>

typedef struct Flat {
	const char *name;
	u32 perm;  /* DMxxx bits too */
	u32 flags; /* Fid* */
	char *(*text)(Kern *k, Req *r); /* what an open generates, owned by the caller; NULL with errstr; or no text */
	int (*write)(Kern *k, Req *r);
} Flat;

/* flat_walk moves f to name of t[n] ("..": the directory), or returns -1. */
int flat_walk(Fid *f, const char *name, const Flat *t, int n) must_use;

/* flat_at returns the entry f is at, NULL for the directory. */
const Flat *flat_at(const Fid *f, const Flat *t);

/* flat_dir describes entry i (-1: the directory) for a stat or a listing; owner is valid as long as d. */
void flat_dir(Dir *d, const Flat *t, int i, const char *owner);

/* flat_open checks the caller against owner and perm and answers, with text generated if the file has some. */
void flat_open(Kern *k, Req *r, const Flat *t, const char *owner);

#endif
