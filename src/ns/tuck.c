/*
 * What Linux before 6.5 cannot be asked for, it does by itself: a mount that
 * spreads (mount_namespaces(7)) to a place where there is one already goes
 * beneath that.  So the mount that path is in, above, is shared for a moment
 * with a twin on a stage directory, and the new mount is put at path's name
 * in the twin; its copy appears beneath the old one, which is taken off.
 *
 * Two processes may do so in one name space at the same time, and the one may
 * end the sharing that the other counts on.  Therefore the table is asked
 * whether the copy has come, before anything is taken off.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <ns/mtab.h>
#include <os/io.h>
#include "tuck.h"

enum { NSTAGE = 1 << 24 }; /* more than there are process ids */

char *tuck_stage(int i)
{
	return mem_printf(MTAB_DEVS "/M/stage/%d", (int)getpid() + i * NSTAGE);
}

/* came says whether the topmost mount at path lies on another one. */
static bool came(const char *path)
{
	Mounts *t = mtab_read(0);
	const Mount *m = t != NULL ? mtab_at(t, path) : NULL, *under = m != NULL ? mtab_byid(t, m->parent) : NULL;
	bool yes = under != NULL && strcmp(m->point, path) == 0 && strcmp(under->point, path) == 0;

	mounts_free(t);
	return yes;
}

/* spread puts fd at name in the twin of the mount at above, while the two are shared; the twin stays on stage. */
static int spread(int fd, const char *above, const char *dir, const char *name, const char *stage)
{
	autofd int twin = -1;
	int rc = -1;

	if (mount_share(AT_FDCWD, above, ShareOn) < 0)
		return -1;
	twin = mount_tree(AT_FDCWD, dir, TreeClone);
	if (twin >= 0 && mount_move(twin, NULL, AT_FDCWD, stage, 0) == 0) {
		rc = mount_move(fd, NULL, twin, name, 0);
		if (mount_share(twin, NULL, ShareOff | MountRecursive) < 0)
			rc = -1;
	}
	if (mount_share(AT_FDCWD, above, ShareOff) < 0)
		rc = -1;
	return rc;
}

int tuck(const Mounts *t, int fd, const Mount *m, const char *path)
{
	const Mount *above = mtab_byid(t, m->parent);
	const char *name = strrchr(path, '/') + 1;
	autofree char *dir = name - path > 1 ? mem_strn(path, (size_t)(name - path - 1)) : mem_str("/"), *stage = tuck_stage(1);
	int rc;

	if (above == NULL || strcmp(above->point, path) == 0)
		return errset(Enotimpl);
	rc = spread(fd, above->point, dir, name, stage);
	if (rc == 0 && came(path))
		rc = mount_off(path, 0) == 0 ? mount_share(AT_FDCWD, path, ShareOff | MountRecursive) : -1;
	else if (rc == 0)
		rc = mount_move(fd, NULL, AT_FDCWD, path, 0);
	if (mount_off(stage, 0) < 0 && rc == 0)
		return -1;
	return rc;
}
