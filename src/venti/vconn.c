/*
 * One connection's bytes: greeting, requests out, frames in, its end.
 *
 * Out: requests stand in c->out and are sent without waiting, straight from
 * the caller's memory, under the lock.  In: the leader reads into rbuf without
 * the lock.  Only the leader opens and closes fd, so that nobody reads
 * from a number that has become somebody else's; others mark it broken and
 * hang it up.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/event.h>
#include <os/io.h>
#include <os/stream.h>
#include "impl.h"

enum { BATCH = 32 }; /* requests that one send takes */

/* vconn_left gives the milliseconds until deadline, as poll and cond_wait take them. */
int vconn_left(i64 deadline)
{
	i64 ms;

	if (deadline == INT64_MAX)
		return -1;
	ms = deadline - clock_ms();
	return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

void vconn_init(VConn *c, Venti *v)
{
	c->v = v;
	lock_init(&c->lk, RankClient);
	c->fd = c->wake = -1;
	c->broken = true;
	list_init(&c->flight);
	list_init(&c->out);
	list_init(&c->waiters);
	list_init(&c->tagless);
	for (int i = 0; i < MSGTAGS - 1; i++) /* 255 of them: some servers keep one for themselves */
		c->freetag[c->nfree++] = (u8)(MSGTAGS - 2 - i);
}

void vconn_end(VConn *c)
{
	io_autoclose(&c->fd);
	io_autoclose(&c->wake);
	free(c->rbuf);
	free(c->why);
}

void vconn_trace(VConn *c, const char *way, u8 *p, size_t n)
{
	autobuf Buf b = { 0 };
	u8 *copy;
	Msg m;

	if (!c->v->o.trace)
		return;
	copy = mem_new(n);
	memcpy(copy, p, n);
	if (msg_decode(c->vers, copy, n, &m) < 0 && msg_name(m.type) == NULL)
		m.type = 0;
	buf_printf(&b, "%s %s ", c->v->name, way);
	msg_print(&b, &m);
	buf_ch(&b, '\n');
	free(copy);
	if (write(STDERR_FILENO, b.p, b.n) < 0)
		return;
}

void vconn_break(VConn *c, const char *fmt, ...)
{
	char why[ERRMAX];
	va_list ap;

	if (c->broken)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	free(c->why);
	c->why = mem_printf("%s: %s", c->v->name, why);
	c->broken = true;
	io_hangup(c->fd);
	event_raise(c->wake);
	unsynced_suspect(c->v);
}

/* pieces lists what is still to be sent of the first requests in out */
static int pieces(VConn *c, IoVec *iov)
{
	int n = 0;

	list_each(k, &c->out)
	{
		VReq *r = list_item(k, VReq, out);
		u32 ndata = r->op == MsgWrite ? r->n : 0;

		if (n + 2 > 2 * BATCH)
			break;
		if (r->sent < r->nhead)
			iov[n++] = (IoVec){ r->head + r->sent, (size_t)r->nhead - r->sent };
		if (ndata > 0) {
			u32 off = r->sent < r->nhead ? 0 : (u32)(r->sent - r->nhead);

			iov[n++] = (IoVec){ (u8 *)r->p + off, ndata - off };
		}
	}
	return n;
}

/* gone counts n bytes as sent */
static void gone(VConn *c, size_t n)
{
	list_each(k, &c->out)
	{
		VReq *r = list_item(k, VReq, out);
		size_t all = r->nhead + (r->op == MsgWrite ? r->n : 0), left = all - r->sent;

		if (n < left) {
			r->sent = (u16)(r->sent + n);
			return;
		}
		r->sent = (u16)all;
		list_del(&r->out);
		n -= left;
	}
}

/* vconn_flush sends what goes without waiting; if that is not all the leader hears of it. */
void vconn_flush(VConn *c)
{
	IoVec iov[2 * BATCH];

	while (!c->broken && !list_empty(&c->out)) {
		ssize_t n = io_sendv(c->fd, iov, pieces(c, iov), c->socket);

		if (n < 0)
			vconn_break(c, "%s: %s", errtext(Ehungup), rerrstr());
		if (n <= 0)
			break;
		gone(c, (size_t)n);
	}
	if (!list_empty(&c->out) && c->polling)
		event_raise(c->wake);
}

/* vconn_await, the leader's, waits at most ms for bytes, room for queued ones, or to be woken; it says whether there are bytes. */
bool vconn_await(VConn *c, int ms)
{
	bool out = !list_empty(&c->out) && !c->broken;
	struct pollfd p[2] = { { c->wake, POLLIN, 0 }, { c->broken ? -1 : c->fd, POLLIN, 0 } };

	if (out)
		p[1].events |= POLLOUT;
	c->polling = !out;
	unlock(&c->lk);
	if (poll(p, 2, ms) <= 0)
		p[0].revents = p[1].revents = 0;
	lock(&c->lk);
	c->polling = false;
	if (p[0].revents != 0)
		event_lower(c->wake);
	return !c->broken && (p[1].revents & ~POLLOUT) != 0;
}

/* receive reads once into rbuf, which has room; false when nothing came */
static bool receive(VConn *c)
{
	bool again;
	ssize_t n;

	unlock(&c->lk);
	n = stream_read(c->fd, c->rbuf + c->r1, RBUF - c->r1, &again);
	lock(&c->lk);
	if (again || c->broken)
		return false;
	if (n <= 0)
		vconn_break(c, "%s: %s", errtext(Ehungup), n < 0 ? rerrstr() : "the server ended the connection");
	else
		c->r1 += (size_t)n;
	return n > 0;
}

/* vconn_fill, the leader's, waits until `until` for bytes and reads them; false when nothing came. */
bool vconn_fill(VConn *c, i64 until)
{
	if (c->r0 > 0) {
		memmove(c->rbuf, c->rbuf + c->r0, c->r1 - c->r0);
		c->r1 -= c->r0;
		c->r0 = 0;
	}
	if (c->socket && receive(c))
		return true;
	return !c->broken && vconn_await(c, vconn_left(until)) && receive(c);
}

/* vconn_frame takes the next whole frame out of rbuf: 1; 0 if there is none yet; -1 for what is no frame. */
int vconn_frame(VConn *c, u8 **p, size_t *n)
{
	i64 len = msg_frame(c->vers, c->rbuf + c->r0, c->r1 - c->r0);

	if (len < 0)
		return -1;
	if (len == 0 || (size_t)len > c->r1 - c->r0)
		return 0;
	*p = c->rbuf + c->r0;
	*n = (size_t)len;
	c->r0 += (size_t)len;
	return 1;
}

/* vconn_printable is a copy of a server's text that does nothing to a terminal. */
char *vconn_printable(const char *text)
{
	char *s = mem_str(text);

	for (u8 *p = (u8 *)s; *p != '\0'; p++)
		if (*p < ' ' || *p == 0x7f)
			*p = '?';
	return s;
}

/* say writes a few bytes of the greeting */
static int say(VConn *c, const void *p, size_t n, i64 deadline)
{
	ssize_t k = stream_write(c->fd, stream_kind(c->fd), p, n, NULL, 0, deadline == INT64_MAX ? -1 : deadline);

	if (k < 0)
		return -1;
	return (size_t)k == n ? 0 : errset(Etimedout);
}

/* hear waits for more of the greeting */
static int hear(VConn *c, i64 deadline)
{
	struct pollfd p = { c->fd, POLLIN, 0 };
	bool again = true;
	ssize_t n = 0;

	while (again) {
		if (vconn_left(deadline) == 0 || (poll(&p, 1, vconn_left(deadline)) <= 0 && vconn_left(deadline) == 0))
			return errset(Etimedout);
		n = stream_read(c->fd, c->rbuf + c->r1, RBUF - c->r1, &again);
	}
	if (n == 0)
		return werrstr("the server ended the connection instead of greeting us");
	c->r1 += n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -1;
}

static int agree(VConn *c, i64 deadline)
{
	char line[VERSLINE];
	int n = vers_line(c->v->o.versions, "anthill", line), k;

	if (say(c, line, (size_t)n, deadline) < 0)
		return -1;
	while ((k = vers_parse(c->rbuf, c->r1, c->v->o.versions, &c->vers)) == 0)
		if (hear(c, deadline) < 0)
			return -1;
	c->r0 = k > 0 ? (size_t)k : 0;
	return k;
}

static int hello(VConn *c, i64 deadline)
{
	autofree char *why = NULL;
	Msg m = { .type = MsgHello, .text = vers_text(c->vers), .uid = "anonymous" };
	u8 head[MSGSMALL];
	int n = msg_encode(c->vers, &m, head, sizeof head);
	i64 len;

	if (n < 0 || say(c, head, (size_t)n, deadline) < 0)
		return -1;
	while ((len = msg_frame(c->vers, c->rbuf + c->r0, c->r1 - c->r0)) == 0 || (len > 0 && (size_t)len > c->r1 - c->r0))
		if (hear(c, deadline) < 0)
			return -1;
	if (len < 0 || msg_decode(c->vers, c->rbuf + c->r0, (size_t)len, &m) < 0)
		return -1;
	c->r0 += (size_t)len;
	if (m.type == MsgError) {
		why = vconn_printable(m.text);
		return werrstr("the server refuses us: %s", why);
	}
	return m.type == MSG_R(MsgHello) && m.tag == 0 ? 0 : werrstr("venti protocol botch: no answer to hello");
}

static int greet(VConn *c, i64 deadline)
{
	if (c->wake < 0 && (c->wake = event_flag()) < 0)
		return -1;
	if (c->rbuf == NULL && (c->rbuf = mem_try(RBUF)) == NULL)
		return -1;
	c->r0 = c->r1 = 0;
	c->socket = io_issocket(c->fd);
	if (agree(c, deadline) < 0 || hello(c, deadline) < 0)
		return -1;
	return io_nonblock(c->fd, true);
}

/* vconn_open greets the server on fd, which is closed if that fails, and sends again what was not answered. */
int vconn_open(VConn *c, int fd, i64 deadline)
{
	int rc;

	c->fd = fd;
	unlock(&c->lk);
	rc = greet(c, deadline);
	lock(&c->lk);
	if (rc < 0) {
		io_autoclose(&c->fd);
		return werrstr("%s: %.200s", c->v->name, rerrstr());
	}
	c->broken = false;
	return 0;
}
