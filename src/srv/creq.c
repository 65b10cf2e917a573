/*
 * The memory of requests.  Most connections have one request in flight at a
 * time, so each keeps one CReq with its reply buffer, and one input buffer,
 * for the next.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include "connpriv.h"

enum { KEEP = 128 * 1024 + IOHDRSZ }; /* a larger reply buffer is not kept */

static CReq *fresh(Conn *c)
{
	CReq *q = __atomic_exchange_n(&c->sparereq, NULL, __ATOMIC_ACQ_REL);

	if (q == NULL)
		return mem_new(sizeof *q);
	memset(&q->r, 0, offsetof(Req, ename));
	q->r.ename[0] = '\0';
	q->big = false;
	q->nreply = q->room = 0;
	return q;
}

CReq *creq_new(Conn *c, u32 size)
{
	CReq *q = fresh(c);

	req_init(&q->r);
	q->c = c;
	q->r.done = answer_done;
	if (size > SMALL && c->from == 0) {
		q->msg = c->in;
		q->big = true;
		c->in = __atomic_exchange_n(&c->spare, NULL, __ATOMIC_ACQ_REL);
		if (c->in == NULL)
			c->in = mem_new(c->incap);
		memcpy(c->in, q->msg + size, c->nin - size);
		c->nin -= size;
	} else {
		q->msg = size <= sizeof q->tiny ? q->tiny : mem_new(size);
		memcpy(q->msg, c->in + c->from, size);
		c->from += size;
	}
	return q;
}

int creq_room(CReq *q, u32 n)
{
	u8 *p;

	if (n <= q->cap)
		return 0;
	p = mem_try(n);
	if (p == NULL)
		return -1;
	free(q->reply);
	q->reply = p;
	q->cap = n;
	return 0;
}

static void destroy(CReq *q)
{
	if (q == NULL)
		return;
	free(q->reply);
	free(q);
}

void creq_free(CReq *q)
{
	Conn *c = q->c;

	if (q->big)
		free(__atomic_exchange_n(&c->spare, q->msg, __ATOMIC_ACQ_REL));
	else if (q->msg != q->tiny)
		free(q->msg);
	if (q->cap > KEEP) {
		free(q->reply);
		q->reply = NULL;
		q->cap = 0;
	}
	destroy(__atomic_exchange_n(&c->sparereq, q, __ATOMIC_ACQ_REL));
}

void creq_end(Conn *c)
{
	destroy(c->sparereq);
	free(c->spare);
}
