/*
 * After a kernel process has died, its file system is a corpse wherever it
 * was mounted: every use answers "software caused connection abort".  The
 * new one is put in place of the old, object for object: what was mounted
 * from the old one's /M/3 becomes a mount of the new one's /M/3, which the
 * new kernel process has made again from what init kept.
 *
 * A process of its own does this: what it looks up may take long, and the
 * new kernel process may stop too.  If it does not get through, or the new
 * one dies, the numbers of all the dead are remembered for the next time.
 *
 * The mounts of one name space are replaced in the order of its table,
 * parents first.  Unmounting a dead mount takes those below it along, so
 * living ones among them are copied first (which can fail, if the way there
 * leads through names that only the dead process knew) and put back.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/mount.h>
#include <os/procinfo.h>
#include "kproc.h"

enum { MaxSpaces = 1024 };

typedef struct Remount {
	Kproc *k;
	int root;         /* the new one's root, as init has it */
	int home;         /* init's mount name space */
	u64 seen[MaxSpaces];
	int nseen;
	int done, lost;
} Remount;

/* isdead: numbers are used again, by file systems of other kinds too */
static bool isdead(const Remount *r, const Mount *m)
{
	const Kproc *k = r->k;

	if (strcmp(m->source, "#") != 0 || strncmp(m->fstype, "fuse", 4) != 0)
		return false;
	for (int i = 0; i < k->ndead; i++)
		if (m->major == k->dead[i].major && m->minor == k->dead[i].minor)
			return true;
	return false;
}

static void revive(Kproc *k, u32 major, u32 minor)
{
	for (int i = 0; i < k->ndead; i++)
		if (k->dead[i].major == major && k->dead[i].minor == minor) {
			memmove(&k->dead[i], &k->dead[i + 1], (size_t)(--k->ndead - i) * sizeof k->dead[0]);
			return;
		}
}

void remount_lost(Kproc *k)
{
	if (k->major == 0 && k->minor == 0)
		return;
	revive(k, k->major, k->minor);
	if (k->ndead == MaxDead)
		revive(k, k->dead[0].major, k->dead[0].minor);
	k->dead[k->ndead].major = k->major;
	k->dead[k->ndead++].minor = k->minor;
	k->major = k->minor = 0;
}

void remount_learn(Kproc *k)
{
	Mounts *t = mounts_read("/.proc", 0);
	const Mount *m = t ? mounts_top(t, k->point) : NULL;

	if (m != NULL) {
		k->major = m->major;
		k->minor = m->minor;
		for (int i = 0; i < Nkproc; i++) /* the number is free again only if it was mounted nowhere else */
			if (k->in->kproc[i] != NULL)
				revive(k->in->kproc[i], m->major, m->minor);
	}
	mounts_free(t);
}

typedef struct Clone {
	int root;
	const char *path;
} Clone;

static int clone1(void *arg)
{
	const Clone *c = arg;

	return mount_tree(c->root, c->path, TreeClone);
}

/* copyof makes a detached mount of path in the new file system, in init's name space: only there may it be copied. */
static int copyof(Remount *r, const char *path)
{
	Clone c = { r->root, *path ? path : NULL };

	return mount_within(r->home, clone1, &c);
}

/* replace puts the new file system's m->root at m->point, and the copies of the living mounts back on top. */
static int replace(Remount *r, const Mount *m)
{
	autofd int fd = copyof(r, m->root + 1);

	if (fd < 0)
		return werrstr("#%s: %s", m->root, rerrstr());
	return mount_move(fd, NULL, AT_FDCWD, m->point, 0);
}

static const Mount *parent(const Mounts *t, const Mount *m)
{
	for (int i = 0; i < t->n; i++)
		if (t->m[i].id == m->parent)
			return &t->m[i];
	return NULL;
}

/* savebelow copies the living mounts directly below dead mount d: copy[i] goes with mount i. */
static void savebelow(Remount *r, const Mounts *t, const Mount *d, int *copy)
{
	for (int i = 0; i < t->n; i++)
		if (t->m[i].parent == d->id && !isdead(r, &t->m[i])) {
			copy[i] = mount_tree(AT_FDCWD, t->m[i].point, TreeClone | TreeRecursive);
			if (copy[i] < 0)
				r->lost++;
		}
}

static void putback(const Mounts *t, int *copy)
{
	for (int i = 0; i < t->n; i++) {
		if (copy[i] < 0)
			continue;
		if (mount_move(copy[i], NULL, AT_FDCWD, t->m[i].point, 0) == 0) {
			close(copy[i]);
			copy[i] = -1;
		}
	}
}

