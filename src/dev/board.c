/*
 * Boards and posts.  Init keeps each posted descriptor under
 * "srv/PERM/OWNER/PATH", PATH being the numbers of the boards that lead to it
 * and its name ("x", "3/x"), and each board but the root as a memfd of
 * nothing under the same with a slash at the end ("3/").
 *
 * A board is closed when the lease by which it was made ends, and freed when
 * nothing is in it and no Fid at it.  Who held the lease of a restored board
 * is not known any more: that one stays until it is empty and in no use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/io.h>
#include "board.h"

static void put_path(Buf *b, const Board *d)
{
	if (d->parent == NULL)
		return;
	put_path(b, d->parent);
	buf_printf(b, "%llu/", (unsigned long long)d->id);
}

/* key returns what init keeps the file name of d under; name "" is d itself. */
static char *key(const Board *d, u32 perm, const char *owner, const char *name)
{
	Buf b = { 0 };

	buf_printf(&b, "srv/%o/%s/", perm, owner);
	put_path(&b, d);
	buf_str(&b, name);
	return buf_take(&b);
}

static char *post_key(const Post *p)
{
	return key(p->board, p->perm, p->owner, p->name);
}

static char *board_key(const Board *b)
{
	return key(b, b->perm, b->owner, "");
}

Board *board_take(Board *b)
{
	b->refs++;
	return b;
}

static void start(Board *b, const char *owner, u32 perm)
{
	list_init(&b->posts);
	list_init(&b->kids);
	b->owner = mem_str(owner);
	b->perm = perm;
	b->mtime = (u32)clock_wall();
	b->memfd = -1;
}

static Board *add(Posts *s, Board *parent, u64 id, const char *owner, u32 perm)
{
	Board *b = mem_new(sizeof *b);

	start(b, owner, perm);
	b->id = id;
	if (id > s->ids)
		s->ids = id;
	b->parent = board_take(parent);
	list_add(&parent->kids, &b->link);
	return b;
}

/* prune frees b, and then its parents, as long as there is nothing in them and nobody at them. */
static void prune(Posts *s, Board *b)
{
	while (b->parent != NULL && b->refs == 0 && (b->closed || b->restored) && list_empty(&b->posts)) {
		Board *up = b->parent;

		if (b->memfd >= 0) {
			autofree char *k = board_key(b);

			kern_unstore(s->k, k);
			close(b->memfd);
		}
		list_del(&b->link);
		free(b->owner);
		free(b);
		up->refs--;
		b = up;
	}
}

Board *board_new(Posts *s, Board *parent, const char *owner)
{
	Board *b = add(s, parent, ++s->ids, owner, 0770);
	autofree char *k = board_key(b);

	b->memfd = io_memfd("board");
	if (b->memfd >= 0 && kern_store(s->k, k, b->memfd) == 0)
		return board_take(b);
	b->closed = true;
	prune(s, b);
	return NULL;
}

void board_drop(Posts *s, Board *b)
{
	b->refs--;
	prune(s, b);
}

void board_close(Posts *s, Board *b)
{
	b->closed = true;
	while (!list_empty(&b->posts))
		post_free(s, list_item(b->posts.next, Post, link));
}

Board *board_kid(Board *b, const char *name)
{
	u64 id;

	if (str_u64(name, 10, UINT64_MAX, &id) < 0 || *name == '0')
		return NULL;
	list_each (l, &b->kids)
		if (list_item(l, Board, link)->id == id)
			return list_item(l, Board, link);
	return NULL;
}

Post *board_post(Board *b, const char *name)
{
	list_each (l, &b->posts)
		if (strcmp(list_item(l, Post, link)->name, name) == 0)
			return list_item(l, Post, link);
	return NULL;
}

int board_perm(Posts *s, Board *b, u32 perm)
{
	autofree char *was = board_key(b), *now = key(b, perm, b->owner, "");

	if (perm == b->perm)
		return 0;
	if (kern_store(s->k, now, b->memfd) < 0)
		return -1;
	kern_unstore(s->k, was);
	b->perm = perm;
	return 0;
}

u64 board_count(const Board *b, const char *owner)
{
	u64 n = 0;

	list_each (l, (List *)(uintptr_t)&b->posts)
		n += strcmp(list_item(l, Post, link)->owner, owner) == 0;
	list_each (l, (List *)(uintptr_t)&b->kids) {
		const Board *kid = list_item(l, Board, link);

		n += (strcmp(kid->owner, owner) == 0) + board_count(kid, owner);
	}
	return n;
}

