/*
 * A grid's directory is known by its name, and a name can come back: as soon
 * as one is removed the next `grid up` may make it again.  So nobody removes
 * by name alone.  Who does holds the lock of the directory it looked at, and
 * then sees that the name still means it; a grid holds its own from birth.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <node/state.h>
#include <os/at.h>
#include <os/io.h>
#include <os/userns.h>

enum { Tries = 10, DirFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

/* ours checks that nobody else can have put something into directory fd. */
static int ours(int fd, const char *path)
{
	Finfo fi;

	if (at_stat(fd, "", &fi) < 0)
		return werrstr("%s: %s", path, rerrstr());
	if (fi.uid != geteuid() || (fi.mode & 022) != 0)
		return werrstr("%s is not a directory that only this user can write; remove it", path);
	return 0;
}

static int openbase(const char *path, u32 mode)
{
	int fd;

	if (at_mkdir(AT_FDCWD, path, mode) < 0 && errcode(rerrstr()) != Eexist)
		return werrstr("mkdir %s: %s", path, rerrstr());
	fd = open(path, DirFlags);
	if (fd < 0)
		return os_werr("%s", path);
	if (ours(fd, path) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int state_base(char **path)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	int fd;

	if (geteuid() == 0 && host_root()) {
		/* others must be able to pass: a node's root is another user */
		*path = mem_str("/run/anthill");
		fd = openbase(*path, 0755);
	} else if (run != NULL && *run == '/' && access(run, W_OK) == 0) {
		*path = mem_printf("%s/anthill", run);
		fd = openbase(*path, 0700);
	} else {
		*path = mem_printf("/tmp/anthill-%u", geteuid());
		fd = openbase(*path, 0700);
	}
	if (fd < 0) {
		free(*path);
		*path = NULL;
	}
	return fd;
}

int state_open(int base, const char *name)
{
	int fd = openat(base, name, DirFlags);

	return fd < 0 ? os_werr("grid %s", name) : fd;
}

static int lockfile(int dir, int *lock)
{
	struct flock l = { .l_type = F_WRLCK };
	int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return os_werr("lock");
	if (fcntl(fd, F_OFD_SETLK, &l) < 0) {
		close(fd);
		return errset(Einuse);
	}
	*lock = fd;
	return 0;
}

bool state_alive(int dir)
{
	struct flock l = { .l_type = F_WRLCK };
	autofd int fd = openat(dir, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

/* same says whether dir is still what name in base refers to: somebody may have removed it while we locked it. */
static bool same(int base, const char *name, int dir)
{
	Finfo a, b;

	return at_stat(base, name, &a) == 0 && at_stat(dir, "", &b) == 0 && a.ino == b.ino && a.dev == b.dev;
}

int state_make(int base, const char *name, int *lock)
{
	for (int try = 0; try < Tries; try++) {
		int dir;

		if (try > 0)
			poll(NULL, 0, 2);
		if (at_mkdir(base, name, 0700) < 0 && errcode(rerrstr()) != Eexist)
			return werrstr("mkdir %s: %s", name, rerrstr());
		if ((dir = state_open(base, name)) < 0)
			continue;
		if (lockfile(dir, lock) < 0) {
			close(dir); /* it is up, or somebody is removing what is left of it */
			continue;
		}
		if (same(base, name, dir)) {
			(void)!at_remove(dir, "ctl", false);
			return dir;
		}
		close(*lock);
		close(dir);
	}
	return werrstr("grid %s is up already (`anthill grid down %s` ends it)", name, name);
}

static void removeentry(void *arg, const char *name)
{
	(void)!at_remove(*(int *)arg, name, false);
}

void state_remove(int base, const char *name, int dir)
{
	if (!same(base, name, dir))
		return;
	(void)!at_list(dir, removeentry, &dir);
	(void)!at_remove(base, name, true);
}

void state_sweep(int base, const char *name)
{
	autofd int dir = state_open(base, name);
	int lock;

	if (dir < 0 || lockfile(dir, &lock) < 0)
		return;
	state_remove(base, name, dir);
	close(lock);
}
