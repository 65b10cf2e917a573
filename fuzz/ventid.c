/*
 * A hostile venti client: any bytes, in any pieces, and a client that reads
 * now and then only.  What comes back must be a version line and whole
 * messages, no more of them than were asked for; and any bytes as an HTTP
 * request.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/stream.h>
#include <venti/msg.h>
#include <ventid/conn.h>
#include <ventid/http.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

enum { HELLO = 30 };

static u8 got[8 << 20];
static size_t ngot;

static void listen_to(int fd)
{
	ssize_t k = 1;

	while (k > 0 && ngot < sizeof got) {
		k = io_readsome(fd, got + ngot, sizeof got - ngot);
		ngot += k > 0 ? (size_t)k : 0;
	}
}

/* answers checks all that came */
static void answers(int vers)
{
	u8 *eol = memchr(got, '\n', ngot);
	size_t at = eol != NULL ? (size_t)(eol - got) + 1 : 0;

	if (at == 0)
		abort();
	while (at < ngot) {
		i64 len = msg_frame(vers, got + at, ngot - at);
		Msg m;

		if (len <= 0 || (size_t)len > ngot - at)
			break;
		if (msg_decode(vers, got + at, (size_t)len, &m) < 0 || (m.type != MsgError && m.type % 2 == 0))
			abort();
		at += (size_t)len;
	}
}

/* prologue is what a sane client begins with: version line and hello */
static size_t prologue(int vers, u8 *p)
{
	char line[VERSLINE];
	size_t n = (size_t)vers_line(1 << vers, "x", line);
	Msg m = { .type = MsgHello, .text = vers_text(vers), .uid = "x" };
	int k;

	memcpy(p, line, n);
	k = msg_encode(vers, &m, p + n, 100);
	return n + (k > 0 ? (size_t)k : 0);
}

/* feed sends the client's bytes in pieces of about step and lets the server have its turns */
static void feed(Conn *c, Work *w, int fd, const u8 *p, size_t n, size_t step, bool deaf)
{
	ConnNext next = ConnIn;

	while (n > 0 && next != ConnEnd) {
		IoVec iov = { (void *)(uintptr_t)p, n < step ? n : step };
		ssize_t k = io_sendv(fd, &iov, 1, true);

		if (k < 0)
			break;
		p += k;
		n -= (size_t)k;
		next = conn_turn(c, w);
		if (!deaf || k == 0)
			listen_to(fd);
	}
	stream_end(fd);
	for (int i = 0; i < 10000 && next != ConnEnd; i++) {
		next = conn_turn(c, w);
		listen_to(fd);
	}
	if (next != ConnEnd)
		abort();
}

/* server is one of four that are never stopped: to make them takes longer than what they are for */
static Ventid *server(int kind)
{
	static Ventid *v[4];
	static Store *s;

	if (s == NULL)
		s = memstore_new(32 << 20);
	if (v[kind] == NULL)
		v[kind] = ventid_new(&(VentidOpts){ .store = s, .readonly = (kind & 1) != 0, .logging = (kind & 2) != 0 });
	return v[kind];
}

static void converse(const u8 *data, size_t n)
{
	int vers = data[0] & 1 ? Vers02 : Vers04, pair[2];
	autofree u8 *bytes = mem_new(n + VERSLINE + 100);
	size_t len = data[0] & 2 ? prologue(vers, bytes) : 0;
	Ventid *v = server(data[0] >> 2 & 3);
	static Work *w;
	Conn *c;

	if (w == NULL)
		w = work_new();

	memcpy(bytes + len, data + 2, n - 2);
	len += n - 2;
	ngot = 0;
	if (v == NULL || w == NULL || stream_pair(pair) < 0 || io_nonblock(pair[0], true) < 0 || io_nonblock(pair[1], true) < 0)
		abort();
	c = conn_new(v, pair[0], (data[0] & 16) != 0);
	if (c == NULL)
		abort();
	feed(c, w, pair[1], bytes, len, data[1] == 0 ? len : data[1], (data[0] & 32) != 0);
	conn_free(c);
	listen_to(pair[1]);
	if (data[0] & 2)
		answers(vers);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static HttpReq r;

	if (n < 2)
		return 0;
	converse(data, n);
	(void)!http_whole((const char *)data, n);
	if (http_parse((const char *)data, n, &r) == 200 && (r.path[0] != '/' || http_arg(&r, "arg", NULL) == r.path))
		abort();
	(void)http_number(&r, "t0", 0);
	return 0;
}
