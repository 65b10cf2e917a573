/*
 * A file tree in memory, ramfs(4).
 */
#ifndef FS_RAMFS_H
#define FS_RAMFS_H

#include <srv/srv.h>

enum { RAMLIMIT = 768 << 20 }; /* bytes of contents that Plan 9's ramfs holds unless told otherwise */

/* ramfs_new makes an empty tree owned by user that holds at most limit bytes of contents (0: no limit). */
Srv *ramfs_new(const char *user, u64 limit) must_use;

#endif
