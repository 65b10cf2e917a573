/*
 * What a sleeping process waits for, as far as the kernel tells.
 */
#ifndef OS_WCHAN_H
#define OS_WCHAN_H

#include <base/buf.h>
#include <base/u.h>

/* wchan_fuse says whether process pid (its first thread) waits for the server of a FUSE file, and adds the call and the
 * file, "read of /net/tcp/0/data", to what. */
bool wchan_fuse(u32 pid, Buf *what);

#endif
