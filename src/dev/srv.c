/*
 * #s: descriptors posted under a name (srv(3)).
 *
 * Posting takes a duplicate of the writer's descriptor into this process and
 * into init's store, under "srv/PERM/OWNER/NAME", so that it outlives both
 * the poster and this process.  mount gets at it by kern_posted; opening the
 * file opens the posted thing anew, which Linux cannot do for a socket.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/at.h>
#include <os/clock.h>
#include <os/io.h>
#include "devio.h"
#include "kernpriv.h"

enum { NAMEMAX = 128, MAXFD = 1 << 20 };

typedef struct Post {
	Link link;
	u64 id;
	char *name, *owner;
	u32 perm, mtime;
	int fd; /* -1 until written */
} Post;

typedef struct Posts {
	Srv srv;
	Kern *k;
	List posts; /* protected by srv.lk, as all */
	u64 ids;
} Posts;

typedef struct Sfid {
	int fd; /* opened anew, -1 for the maker's */
} Sfid;

static Posts *posts_of(const Fid *f)
{
	return f->srv->aux;
}

static Post *byname(Posts *s, const char *name)
{
	list_each (l, &s->posts)
		if (strcmp(list_item(l, Post, link)->name, name) == 0)
			return list_item(l, Post, link);
	return NULL;
}

static Post *byfid(const Fid *f)
{
	list_each (l, &posts_of(f)->posts)
		if (list_item(l, Post, link)->id == f->qid.path)
			return list_item(l, Post, link);
	return errnull(Enonexist);
}

static char *key(const Post *p)
{
	return mem_printf("srv/%o/%s/%s", p->perm, p->owner, p->name);
}

static Post *post_new(Posts *s, const char *name, const char *owner, u32 perm)
{
	Post *p = mem_new(sizeof *p);

	p->id = ++s->ids;
	p->name = mem_str(name);
	p->owner = mem_str(owner);
	p->perm = perm;
	p->mtime = (u32)clock_wall();
	p->fd = -1;
	list_add(&s->posts, &p->link);
	return p;
}

static void post_free(Posts *s, Post *p)
{
	if (p->fd >= 0) {
		autofree char *k = key(p);

		kern_unstore(s->k, k);
		close(p->fd);
	}
	list_del(&p->link);
	free(p->name);
	free(p->owner);
	free(p);
}

static const char *user(const Req *r)
{
	return r->caller.pid != 0 ? kern_user(posts_of(r->fid)->k, r->caller.uid) : r->fid->uid;
}

static void srv_attach(Req *r)
{
	r->fid->qid = (Qid){ .type = QTDIR };
	req_ok(r);
}

static int srv_walk1(Req *r, Fid *f, const char *name)
{
	Post *p;

	(void)r;
	if (strcmp(name, "..") == 0) {
		f->qid = (Qid){ .type = QTDIR };
		return 0;
	}
	p = byname(posts_of(f), name);
	if (p == NULL)
		return errset(Enonexist);
	f->qid = (Qid){ .path = p->id };
	f->flags = FidStream;
	return 0;
}

static void opened(Req *r, int fd)
{
	Sfid *sf = mem_new(sizeof *sf);

	sf->fd = fd;
	r->fid->aux = sf;
	req_ok(r);
}

static void srv_open(Req *r)
{
	Post *p;
	int fd = -1;

	if (r->fid->qid.type & QTDIR) {
		req_ok(r);
		return;
	}
	p = byfid(r->fid);
	if (p != NULL && p->fd >= 0 && r->i.mode & OTRUNC) /* somebody means to post */
		p = errnull(Eexist);
	if (p == NULL || kern_may(posts_of(r->fid)->k, r, p->owner, p->perm, r->i.mode & ~OTRUNC) < 0) {
		req_fail(r);
		return;
	}
	if (p->fd >= 0 && devio_may(io_flags(p->fd), r->i.mode) == 0)
		fd = devio_reopen(0, p->fd, r->i.mode);
	if (p->fd >= 0 && fd < 0) {
		req_fail(r);
		return;
	}
	opened(r, fd);
}

static u64 posts_by(Posts *s, const char *owner)
{
	u64 n = 0;

	list_each (l, &s->posts)
		n += strcmp(list_item(l, Post, link)->owner, owner) == 0;
	return n;
}

static void srv_create(Req *r)
{
	Posts *s = posts_of(r->fid);
	Post *p;

	if (r->i.perm & DMDIR) {
		werrstr("#s has no directories: a private /srv is not implemented");
		req_fail(r);
		return;
	}
	if (strlen(r->i.name) >= NAMEMAX || byname(s, r->i.name) != NULL) {
		req_err(r, strlen(r->i.name) >= NAMEMAX ? Etoolong : Eexist);
		return;
	}
	if (kern_limit(s->k, user(r), posts_by(s, user(r)), MaxPosts, "posts") < 0) {
		req_fail(r);
		return;
	}
	p = post_new(s, r->i.name, user(r), r->i.perm & 0777);
	r->fid->qid = (Qid){ .path = p->id };
	r->fid->flags = FidStream;
	opened(r, -1);
}

static void describe(Dir *d, const Post *p, const char *owner)
{
	*d = (Dir){
		.qid = p != NULL ? (Qid){ .path = p->id } : (Qid){ .type = QTDIR },
		.mode = p != NULL ? p->perm : DMDIR | 0777,
		.atime = p != NULL ? p->mtime : (u32)clock_wall(),
		.mtime = p != NULL ? p->mtime : (u32)clock_wall(),
		.name = p != NULL ? p->name : "/",
		.uid = p != NULL ? p->owner : owner,
		.gid = p != NULL ? p->owner : owner,
		.muid = "",
	};
}

