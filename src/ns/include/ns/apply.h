/*
 * Changing name spaces by text, also another process's.
 */
#ifndef NS_APPLY_H
#define NS_APPLY_H

#include <base/u.h>

/*
 * ns_line does one line, `bind|mount [-abcC] new old [spec]` or `unmount [new] old` (names and places absolute), in the
 * calling thread's name space; may block for a mount; -1 with Plan 9's reason.
 */
int ns_line(const char *text) must_use;

/*
 * ns_enter takes the calling process, which has one thread, into the name space of process pid (started at start: see
 * proc_start) of user uid, as that user and with no more rights than pid has; for good, also when it fails.
 */
int ns_enter(u32 pid, u64 start, u32 uid) must_use;

/* ns_do does one such line in the name space of process pid. */
int ns_do(u32 pid, const char *text) must_use;

/*
 * ns_apply does all lines of a script in the name space of process pid (0: the calling thread's), or none: they are tried in a copy of it first,
 * and should the thing itself then fail, it is put back.  -1 with the line that failed, and with what could not be put
 * back, if that failed too.  Whoever may not enter that name space has it done by the kernel process, which decides.
 */
int ns_apply(u32 pid, const char *script) must_use;

#endif
