/*
 * ed's files.  A regular file of ours is written beside itself and renamed
 * when every byte is on the disk, so a full disk or a crash leaves the old
 * text.  That would break what is more than one name and its bytes: a file
 * with other links, another's, a device, a mount point, one in a directory
 * where we may not write.  Those are written in place.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/utf.h>
#include <os/file.h>
#include "ed.h"
#include "tool.h"

static int bad(const char *name)
{
	(void)str_cpy(ed.badname, sizeof ed.badname, name);
	ed.last = '\n';
	return ed_fail(ed.badname);
}

static u64 runes(const char *p, size_t n)
{
	u64 count = 0;
	Rune r;

	for (; n > 0; count++) {
		size_t k = (size_t)utf_get(&r, p, n);

		p += k;
		n -= k;
	}
	return count;
}

static int push(Lines *ls, const char *p, size_t n, u64 *count)
{
	*count += runes(p, n) + 1;
	return ed_push(ls, p, n);
}

/* lines splits what fd gives. */
static int lines(int fd, const char *name, Lines *ls, u64 *count)
{
	static char in[65536];
	autobuf Buf part = { 0 };
	ssize_t n;
	int r;

	while ((n = read(fd, in, sizeof in)) > 0) {
		char *p = in, *nl;

		for (; (nl = memchr(p, '\n', (size_t)(in + n - p))) != NULL; p = nl + 1) {
			buf_add(&part, p, (size_t)(nl - p));
			r = push(ls, buf_text(&part), part.n, count);
			part.n = 0;
			if (r < 0)
				return -1;
		}
		buf_add(&part, p, (size_t)(in + n - p));
		if (part.n > EDMAX || ed_interrupted())
			return ed_fail(part.n > EDMAX ? "TMP" : "");
	}
	if (n < 0)
		return bad(name);
	if (part.n == 0)
		return 0;
	fprintf(ed.to, "'\\n' appended\n");
	return push(ls, buf_text(&part), part.n, count);
}

int ed_read(const char *name, long at, u64 *count)
{
	autofd int fd = open(name, O_RDONLY | O_CLOEXEC);
	Lines ls = { 0 };
	int r;

	*count = 0;
	if (fd < 0)
		return bad(name);
	r = lines(fd, name, &ls, count);
	ed_insert(at, &ls);
	return r;
}

/* put writes lines a to b. */
static int put(int fd, long a, long b, u64 *count)
{
	autobuf Buf out = { 0 };

	*count = 0;
	for (long i = a; i <= b && i > 0; i++) {
		Line *l = ed.line[i];

		*count += runes(l->p, l->n) + 1;
		buf_add(&out, l->p, l->n);
		buf_ch(&out, '\n');
		if (out.n >= 65536 || i == b) {
			if (io_writen(fd, out.p, out.n) < 0)
				return -1;
			out.n = 0;
		}
	}
	return 0;
}

/* aside opens a new file beside path for its next text, in *temp; -1 if path is to be written in place. */
static int aside(const char *path, char **temp)
{
	FileInfo old, new;
	bool is = file_stat(path, &old) == 0;
	char *t;
	int fd;

	if (is ? old.type != '-' || old.nlink != 1 || old.uid != geteuid() || access(path, W_OK) < 0 : access(path, F_OK) == 0)
		return -1;
	t = mem_printf("%s.XXXXXX", path);
	fd = mkostemp(t, O_CLOEXEC);
	if (fd >= 0) {
		u32 mode = is ? old.mode & 0777 : 0666 & ~file_umask();

		if (file_fstat(fd, &new) == 0 && (!is || (new.gid == old.gid && new.uid == old.uid)) && file_chmod(t, mode) == 0) {
			*temp = t;
			return fd;
		}
		unlink(t);
		close(fd);
	}
	free(t);
	return -1;
}

static int in_place(const char *name, long a, long b, bool append, u64 *count)
{
	autofd int fd = -1;

	if (ed.out && strcmp(name, "/fd/1") == 0)
		fd = io_dup(1);
	else
		fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
	return fd < 0 || put(fd, a, b, count) < 0 ? bad(name) : 0;
}

int ed_write(const char *name, long a, long b, bool append, u64 *count)
{
	autofree char *real = realpath(name, NULL), *temp = NULL;
	const char *path = real != NULL ? real : name;
	char link[2];
	bool dangling = real == NULL && readlink(name, link, sizeof link) >= 0;
	autofd int fd = -1;

	if (!append && !dangling && !(ed.out && strcmp(name, "/fd/1") == 0))
		fd = aside(path, &temp);
	if (fd < 0)
		return in_place(name, a, b, append, count);
	if (put(fd, a, b, count) < 0 || fsync(fd) < 0) {
		unlink(temp);
		return bad(name);
	}
	if (rename(temp, path) == 0)
		return 0;
	unlink(temp);
	return in_place(name, a, b, append, count);
}
