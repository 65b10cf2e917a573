/*
 * What the commands need to know of and do to files of the host, with
 * Plan 9's errors.  Times are nanoseconds since 1970.
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <base/u.h>

typedef struct FileInfo {
	char type; /* 'd' directory, '-' file, 'l' symbolic link, 'p' pipe, 's' socket, 'c' 'b' device */
	u32 mode;  /* permissions with set-id and sticky bits */
	u32 uid, gid, nlink;
	u64 size, dev, ino, blocks; /* blocks of 512 bytes */
	i64 mtime, atime;
} FileInfo;

enum { FILENOTIME = -1 }; /* leave that time alone */

/* file_stat fills f for path, or for the link itself; file_fstat for a descriptor. */
int file_stat(const char *path, FileInfo *f) must_use;
int file_lstat(const char *path, FileInfo *f) must_use;
int file_fstat(int fd, FileInfo *f) must_use;

/* file_mkdir makes a directory; file_mkdirs also those above it that are missing, and does not mind any that exist. */
int file_mkdir(const char *path, u32 mode) must_use;
int file_mkdirs(const char *path, u32 mode) must_use;

/* file_mkdirat makes directory name of the directory that dir is open on. */
int file_mkdirat(int dir, const char *name, u32 mode) must_use;

/* file_chmod sets permissions (following links), file_mkfifo makes a named pipe. */
int file_chmod(const char *path, u32 mode) must_use;
int file_mkfifo(const char *path, u32 mode) must_use;

/* file_times sets times; FILENOTIME keeps one. */
int file_times(const char *path, i64 atime, i64 mtime) must_use;

/* file_ftimes sets an open file's time of modification. */
int file_ftimes(int fd, i64 mtime) must_use;

/* file_fattr sets an open file's permissions (with set-id and sticky bits), owners and times in seconds; -1 keeps one, and
 * permissions and owners that are so already are not set again. */
int file_fattr(int fd, i64 mode, i64 uid, i64 gid, i64 atime, i64 mtime) must_use;

/* file_umask returns the process's mask of creation modes, changing nothing. */
u32 file_umask(void);

#endif
