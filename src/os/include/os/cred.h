/*
 * Acting on files as somebody else: the thread's file system uid, gid and
 * groups.  Only this thread changes, and its capabilities over files go
 * with uid 0.
 */
#ifndef OS_CRED_H
#define OS_CRED_H

#include <base/u.h>

typedef struct Cred {
	bool changed;
} Cred;

/* cred_assume makes the thread's file accesses those of uid, gid and the groups of process pid (0: no groups). */
int cred_assume(Cred *c, u32 pid, u32 uid, u32 gid) must_use;

/* cred_resume ends what cred_assume began. */
void cred_resume(Cred *c);

/*
 * cred_become makes the calling process, while it has one thread, the user that process pid is, with pid's groups and
 * no capability that pid has not in force; for good.
 */
int cred_become(u32 pid) must_use;

#endif
