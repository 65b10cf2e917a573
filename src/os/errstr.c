#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/u.h>
#include <os/errstr.h>

static const char *source; /* set once, before there are threads */

void os_errstr(const char *file)
{
	source = file;
}

bool os_hastext(int no)
{
	/* those that are asked about all the time, whose number says it all, or that come from a server that is gone */
	static const int plain[] = { 0, ENOENT, EINTR, EAGAIN, ENOTCONN, ECONNABORTED, EPIPE, ECHILD, ENOTTY, ESPIPE };

	for (size_t i = 0; i < nelem(plain); i++)
		if (no == plain[i])
			return false;
	return true;
}

/* ask reads "ERRNO TEXT"; another number is of another call. */
static const char *ask(int no, char buf[ERRMAX])
{
	char line[ERRMAX + 16], *end;
	ssize_t n;
	size_t len;
	int fd = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return NULL;
	n = read(fd, line, sizeof line - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	line[n] = '\0';
	if (strtol(line, &end, 10) != no || *end != ' ')
		return NULL;
	len = strcspn(end + 1, "\n");
	if (len == 0 || len >= ERRMAX)
		return NULL;
	memcpy(buf, end + 1, len);
	buf[len] = '\0';
	return buf;
}

const char *os_reason(int no, char buf[ERRMAX])
{
	const char *text = source != NULL && os_hastext(no) ? ask(no, buf) : NULL;
	Err e = err_fromerrno(no);

	errno = no;
	if (text != NULL)
		return text;
	return e == Eio && no != EIO ? strerror(no) : errtext(e);
}
