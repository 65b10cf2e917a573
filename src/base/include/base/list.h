/*
 * Doubly linked lists whose links live in the things listed.  A List is a
 * ring through its head; an unlinked Link points to itself, so list_del is
 * safe to repeat.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <base/u.h>

typedef struct Link {
	struct Link *next, *prev;
} Link;
typedef Link List;

#define LIST_INIT(l) { &(l), &(l) }

static inline void list_init(Link *l) { l->next = l->prev = l; }
static inline bool list_empty(const List *l) { return l->next == l; }

/* list_add puts k at the end of l. */
static inline void list_add(List *l, Link *k)
{
	k->prev = l->prev;
	k->next = l;
	l->prev->next = k;
	l->prev = k;
}

/* list_push puts k at the front of l. */
static inline void list_push(List *l, Link *k)
{
	list_add(l->next, k);
}

/* list_del takes k out of its list; on an unlinked Link it does nothing. */
static inline void list_del(Link *k)
{
	k->prev->next = k->next;
	k->next->prev = k->prev;
	list_init(k);
}

/* list_pop takes the first Link out of l and returns it, NULL if l is empty. */
static inline Link *list_pop(List *l)
{
	Link *k = l->next;

	if (k == l)
		return NULL;
	list_del(k);
	return k;
}

/* list_move empties src and puts all its Links at the end of dst. */
static inline void list_move(List *dst, List *src)
{
	Link *k;

	while ((k = list_pop(src)) != NULL)
		list_add(dst, k);
}

#define list_each(p, l) for (Link *p = (l)->next, *p##_n = p->next; p != (l); p = p##_n, p##_n = p->next)
#define list_item(p, T, field) container_of(p, T, field)

#endif
