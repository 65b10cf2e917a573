/*
 * ninep OP SECONDS SOCKET ANAME FILE MSIZE WINDOW: one 9P client on a unix
 * socket, by hand, so that it costs the same for every server.  OP is small
 * (4 KiB reads at random places), bulk (whole messages, one after the
 * other), stat, open (walk, open, clunk).  WINDOW requests are outstanding.
 * Prints bytes a second for bulk, else operations a second.  An OP with
 * a capital letter speaks 9P2000.L, which is all that diod knows.
 */
#include <ctype.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "driver.h"

enum {
	Tlopen = 12,
	Tgetattr = 24,
	Tversion = 100,
	Tattach = 104,
	Rerror = 107,
	Twalk = 110,
	Topen = 112,
	Tread = 116,
	Tclunk = 120,
	Tstat = 124,
	Rlerror = 7,
	ROOT = 1,
	FILEFID = 2,
	FIRST = 100, /* the fid of the first slot of an open */
	MAXWINDOW = 64,
};

static int fd, dotl;
static uint8_t out[65536], *in;
static size_t nout, nin, from, msize;
static char *file;
static uint64_t size, offset;

static void put(uint64_t v, int n)
{
	for (; n > 0; n--, v >>= 8)
		out[nout++] = (uint8_t)v;
}

static void puts9(const char *s)
{
	put(strlen(s), 2);
	memcpy(out + nout, s, strlen(s));
	nout += strlen(s);
}

static size_t start(int type, int tag)
{
	size_t at = nout;

	put(0, 4);
	put((uint64_t)type, 1);
	put((uint64_t)tag, 2);
	return at;
}

static void end(size_t at)
{
	size_t n = nout - at, save = nout;

	nout = at;
	put(n, 4);
	nout = save;
}

static void flush(void)
{
	for (size_t done = 0; done < nout;) {
		ssize_t n = write(fd, out + done, nout - done);

		if (n <= 0)
			die("write");
		done += (size_t)n;
	}
	nout = 0;
}

