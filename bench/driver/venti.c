/*
 * venti new|dup ADDR PORT CONNS WINDOW BLOCKS SEED SCORES   write blocks of 8 KiB, WINDOW at a time on each of CONNS
 *                                   connections, then a sync on each; print bytes a second; SCORES gets their scores
 * venti read ADDR PORT CONNS WINDOW BLOCKS SEED SCORES      read blocks of SCORES in an order drawn by SEED
 * venti newlat|readlat ...          the same; print the inverse of the median time of an answer, in seconds
 * venti fill ...                    as new, but print nothing
 * venti pingpong SECONDS            round trips a second of one byte on the loopback between two processes
 *
 * One thread, one poll; nothing is computed from what comes back but its length.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "driver.h"

enum { BLOCK = 8192, SCORE = 20, ROOM = 1 << 20, TAGS = 256, TYPE = 13 };

typedef struct Side {
	int fd;
	unsigned char *in, *out;
	size_t nin, nout, sent;
	int flying;
	double born[TAGS];
	long which[TAGS];
	int freetag[TAGS], nfree;
	bool syncing, done;
} Side;

static int conns, window;
static long blocks, asked, answered;
static uint64_t seed;
static bool writing, timing;
static unsigned char *score; /* SCORE bytes each */
static long nscore;
static double *lat;
static long nlat;

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void fill(unsigned char *p, long n)
{
	uint64_t x = mix(seed << 32 ^ (uint64_t)n) | 1;

	for (int i = 0; i < BLOCK; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(p + i, &x, 8);
	}
}

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)) };

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		die(host);
	return a;
}

static void put(int fd, const void *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		die("write");
}

static void get(int fd, unsigned char *p, size_t n)
{
	for (ssize_t k; n > 0; p += k, n -= (size_t)k)
		if ((k = read(fd, p, n)) <= 0)
			die("read");
}

/* frame writes the head of a message of n bytes behind type and tag. */
static unsigned char *frame(unsigned char *p, uint32_t n, int type, int tag)
{
	uint32_t len = htonl(n + 2);

	memcpy(p, &len, 4);
	p[4] = (unsigned char)type;
	p[5] = (unsigned char)tag;
	return p + 6;
}

static void begin(Side *s, const char *host, const char *port)
{
	static const unsigned char hello[] = { 0, 2, '0', '4', 0, 1, 'b', 0, 0, 0 };
	static const char line[] = "venti-04-bench\n";
	struct sockaddr_in a = address(host, port);
	unsigned char buf[64], c = 0;
	int on = 1;

	memset(s, 0, sizeof *s);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("connect");
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	put(s->fd, line, sizeof line - 1);
	while (c != '\n')
		get(s->fd, &c, 1);
	memcpy(frame(buf, sizeof hello, 4, 0), hello, sizeof hello);
	put(s->fd, buf, 6 + sizeof hello);
	get(s->fd, buf, 4);
	get(s->fd, buf + 4, buf[3]);
	if (buf[4] != 5) {
		errno = EPROTO;
		die("hello");
	}
	fcntl(s->fd, F_SETFL, O_NONBLOCK);
	s->in = malloc(ROOM);
	s->out = malloc(ROOM);
	for (int i = 0; i < TAGS; i++)
		s->freetag[s->nfree++] = TAGS - 1 - i;
}

/* ask adds requests until the window is full. */
static void ask(Side *s)
{
	while (s->flying < window && asked < blocks && s->nout + BLOCK + 64 < ROOM) {
		int tag = s->freetag[--s->nfree];
		unsigned char *p = s->out + s->nout;
		long n = asked++;

		s->which[tag] = n;
		if (writing) {
			p = frame(p, 4 + BLOCK, 14, tag);
			memcpy(p, (unsigned char[]){ TYPE, 0, 0, 0 }, 4);
			fill(p + 4, n);
			p += 4 + BLOCK;
		} else {
			p = frame(p, SCORE + 4, 12, tag);
			memcpy(p, score + mix(seed << 40 ^ (uint64_t)n) % (uint64_t)nscore * SCORE, SCORE);
			memcpy(p + SCORE, (unsigned char[]){ TYPE, 0, BLOCK >> 8, BLOCK & 255 }, 4);
			p += SCORE + 4;
		}
		s->nout = (size_t)(p - s->out);
		s->flying++;
		if (timing)
			s->born[tag] = now();
	}
	if (writing && asked == blocks && s->flying == 0 && !s->syncing) {
		s->nout = (size_t)(frame(s->out + s->nout, 0, 16, 0) - s->out);
		s->syncing = true;
	}
	if (!writing && asked == blocks && s->flying == 0)
		s->done = true;
}

