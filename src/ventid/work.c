/* Gathering answers and sending them. */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include "work.h"

Work *work_new(void) { return mem_try(sizeof(Work)); }
void work_free(Work *w) { free(w); }

/* keep puts the bytes that were not sent, the first skip of the iovs being so, where the next turn finds them. */
static void keep(Work *w, size_t skip, size_t all)
{
	Conn *c = w->c;

	w->stuck = true;
	if (ventid_held(c, (i64)(all - skip)) < 0 || (c->out = mem_try(all - skip)) == NULL) {
		w->gone = true;
		return;
	}
	c->nout = 0;
	for (int i = 0; i < w->niov; i++) {
		size_t n = w->iov[i].n, cut = skip < n ? skip : n;

		memcpy(c->out + c->nout, (u8 *)w->iov[i].p + cut, n - cut);
		c->nout += (u32)(n - cut);
		skip -= cut;
	}
}

void work_send(Work *w)
{
	size_t all = 0;
	ssize_t sent;

	batch_run(w);
	for (int i = 0; i < w->niov; i++)
		all += w->iov[i].n;
	if (all > 0 && !w->stuck && !w->gone) {
		w->sends++;
		sent = io_sendv(w->c->fd, w->iov, w->niov, true);
		if (sent < 0)
			w->gone = true;
		else if ((size_t)sent < all)
			keep(w, (size_t)sent, all);
	}
	w->niov = 0;
	w->nout = 0;
}

u8 *work_room(Work *w, u32 n)
{
	u8 *p;

	if (w->nout + n > OUTMAX || w->niov + w->n + 1 >= IOVS)
		work_send(w);
	if (w->stuck || w->gone)
		return NULL;
	p = w->out + w->nout;
	w->nout += n;
	return p;
}

void work_put(Work *w, u8 *p, u32 n)
{
	IoVec *last = w->niov > 0 ? &w->iov[w->niov - 1] : NULL;

	if (last != NULL && (u8 *)last->p + last->n == p)
		last->n += n;
	else
		w->iov[w->niov++] = (IoVec){ p, n };
}

bool work_answer(Work *w, const Msg *m)
{
	u8 *p = work_room(w, ANSWER);
	int n;

	if (p == NULL)
		return false;
	n = msg_encode(w->c->vers, m, p, ANSWER);
	if (n < 0)
		w->gone = true;
	else
		work_put(w, p, (u32)n);
	w->nout -= ANSWER - (n > 0 ? (u32)n : 0);
	return !w->gone;
}

bool work_error(Work *w, int tag, const char *text)
{
	return work_answer(w, &(Msg){ .type = MsgError, .tag = (u8)tag, .text = text });
}
