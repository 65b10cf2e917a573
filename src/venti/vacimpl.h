/* What vac.c and vacfile.c share. */
#ifndef VENTI_VACIMPL_H
#define VENTI_VACIMPL_H

#include <venti/vac.h>

struct Vac {
	Venti *v;
	Root root;
	VacFile *top;
};

/* vacfile_new makes a file with one reference; d's strings become its own. */
VacFile *vacfile_new(Vac *vac, VacDir *d, const Entry *e, const Entry *me, u64 qidoffset);

/* vac_entry reads entry i of a directory's entries; one behind the end is not active. */
int vac_entry(Vac *vac, const Entry *dir, u32 i, Entry *e) must_use;

#endif
