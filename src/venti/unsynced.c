/*
 * What the server has answered and nobody has synced.
 *
 * A server that dies and comes back may have lost such blocks, and the client,
 * which dials again by itself, would never notice: its sync would be answered
 * by a server that knows nothing of them.  So their scores are kept here, and
 * a sync after a broken connection first reads back those that are older than
 * the break.  When the list is full the thread that fills it syncs.
 *
 * Blocks are counted from 0 on in the order of their answers; v->unsynced
 * holds numbers first .. first + n, and those before suspect are to be read
 * back.  A client that does not dial again keeps no list: its sync fails.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include "impl.h"

enum { FULL = 64 * 1024, BATCH = 16 };

void unsynced_add(Venti *v, const VReq *r)
{
	if (v->o.once || v->addr == NULL)
		return;
	lock(&v->lk);
	if (v->n == v->cap) {
		v->cap = v->cap * 2 + 1024;
		v->unsynced = mem_grow(v->unsynced, v->cap, sizeof v->unsynced[0]);
	}
	v->unsynced[v->n++] = (Unsynced){ r->score, r->type, r->n };
	unlock(&v->lk);
}

void unsynced_suspect(Venti *v)
{
	lock(&v->lk);
	v->suspect = v->first + v->n;
	unlock(&v->lk);
}

/* unsynced_full says whether it is time to sync. */
bool unsynced_full(Venti *v)
{
	bool full;

	lock(&v->lk);
	full = v->n >= FULL;
	unlock(&v->lk);
	return full;
}

/* copy takes at most max blocks from number `from` on, before number end, and returns how many */
static int copy(Venti *v, u64 *from, u64 end, Unsynced *u, int max)
{
	int n = 0;

	lock(&v->lk);
	if (*from < v->first)
		*from = v->first; /* another thread's sync was faster */
	if (end > v->first + v->n)
		end = v->first + v->n;
	while (n < max && *from < end)
		u[n++] = v->unsynced[(*from)++ - v->first];
	unlock(&v->lk);
	return n;
}

/* drop forgets the blocks before number end */
static void drop(Venti *v, u64 end)
{
	size_t k;

	lock(&v->lk);
	k = end > v->first ? (size_t)(end - v->first) : 0;
	if (k > v->n)
		k = v->n;
	if (k > 0)
		memmove(v->unsynced, v->unsynced + k, (v->n - k) * sizeof v->unsynced[0]);
	v->n -= k;
	v->first += k;
	unlock(&v->lk);
}

/* look reads n blocks back and returns how many are not there */
static int look(Venti *v, const Unsynced *u, int n)
{
	VReq r[BATCH] = { 0 }, *rp[BATCH];
	int bad = 0;

	for (int i = 0; i < n; i++) {
		r[i] = (VReq){ .op = MsgRead, .type = u[i].type, .score = u[i].score, .p = mem_new(u[i].n), .n = u[i].n };
		rp[i] = &r[i];
	}
	vreq_start(v, rp, n);
	for (int i = 0; i < n; i++) {
		bad += vreq_wait(v, &r[i]) < 0;
		free(r[i].p);
	}
	return bad;
}

/* lookback reads the blocks before number end back */
static int lookback(Venti *v, u64 end)
{
	Unsynced u[BATCH];
	u64 at = 0;
	int n, bad = 0, all = 0;

	while ((n = copy(v, &at, end, u, BATCH)) > 0) {
		bad += look(v, u, n);
		all += n;
	}
	if (bad == 0)
		return 0;
	drop(v, end);
	return werrstr("%s broke off before a sync, and of the %d blocks written before that %d are gone: write them again",
		       v->name, all, bad);
}

static void marks(Venti *v, u64 *end, u64 *suspect)
{
	lock(&v->lk);
	*end = v->first + v->n;
	*suspect = v->suspect > v->first ? v->suspect : 0;
	unlock(&v->lk);
}

/* sync_all syncs on every connection: one that has broken off unnoticed is noticed now */
static int sync_all(Venti *v)
{
	VReq r[MAXCONNS] = { 0 }, *rp;
	bool sent = false;
	int rc = 0;

	for (int i = 0; i < v->nconn; i++) {
		VConn *c = &v->conn[i];
		bool up;

		lock(&c->lk);
		up = !c->broken;
		unlock(&c->lk);
		if (!up && (sent || i + 1 < v->nconn))
			continue;
		sent = true;
		r[i].op = MsgSync;
		rp = &r[i];
		vreq_starton(c, &rp, 1);
	}
	for (int i = 0; i < v->nconn; i++)
		if (r[i].op == MsgSync && vreq_wait(v, &r[i]) < 0)
			rc = -1;
	return rc;
}

int venti_sync(Venti *v)
{
	u64 end, suspect, after, before = 0;

	for (;;) {
		marks(v, &end, &suspect);
		if (suspect > before && lookback(v, suspect) < 0)
			return -1;
		before = suspect;
		if (sync_all(v) < 0)
			return -1;
		marks(v, &after, &suspect);
		if (suspect <= before)
			break; /* else it broke off again meanwhile */
	}
	drop(v, end);
	return 0;
}
