/*
 * #s: descriptors posted under a name (srv(3)).  #z is #s as well.
 *
 * Posting takes a duplicate of the writer's descriptor into this process and
 * into init's store, so that it outlives both the poster and this process.
 * mount gets at it by kern_posted.  Opening the file gives the posted thing:
 * a socket itself, of which this process moves the bytes; anything else is
 * opened anew, which has an offset of its own.
 *
 * Opening clone makes a board (board.c), a /srv of its own, and what was
 * opened is its lease: it reads as the board's name, and closing it ends all
 * that is posted there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/at.h>
#include <os/clock.h>
#include <os/io.h>
#include <srv/call.h>
#include "board.h"
#include "devio.h"

enum { NAMEMAX = 128, MAXFD = 1 << 20, NUMBERMAX = 32, Clone = 1, Lease = 2 }; /* the low bits of qid.path */

/* where a Fid is; open files have more */
typedef struct Sfid {
	Board *board;
	int fd;    /* opened anew or duplicated, -1 for the maker's */
	bool sock;
	char id[24]; /* a lease: what it reads as */
} Sfid;

static Posts *posts_of(const Fid *f)
{
	return f->srv->aux;
}

static Board *board_of(const Fid *f)
{
	return ((Sfid *)f->aux)->board;
}

static Qid board_qid(const Board *b)
{
	return (Qid){ .path = b->id << 2, .type = QTDIR };
}

static Qid post_qid(const Post *p)
{
	return (Qid){ .path = p->id << 2 };
}

static bool is(const Fid *f, int kind)
{
	return (f->qid.path & 3) == (u64)kind;
}

static Post *byfid(const Fid *f)
{
	list_each (l, &board_of(f)->posts)
		if (list_item(l, Post, link)->id == f->qid.path >> 2)
			return list_item(l, Post, link);
	return errnull(Enonexist);
}

static const char *user(const Req *r)
{
	return kern_caller(posts_of(r->fid)->k, r);
}

static const char *board_owner(const Posts *s, const Board *b)
{
	return b->parent != NULL ? b->owner : kern_hostowner(s->k);
}

static int board_may(const Req *r, const Board *b, int mode)
{
	return kern_may(posts_of(r->fid)->k, r, board_owner(posts_of(r->fid), b), b->perm, mode);
}

static Sfid *sfid_new(Board *b)
{
	Sfid *sf = mem_new(sizeof *sf);

	sf->board = board_take(b);
	sf->fd = -1;
	return sf;
}

static void srv_attach(Req *r)
{
	r->fid->qid = board_qid(&posts_of(r->fid)->root);
	r->fid->aux = sfid_new(&posts_of(r->fid)->root);
	req_ok(r);
}

static int srv_clone(Req *r, Fid *from, Fid *to)
{
	(void)r;
	to->aux = sfid_new(board_of(from));
	return 0;
}

static void go(Fid *f, Board *b)
{
	Board *was = board_of(f);

	((Sfid *)f->aux)->board = board_take(b);
	f->qid = board_qid(b);
	f->flags = 0;
	board_drop(posts_of(f), was);
}

static int srv_walk1(Req *r, Fid *f, const char *name)
{
	Board *b = board_of(f), *kid;
	Post *p;

	if (strcmp(name, "..") == 0) {
		go(f, f->qid.type & QTDIR && b->parent != NULL ? b->parent : b);
		return 0;
	}
	if (strcmp(name, "clone") == 0) {
		f->qid = (Qid){ .path = b->id << 2 | Clone };
		f->flags = FidFresh;
		return 0;
	}
	p = board_post(b, name);
	if (p != NULL) {
		f->qid = post_qid(p);
		f->flags = FidStream;
		return 0;
	}
	kid = board_kid(b, name);
	if (kid == NULL)
		return errset(Enonexist);
	if (board_may(r, kid, OEXEC) < 0)
		return -1;
	go(f, kid);
	return 0;
}

