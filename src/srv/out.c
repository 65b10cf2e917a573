/*
 * The sending side of a connection.  Whoever answers a request queues the
 * encoded reply; the reader sends the queue before it waits for more input,
 * so that replies to pipelined requests go out together.  While the reader
 * waits, the answering thread sends, once its operation is over.  Nobody
 * waits for a slow peer: when it takes no more, the queue is parked until
 * there is room, and given up after STALLMS without progress.
 */
#include <os/event.h>
#include <os/io.h>
#include "connpriv.h"

enum { NIOV = 64, STALLMS = 120000 };

/* drop ends the connection's sending: the peer is gone, or does not read. */
static void drop(Conn *c)
{
	Link *k;

	c->broken = true;
	if (c->socket)
		io_hangup(c->wfd);
	while ((k = list_pop(&c->out)) != NULL)
		creq_free(container_of(list_item(k, Req, link), CReq, r));
	c->sent = 0;
}

/* sent takes n sent bytes off the queue. */
static void sent(Conn *c, size_t n)
{
	n += c->sent;
	while (!list_empty(&c->out)) {
		CReq *q = container_of(list_item(c->out.next, Req, link), CReq, r);

		if (n < q->nreply)
			break;
		n -= q->nreply;
		list_del(&q->r.link);
		creq_free(q);
	}
	c->sent = (u32)n;
}

static int gather(Conn *c, IoVec *iov)
{
	u32 skip = c->sent;
	int n = 0;

	for (Link *k = c->out.next; k != &c->out && n < NIOV; k = k->next) {
		CReq *q = container_of(list_item(k, Req, link), CReq, r);

		iov[n++] = (IoVec){ q->reply + skip, q->nreply - skip };
		skip = 0;
	}
	return n;
}

/* push sends until the queue is empty (true) or the peer takes no more (false); olk is held. */
static bool push(Conn *c)
{
	IoVec iov[NIOV];

	while (!list_empty(&c->out)) {
		ssize_t n = io_sendv(c->wfd, iov, gather(c, iov), c->socket);

		if (n == 0)
			return false;
		if (n < 0)
			drop(c);
		else
			sent(c, (size_t)n);
	}
	return true;
}

static void quiet(Conn *c)
{
	c->sending = false;
	cond_all(&c->quiet);
}

/* pump sends; with the peer full it parks the rest, to be called again with room. */
static void pump(Conn *c)
{
	Err e;

	lock(&c->olk);
	if (push(c)) {
		quiet(c);
	} else if (!park_fd(&c->room, c->wfd, EventOut, STALLMS, &e)) {
		drop(c);
		quiet(c);
	}
	unlock(&c->olk);
}

static void later(Later *l)
{
	pump(container_of(l, Conn, send));
}

static void room(Park *p)
{
	Conn *c = container_of(p, Conn, room);

	if (!park_begin(p) || p->timedout) {
		lock(&c->olk);
		drop(c);
		unlock(&c->olk);
	}
	pump(c);
}

void out_init(Conn *c)
{
	lock_init(&c->olk, RankOut);
	cond_init(&c->quiet);
	list_init(&c->out);
	c->send.fn = later;
	park_init(&c->room, room);
}

void out_add(CReq *q)
{
	Conn *c = q->c;
	bool send;

	lock(&c->olk);
	if (c->broken) {
		unlock(&c->olk);
		creq_free(q);
		return;
	}
	list_add(&c->out, &q->r.link);
	send = c->waiting && !c->sending;
	if (send)
		c->sending = true;
	unlock(&c->olk);
	if (send)
		later_add(&c->send);
}

void out_flush(Conn *c)
{
	bool send;

	lock(&c->olk);
	c->waiting = true;
	send = !c->sending && !list_empty(&c->out);
	if (send)
		c->sending = true;
	unlock(&c->olk);
	if (send)
		pump(c);
}

void out_end(Conn *c)
{
	bool parked = park_take(&c->room);

	lock(&c->olk);
	drop(c);
	if (parked)
		quiet(c);
	while (c->sending)
		cond_wait(&c->quiet, &c->olk, -1);
	unlock(&c->olk);
}
