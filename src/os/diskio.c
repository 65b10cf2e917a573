/* Files and block devices as a store needs them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <base/err.h>
#include <os/diskio.h>

_Static_assert(sizeof(IoVec) == sizeof(struct iovec) && offsetof(IoVec, n) == offsetof(struct iovec, iov_len),
	"an IoVec is an iovec");

enum { NOWAIT = 8 }; /* RWF_NOWAIT, which musl's headers lack, as they do preadv2 */

int diskio_size(int fd, u64 *size)
{
	off_t end = lseek(fd, 0, SEEK_END); /* fstat knows no size of a block device */

	if (end < 0)
		return os_err();
	*size = (u64)end;
	return 0;
}

int diskio_lock(int fd, u64 off, u64 n)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)off, .l_len = (off_t)n };

	if (fcntl(fd, F_OFD_SETLK, &l) < 0)
		return errno == EAGAIN || errno == EACCES ? errset(Einuse) : os_err();
	return 0;
}

int diskio_read(int fd, void *p, size_t n, u64 off)
{
	u8 *at = p;

	while (n > 0) {
		ssize_t got = pread(fd, at, n, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? os_err() : errset(Eio);
		at += got;
		off += (u64)got;
		n -= (size_t)got;
	}
	return 0;
}

int diskio_cached(int fd, void *p, size_t n, u64 off)
{
	struct iovec v = { p, n };

	return syscall(SYS_preadv2, fd, &v, 1, (long)off, 0L, NOWAIT) == (long)n ? 0 : -2;
}

static void skip_written(IoVec **v, int *n, size_t done)
{
	while (*n > 0 && done >= (*v)->n) {
		done -= (*v)->n;
		++*v;
		--*n;
	}
	if (*n > 0) {
		(*v)->p = (u8 *)(*v)->p + done;
		(*v)->n -= done;
	}
}

int diskio_writev(int fd, IoVec *v, int n, u64 off)
{
	skip_written(&v, &n, 0);
	while (n > 0) {
		ssize_t put = pwritev(fd, (struct iovec *)v, n < IOV_MAX ? n : IOV_MAX, (off_t)off);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? os_err() : errset(Enospace);
		off += (u64)put;
		skip_written(&v, &n, (size_t)put);
	}
	return 0;
}

void diskio_start(int fd, u64 off, u64 n)
{
	(void)sync_file_range(fd, (off_t)off, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

int diskio_sync(int fd)
{
	while (fdatasync(fd) < 0) {
		if (errno == EINVAL) /* a file that cannot be synced, such as one in memory only */
			return 0;
		if (errno != EINTR)
			return os_err();
	}
	return 0;
}

void diskio_forget(int fd, u64 off, u64 n) { (void)posix_fadvise(fd, (off_t)off, (off_t)n, POSIX_FADV_DONTNEED); }
void diskio_random(int fd) { (void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); }
int diskio_truncate(int fd, u64 size) { return ftruncate(fd, (off_t)size) < 0 ? os_err() : 0; }
