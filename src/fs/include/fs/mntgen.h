/*
 * A directory in which every name exists, as an empty directory: a place to
 * mount on, mntgen(4).
 */
#ifndef FS_MNTGEN_H
#define FS_MNTGEN_H

#include <srv/srv.h>

/* mntgen_new makes one; names appear in its listing once they were walked to. */
Srv *mntgen_new(void) must_use;

#endif