/* open_clone makes r's fid the lease of a new board. */
static int open_clone(Req *r)
{
	Posts *s = posts_of(r->fid);
	Sfid *sf = r->fid->aux;
	Board *up = sf->board, *b;

	if (up->closed)
		return errset(Eshutdown);
	if (kern_limit(s->k, user(r), board_count(&s->root, user(r)), MaxPosts, "posts") < 0)
		return -1;
	b = board_new(s, up, user(r));
	if (b == NULL)
		return -1;
	snprintf(sf->id, sizeof sf->id, "%llu", (unsigned long long)b->id);
	sf->board = b;
	board_drop(s, up);
	r->fid->qid = (Qid){ .path = b->id << 2 | Lease };
	return 0;
}

static int open_post(Req *r)
{
	Sfid *sf = r->fid->aux;
	Post *p = byfid(r->fid);
	Finfo fi;

	if (p == NULL || sf->board->closed)
		return errset(Eshutdown);
	if (p->fd >= 0 && r->i.mode & OTRUNC) /* somebody means to post */
		return errset(Eexist);
	if (kern_may(posts_of(r->fid)->k, r, p->owner, p->perm, r->i.mode & ~OTRUNC) < 0)
		return -1;
	if (p->fd < 0) /* to post it */
		return (r->i.mode & 3) == OREAD ? errset(Eshutdown) : 0;
	if (devio_may(io_flags(p->fd), r->i.mode) < 0 || at_stat(p->fd, "", &fi) < 0)
		return -1;
	sf->sock = at_issock(&fi);
	sf->fd = sf->sock ? io_dup(p->fd) : devio_reopen(0, p->fd, r->i.mode);
	return sf->fd < 0 ? -1 : 0;
}

static void answer(Req *r, int rc)
{
	if (rc < 0)
		req_fail(r);
	else
		req_ok(r);
}

static void srv_open(Req *r)
{
	if (r->fid->qid.type & QTDIR)
		answer(r, board_may(r, board_of(r->fid), r->i.mode));
	else if (r->i.mode & ORCLOSE)
		req_err(r, Eperm);
	else
		answer(r, is(r->fid, Clone) ? open_clone(r) : open_post(r));
}

static int create(Req *r)
{
	Posts *s = posts_of(r->fid);
	Board *b = board_of(r->fid);
	const char *name = r->i.name;

	if (r->i.perm & DMDIR) /* a directory is made by opening clone */
		return errset(Eperm);
	if (strlen(name) >= NAMEMAX)
		return errset(Etoolong);
	if (b->closed)
		return errset(Eshutdown);
	if (board_may(r, b, OWRITE) < 0)
		return -1;
	if (strcmp(name, "clone") == 0 || board_post(b, name) != NULL || board_kid(b, name) != NULL)
		return errset(Eexist);
	if (kern_limit(s->k, user(r), board_count(&s->root, user(r)), MaxPosts, "posts") < 0)
		return -1;
	r->fid->qid = post_qid(post_new(s, b, name, user(r), r->i.perm & 0777));
	r->fid->flags = FidStream;
	return 0;
}

static void srv_create(Req *r)
{
	answer(r, create(r));
}

static void describe_board(Dir *d, const Posts *s, const Board *b, char *name, size_t n)
{
	snprintf(name, n, "%llu", (unsigned long long)b->id);
	*d = (Dir){
		.qid = board_qid(b),
		.mode = DMDIR | b->perm,
		.mtime = b->mtime,
		.name = b->parent != NULL ? name : "/",
		.uid = board_owner(s, b),
	};
}

static void describe_post(Dir *d, const Post *p)
{
	*d = (Dir){ .qid = post_qid(p), .mode = p->perm, .mtime = p->mtime, .name = p->name, .uid = p->owner };
}

static void describe_clone(Dir *d, const Posts *s, const Board *b)
{
	*d = (Dir){
		.qid = { .path = b->id << 2 | Clone },
		.mode = 0444,
		.mtime = b->mtime,
		.name = "clone",
		.uid = kern_hostowner(s->k),
	};
}

