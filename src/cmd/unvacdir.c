/*
 * Directories being filled.  Each is opened once, relative to the one above
 * and never through a link, and known by its descriptor from then on.  A tree
 * can be deeper than a process may have descriptors: of those that nobody
 * uses at the moment only KEEP stay open.  One that was closed is opened again
 * by its name in the directory above, and must be the same one: device and inode
 * number are compared.
 *
 * A directory gets its mode, owners and times when all that is below it has
 * been made; until then its owner may do everything in it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <base/list.h>
#include <base/mem.h>
#include <base/ref.h>
#include <os/at.h>
#include <os/file.h>
#include <os/io.h>
#include "tool.h"
#include "unvac.h"

enum { KEEP = 64 };

struct UnDir {
	Ref ref;
	UnRun *r;
	UnDir *up;
	u64 dev, ino;
	i64 mode, uid, gid, atime, mtime; /* -1: not set */
	char *name;     /* in up; NULL at the top */
	char *path;
	int fd;         /* -1: closed; protected by lk with users and link */
	int users;
	Link link;      /* in idle, while it is open and nobody uses it */
};

static Lock lk = LOCK_INIT(RankLeaf);
static List idle = { &idle, &idle };
static int nidle;

const char *undir_path(const UnDir *d) { return d->path; }

static int same(UnDir *d)
{
	FileInfo fi;

	if (file_fstat(d->fd, &fi) < 0)
		return -1;
	return fi.dev == d->dev && fi.ino == d->ino ? 0 : werrstr("somebody has replaced the directory meanwhile");
}

static void rest(UnDir *d)
{
	if (--d->users > 0 || d->fd < 0)
		return;
	list_add(&idle, &d->link);
	if (++nidle > KEEP) {
		d = list_item(list_pop(&idle), UnDir, link);
		io_autoclose(&d->fd);
		nidle--;
	}
}

/* use makes sure that d is open; lk is held, so that at most two are open because of this at any time */
static int use(UnDir *d)
{
	int fd;

	if (d->users++ == 0 && d->fd >= 0) {
		list_del(&d->link);
		nidle--;
	}
	if (d->fd >= 0)
		return d->fd;
	fd = use(d->up);
	if (fd >= 0) {
		d->fd = openat(fd, d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		rest(d->up);
		if (d->fd < 0)
			os_err();
		else if (same(d) < 0)
			io_autoclose(&d->fd);
	}
	if (d->fd < 0)
		d->users--;
	return d->fd;
}

int undir_use(UnDir *d)
{
	int fd;

	lock(&lk);
	fd = use(d);
	unlock(&lk);
	return fd;
}

void undir_done(UnDir *d)
{
	lock(&lk);
	rest(d);
	unlock(&lk);
}

static UnDir *new(UnRun *r, UnDir *up, int fd, const char *path)
{
	UnDir *d = mem_new(sizeof *d);
	FileInfo fi;

	if (file_fstat(fd, &fi) < 0) {
		un_problem(r, "%s: %s", path, rerrstr());
		close(fd);
		free(d);
		return NULL;
	}
	ref_init(&d->ref, "UnDir");
	d->r = r;
	d->up = up;
	d->dev = fi.dev;
	d->ino = fi.ino;
	d->mode = d->uid = d->gid = d->atime = d->mtime = -1;
	d->path = mem_str(path);
	list_init(&d->link);
	d->fd = fd;
	d->users = 1;
	if (up != NULL)
		ref_take(&up->ref);
	return d;
}

UnDir *undir_top(UnRun *r)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		tool_oopsdie(".");
	return new(r, NULL, fd, "");
}

/* enter makes name in up, or takes what is there, with everything allowed to us; it returns a descriptor */
static int enter(UnRun *r, UnDir *up, const char *name, u32 mode)
{
	int upfd = undir_use(up), fd = -1;
	bool made;

	if (upfd < 0)
		return -1;
	made = at_mkdir(upfd, name, r->owners ? 0700 : mode | 0700) == 0;
	fd = openat(upfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		os_err();
	undir_done(up);
	if (fd >= 0 && !made)
		(void)!file_fattr(fd, mode | 0700, -1, -1, -1, -1);
	return fd;
}

UnDir *undir_make(UnDir *up, VacFile *f, const char *path)
{
	UnRun *r = up->r;
	const VacDir *vd = &f->dir;
	u32 mode = un_mode(r, vd);
	int fd = enter(r, up, vd->elem, mode);
	UnDir *d;

	if (fd < 0) {
		un_problem(r, "%s: there is something that is no directory, or it cannot be made: %s", path, rerrstr());
		return NULL;
	}
	d = new(r, up, fd, path);
	if (d == NULL)
		return NULL;
	d->name = mem_str(vd->elem);
	d->mode = mode;
	if (r->times) {
		d->atime = vd->atime;
		d->mtime = vd->mtime;
	}
	if (r->owners) {
		d->uid = un_id(0, vd->uid);
		d->gid = un_id(1, vd->gid);
	}
	undir_done(d);
	return d;
}

void undir_take(UnDir *d) { ref_take(&d->ref); }

static void finish(UnDir *d)
{
	if (undir_use(d) < 0) {
		un_problem(d->r, "%s: %s", d->path, rerrstr());
		return;
	}
	if (d->name != NULL && file_fattr(d->fd, d->mode, d->uid, d->gid, d->atime, d->mtime) < 0)
		un_problem(d->r, "%s: %s", d->path, rerrstr());
	lock(&lk);
	io_autoclose(&d->fd);
	unlock(&lk);
}

void undir_drop(UnDir *d)
{
	while (d != NULL && ref_drop(&d->ref)) {
		UnDir *up = d->up;

		finish(d);
		free(d->name);
		free(d->path);
		free(d);
		d = up;
	}
}
