/*
 * What #s serves: boards (directories) of posts.  The first board is the
 * root; the others are made by opening a clone file.  All under the Srv's
 * lock of #s.
 */
#ifndef DEV_BOARD_H
#define DEV_BOARD_H

#include "kernpriv.h"

typedef struct Board Board;

typedef struct Post {
	Link link;
	Board *board;
	u64 id;
	char *name, *owner;
	u32 perm, mtime;
	int fd; /* -1 until written */
} Post;

struct Board {
	Link link;    /* in the parent's kids */
	Board *parent;
	List posts, kids;
	u64 id;
	int refs;     /* Fids at it or at something in it, and kids */
	char *owner;
	u32 perm, mtime;
	bool closed;  /* who opened its clone has closed it: nothing can be posted any more */
	bool restored; /* nobody has its lease */
	int memfd;    /* keeps it in init's store; -1: the root */
};

typedef struct Posts {
	Srv srv;
	Kern *k;
	Board root;
	u64 ids;
} Posts;

/* board_init makes the root, and what init kept of an earlier kernel process. */
void board_init(Posts *s, Kern *k);

/* board_new makes a board of owner's in b, with one reference; NULL if init does not keep it. */
Board *board_new(Posts *s, Board *b, const char *owner) must_use;
Board *board_take(Board *b);
void board_drop(Posts *s, Board *b);

/* board_close takes away all that is posted on b: the lease has ended. */
void board_close(Posts *s, Board *b);

/* board_kid and board_post look a name up. */
Board *board_kid(Board *b, const char *name);
Post *board_post(Board *b, const char *name);

/* board_perm sets b's permission bits. */
int board_perm(Posts *s, Board *b, u32 perm) must_use;

/* board_count counts owner's boards and posts in and below b. */
u64 board_count(const Board *b, const char *owner);

/* post_new makes a post without a descriptor; post_set gives it fd, which it owns if that succeeds. */
Post *post_new(Posts *s, Board *b, const char *name, const char *owner, u32 perm);
int post_set(Posts *s, Post *p, int fd) must_use;
void post_free(Posts *s, Post *p);

/* post_change sets p's name and bits. */
int post_change(Posts *s, Post *p, const char *name, u32 perm) must_use;

#endif
