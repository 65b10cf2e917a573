/*
 * Requests that follow each other and are of one kind go to the Store
 * together.  Each has room for its answer in w->out from the start: a read
 * for its data where the Store puts them, with the head in front, so that
 * nothing is copied; writes one small room each, filled from the first on
 * without gaps.
 */
#include <stdlib.h>
#include <base/err.h>
#include <os/clock.h>
#include "work.h"

static u32 headlen(int vers) { return vers == Vers02 ? 4 : 6; }

/* failed puts the error of request i at p and returns where the next answer can go. */
static u8 *failed(Work *w, int i, u8 *p)
{
	StoreReq *r = &w->req[i];
	Msg m = { .type = MsgError, .tag = w->tag[i], .text = r->err != NULL ? r->err : errtext(Eio) };
	int n = msg_encode(w->c->vers, &m, p, ANSWER);

	free(r->err);
	if (n < 0) {
		w->gone = true;
		return p;
	}
	work_put(w, p, (u32)n);
	return p + n;
}

static void found(Work *w, int i)
{
	StoreReq *r = &w->req[i];
	Msg m = { .type = MSG_R(MsgRead), .tag = w->tag[i], .n = r->n, .data = r->p };
	u32 head = headlen(w->c->vers);

	if (msg_head(w->c->vers, &m, r->p - head, head) != (int)head)
		w->gone = true;
	work_put(w, r->p - head, head + r->n);
}

static void run_reads(Work *w)
{
	Stats *s = &w->c->v->stats;
	u64 ok = 0, bytes = 0;

	store_read(w->c->v->o.store, w->req, w->n);
	for (int i = 0; i < w->n; i++) {
		if (w->req[i].failed) {
			failed(w, i, w->req[i].p - headlen(w->c->vers));
			continue;
		}
		found(w, i);
		ok++;
		bytes += w->req[i].n;
	}
	stats_add(s, StatRead, (u64)w->n);
	stats_add(s, StatReadOk, ok);
	stats_add(s, StatReadFail, (u64)w->n - ok);
	stats_add(s, StatReadByte, bytes);
}

static u8 *written(Work *w, int i, u8 *p)
{
	Msg m = { .type = MSG_R(MsgWrite), .tag = w->tag[i], .score = w->req[i].score };
	int n = msg_encode(w->c->vers, &m, p, ANSWER);

	if (n < 0) {
		w->gone = true;
		return p;
	}
	work_put(w, p, (u32)n);
	return p + n;
}

static void run_writes(Work *w)
{
	u8 *p = w->out + w->nout - w->n * ANSWER;
	Stats *s = &w->c->v->stats;
	u64 old = 0, bad = 0, bytes = 0;

	store_write(w->c->v->o.store, w->req, w->n);
	for (int i = 0; i < w->n; i++) {
		p = w->req[i].failed ? failed(w, i, p) : written(w, i, p);
		bad += w->req[i].failed;
		old += !w->req[i].failed && w->req[i].old;
		bytes += w->req[i].n;
	}
	w->nout = (u32)(p - w->out);
	stats_add(s, StatWrite, (u64)w->n);
	stats_add(s, StatWriteOld, old);
	stats_add(s, StatWriteNew, (u64)w->n - old - bad);
	stats_add(s, StatWriteFail, bad);
	stats_add(s, StatWriteByte, bytes);
}

void batch_run(Work *w)
{
	Stats *s = &w->c->v->stats;
	i64 t;

	if (w->n == 0)
		return;
	t = clock_ns();
	if (w->kind == MsgRead)
		run_reads(w);
	else
		run_writes(w);
	stats_add(s, w->kind == MsgRead ? StatReadTime : StatWriteTime, (u64)(clock_ns() - t) / 1000);
	stats_add(s, StatTotal, (u64)w->n);
	stats_add(s, StatBatch, 1);
	w->n = 0;
}

/* join makes m the batch's next request; room bytes are enough for its answer. */
static bool join(Work *w, const Msg *m, u32 room, StoreReq r)
{
	u8 *p;

	if (w->n == BATCH || (w->n > 0 && w->kind != m->type))
		batch_run(w);
	p = work_room(w, room);
	if (p == NULL)
		return false;
	if (m->type == MsgRead)
		r.p = p + headlen(w->c->vers);
	w->kind = m->type;
	w->tag[w->n] = m->tag;
	w->req[w->n++] = r;
	return true;
}

static bool ask_read(Work *w, const Msg *m)
{
	u32 n = m->count < BLOCKMAX ? m->count : BLOCKMAX;
	StoreReq r = { .score = m->score, .type = m->blocktype, .n = n };

	n += headlen(w->c->vers);
	return join(w, m, n > ANSWER ? n : ANSWER, r);
}

static bool ask_write(Work *w, const Msg *m)
{
	StoreReq r = { .type = m->blocktype, .p = (u8 *)(uintptr_t)m->data, .n = m->n };

	return join(w, m, ANSWER, r);
}

/* refuse and agree answer one request by itself, after those before it. */
static bool refuse(Work *w, const Msg *m, Stat which, const char *why)
{
	batch_run(w);
	stats_add(&w->c->v->stats, StatTotal, 1);
	stats_add(&w->c->v->stats, which, 1);
	return work_error(w, m->tag, why);
}

static bool ask_sync(Work *w, const Msg *m)
{
	Stats *s = &w->c->v->stats;
	i64 t;
	int rc;

	batch_run(w);
	t = clock_ns();
	rc = w->c->v->o.readonly ? 0 : store_sync(w->c->v->o.store);
	stats_add(s, StatTotal, 1);
	stats_add(s, StatSync, 1);
	stats_add(s, StatSyncTime, (u64)(clock_ns() - t) / 1000);
	if (rc < 0)
		return work_error(w, m->tag, rerrstr());
	return work_answer(w, &(Msg){ .type = MSG_R(MsgSync), .tag = m->tag });
}

bool batch_request(Work *w, const Msg *m)
{
	switch (m->type) {
	case MsgRead:
		return ask_read(w, m);
	case MsgWrite:
		if (w->c->v->o.readonly)
			return refuse(w, m, StatWriteFail, "read only");
		if (m->n > BLOCKMAX)
			return refuse(w, m, StatWriteFail, "lump too large");
		return ask_write(w, m);
	case MsgSync:
		return ask_sync(w, m);
	default:
		return refuse(w, m, StatBad, "unknown request");
	}
}
