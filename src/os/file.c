#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/file.h>
#include <os/io.h>

static char kind(mode_t m)
{
	switch (m & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	}
	return '-';
}

static i64 ns(const struct timespec *t) { return (i64)t->tv_sec * 1000000000 + t->tv_nsec; }

static int fill(int r, const char *what, const struct stat *st, FileInfo *f)
{
	if (r < 0)
		return os_werr("%s", what);
	*f = (FileInfo){ .type = kind(st->st_mode), .mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid,
			 .nlink = (u32)st->st_nlink, .size = (u64)st->st_size, .dev = st->st_dev, .ino = st->st_ino,
			 .blocks = (u64)st->st_blocks, .mtime = ns(&st->st_mtim), .atime = ns(&st->st_atim) };
	return 0;
}

int file_stat(const char *path, FileInfo *f)
{
	struct stat st;

	return fill(stat(path, &st), path, &st, f);
}

int file_lstat(const char *path, FileInfo *f)
{
	struct stat st;

	return fill(lstat(path, &st), path, &st, f);
}

int file_fstat(int fd, FileInfo *f)
{
	struct stat st;

	return fill(fstat(fd, &st), "fstat", &st, f);
}

int file_mkdir(const char *path, u32 mode)
{
	return mkdir(path, mode) < 0 ? os_werr("%s", path) : 0;
}

int file_mkdirs(const char *path, u32 mode)
{
	autofree char *p = mem_str(path);
	FileInfo f;

	for (char *s = p + 1; *p != '\0'; s++) {
		char c = *s;

		if (c != '/' && c != '\0')
			continue;
		*s = '\0';
		/* those on the way must let the maker in */
		if ((file_stat(p, &f) < 0 || f.type != 'd') && mkdir(p, c == '/' ? mode | 0300 : mode) < 0)
			return os_werr("%s", p);
		*s = c;
		if (c == '\0')
			break;
	}
	return 0;
}

int file_chmod(const char *path, u32 mode)
{
	return chmod(path, mode) < 0 ? os_werr("%s", path) : 0;
}

int file_mkfifo(const char *path, u32 mode)
{
	return mkfifo(path, mode) < 0 ? os_werr("%s", path) : 0;
}

static struct timespec spec(i64 t)
{
	if (t == FILENOTIME)
		return (struct timespec){ 0, UTIME_OMIT };
	return (struct timespec){ t / 1000000000, t % 1000000000 };
}

int file_times(const char *path, i64 atime, i64 mtime)
{
	struct timespec t[2] = { spec(atime), spec(mtime) };

	return utimensat(AT_FDCWD, path, t, 0) < 0 ? os_werr("%s", path) : 0;
}

int file_ftimes(int fd, i64 mtime)
{
	struct timespec t[2] = { spec(FILENOTIME), spec(mtime) };

	return futimens(fd, t) < 0 ? os_werr("set time") : 0;
}

int file_mkdirat(int dir, const char *name, u32 mode)
{
	return mkdirat(dir, name, mode) < 0 ? os_werr("%s", name) : 0;
}

static struct timespec seconds(i64 t) { return (struct timespec){ t < 0 ? 0 : t, t < 0 ? UTIME_OMIT : 0 }; }

int file_fattr(int fd, i64 mode, i64 uid, i64 gid, i64 atime, i64 mtime)
{
	struct timespec t[2] = { seconds(atime), seconds(mtime) };
	bool owner = false;
	struct stat st;

	if ((mode >= 0 || uid >= 0 || gid >= 0) && fstat(fd, &st) < 0)
		return os_werr("fstat");
	if ((uid >= 0 && (uid_t)uid != st.st_uid) || (gid >= 0 && (gid_t)gid != st.st_gid))
		owner = true;
	if (owner && fchown(fd, (uid_t)uid, (gid_t)gid) < 0)
		return os_werr("set owner");
	if (mode >= 0 && (owner || (mode_t)mode != (st.st_mode & 07777)) && fchmod(fd, (mode_t)mode) < 0)
		return os_werr("set mode");
	return (atime >= 0 || mtime >= 0) && futimens(fd, t) < 0 ? os_werr("set times") : 0;
}

u32 file_umask(void)
{
	mode_t m = umask(0);

	umask(m);
	return m;
}
