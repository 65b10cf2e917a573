/* Copying files, for cp and mv. */
#ifndef CMD_COPY_H
#define CMD_COPY_H

#include <base/u.h>

enum { CopyTimes = 1, CopyGroup = 2, CopyUser = 4, CopyMode = 8 };

/* copy_file copies the bytes of one file, and what flags say; a new file has from's permissions.  -1 with what failed. */
int copy_file(const char *from, const char *to, int flags) must_use;

/* copy_target returns to, or to/name-of-from when to is a directory; owned by the caller. */
char *copy_target(const char *from, const char *to, bool todir) must_use;

/* copy_same says whether both names are one file. */
bool copy_same(const char *a, const char *b);

/* copy_isdir says whether path is a directory. */
bool copy_isdir(const char *path);

#endif
