/*
 * #M/trace: the last 9P messages of each mount object, a file each by its number.
 */
#ifndef DEV_MTRACE_H
#define DEV_MTRACE_H

#include "mobj.h"

/* mtrace_init makes t->trace; mtrace_walk moves f to its root. */
void mtrace_init(Mobj *t);
int mtrace_walk(Mobj *t, const Req *r, Fid *f) must_use;

#endif
