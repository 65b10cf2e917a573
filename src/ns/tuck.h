/*
 * Replacing a mount by another in one step, as MOVE_MOUNT_BENEATH does, on
 * Linux before 6.5.
 */
#ifndef NS_TUCK_H
#define NS_TUCK_H

#include <os/mount.h>

/* tuck_stage names the calling process's stage directory i, to build mounts on; the caller owns the name. */
char *tuck_stage(int i);

/*
 * tuck puts mount fd at path in place of m, which is mounted there by itself; t is the table that m is in.  On failure, also
 * where m lies on another mount, all is as before.
 */
int tuck(const Mounts *t, int fd, const Mount *m, const char *path) must_use;

#endif