Post *post_new(Posts *s, Board *b, const char *name, const char *owner, u32 perm)
{
	Post *p = mem_new(sizeof *p);

	p->board = b;
	p->id = ++s->ids;
	p->name = mem_str(name);
	p->owner = mem_str(owner);
	p->perm = perm;
	p->mtime = (u32)clock_wall();
	p->fd = -1;
	list_add(&b->posts, &p->link);
	return p;
}

int post_set(Posts *s, Post *p, int fd)
{
	autofree char *k = post_key(p);

	if (kern_store(s->k, k, fd) < 0)
		return -1;
	p->fd = fd;
	return 0;
}

void post_free(Posts *s, Post *p)
{
	if (p->fd >= 0) {
		autofree char *k = post_key(p);

		kern_unstore(s->k, k);
		close(p->fd);
	}
	list_del(&p->link);
	free(p->name);
	free(p->owner);
	free(p);
}

int post_change(Posts *s, Post *p, const char *name, u32 perm)
{
	autofree char *was = post_key(p), *now = key(p->board, perm, p->owner, name);

	if (p->fd >= 0 && strcmp(was, now) != 0) {
		if (kern_store(s->k, now, p->fd) < 0)
			return -1;
		kern_unstore(s->k, was);
	}
	if (strcmp(name, p->name) != 0) {
		free(p->name);
		p->name = mem_str(name);
	}
	p->perm = perm;
	return 0;
}

/* The rest makes them again from what init kept. */

typedef struct Restore {
	Posts *s;
	bool boards; /* first the boards, shorter paths before longer ones; then the posts */
	size_t depth;
	bool more;
} Restore;

static size_t depth_of(const char *path)
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		n += *path == '/';
	return n;
}

/* board_at finds the board that path ("3/4/x") is in and where the last element begins. */
static Board *board_at(Posts *s, const char *path, const char **last)
{
	Board *b = &s->root;
	const char *slash;

	while (b != NULL && (slash = strchr(path, '/')) != NULL && slash[1] != '\0') {
		autofree char *e = mem_strn(path, (size_t)(slash - path));

		b = board_kid(b, e);
		path = slash + 1;
	}
	*last = path;
	return b;
}

static void restore_board(Posts *s, const char *k, const char *path, const char *owner, u32 perm)
{
	const char *last;
	Board *in = board_at(s, path, &last), *b;
	autofree char *e = mem_strn(last, strcspn(last, "/"));
	int fd = in != NULL ? kern_stored(s->k, k) : -1;
	u64 id;

	if (fd < 0 || str_u64(e, 10, UINT64_MAX, &id) < 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	b = add(s, in, id, owner, perm);
	b->restored = true;
	b->memfd = fd;
}

static void restore_post(Posts *s, const char *k, const char *path, const char *owner, u32 perm)
{
	const char *last;
	Board *in = board_at(s, path, &last);
	int fd = in != NULL ? kern_stored(s->k, k) : -1;

	if (fd >= 0)
		post_new(s, in, last, owner, perm)->fd = fd;
}

/* restore does one "srv/PERM/OWNER/PATH". */
static void restore(void *arg, const char *name)
{
	Restore *r = arg;
	autofree char *copy = mem_str(name + strlen("srv/"));
	char *owner = strchr(copy, '/'), *path = owner != NULL ? strchr(owner + 1, '/') : NULL;
	bool board = str_suffix(name, "/");
	u64 perm;

	if (path == NULL || path[1] == '\0')
		return;
	*owner++ = '\0';
	*path++ = '\0';
	if (board != r->boards || str_u64(copy, 8, 0777, &perm) < 0)
		return;
	if (board && depth_of(path) != r->depth)
		r->more = r->more || depth_of(path) > r->depth;
	else if (board)
		restore_board(r->s, name, path, owner, (u32)perm);
	else
		restore_post(r->s, name, path, owner, (u32)perm);
}

void board_init(Posts *s, Kern *k)
{
	Restore r = { .s = s, .boards = true };

	s->k = k;
	start(&s->root, kern_hostowner(k), 0777);
	do {
		r.more = false;
		r.depth++;
		kern_eachstored(k, "srv/", restore, &r);
	} while (r.more);
	r.boards = false;
	kern_eachstored(k, "srv/", restore, &r);
}