static uint32_t get4(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* answer returns the next message, which stays until the next call. */
static uint8_t *answer(void)
{
	uint8_t *m;

	for (;;) {
		ssize_t n;

		if (nin - from >= 7 && get4(in + from) <= nin - from)
			break;
		memmove(in, in + from, nin - from);
		nin -= from;
		from = 0;
		n = read(fd, in + nin, 4 * msize - nin);
		if (n <= 0)
			die("read");
		nin += (size_t)n;
	}
	m = in + from;
	from += get4(m);
	if (m[4] == Rerror || m[4] == Rlerror) {
		fprintf(stderr, "error %d from the server: %.*s\n", m[4] == Rlerror ? (int)get4(m + 7) : 0,
			m[4] == Rerror ? m[7] | m[8] << 8 : 0, (char *)m + 9);
		exit(1);
	}
	return m;
}

static void ask_walk(int tag, int newfid)
{
	char copy[1024], *save = NULL;
	const char *name[16];
	int n = 0;
	size_t at;

	snprintf(copy, sizeof copy, "%s", file);
	for (char *p = strtok_r(copy, "/", &save); p != NULL && n < 16; p = strtok_r(NULL, "/", &save))
		name[n++] = p;
	at = start(Twalk, tag);
	put(ROOT, 4);
	put((uint64_t)newfid, 4);
	put((uint64_t)n, 2);
	for (int i = 0; i < n; i++)
		puts9(name[i]);
	end(at);
}

static void ask_open(int tag, int fid)
{
	size_t at = start(dotl ? Tlopen : Topen, tag);

	put((uint64_t)fid, 4);
	put(0, dotl ? 4 : 1);
	end(at);
}

static void ask_fid(int type, int tag, int fid)
{
	size_t at = start(type, tag);

	put((uint64_t)fid, 4);
	if (type == Tgetattr)
		put(0x7ff, 8);
	end(at);
}

static void ask_read(int tag, uint64_t off, uint32_t n)
{
	size_t at = start(Tread, tag);

	put(FILEFID, 4);
	put(off, 8);
	put(n, 4);
	end(at);
}

static void session(const char *aname)
{
	size_t at = start(Tversion, 0xffff);

	put(msize, 4);
	puts9(dotl ? "9P2000.L" : "9P2000");
	end(at);
	flush();
	msize = get4(answer() + 7);
	at = start(Tattach, 0);
	put(ROOT, 4);
	put(0xffffffff, 4);
	puts9(dotl ? "" : "none");
	puts9(aname);
	if (dotl)
		put(geteuid(), 4);
	end(at);
	flush();
	answer();
	ask_walk(0, FILEFID);
	flush();
	answer();
	if (!dotl) {
		uint8_t *m;

		ask_fid(Tstat, 0, FILEFID);
		flush();
		m = answer() + 7 + 2 + 2 + 2 + 4 + 13 + 4 + 4 + 4;
		size = get4(m);
	} else {
		ask_fid(Tgetattr, 0, FILEFID);
		flush();
		size = get4(answer() + 7 + 8 + 13 + 4 + 4 + 4 + 8 + 8);
	}
	ask_open(0, FILEFID);
	flush();
	answer();
}

/* ask sends the first (or for open the only) request of an operation in slot tag. */
static void ask(char op, int tag)
{
	uint32_t most = (uint32_t)msize - 24;

	if (op == 's')
		ask_read(tag, ((uint64_t)random() % (size / 4096)) * 4096, 4096);
	else if (op == 'b') {
		ask_read(tag, offset, most);
		offset = offset + 2 * most > size ? 0 : offset + most;
	} else if (op == 't')
		ask_fid(dotl ? Tgetattr : Tstat, tag, FILEFID);
	else
		ask_walk(tag, FIRST + tag);
}

/* more sends what follows the answer of type in slot tag; false when the operation is done. */
static int more(char op, int type, int tag)
{
	if (op != 'o')
		return 0;
	if (type == Twalk + 1)
		ask_open(tag, FIRST + tag);
	else if (type == Topen + 1 || type == Tlopen + 1)
		ask_fid(Tclunk, tag, FIRST + tag);
	else
		return 0;
	return 1;
}

static void run(char op, int window, double seconds)
{
	double began = now(), total = 0;
	int out_ = 0;

	for (int i = 0; i < window; i++, out_++)
		ask(op, i);
	flush();
	while (out_ > 0) {
		uint8_t *m = answer();
		int tag = m[5] | m[6] << 8;

		if (!more(op, m[4], tag)) {
			total += op == 'b' ? get4(m + 7) : 1;
			if (now() - began < seconds)
				ask(op, tag);
			else
				out_--;
		}
		if (nin - from < 7 || get4(in + from) > nin - from)
			flush();
	}
	rate(total, began);
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int window;
	char op;

	if (argc != 8 || (window = atoi(argv[7])) < 1 || window > MAXWINDOW || (msize = (size_t)atol(argv[6])) < 8192) {
		fprintf(stderr, "usage: b_ninep small|bulk|stat|open SECONDS SOCKET ANAME FILE MSIZE WINDOW\n");
		return 2;
	}
	dotl = isupper((unsigned char)argv[1][0]);
	op = strcasecmp(argv[1], "stat") == 0 ? 't' : (char)tolower((unsigned char)argv[1][0]);
	file = argv[5];
	in = malloc(4 * msize);
	snprintf(a.sun_path, sizeof a.sun_path, "%s", argv[3]);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (in == NULL || fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die(argv[3]);
	session(argv[4]);
	if (size < 65536 && (op == 's' || op == 'b')) {
		fprintf(stderr, "%s: only %llu bytes\n", file, (unsigned long long)size);
		return 1;
	}
	run(op, window, atof(argv[2]));
	return 0;
}
