/*
 * User name spaces: which ids a new one gets, and whether this host allows
 * what a grid needs.
 */
#ifndef OS_USERNS_H
#define OS_USERNS_H

#include <base/buf.h>
#include <base/u.h>

typedef struct IdMap {
	u32 inside, outside, count;
} IdMap;

typedef struct UserMap {
	IdMap uid[2], gid[2];
	int n;       /* ranges of each, 1 or 2 */
	bool helper; /* newuidmap and newgidmap must write it */
} UserMap;

/*
 * userns_plan decides the map of a new user name space for the calling user.  Root of the host gets 65536 ids that
 * nobody else has (chosen by seed), so that 0 inside is not 0 outside; another user 0 -> itself and, where
 * /etc/subuid and /etc/subgid grant ids and newuidmap is installed, those as 1 and up; else 0 -> itself alone.
 */
void userns_plan(UserMap *m, u32 seed);

/* userns_single is the plan of one id, userns_same one that maps every id of the calling name space to itself. */
void userns_single(UserMap *m);
void userns_same(UserMap *m);

/*
 * userns_map writes the map of process pid, a child in a new user name space that is waiting for it.  If newuidmap
 * fails *m becomes the single map and that is written.  May block (it runs newuidmap).
 */
int userns_map(int pid, UserMap *m) must_use;

/* userns_become makes the calling process uid and gid 0 of its (mapped) user name space, without other groups. */
int userns_become(void) must_use;

/* userns_has says whether id is a user and a group of the calling name space; Linux denies writing to others' files. */
bool userns_has(u32 id);

/* host_check says whether this host can run grids; each problem and its fix is added to b as lines; 0 or -1. */
int host_check(Buf *b) must_use;

/* host_root says whether we are root of the host itself: uid 0 of a name space in which every id is mapped. */
bool host_root(void);

#endif
