#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/file.h>
#include <os/io.h>
#include "copy.h"

enum { BLOCK = 128 * 1024 };

bool copy_isdir(const char *path)
{
	FileInfo f;

	return file_stat(path, &f) == 0 && f.type == 'd';
}

bool copy_same(const char *a, const char *b)
{
	FileInfo fa, fb;

	return file_stat(a, &fa) == 0 && file_stat(b, &fb) == 0 && fa.dev == fb.dev && fa.ino == fb.ino;
}

char *copy_target(const char *from, const char *to, bool todir)
{
	autofree char *clean = path_clean(mem_printf("%s/", from));

	return todir ? path_join(to, path_base(clean)) : mem_str(to);
}

static int bytes(int in, int out, const char *from, const char *to)
{
	autofree char *buf = mem_new(BLOCK);
	ssize_t n;

	while ((n = read(in, buf, BLOCK)) > 0)
		if (io_writen(out, buf, (size_t)n) < 0)
			return werrstr("error writing %s: %s", to, rerrstr());
	return n < 0 ? os_werr("error reading %s", from) : 0;
}

static int attributes(int fd, const char *to, const FileInfo *f, int flags)
{
	if ((flags & (CopyUser | CopyGroup)) &&
	    fchown(fd, flags & CopyUser ? f->uid : (uid_t)-1, f->gid) < 0)
		return os_werr("can't set the owner of %s", to);
	if ((flags & CopyMode) && file_chmod(to, f->mode) < 0)
		return -1;
	return flags & CopyTimes ? file_times(to, FILENOTIME, f->mtime) : 0;
}

int copy_file(const char *from, const char *to, int flags)
{
	autofd int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	FileInfo f;

	if (in < 0)
		return os_werr("can't open %s", from);
	if (file_fstat(in, &f) < 0)
		return -1;
	if (f.type == 'd')
		return werrstr("%s is a directory", from);
	if (copy_same(from, to))
		return werrstr("%s and %s are the same file", from, to);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, f.mode & 0777);
	if (out < 0)
		return os_werr("can't create %s", to);
	if (bytes(in, out, from, to) < 0)
		return -1;
	return attributes(out, to, &f, flags);
}
