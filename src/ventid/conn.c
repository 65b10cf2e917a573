/*
 * A client's turn.  What it sent is read into the thread's buffer behind
 * what was left of its last turn, taken apart, and answered.  What is left
 * over (the beginning of a message, answers that the client does not take)
 * is kept in the Conn, so a client that is quiet costs a few hundred bytes.
 * While answers wait nothing is read: who does not listen is not served, and
 * the most that is kept for a Conn is INMAX + OUTMAX, for all HELDMAX.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/ipsock.h>
#include "work.h"

enum { SENDS = 4, MORE = 64 * 1024 };

_Static_assert(INMAX >= MSGMAX + MSGHEAD + MORE, "a whole message and more fits");
_Static_assert(OUTMAX >= BLOCKMAX + ANSWER, "a read's answer fits");

char *conn_who(const Conn *c, char buf[80])
{
	char text[IPTEXT];
	u16 port;
	Ip ip;

	if (ipsock_remote(c->fd, &ip, &port) < 0)
		snprintf(buf, 80, "descriptor %d", c->fd);
	else
		snprintf(buf, 80, "%s!%u", ip_print(&ip, text), port);
	return buf;
}

/* drop notes why c is hung up on. */
static int drop(Conn *c, const char *why)
{
	char who[80];

	stats_add(&c->v->stats, StatDropped, 1);
	log_add(&c->v->logs, LogServer, "%s: %s", conn_who(c, who), why);
	return -1;
}

static void deadline(Conn *c, int ms)
{
	__atomic_store_n(&c->deadline, ms > 0 ? clock_ms() + ms : 0, __ATOMIC_RELAXED);
}

Conn *conn_new(Ventid *v, int fd, bool refused)
{
	char line[VERSLINE];
	Conn *c = mem_new(sizeof *c);
	IoVec iov = { line, (size_t)vers_line(VersAll, "anthill", line) };

	*c = (Conn){ .v = v, .fd = fd, .vers = Vers02, .refused = refused };
	list_init(&c->all);
	lock_init(&c->arming, RankLeaf);
	deadline(c, HELLOMS);
	if (io_sendv(fd, &iov, 1, true) == (ssize_t)iov.n)
		return c;
	close(fd);
	free(c);
	return NULL;
}

void conn_free(Conn *c)
{
	(void)!ventid_held(c, -(i64)c->nin - (i64)c->nout);
	close(c->fd);
	free(c->in);
	free(c->out);
	free(c);
}

/* Each of these takes something off the front of w->in: its length, 0 if it is not whole yet, -1 to hang up. */

static i64 take_version(Conn *c, Work *w, const u8 *p, size_t n)
{
	int got = vers_parse(p, n, VersAll, &c->vers);

	if (got < 0)
		return drop(c, rerrstr());
	if (got > 0)
		c->state = ConnHello;
	return got;
}

/* bad answers what cannot be understood and ends the connection: there is no telling what else it will send */
static int bad(Conn *c, Work *w, int tag, const char *why)
{
	c->state = ConnClosing;
	(void)!work_error(w, tag, why);
	return drop(c, why);
}

static int hello(Conn *c, Work *w, const Msg *m)
{
	if (m->type != MsgHello || m->tag != 0)
		return bad(c, w, m->tag, "the first message must be a hello with tag 0");
	if (strcmp(m->text, vers_text(c->vers)) != 0)
		return bad(c, w, m->tag, "bad version in hello");
	if (c->refused) {
		c->state = ConnClosing;
		(void)!work_error(w, m->tag, "too many connections, try again later");
		return -1;
	}
	if (!work_answer(w, &(Msg){ .type = MSG_R(MsgHello), .text = "anonymous" }))
		return -1;
	c->state = ConnReady;
	deadline(c, 0);
	return 0;
}

static void tell(Conn *c, const Msg *m)
{
	char who[80];
	autobuf Buf b = { 0 };

	msg_print(&b, m);
	log_add(&c->v->logs, LogRpc, "%s: %s", conn_who(c, who), buf_text(&b));
}

/* malformed answers what a client that is otherwise sane may go on after, as an unknown request is. */
static bool malformed(Work *w, const Msg *m)
{
	batch_run(w);
	stats_add(&w->c->v->stats, StatTotal, 1);
	stats_add(&w->c->v->stats, StatBad, 1);
	return work_error(w, m->tag, msg_name(m->type) == NULL ? "unknown request" : "bad packet");
}

