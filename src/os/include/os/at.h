/*
 * Files below a directory descriptor: confined path resolution (openat2),
 * statx, and the calls that change a directory.  Nothing here follows a
 * symbolic link in the last element unless AtFollow says so.  Errors are
 * standard ones, without a file name.
 */
#ifndef OS_AT_H
#define OS_AT_H

#include <base/u.h>

typedef struct Finfo {
	u64 dev, ino, size, mount; /* mount: the id that mountinfo gives */
	u32 mode, nlink, uid, gid; /* mode with Linux's S_IFMT bits */
	i64 atime, mtime;          /* seconds */
	u64 change;                /* of inode and contents, nanoseconds */
	u32 major, minor;          /* of a device file */
} Finfo;

enum {
	AtFollow = 1,  /* symbolic links are followed, inside the root */
	AtBeneath = 2, /* links and .. may not leave dirfd's tree: they fail (without: dirfd is / for them) */
};

/* at_open opens path below dirfd with open(2) flags and mode; it never leaves dirfd's tree; may block. */
int at_open(int dirfd, const char *path, int flags, u32 mode, int how) must_use;

/* at_place opens any path as a place (O_PATH), links followed; the caller owns it. */
int at_place(const char *path) must_use;

/* at_stat describes name in dirfd ("": dirfd itself); at_path an absolute path, links followed. */
int at_stat(int dirfd, const char *name, Finfo *fi) must_use;
int at_path(const char *path, Finfo *fi) must_use;

/* at_isdir and friends look at Finfo.mode. */
bool at_isdir(const Finfo *fi);
bool at_islink(const Finfo *fi);
bool at_isfile(const Finfo *fi);
bool at_issock(const Finfo *fi);
bool at_isfifo(const Finfo *fi);
bool at_isdev(const Finfo *fi);

/* at_foreign says whether fd is on a file system that somebody else serves (network, FUSE), and may keep us waiting. */
bool at_foreign(int fd);

/* at_devname writes device number dev the way mountinfo does, "8:1". */
void at_devname(u64 dev, char *buf, size_t n);

/* at_isfuse says whether fd is on a FUSE file system, without asking its server, who may be waiting for the answer. */
bool at_isfuse(int fd);

/* at_isproc says whether fd is on a procfs. */
bool at_isproc(int fd);

/* at_list calls fn for every name in directory fd but . and ..; fd's position is used. */
int at_list(int fd, void (*fn)(void *arg, const char *name), void *arg) must_use;

/* at_mkdir, at_remove (file or empty directory), at_rename (never over an existing name), at_chmod, at_chown (-1: keep),
 * at_times (seconds; -1: keep) change name in dirfd. */
int at_mkdir(int dirfd, const char *name, u32 mode) must_use;
int at_remove(int dirfd, const char *name, bool isdir) must_use;
int at_rename(int from, const char *name, int to, const char *newname) must_use;
int at_chmod(int dirfd, const char *name, u32 mode) must_use;
int at_chown(int dirfd, const char *name, i64 uid, i64 gid) must_use;
int at_times(int dirfd, const char *name, i64 atime, i64 mtime) must_use;

/* at_symlink makes a symbolic link, at_mkfifo a named pipe, at_mknod a device file ('c' or 'b'). */
int at_symlink(const char *target, int dirfd, const char *name) must_use;
int at_mkfifo(int dirfd, const char *name, u32 mode) must_use;
int at_mknod(int dirfd, const char *name, char type, u32 mode, u32 major, u32 minor) must_use;

/* at_readlink returns the target of the symbolic link, owned by the caller. */
char *at_readlink(int dirfd, const char *name) must_use;

#endif
