/*
 * A venti for tests, over a memstore, on a unix socket or a socketpair: one
 * thread a connection, which can be told to misbehave.
 */
#ifndef VENTISRV_H
#define VENTISRV_H

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arena/store.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>
#include <client/dial.h>
#include <os/io.h>
#include <os/stream.h>
#include <os/thread.h>
#include <venti/msg.h>

typedef enum Fault {
	Good,
	BadScore,    /* a write is answered with another score */
	BadData,     /* a read with other bytes */
	LongData,    /* with more than asked */
	BadTag,
	BadType,
	BadFrame,    /* a length of 1 */
	HugeFrame,   /* of 4 GB */
	CutFrame,    /* half an answer, then the end */
	Stall,       /* no answer */
	Hangup,      /* the end instead of an answer */
	NFault,
	EscText,     /* an error that would clear the screen */
} Fault;

typedef struct TestVenti {
	Store *store;
	int versions;
	Lock lk;       /* the rest */
	Fault fault;   /* of the message after `after` good ones */
	int after;
	bool forget;   /* blocks are gone when the connection ends, unless synced */
	u64 messages, conns, syncs;
	int fd;        /* announced, -1 */
	bool closing;
	int live;      /* threads */
	Cond cond;
} TestVenti;

typedef struct TestConn {
	TestVenti *t;
	int fd;
} TestConn;

static Fault tv_fault(TestVenti *t)
{
	Fault f = Good;

	lock(&t->lk);
	t->messages++;
	if (t->fault != Good && t->after-- <= 0) {
		f = t->fault;
		t->fault = Good;
	}
	unlock(&t->lk);
	return f;
}

static void tv_do(TestVenti *t, const Msg *m, Msg *r, u8 *room)
{
	StoreReq q = { .score = m->score, .type = m->blocktype, .p = room, .n = m->count };

	r->type = MSG_R(m->type);
	switch (m->type) {
	case MsgHello:
		r->text = "anonymous";
		return;
	case MsgRead:
		store_read(t->store, &q, 1);
		r->data = room;
		r->n = q.n;
		break;
	case MsgWrite:
		q.p = (u8 *)(uintptr_t)m->data;
		q.n = m->n;
		store_write(t->store, &q, 1);
		r->score = q.score;
		break;
	case MsgSync:
		lock(&t->lk);
		t->syncs++;
		unlock(&t->lk);
		break;
	default: /* a ping too, as the real one does */
		r->type = MsgError;
		r->text = "unknown request";
		return;
	}
	if (q.failed) {
		r->type = MsgError;
		r->text = q.err;
	}
}

/* tv_answer writes r, or what the fault makes of it; -1: the end */
static int tv_answer(int fd, int vers, Msg *r, Fault f)
{
	static _Thread_local u8 out[MSGMAX + MSGHEAD], more[BLOCKMAX];
	int n, head = vers == Vers02 ? 2 : 4;

	if (f == Stall)
		return 0;
	if (f == Hangup)
		return -1;
	if (f == BadScore)
		r->score.b[3] ^= 1;
	if (f == LongData) {
		r->data = more;
		r->n = sizeof more;
	}
	if (f == BadTag)
		r->tag ^= 0x80;
	if (f == EscText) {
		r->type = MsgError;
		r->text = "\033[2Jno\n";
	}
	if (f == BadType)
		r->type = MSG_R(MsgHello);
	n = msg_encode(vers, r, out, sizeof out);
	if (n < 0)
		return -1;
	if (f == BadData)
		out[n - 1] ^= 1;
	if (f == BadFrame || f == HugeFrame) {
		memset(out, f == HugeFrame ? 0xff : 0, (size_t)head);
		out[head - 1] |= 1;
	}
	if (f == CutFrame)
		n /= 2;
	if (io_writen(fd, out, (size_t)n) < 0 || f == CutFrame)
		return -1;
	return 0;
}

