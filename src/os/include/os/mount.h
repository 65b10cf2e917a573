/*
 * Mounts: the kernel's mount calls by file descriptor, the mount table of a
 * process as an array, and work in somebody else's mount name space.
 *
 * A mount made by mount_new or mount_tree(TreeClone) is detached: it is seen
 * nowhere until mount_move puts it somewhere, it may be passed to another
 * process (io_sendfds), and closing its descriptor drops it.  A path of NULL
 * means the thing that the descriptor itself refers to.
 */
#ifndef OS_MOUNT_H
#define OS_MOUNT_H

#include <base/u.h>

enum {
	TreeClone = 1,     /* a detached copy, else just a descriptor (O_PATH) of the place */
	TreeRecursive = 2, /* with the mounts below it */
	TreeNofollow = 4,  /* do not follow a symbolic link in the last element */
};

/* mount_tree opens path (relative to dirfd, AT_FDCWD works) as a mount; the caller owns the descriptor; -1 on error. */
int mount_tree(int dirfd, const char *path, int flags) must_use;

enum {
	MoveBeneath = 1, /* below what is mounted there (Linux 6.5, else -1 with "not implemented") */
};

/* mount_move attaches mount from/frompath (detached, or attached in this name space) at to/topath. */
int mount_move(int from, const char *frompath, int to, const char *topath, int flags) must_use;

enum {
	MountRdonly = 1,
	MountNosuid = 2,
	MountNodev = 4,
	MountNoexec = 8,
	MountRecursive = 0x100, /* mount_attr: all mounts below too */
	MountWritable = 0x200,  /* mount_attr: clear read-only instead */
};

/*
 * mount_new makes a detached mount of a new file system of type fstype; opts is "name=value,flag,..." (NULL: none),
 * source what the mount table shows.  The caller owns the descriptor.
 */
int mount_new(const char *fstype, const char *source, const char *opts, int attrs) must_use;

/* mount_attr sets the attributes of the mount at dirfd/path. */
int mount_attr(int dirfd, const char *path, int attrs) must_use;

enum {
	ShareOff = 0,
	ShareOn = 1,
};

/* mount_share turns propagation of the mount at dirfd/path on or off, with MountRecursive of all mounts below too. */
int mount_share(int dirfd, const char *path, int how) must_use;

/* mount_bind puts src (with the mounts below it) at dst, with attrs; mount_fs a new file system. */
int mount_bind(const char *src, const char *dst, int attrs) must_use;
int mount_fs(const char *fstype, const char *source, const char *dst, const char *opts, int attrs) must_use;

/* mount_private stops mounts from spreading between this name space and others; to be called after unshare. */
int mount_private(void) must_use;

enum {
	UnmountForce = 1, /* abort the connection of a FUSE mount: its clients get errors */
	UnmountNow = 2,   /* not lazily: fail if it is in use */
};

/* mount_off unmounts the topmost mount at path, lazily unless UnmountNow. */
int mount_off(const char *path, int flags) must_use;

/* mount_pivot makes directory newroot (a mount) the root of this name space and drops the old root; cwd becomes /. */
int mount_pivot(const char *newroot) must_use;

/* mount_pivotfd is mount_pivot for the mount that descriptor root is of; cwd stays, unless it was the old root. */
int mount_pivotfd(int root) must_use;

typedef struct Mount {
	int id, parent;
	u32 major, minor;   /* of the file system's device number: equal for all mounts of one superblock */
	const char *root;   /* the directory of the file system that is mounted, "/" for all of it */
	const char *point;  /* where, as seen from the root of the process */
	const char *attrs;  /* "rw,nosuid" */
	const char *fstype;
	const char *source;
	const char *opts;   /* of the superblock */
} Mount;

typedef struct Mounts {
	Mount *m; /* in the order of the table: parents before children */
	int n;
	char *text;
} Mounts;

/* mounts_read parses the mount table of process pid as procfs at proc shows it ("/proc"; pid 0: the calling thread). */
Mounts *mounts_read(const char *proc, u32 pid) must_use;

/* mounts_parse parses the text of a mountinfo file. */
Mounts *mounts_parse(const char *text) must_use;

/* mounts_top returns the mount that is on top at point (a cleaned path), NULL if nothing is mounted there. */
const Mount *mounts_top(const Mounts *t, const char *point);
void mounts_free(Mounts *t);

/*
 * mount_ns opens the mount name space of process pid as procfs at proc shows it; the caller owns the descriptor.
 * mount_nsid gives a number equal for equal name spaces, 0 on error.
 */
int mount_ns(const char *proc, u32 pid) must_use;
u64 mount_nsid(int nsfd) must_use;

/*
 * mount_within runs fn(arg) in a thread of its own that has entered mount name space nsfd, root and cwd at its root,
 * and returns what fn returned, with its error string; blocks until then.  Other threads are not affected.
 */
int mount_within(int nsfd, int (*fn)(void *arg), void *arg) must_use;

/* mount_unshare gives the calling thread (and only it, if the process has others) a private mount name space. */
int mount_unshare(void) must_use;

/* mount_devnode makes a character device that everybody may open; only the root of the host can. */
int mount_devnode(int dirfd, const char *name, u32 major, u32 minor) must_use;

#endif