/* entry describes the i'th file of b; name is room for a number. */
static int entry(const Posts *s, Board *b, int i, Dir *d, char *name, size_t n)
{
	if (i-- == 0) {
		describe_clone(d, s, b);
		return 0;
	}
	list_each (l, &b->posts)
		if (i-- == 0) {
			describe_post(d, list_item(l, Post, link));
			return 0;
		}
	list_each (l, &b->kids)
		if (!list_item(l, Board, link)->closed && i-- == 0) {
			describe_board(d, s, list_item(l, Board, link), name, n);
			return 0;
		}
	return -1;
}

static void rest(Dir *d)
{
	d->atime = d->mtime;
	d->gid = d->uid;
	d->muid = "";
}

static int gen(Req *r, int i, Dir *d)
{
	static _Thread_local char name[24];
	int rc = entry(posts_of(r->fid), board_of(r->fid), i, d, name, sizeof name);

	rest(d);
	return rc;
}

static void srv_read(Req *r)
{
	Sfid *sf = r->fid->aux;

	if (r->fid->qid.type & QTDIR)
		req_readdir(r, gen);
	else if (is(r->fid, Lease))
		req_readstr(r, sf->id);
	else if (sf->fd < 0)
		req_err(r, Eshutdown);
	else if (sf->sock)
		devio_recv(r, sf->fd);
	else
		devio_read(r, sf->fd);
}

/* take posts the descriptor whose number is written. */
static int take(Req *r, Post *p)
{
	autofree char *text = req_text(r);
	char *f[2];
	u64 n;
	int fd;

	if (text == NULL)
		return -1;
	if (r->i.count >= NUMBERMAX)
		return errset(Etoobig);
	if (r->caller.pid == 0)
		return werrstr("#s: only processes of this node can post descriptors");
	if (str_tokens(text, f, 2) != 1 || str_u64(f[0], 10, MAXFD, &n) < 0)
		return errset(Ebadarg);
	if (p->fd >= 0)
		return errset(Ebadusefd);
	fd = kern_takefd(r->caller.pid, (int)n);
	if (fd < 0)
		return -1;
	if (at_isfuse(fd))
		werrstr("descriptor %d is a file of a mounted server: post a pipe or a socket", (int)n);
	else if (post_set(posts_of(r->fid), p, fd) == 0)
		return 0;
	close(fd);
	return -1;
}

static void srv_write(Req *r)
{
	Sfid *sf = r->fid->aux;
	Post *p;

	if (is(r->fid, Lease)) {
		req_err(r, Eperm);
		return;
	}
	if (sf->fd >= 0 && sf->sock) {
		devio_send(r, sf->fd);
		return;
	}
	if (sf->fd >= 0) {
		devio_write(r, sf->fd);
		return;
	}
	p = sf->board->closed ? errnull(Eshutdown) : byfid(r->fid);
	r->o.count = r->i.count;
	answer(r, p != NULL ? take(r, p) : -1);
}

static int owns(Req *r, const char *owner)
{
	return kern_isowner(posts_of(r->fid)->k, r) || str_eq(user(r), owner) ? 0 : errset(Eperm);
}

static void srv_remove(Req *r)
{
	Post *p = r->fid->qid.type & QTDIR || !is(r->fid, 0) ? errnull(Eperm) : byfid(r->fid);

	if (p == NULL || owns(r, p->owner) < 0) {
		req_fail(r);
		return;
	}
	post_free(posts_of(r->fid), p);
	req_ok(r);
}

static void srv_stat(Req *r)
{
	static _Thread_local char name[24];
	Board *b = board_of(r->fid);
	Posts *s = posts_of(r->fid);
	Post *p;

	if (r->fid->qid.type & QTDIR) {
		describe_board(&r->d, s, b, name, sizeof name);
	} else if (is(r->fid, Clone)) {
		describe_clone(&r->d, s, b);
	} else if (is(r->fid, Lease)) {
		describe_clone(&r->d, s, b->parent);
	} else {
		p = byfid(r->fid);
		if (p == NULL) {
			req_fail(r);
			return;
		}
		describe_post(&r->d, p);
	}
	rest(&r->d);
	req_ok(r);
}

static bool renames(const Req *r, const char *was)
{
	return r->d.name != NULL && *r->d.name != '\0' && strcmp(r->d.name, was) != 0;
}