static int gen(Req *r, int i, Dir *d)
{
	list_each (l, &posts_of(r->fid)->posts)
		if (i-- == 0) {
			describe(d, list_item(l, Post, link), NULL);
			return 0;
		}
	return -1;
}

static void srv_read(Req *r)
{
	Sfid *sf = r->fid->aux;

	if (r->fid->qid.type & QTDIR)
		req_readdir(r, gen);
	else if (sf->fd < 0)
		req_err(r, Eshutdown);
	else
		devio_read(r, sf->fd);
}

/* take posts the descriptor whose number is written. */
static int take(Req *r, Post *p)
{
	autofree char *text = req_text(r), *k = NULL;
	char *f[2];
	u64 n;

	if (text == NULL)
		return -1;
	if (p->fd >= 0)
		return errset(Ebadusefd);
	if (r->caller.pid == 0)
		return werrstr("#s: only processes of this node can post descriptors");
	if (str_tokens(text, f, 2) != 1 || str_u64(f[0], 10, MAXFD, &n) < 0)
		return errset(Ebadarg);
	p->fd = kern_takefd(r->caller.pid, (int)n);
	if (p->fd < 0)
		return -1;
	k = key(p);
	if (at_isfuse(p->fd))
		werrstr("descriptor %d is a file of a mounted server: post a pipe or a socket", (int)n);
	else if (kern_store(posts_of(r->fid)->k, k, p->fd) == 0)
		return 0;
	close(p->fd);
	p->fd = -1;
	return -1;
}

static void srv_write(Req *r)
{
	Sfid *sf = r->fid->aux;
	Post *p;

	if (sf->fd >= 0) {
		devio_write(r, sf->fd);
		return;
	}
	p = byfid(r->fid);
	if (p == NULL || take(r, p) < 0) {
		req_fail(r);
		return;
	}
	r->o.count = r->i.count;
	req_ok(r);
}

static int owns(Req *r, const Post *p)
{
	if (kern_isowner(posts_of(r->fid)->k, r) || str_eq(user(r), p->owner))
		return 0;
	return errset(Eperm);
}

static void srv_remove(Req *r)
{
	Post *p = r->fid->qid.type & QTDIR ? errnull(Eperm) : byfid(r->fid);

	if (p == NULL || owns(r, p) < 0) {
		req_fail(r);
		return;
	}
	post_free(posts_of(r->fid), p);
	req_ok(r);
}

static void srv_stat(Req *r)
{
	Post *p = NULL;

	if (!(r->fid->qid.type & QTDIR)) {
		p = byfid(r->fid);
		if (p == NULL) {
			req_fail(r);
			return;
		}
	}
	describe(&r->d, p, kern_hostowner(posts_of(r->fid)->k));
	req_ok(r);
}

static int change(Req *r)
{
	Posts *s = posts_of(r->fid);
	Post *p = r->fid->qid.type & QTDIR ? errnull(Eperm) : byfid(r->fid);
	autofree char *was = NULL, *now = NULL;
	const char *name = r->d.name;

	if (p == NULL || owns(r, p) < 0)
		return -1;
	if (name != NULL && *name != '\0' && strcmp(name, p->name) != 0 && byname(s, name) != NULL)
		return errset(Eexist);
	if (name != NULL && strlen(name) >= NAMEMAX)
		return errset(Etoolong);
	was = key(p);
	if (name != NULL && *name != '\0') {
		free(p->name);
		p->name = mem_str(name);
	}
	if (r->d.mode != ~(u32)0)
		p->perm = r->d.mode & 0777;
	now = key(p);
	if (p->fd < 0 || strcmp(was, now) == 0)
		return 0;
	if (kern_store(s->k, now, p->fd) < 0)
		return -1;
	kern_unstore(s->k, was);
	return 0;
}

static void srv_wstat(Req *r)
{
	if (change(r) < 0)
		req_fail(r);
	else
		req_ok(r);
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
	free(sf);
}

static const SrvOps srv_ops = {
	.attach = srv_attach,
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

int kern_posted(Kern *k, const char *name, const Req *r)
{
	Posts *s = k->srvs;
	Post *p;
	int fd = -1;

	lock(&s->srv.lk);
	p = byname(s, name);
	if (p == NULL)
		errset(Enonexist);
	else if (p->fd < 0)
		errset(Eshutdown);
	else if (kern_may(k, r, p->owner, p->perm, ORDWR) == 0)
		fd = io_dup(p->fd);
	unlock(&s->srv.lk);
	return fd;
}

/* restore makes the post that key "srv/PERM/OWNER/NAME" stands for. */
static void restore(void *arg, const char *name)
{
	Posts *s = arg;
	autofree char *copy = mem_str(name);
	char *f[4];
	u64 perm;
	Post *p;
	int fd;

	if (str_fields(copy, f, 4, "/") != 4 || str_u64(f[1], 8, 0777, &perm) < 0)
		return;
	fd = kern_stored(s->k, name);
	if (fd < 0)
		return;
	p = post_new(s, f[3], f[2], (u32)perm);
	p->fd = fd;
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
	s->k = k;
	list_init(&s->posts);
	kern_eachstored(k, "srv/", restore, s);
	k->srvs = s;
}

const Dev dev_srv = { 's', "srv", srv_new };
