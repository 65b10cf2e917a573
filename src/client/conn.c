/*
 * The connection below the requests: bytes out, messages in, its end.
 *
 * Out.  Whoever writes sets c->writing, gives up the lock and writes.  A
 * waiting request is written by its own thread, which may block until its
 * deadline.  An asynchronous one never blocks: what does not go at once is
 * queued in c->out and drained by the reader thread, and while anything is
 * queued everybody queues, so that messages keep their order.
 *
 * In.  The leader (c->leading) owns rbuf.  It reads up to READAHEAD bytes, or
 * exactly the rest of a long message, so that little is ever moved.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/random.h>
#include "impl.h"

enum { HDRSZ = 7 };

/* conn_trace prints a message if the client's owner asked for that. */
void conn_trace(const Client *c, const char *way, const Fcall *f)
{
	autobuf Buf b = { 0 };

	if (c->tap != NULL)
		tap_put(c->tap, way, f);
	if (!c->trace)
		return;
	buf_printf(&b, "%s %s ", c->name, way);
	fcall_print(&b, f);
	buf_ch(&b, '\n');
	if (write(STDERR_FILENO, b.p, b.n) < 0)
		return;
}

void conn_poke(Client *c)
{
	if (c->polling && write(c->wake[1], "", 1) < 0)
		return; /* the pipe is full of pokes */
}