static int tv_readline(int fd, int set)
{
	char line[VERSLINE];
	int n = 0, vers = -1;

	while (n < VERSLINE && read(fd, line + n, 1) == 1 && line[n++] != '\n')
		;
	return vers_parse((u8 *)line, (size_t)n, set, &vers) > 0 ? vers : -1;
}

static void tv_serve(TestVenti *t, int fd)
{
	u8 *in = mem_new(MSGMAX + MSGHEAD), *room = mem_new(BLOCKMAX + 1);
	char line[VERSLINE];
	int vers, n = vers_line(t->versions, "test", line);

	vers = io_writen(fd, line, (size_t)n) < 0 ? -1 : tv_readline(fd, t->versions);
	while (vers > 0) {
		int head = vers == Vers02 ? 2 : 4;
		autofree char *why = NULL; /* an error's text, ours */
		Msg m, r = { 0 };
		i64 len;

		if (io_readn(fd, in, (size_t)head) != head || (len = msg_frame(vers, in, (size_t)head)) < 0)
			break;
		if (io_readn(fd, in + head, (size_t)(len - head)) != len - head || msg_decode(vers, in, (size_t)len, &m) < 0)
			break;
		if (m.type == MsgGoodbye)
			break;
		r.tag = m.tag;
		tv_do(t, &m, &r, room);
		if (r.type == MsgError && m.type != MsgPing)
			why = (char *)(uintptr_t)r.text;
		n = tv_answer(fd, vers, &r, m.type == MsgHello ? Good : tv_fault(t));
		if (n < 0)
			break;
	}
	free(in);
	free(room);
}

static void tv_conn(void *arg)
{
	TestConn *c = arg;
	TestVenti *t = c->t;

	tv_serve(t, c->fd);
	lock(&t->lk);
	if (t->forget) { /* as if the machine had lost its power */
		t->forget = false;
		store_close(t->store);
		t->store = memstore_new(1 << 30);
	}
	close(c->fd);
	free(c);
	t->live--;
	cond_all(&t->cond);
	unlock(&t->lk);
}

/* tv_take serves fd on a thread of its own */
static void tv_take(TestVenti *t, int fd)
{
	TestConn *c = mem_new(sizeof *c);

	*c = (TestConn){ t, fd };
	lock(&t->lk);
	t->live++;
	t->conns++;
	unlock(&t->lk);
	if (thread_start("test venti", tv_conn, c) < 0)
		abort();
}

static void tv_listen(void *arg)
{
	TestVenti *t = arg;
	int fd;

	while ((fd = dial_accept(t->fd, "", NULL, 0)) >= 0 && !t->closing)
		tv_take(t, fd);
	if (fd >= 0)
		close(fd);
	lock(&t->lk);
	t->live--;
	cond_all(&t->cond);
	unlock(&t->lk);
}

static inline TestVenti *tv_new(void)
{
	TestVenti *t = mem_new(sizeof *t);

	t->store = memstore_new(1 << 30);
	t->versions = VersAll;
	t->fd = -1;
	lock_init(&t->lk, RankLeaf);
	cond_init(&t->cond);
	return t;
}

/* tv_pair returns our end of a connection */
static inline int tv_pair(TestVenti *t)
{
	int fd[2];

	if (stream_pair(fd) < 0)
		abort();
	tv_take(t, fd[0]);
	return fd[1];
}

/* tv_announce makes t answer at addr */
static inline void tv_announce(TestVenti *t, const char *addr)
{
	t->fd = announce(addr, NULL);
	t->live++;
	if (t->fd < 0 || thread_start("test venti", tv_listen, t) < 0)
		abort();
}

/* tv_free waits for the connections, whose clients have closed, to end */
static inline void tv_free(TestVenti *t, const char *addr)
{
	int fd;

	t->closing = true;
	if (addr != NULL && (fd = dial(addr, 0)) >= 0)
		close(fd);
	lock(&t->lk);
	while (t->live > 0)
		cond_wait(&t->cond, &t->lk, -1);
	unlock(&t->lk);
	if (t->fd >= 0)
		close(t->fd);
	store_close(t->store);
	free(t);
}

#endif