static void answer(Side *s, const unsigned char *p, uint32_t n)
{
	int type = p[0], tag = p[1];

	if (type != 13 && type != 15 && type != 17) {
		fprintf(stderr, "answer %d: %.*s\n", type, (int)n - 4, p + 4);
		exit(1);
	}
	if (type == 17) {
		s->done = true;
		return;
	}
	if (timing)
		lat[nlat++] = now() - s->born[tag];
	if (type == 15)
		memcpy(score + s->which[tag] * SCORE, p + 2, SCORE);
	if (type == 13 && n != BLOCK + 2) {
		fprintf(stderr, "a block of %u bytes\n", n - 2);
		exit(1);
	}
	s->freetag[s->nfree++] = tag;
	s->flying--;
	answered++;
}

static void take(Side *s)
{
	ssize_t k = read(s->fd, s->in + s->nin, ROOM - s->nin);
	size_t at = 0;

	if (k == 0 || (k < 0 && errno != EAGAIN))
		die("hung up");
	s->nin += k > 0 ? (size_t)k : 0;
	while (s->nin - at >= 4) {
		uint32_t len;

		memcpy(&len, s->in + at, 4);
		len = ntohl(len);
		if (s->nin - at < 4 + len)
			break;
		answer(s, s->in + at + 4, len);
		at += 4 + len;
	}
	memmove(s->in, s->in + at, s->nin - at);
	s->nin -= at;
}

static void send_some(Side *s)
{
	ssize_t k = s->sent < s->nout ? send(s->fd, s->out + s->sent, s->nout - s->sent, MSG_NOSIGNAL) : 0;

	if (k < 0 && errno != EAGAIN)
		die("send");
	s->sent += k > 0 ? (size_t)k : 0;
	if (s->sent == s->nout)
		s->sent = s->nout = 0;
}

static void run(Side *s)
{
	struct pollfd p[256];
	int live;

	do {
		live = 0;
		for (int i = 0; i < conns; i++) {
			if (!s[i].done && s[i].nout == 0)
				ask(&s[i]);
			send_some(&s[i]);
			p[i] = (struct pollfd){ s[i].done ? -1 : s[i].fd, (short)(POLLIN | (s[i].nout > 0 ? POLLOUT : 0)), 0 };
			live += !s[i].done;
		}
		if (live > 0 && poll(p, (nfds_t)conns, 60000) <= 0) {
			errno = ETIMEDOUT;
			die("poll");
		}
		for (int i = 0; i < conns; i++)
			if (p[i].revents & (POLLIN | POLLHUP | POLLERR))
				take(&s[i]);
	} while (live > 0);
}

static int less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void load(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	nscore = fd < 0 ? 0 : lseek(fd, 0, SEEK_END) / SCORE;
	if (nscore == 0)
		die(file);
	score = malloc((size_t)nscore * SCORE);
	lseek(fd, 0, SEEK_SET);
	get(fd, score, (size_t)nscore * SCORE);
	close(fd);
}

static void save(const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		die(file);
	put(fd, score, (size_t)blocks * SCORE);
	close(fd);
}

static void pong(int fd)
{
	char c;

	while (read(fd, &c, 1) == 1)
		if (write(fd, &c, 1) != 1)
			break;
	_exit(0);
}

static void pingpong(double seconds)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	double began = now(), n = 0;
	char c = 0;
	pid_t pid;

	if (bind(l, (struct sockaddr *)&a, sizeof a) < 0 || listen(l, 1) < 0 || getsockname(l, (struct sockaddr *)&a, &len) < 0)
		die("listen");
	pid = fork();
	if (pid == 0)
		pong(accept(l, NULL, NULL));
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	for (; now() - began < seconds; n++)
		if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
			die("ping");
	rate(n, began);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void all(char **argv)
{
	const char *op = argv[1];
	Side *s;
	double began;

	conns = atoi(argv[4]);
	window = atoi(argv[5]);
	blocks = atol(argv[6]);
	seed = strtoull(argv[7], NULL, 10);
	if (conns < 1 || conns > 256 || window < 1 || window > 100 || blocks < 1) {
		fprintf(stderr, "at most 256 connections and 100 requests on each\n");
		exit(2);
	}
	writing = op[0] != 'r';
	timing = strstr(op, "lat") != NULL;
	lat = calloc((size_t)blocks, sizeof *lat);
	if (writing)
		score = calloc((size_t)blocks, SCORE);
	else
		load(argv[8]);
	s = calloc((size_t)conns, sizeof *s);
	for (int i = 0; i < conns; i++)
		begin(&s[i], argv[2], argv[3]);
	began = now();
	run(s);
	if (timing) {
		qsort(lat, (size_t)nlat, sizeof *lat, less);
		printf("%.4g\n", 1 / lat[nlat / 2]);
	} else if (strcmp(op, "fill") != 0) {
		rate((double)answered * BLOCK, began);
	}
	if (writing)
		save(argv[8]);
	for (int i = 0; i < conns; i++) {
		free(s[i].in);
		free(s[i].out);
	}
	free(s);
	free(lat);
	free(score);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "pingpong") == 0)
		pingpong(atof(argv[2]));
	else if (argc == 9)
		all(argv);
	else
		return 2;
	return 0;
}