void conn_break(Client *c, const char *fmt, ...)
{
	char why[ERRMAX];
	va_list ap;

	if (c->why != NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	c->why = mem_printf("%s: %s", c->name, why);
	buf_free(&c->out);
	rpc_dropall(c);
	conn_poke(c);
	cond_all(&c->rcond);
	cond_all(&c->wcond);
}

/* queue keeps bytes that cannot be written now for the reader thread */
static int queue(Client *c, const void *a, size_t na, const void *b, size_t nb)
{
	if (c->out.n + na + nb > MAXOUT)
		return werrstr("%s: %s: the server does not read", c->name, errtext(Ebusy));
	buf_add(&c->out, a, na);
	if (nb > 0)
		buf_add(&c->out, b, nb);
	conn_poke(c);
	cond_one(&c->rcond);
	return 0;
}

/* turn waits until nobody writes and nothing is queued */
static int turn(Client *c, i64 deadline)
{
	while ((c->writing || c->out.n > 0) && c->why == NULL)
		if (!cond_wait(&c->wcond, &c->lk, rpc_left(deadline)) && rpc_left(deadline) == 0) {
			cond_one(&c->wcond); /* the wake-up may have been ours */
			return errset(Etimedout);
		}
	return c->why != NULL ? werrstr("%s", c->why) : 0;
}

/* leftover queues what is left of head and data after n bytes, before what others queued meanwhile */
static void leftover(Client *c, size_t n, const u8 *head, size_t nhead, const u8 *data, size_t ndata)
{
	Buf behind = c->out;

	c->out = (Buf){ 0 };
	if (n < nhead)
		buf_add(&c->out, head + n, nhead - n);
	n = n < nhead ? 0 : n - nhead;
	if (n < ndata)
		buf_add(&c->out, data + n, ndata - n);
	if (behind.n > 0)
		buf_add(&c->out, behind.p, behind.n);
	buf_free(&behind);
}

/* put2 writes head and data, or queues what does not go at once if it may not wait */
static int put2(Client *c, const u8 *head, size_t nhead, const void *data, size_t ndata, bool wait)
{
	i64 deadline = wait ? rpc_deadline(c, 0) : 0;
	size_t all = nhead + ndata;
	ssize_t n;

	if (wait && turn(c, deadline) < 0)
		return -1;
	if (c->writing || c->out.n > 0)
		return queue(c, head, nhead, data, ndata);
	c->writing = true;
	unlock(&c->lk);
	n = stream_write(c->wfd, c->kind, head, nhead, data, ndata, deadline == INT64_MAX ? -1 : deadline);
	lock(&c->lk);
	c->writing = false;
	if (n < 0)
		conn_break(c, "%s: %s", errtext(Ehungup), rerrstr());
	else if ((size_t)n < all && wait)
		conn_break(c, "%s: the server does not read", errtext(Etimedout));
	else if ((size_t)n < all && c->why == NULL)
		leftover(c, (size_t)n, head, nhead, data, ndata);
	if (c->out.n > 0) {
		conn_poke(c);
		cond_one(&c->rcond);
	} else {
		cond_one(&c->wcond);
	}
	return c->why != NULL ? werrstr("%s", c->why) : 0;
}

int conn_put(Client *c, const Fcall *t, bool wait)
{
	bool data = t->type == Twrite;
	u32 size = fcall_size(t);
	u8 small[512], *m = small;
	int n;
	int rc;

	if (size > c->msize)
		return werrstr("%s of %u bytes is larger than the %u agreed on with the server", fcall_name(t->type),
			       size, c->msize);
	if (size - (data ? t->count : 0) > sizeof small)
		m = mem_new(size);
	n = data ? fcall_head(t, m, sizeof small) : fcall_encode(t, m, m == small ? sizeof small : size);
	if (n < 0) {
		rc = -1;
	} else {
		conn_trace(c, "<-", t);
		c->stats.sent++;
		rc = put2(c, m, (size_t)n, data ? t->data : NULL, data ? t->count : 0, wait);
	}
	if (m != small)
		free(m);
	return rc;
}

void conn_drain(Client *c)
{
	ssize_t n;

	if (c->writing || c->out.n == 0)
		return;
	n = stream_write(c->wfd, c->kind, c->out.p, c->out.n, NULL, 0, 0);
	if (n < 0) {
		conn_break(c, "%s: %s", errtext(Ehungup), rerrstr());
		return;
	}
	buf_cut(&c->out, (size_t)n);
	if (c->out.n == 0)
		cond_one(&c->wcond);
}

u8 *conn_message(Client *c, u32 *n)
{
	size_t have = c->r1 - c->r0;

	if (have < 4)
		return NULL;
	*n = le32(c->rbuf + c->r0);
	if (*n < HDRSZ || *n > c->msize) {
		conn_break(c, "%s: the server sent a message of %u bytes, between 7 and %u are allowed",
			   errtext(Ebotch), *n, c->msize);
		return NULL;
	}
	return have >= *n ? c->rbuf + c->r0 : NULL;
}

/* room says how much to read next, and moves an incomplete message to the front if it must */
static size_t room(Client *c)
{
	size_t have = c->r1 - c->r0, need = have >= 4 ? le32(c->rbuf + c->r0) : 0;

	if (c->r0 > 0 && (have == 0 || c->r0 + need > c->rcap || c->rcap - c->r1 < READAHEAD)) {
		memmove(c->rbuf, c->rbuf + c->r0, have);
		c->r0 = 0;
		c->r1 = have;
	}
	return need > have && need - have > READAHEAD ? need - have : READAHEAD;
}

/* await_bytes waits for bytes (or for room to write queued ones), a poke or the time; it says whether there are bytes */
static bool await_bytes(Client *c, i64 until)
{
	struct pollfd p[3] = {
		{ c->rfd, POLLIN, 0 },
		{ c->wake[0], POLLIN, 0 },
		{ c->out.n > 0 && !c->writing ? c->wfd : -1, POLLOUT, 0 },
	};
	char junk[64];

	c->polling = true;
	unlock(&c->lk);
	if (poll(p, 3, rpc_left(until)) <= 0)
		p[0].revents = p[1].revents = p[2].revents = 0;
	lock(&c->lk);
	c->polling = false;
	if (p[1].revents != 0 && read(c->wake[0], junk, sizeof junk) < 0)
		return false;
	if (p[2].revents != 0)
		conn_drain(c);
	return p[0].revents != 0 && c->why == NULL;
}

/* fill, the leader's, waits until `until` for bytes and reads them; false when nothing came. */
static bool fill(Client *c, i64 until, size_t (*room_for)(Client *c))
{
	size_t want;
	ssize_t n;
	bool again;

	if (!await_bytes(c, until))
		return false;
	want = room_for(c);
	unlock(&c->lk);
	n = stream_read(c->rfd, c->rbuf + c->r1, want, &again);
	lock(&c->lk);
	if (again)
		return false;
	if (n > 0) {
		c->r1 += (size_t)n;
		return true;
	}
	conn_break(c, "%s: %s", errtext(Ehungup), n < 0 ? rerrstr() : "the server ended the connection");
	return false;
}

/* receive1 fills rbuf until one message is there */
static u8 *receive1(Client *c, u32 *n, i64 deadline)
{
	u8 *m;

	while ((m = conn_message(c, n)) == NULL && c->why == NULL)
		if (!conn_fill(c, deadline) && rpc_left(deadline) == 0) {
			werrstr("%s: %s", c->name, errtext(Etimedout));
			return NULL;
		}
	if (m == NULL)
		werrstr("%s", c->why);
	return m;
}

bool conn_fill(Client *c, i64 until)
{
	return fill(c, until, room);
}

/*
 * Resynchronizing.  The last speaker on this connection may have died in the middle of an answer: what comes first is the
 * rest of that, and other answers.  A server says nothing behind its Rversion before it is asked, so that is the last
 * thing that comes; and as those bytes may be a file's, which somebody wrote to deceive us, the msize asked for is one
 * that nobody can know.
 */
static bool is_rversion(const u8 *m, u32 msize)
{
	static const u8 head[] = { 19, 0, 0, 0, Rversion, 0xFF, 0xFF }, tail[] = { 6, 0, '9', 'P', '2', '0', '0', '0' };

	return memcmp(m, head, sizeof head) == 0 && le32(m + 7) <= msize && memcmp(m + 11, tail, sizeof tail) == 0;
}

enum { RVERSION = 19, SETTLE = 50, ODD = 8192 };

/* tail keeps the last bytes only, which may be the Rversion. */
static size_t tail(Client *c)
{
	size_t have = c->r1 - c->r0;

	if (have > RVERSION)
		have = RVERSION;
	memmove(c->rbuf, c->rbuf + c->r1 - have, have);
	c->r0 = 0;
	c->r1 = have;
	return READAHEAD;
}

static int resync(Client *c, u32 msize, i64 deadline)
{
	for (;;) {
		bool found;

		tail(c);
		found = c->r1 == RVERSION && is_rversion(c->rbuf, msize);
		if (!fill(c, found ? clock_ms() + SETTLE : deadline, tail)) {
			if (c->why != NULL)
				return werrstr("%s", c->why);
			if (found && c->r1 == RVERSION)
				return 0;
			if (rpc_left(deadline) == 0)
				return werrstr("%s: %s", c->name, errtext(Etimedout));
		}
	}
}

/* conn_version agrees on 9P2000 and the message size; the lock is held, nobody else uses c yet. */
int conn_version(Client *c, u32 msize)
{
	Fcall t = { .type = Tversion, .tag = NOTAG, .msize = msize, .version = VERSION9P }, r;
	i64 deadline = rpc_deadline(c, 0);
	u32 n;
	u8 *m;

	if (c->taken_over && msize > 2 * ODD) {
		u32 odd;

		random_bytes(&odd, sizeof odd);
		t.msize = msize -= odd % ODD;
	}
	c->msize = msize;
	if (conn_put(c, &t, true) < 0 || (c->taken_over && resync(c, msize, deadline) < 0))
		return -1;
	m = receive1(c, &n, deadline);
	if (m == NULL)
		return -1;
	if (fcall_decode(m, n, &r) < 0)
		return werrstr("%s: %s: %s", c->name, errtext(Ebotch), rerrstr());
	c->r0 += n;
	c->stats.received++;
	conn_trace(c, "->", &r);
	if (r.type == Rerror)
		return werrstr("%s: version: %s", c->name, r.ename);
	if (r.type != Rversion || r.msize > msize || r.msize < MSIZEMIN)
		return werrstr("%s: %s: the server answered Tversion msize %u with %s msize %u", c->name,
			       errtext(Ebotch), msize, fcall_name(r.type), r.msize);
	if (strcmp(r.version, VERSION9P) != 0)
		return werrstr("%s: the server speaks '%s' and not %s", c->name, r.version, VERSION9P);
	c->msize = r.msize;
	return 0;
}