static int change_board(Req *r, Board *b)
{
	char name[24];

	snprintf(name, sizeof name, "%llu", (unsigned long long)b->id);
	if (b->parent == NULL || owns(r, b->owner) < 0)
		return errset(Eperm);
	if (b->closed)
		return errset(Eshutdown);
	if (renames(r, name))
		return werrstr("%s: a directory of #s keeps its number as its name", name);
	return r->d.mode != ~(u32)0 ? board_perm(posts_of(r->fid), b, r->d.mode & 0777) : 0;
}

static int change_post(Req *r)
{
	Board *b = board_of(r->fid);
	Post *p = byfid(r->fid);
	const char *name;

	if (p == NULL || owns(r, p->owner) < 0)
		return -1;
	name = renames(r, p->name) ? r->d.name : p->name;
	if (strchr(name, '/') != NULL)
		return errset(Ebadchar);
	if (strlen(name) >= NAMEMAX)
		return errset(Etoolong);
	if (name != p->name && (strcmp(name, "clone") == 0 || board_post(b, name) != NULL || board_kid(b, name) != NULL))
		return errset(Eexist);
	if (r->d.uid != NULL && *r->d.uid != '\0' && strcmp(r->d.uid, p->owner) != 0)
		return werrstr("%s: a post stays its poster's", p->name);
	return post_change(posts_of(r->fid), p, name, r->d.mode != ~(u32)0 ? r->d.mode & 0777 : p->perm);
}

static void srv_wstat(Req *r)
{
	if (r->fid->qid.type & QTDIR)
		answer(r, change_board(r, board_of(r->fid)));
	else if (!is(r->fid, 0))
		req_err(r, Eperm);
	else
		answer(r, change_post(r));
}

static void srv_clunk(Fid *f)
{
	Sfid *sf = f->aux;

	if (sf == NULL)
		return;
	if (sf->fd >= 0) {
		park_wakefd(sf->fd);
		close(sf->fd);
	}
	if (is(f, Lease))
		board_close(posts_of(f), sf->board);
	board_drop(posts_of(f), sf->board);
	free(sf);
}

static const SrvOps srv_ops = {
	.attach = srv_attach,
	.clone = srv_clone,
	.walk1 = srv_walk1,
	.open = srv_open,
	.create = srv_create,
	.read = srv_read,
	.write = srv_write,
	.remove = srv_remove,
	.stat = srv_stat,
	.wstat = srv_wstat,
	.clunk = srv_clunk,
};

/* find returns the post at path ("x", "3/x"), for r's caller. */
static Post *find(Posts *s, const char *path, const Req *r)
{
	autofree char *copy = mem_str(path);
	Board *b = &s->root;
	Post *p;
	char *e = copy, *slash;

	for (; (slash = strchr(e, '/')) != NULL; e = slash + 1) {
		*slash = '\0';
		b = board_kid(b, e);
		if (b == NULL)
			return errnull(Enonexist);
		if (kern_may(s->k, r, b->owner, b->perm, OEXEC) < 0)
			return NULL;
	}
	p = board_post(b, e);
	return p != NULL ? p : errnull(Enonexist);
}

int kern_posted(Kern *k, const char *name, const Req *r)
{
	Posts *s = k->srvs;
	Post *p;
	int fd = -1;

	lock(&s->srv.lk);
	p = find(s, name, r);
	if (p != NULL && p->fd < 0)
		errset(Eshutdown);
	else if (p != NULL && kern_may(k, r, p->owner, p->perm, ORDWR) == 0)
		fd = io_dup(p->fd);
	unlock(&s->srv.lk);
	return fd;
}

static Srv *srv_new(Kern *k, const char *spec)
{
	Posts *s = k->srvs;

	return *spec == '\0' ? srv_take(&s->srv) : errnull(Enodev);
}

void srvdev_init(Kern *k)
{
	Posts *s = mem_new(sizeof *s);

	srv_init(&s->srv, "#s", &srv_ops, s);
	board_init(s, k);
	k->srvs = s;
}

const Dev dev_srv = { 's', "srv", srv_new };