static i64 take_message(Conn *c, Work *w, u8 *p, size_t n)
{
	i64 len = msg_frame(c->vers, p, n);
	Msg m = { 0 };
	bool ok;

	if (len < 0)
		return drop(c, rerrstr());
	if (len == 0 || (size_t)len > n)
		return 0;
	ok = msg_decode(c->vers, p, (size_t)len, &m) == 0;
	if (c->state == ConnHello && !ok)
		return bad(c, w, m.tag, "bad packet");
	if (c->state == ConnHello)
		return hello(c, w, &m) < 0 ? -1 : len;
	if (ok && __atomic_load_n(&c->v->logrpc, __ATOMIC_RELAXED))
		tell(c, &m);
	if (ok && m.type == MsgGoodbye) {
		c->state = ConnClosing;
		return len;
	}
	if (!(ok ? batch_request(w, &m) : malformed(w, &m)))
		return 0;
	return len;
}

/* eat takes apart what is in w until the rest is no whole message, or the client takes no more answers. */
static void eat(Conn *c, Work *w)
{
	i64 got = 1;

	while (got > 0 && c->state != ConnClosing && !w->stuck && !w->gone && w->sends < SENDS) {
		u8 *p = w->in + w->off;
		size_t n = w->nin - w->off;

		got = c->state == ConnVersion ? take_version(c, w, p, n) : take_message(c, w, p, n);
		if (got > 0)
			w->off += (u32)got;
	}
	if (got < 0)
		c->state = ConnClosing;
	work_send(w);
}

/* whole says whether the next message has come as a whole. */
static bool whole(const Conn *c, const Work *w)
{
	i64 len;

	if (c->state == ConnVersion)
		return memchr(w->in, '\n', w->nin) != NULL;
	len = msg_frame(c->vers, w->in + w->off, w->nin - w->off);
	return len < 0 || (len > 0 && (u64)len <= w->nin - w->off);
}

/* drain sends what waits: 1 when all has gone, 0 when not, -1 when the client has. */
static int drain(Conn *c)
{
	IoVec iov = { c->out, c->nout };
	ssize_t n = c->nout == 0 ? 0 : io_sendv(c->fd, &iov, 1, true);

	if (n < 0)
		return -1;
	if (n > 0)
		deadline(c, c->state == ConnClosing ? HELLOMS : STALLMS);
	(void)!ventid_held(c, -n);
	c->nout -= (u32)n;
	if (c->nout > 0) {
		memmove(c->out, c->out + n, c->nout);
		return 0;
	}
	free(c->out);
	c->out = NULL;
	return 1;
}

/* begin makes w ready for c, with what was left of its last turn. */
static void begin(Conn *c, Work *w)
{
	w->c = c;
	w->nin = c->nin;
	w->off = w->nout = 0;
	w->stuck = w->gone = false;
	w->sends = w->niov = w->n = 0;
	c->idle = false;
	if (c->nin == 0)
		return;
	memcpy(w->in, c->in, c->nin);
	(void)!ventid_held(c, -(i64)c->nin);
	free(c->in);
	c->in = NULL;
	c->nin = 0;
}

/* leave keeps what is left of the input. */
static int leave(Conn *c, Work *w)
{
	u32 n = w->nin - w->off;

	if (n == 0 || c->state == ConnClosing)
		return 0;
	if (ventid_held(c, n) < 0 || (c->in = mem_try(n)) == NULL)
		return -1;
	memcpy(c->in, w->in + w->off, n);
	c->nin = n;
	return 0;
}

/* fill reads what there is: false when the client has gone. */
static bool fill(Conn *c, Work *w)
{
	ssize_t n = io_readsome(c->fd, w->in + w->nin, INMAX - w->nin);

	c->idle = n == -2;
	if (n == 0 || n == -1)
		return false;
	if (n > 0)
		w->nin += (u32)n;
	return true;
}

static ConnNext next(Conn *c, Work *w)
{
	if (w->gone || leave(c, w) < 0)
		return ConnEnd;
	if (c->nout == 0 && c->state == ConnClosing)
		return ConnEnd;
	if (c->state == ConnReady || c->nout > 0)
		deadline(c, c->nin > 0 || c->nout > 0 ? STALLMS : 0);
	if (c->nout > 0)
		return ConnOut;
	return w->nin > w->off && whole(c, w) ? ConnNow : ConnIn;
}

ConnNext conn_turn(Conn *c, Work *w)
{
	int rc = c->nout > 0 ? drain(c) : 1;

	if (rc < 0 || (rc == 1 && c->state == ConnClosing))
		return ConnEnd;
	if (rc == 0)
		return ConnOut;
	begin(c, w);
	if (!whole(c, w) && !fill(c, w))
		return ConnEnd;
	eat(c, w);
	return next(c, w);
}
