/* Writing with a time limit to sockets, pipes and files, without O_NONBLOCK. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/stream.h>
#include <os/thread.h>
#include "tap.h"

enum { BIG = 1 << 20, HANG = 20000 };

typedef struct Sink {
	int fd;
	size_t n;
	int bad;
	pthread_t t;
} Sink;

/* drain reads all, and counts bytes that are not what BIG many bytes from fill would be */
static void drain(void *arg)
{
	Sink *s = arg;
	static u8 buf[65536];
	ssize_t n;

	while ((n = read(s->fd, buf, sizeof buf)) > 0)
		for (ssize_t i = 0; i < n; i++, s->n++)
			s->bad += buf[i] != (u8)(s->n * 7);
}

static u8 *fill(void)
{
	u8 *p = mem_new(BIG);

	for (size_t i = 0; i < BIG; i++)
		p[i] = (u8)(i * 7);
	return p;
}

/* full writes to fd[1], which nobody reads, and then with a reader on fd[0] */
static void full(const char *what, int fd[2], StreamKind kind)
{
	autofree u8 *p = fill();
	ssize_t now, later;
	Sink s = { .fd = fd[0] };

	is_int(stream_kind(fd[1]), kind, "%s: its kind", what);
	now = stream_write(fd[1], kind, p, 10, p + 10, BIG - 10, 0);
	ok(now > 10 && now < BIG, "%s: %zd bytes go at once", what, now);
	is_int(stream_write(fd[1], kind, p, 1, NULL, 0, clock_ms() + 20), 0, "%s: then none until the deadline", what);
	is_int(fcntl(fd[1], F_GETFL) & O_NONBLOCK, 0, "%s: others still block", what);
	if (thread_new(&s.t, "drain", drain, &s) < 0)
		return;
	later = stream_write(fd[1], kind, p + now, (size_t)(BIG - now - 5), p + BIG - 5, 5, clock_ms() + HANG);
	is_int(later, BIG - now, "%s: with a reader all goes", what);
	close(fd[1]);
	thread_join(s.t);
	ok(s.n == BIG && s.bad == 0, "%s: nothing is lost or doubled", what);
	close(fd[0]);
}

static void broken(void)
{
	int fd[2];

	if (stream_pair(fd) < 0)
		return;
	close(fd[0]);
	is_int(stream_write(fd[1], StreamSock, "x", 1, NULL, 0, -1), -1, "a peer that is gone is an error, no signal");
	ok(errcode(rerrstr()) == Ehungup, "with Plan 9's text: %s", rerrstr());
	close(fd[1]);
}

static void ends(void)
{
	int fd[2];
	bool again;
	char c;

	if (stream_pair(fd) < 0 || io_nonblock(fd[0], true) < 0)
		return;
	ok(stream_read(fd[0], &c, 1, &again) < 0 && again, "nothing to read yet is no error");
	stream_end(fd[1]);
	ok(stream_read(fd[0], &c, 1, &again) == 0 && !again, "the end is the end");
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	int fd[2];

	if (stream_pair(fd) == 0)
		full("socket", fd, StreamSock);
	if (pipe(fd) == 0)
		full("pipe", fd, StreamPipe);
	broken();
	ends();
	return done();
}
