/* What vac.c and vacfile.c share. */
#ifndef VENTI_VACIMPL_H
#define VENTI_VACIMPL_H

#include <venti/vac.h>

struct Vac {
	VCache *cache;
	Root root;
	VacFile *top;
};

/* vacfile_new makes a file with one reference; d's strings become its own. */
VacFile *vacfile_new(Vac *vac, VacDir *d, const Entry *e, const Entry *me, u64 qidoffset);

#endif
