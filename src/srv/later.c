/*
 * Things put off.  An operation runs with its Srv's lock held, and while it
 * runs it may wake other requests, finish requests of other connections and
 * drop the last reference to a Fid.  None of that may happen under the lock
 * (the woken request may be the same Srv's; a slow peer must not stop the
 * Srv), so each thread keeps two lists and works them off when its outermost
 * operation has ended.  No other thread is woken for it: a hand-off costs
 * more than the work.
 */
#include "engine.h"

static _Thread_local int depth;
static _Thread_local List things, ready; /* valid while depth > 0 */

static void dothings(void)
{
	Link *k;

	while ((k = list_pop(&things)) != NULL) {
		Later *l = list_item(k, Later, link);

		l->fn(l);
	}
}

void later_begin(void)
{
	if (depth++ == 0) {
		list_init(&things);
		list_init(&ready);
	}
}

void later_end(void)
{
	Link *k;

	while (depth == 1 && (!list_empty(&things) || !list_empty(&ready))) {
		dothings();
		k = list_pop(&ready);
		if (k != NULL) {
			Park *p = list_item(k, Park, wait);

			p->run(p);
		}
	}
	depth--;
}

void later_add(Later *l)
{
	if (depth == 0)
		l->fn(l);
	else
		list_add(&things, &l->link);
}

void later_ready(List *r)
{
	if (list_empty(r))
		return;
	if (depth > 0)
		list_move(&ready, r);
	else
		park_kick(r);
}

void later_handoff(void)
{
	if (depth == 0)
		return;
	dothings();
	if (!list_empty(&ready))
		park_kick(&ready);
}
