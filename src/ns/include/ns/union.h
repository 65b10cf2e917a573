/*
 * A union directory as a Srv.
 */
#ifndef NS_UNION_H
#define NS_UNION_H

#include <srv/srv.h>

typedef struct Member {
	Fid *root;   /* the member directory, walked and not opened */
	bool create; /* new files may go here (bind -c) */
	bool waits;  /* its answers may take long */
} Member;

/*
 * union_new makes the union of m[n], first member first, and takes their Fids over.  It never changes; walks below it
 * give the members' own files.  A fixed one, on /, has its names remembered by Linux (FidStatic): they are mount points,
 * that must be found also while the kernel process is dead.
 */
Srv *union_new(const Member *m, int n, u64 qidpath, bool fixed) must_use;

/* union_find returns which member name is found in, -1 with the last member's error; may block. */
int union_find(Srv *s, const char *name, const Caller *c) must_use;

#endif
