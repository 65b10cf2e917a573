#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <linux/openat2.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/at.h>
#include <os/io.h>

enum {
	WANTED = 0x17FF, /* STATX_BASIC_STATS | STATX_MNT_ID */
	NOREPLACE = 1,   /* RENAME_NOREPLACE */
	LINKMAX = 4096,
};

static int fail(void)
{
	return os_err();
}

int at_open(int dirfd, const char *path, int flags, u32 mode, int how)
{
	struct open_how h = {
		.flags = (u64)(u32)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	if (!(how & AtFollow)) {
		h.flags |= O_NOFOLLOW;
		h.resolve |= RESOLVE_NO_SYMLINKS;
	}
	h.resolve |= how & AtBeneath ? RESOLVE_BENEATH : RESOLVE_IN_ROOT;
	do
		fd = (int)syscall(SYS_openat2, dirfd, *path != '\0' ? path : ".", &h, sizeof h);
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd < 0 ? fail() : fd;
}

int at_place(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? fail() : fd;
}

/* struct statx and its time stamp (statx(2)): musl has none in Debian 12 */
typedef struct Stamp {
	i64 sec;
	u32 nsec, spare;
} Stamp;

typedef struct Statx {
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, spare0;
	u64 ino, size, blocks, attributes_mask;
	Stamp atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 mount, spare[13];
} Statx;
_Static_assert(sizeof(Statx) == 256, "struct statx");

static int info(int dirfd, const char *name, int flags, Finfo *fi)
{
	Statx s;

	if (syscall(SYS_statx, dirfd, name, flags, WANTED, &s) < 0)
		return fail();
	*fi = (Finfo){
		.dev = makedev(s.dev_major, s.dev_minor),
		.ino = s.ino,
		.size = s.size,
		.mode = s.mode,
		.nlink = s.nlink,
		.uid = s.uid,
		.gid = s.gid,
		.atime = s.atime.sec,
		.mtime = s.mtime.sec,
		.change = (u64)s.ctime.sec * 1000000000u + s.ctime.nsec,
		.mount = s.mount,
		.major = s.rdev_major,
		.minor = s.rdev_minor,
	};
	return 0;
}

int at_stat(int dirfd, const char *name, Finfo *fi)
{
	return info(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name == '\0' ? AT_EMPTY_PATH : 0), fi);
}

int at_path(const char *path, Finfo *fi)
{
	return info(AT_FDCWD, path, AT_NO_AUTOMOUNT, fi);
}

bool at_isdir(const Finfo *fi) { return S_ISDIR(fi->mode); }
bool at_islink(const Finfo *fi) { return S_ISLNK(fi->mode); }
bool at_isfile(const Finfo *fi) { return S_ISREG(fi->mode); }
bool at_issock(const Finfo *fi) { return S_ISSOCK(fi->mode); }
bool at_isfifo(const Finfo *fi) { return S_ISFIFO(fi->mode); }

bool at_isdev(const Finfo *fi) { return S_ISCHR(fi->mode) || S_ISBLK(fi->mode); }

static u32 magic(int fd)
{
	struct statfs s;

	return fstatfs(fd, &s) < 0 ? 0 : (u32)s.f_type;
}

bool at_foreign(int fd)
{
	static const u32 ours[] = {
		0xEF53, 0x58465342, 0x9123683E, 0x01021994, 0x794C7630, 0x858458F6, 0x2FC12FC1, 0xF2F52010,
		0x73717368, 0xE0F5E1E2, 0x9660, 0x4D44, 0x9FA0, 0x62656572, 0xCA451A4E,
	}; /* ext4 xfs btrfs tmpfs overlay ramfs zfs f2fs squashfs erofs iso9660 fat proc sysfs bcachefs */
	u32 m = magic(fd);

	for (size_t i = 0; i < nelem(ours); i++)
		if (m == ours[i])
			return false;
	return true;
}

void at_devname(u64 dev, char *buf, size_t n)
{
	snprintf(buf, n, "%u:%u", major(dev), minor(dev));
}