/* removedead unmounts d, and the dead ones on top of it at the same place. */
static void removedead(const Remount *r, const Mount *d)
{
	for (;;) {
		Mounts *t = mounts_read("/.proc", 0);
		const Mount *top = t ? mounts_top(t, d->point) : NULL;
		bool dead = top != NULL && isdead(r, top);

		mounts_free(t);
		if (!dead || mount_off(d->point, 0) < 0)
			return;
	}
}

/*
 * newroot puts the new file system's directory in place of dead root m: the mounts on it, whose names Linux remembers
 * (FidStatic), are moved, and the old root is left.
 */
static int newroot(Remount *r, const Mounts *t, const Mount *m)
{
	autofd int root = copyof(r, m->root + 1);

	if (root < 0 || mount_move(root, NULL, AT_FDCWD, "/", 0) < 0)
		return werrstr("the root: %s", rerrstr());
	for (int i = 0; i < t->n; i++) {
		const Mount *c = &t->m[i];
		autofd int fd = -1;

		if (c->parent != m->id || c->point[1] == '\0')
			continue;
		fd = mount_tree(AT_FDCWD, c->point, 0);
		if (fd < 0 || mount_move(fd, NULL, root, c->point + 1, 0) < 0) {
			init_say(r->k->in, "init: %s: %s", c->point, rerrstr());
			r->lost++;
		}
	}
	return mount_pivotfd(root);
}

/* table reads the mount table, once the root is a living one. */
static Mounts *table(Remount *r)
{
	Mounts *t = mounts_read("/.proc", 0);

	for (int i = 0; t != NULL && i < t->n; i++)
		if (isdead(r, &t->m[i]) && parent(t, &t->m[i]) == NULL) {
			if (newroot(r, t, &t->m[i]) < 0)
				init_say(r->k->in, "init: %s", rerrstr());
			else
				r->done++;
			mounts_free(t);
			return mounts_read("/.proc", 0);
		}
	return t;
}

/* onespace runs in the name space it repairs. */
static int onespace(void *arg)
{
	Remount *r = arg;
	Mounts *t = table(r);
	int *copy;

	if (t == NULL)
		return -1;
	copy = mem_array((size_t)t->n, sizeof *copy);
	memset(copy, -1, (size_t)t->n * sizeof *copy);
	for (int i = 0; i < t->n; i++) {
		const Mount *m = &t->m[i], *up = parent(t, m);

		if (!isdead(r, m) || m->point[1] == '\0')
			continue;
		savebelow(r, t, m, copy);
		if (up == NULL || !isdead(r, up))
			removedead(r, m);
		if (replace(r, m) < 0) {
			init_say(r->k->in, "init: %s: %s", m->point, rerrstr());
			r->lost++;
		} else
			r->done++;
		putback(t, copy);
	}
	for (int i = 0; i < t->n; i++)
		if (copy[i] >= 0)
			close(copy[i]);
	free(copy);
	mounts_free(t);
	return 0;
}

static bool seen(Remount *r, u64 id)
{
	for (int i = 0; i < r->nseen; i++)
		if (r->seen[i] == id)
			return true;
	if (r->nseen < MaxSpaces)
		r->seen[r->nseen++] = id;
	return false;
}

static void oneproc(void *arg, u32 pid)
{
	Remount *r = arg;
	int ns = mount_ns("/.proc", pid);

	if (ns < 0)
		return; /* it has just ended */
	/* a kernel process' own name space is not for others */
	for (int i = 0; i < Nkproc; i++)
		if (r->k->in->kproc[i] != NULL && r->k->in->kproc[i]->pid == (pid_t)pid) {
			close(ns);
			return;
		}
	if (!seen(r, mount_nsid(ns)) && mount_within(ns, onespace, r) < 0)
		init_say(r->k->in, "init: name space of %u: %s", pid, rerrstr());
	close(ns);
}

int remount_all(Kproc *k)
{
	Remount *r = mem_new(sizeof *r);
	int rc = -1;

	r->k = k;
	r->root = mount_tree(AT_FDCWD, k->point, 0);
	r->home = mount_ns("/.proc", 1);
	if (r->root >= 0 && r->home >= 0)
		rc = proc_each(oneproc, r);
	if (rc < 0)
		init_say(k->in, "init: %s", rerrstr());
	else
		init_say(k->in, "init: kernel process %s is back; %d mounts renewed in %d name spaces%s", k->name,
			 r->done, r->nseen, r->lost ? ", some could not be" : "");
	return rc < 0 || r->lost > 0 ? -1 : 0;
}