/* FUSE and XFS give such handles (without asking a server), but XFS has a device of its own. */
enum { FUSEHANDLE = 0x81, FUSEHANDLE2 = 0x82, HANDLEMAX = 128, DONTSYNC = 0x4000 /* AT_STATX_DONT_SYNC */ };

static bool no_device(int fd)
{
	Statx s;

	return syscall(SYS_statx, fd, "", AT_EMPTY_PATH | DONTSYNC, 1, &s) == 0 && s.dev_major == 0;
}

/* fstatfs would wait for the server, which may be the one that asks here. */
bool at_isfuse(int fd)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + HANDLEMAX];
	} u = { .h = { .handle_bytes = HANDLEMAX } };
	int mount;

	if (name_to_handle_at(fd, "", &u.h, &mount, AT_EMPTY_PATH) == 0)
		return (u.h.handle_type == FUSEHANDLE || u.h.handle_type == FUSEHANDLE2) && no_device(fd);
	return (errno == EPERM || errno == ENOSYS) && magic(fd) == 0x65735546;
}

bool at_isproc(int fd)
{
	return magic(fd) == 0x9FA0;
}

int at_list(int fd, void (*fn)(void *arg, const char *name), void *arg)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct dirent *e;
	DIR *d;

	if (copy < 0)
		return fail();
	d = fdopendir(copy);
	if (d == NULL) {
		fail();
		close(copy);
		return -1;
	}
	rewinddir(d);
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			fn(arg, e->d_name);
	if (errno != 0) {
		fail();
		closedir(d);
		return -1;
	}
	closedir(d);
	return 0;
}

int at_mkdir(int dirfd, const char *name, u32 mode)
{
	return mkdirat(dirfd, name, mode) < 0 ? fail() : 0;
}

int at_remove(int dirfd, const char *name, bool isdir)
{
	return unlinkat(dirfd, name, isdir ? AT_REMOVEDIR : 0) < 0 ? fail() : 0;
}

int at_rename(int from, const char *name, int to, const char *newname)
{
	return syscall(SYS_renameat2, from, name, to, newname, NOREPLACE) < 0 ? fail() : 0;
}

int at_chmod(int dirfd, const char *name, u32 mode)
{
	return (*name == '\0' ? fchmod(dirfd, mode) : fchmodat(dirfd, name, mode, 0)) < 0 ? fail() : 0;
}

int at_chown(int dirfd, const char *name, i64 uid, i64 gid)
{
	int flags = AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0);

	return fchownat(dirfd, name, (uid_t)uid, (gid_t)gid, flags) < 0 ? fail() : 0;
}

int at_times(int dirfd, const char *name, i64 atime, i64 mtime)
{
	struct timespec ts[2] = {
		{ atime, atime < 0 ? UTIME_OMIT : 0 },
		{ mtime, mtime < 0 ? UTIME_OMIT : 0 },
	};

	return (*name == '\0' ? futimens(dirfd, ts) : utimensat(dirfd, name, ts, AT_SYMLINK_NOFOLLOW)) < 0 ? fail() : 0;
}

int at_symlink(const char *target, int dirfd, const char *name)
{
	return symlinkat(target, dirfd, name) < 0 ? fail() : 0;
}

int at_mkfifo(int dirfd, const char *name, u32 mode)
{
	return mkfifoat(dirfd, name, mode) < 0 ? fail() : 0;
}

int at_mknod(int dirfd, const char *name, char type, u32 mode, u32 maj, u32 min)
{
	return mknodat(dirfd, name, (type == 'b' ? S_IFBLK : S_IFCHR) | mode, makedev(maj, min)) < 0 ? fail() : 0;
}

char *at_readlink(int dirfd, const char *name)
{
	char *p = mem_new(LINKMAX + 1);
	ssize_t n = readlinkat(dirfd, name, p, LINKMAX);

	if (n < 0) {
		fail();
		free(p);
		return NULL;
	}
	p[n] = '\0';
	return p;
}
