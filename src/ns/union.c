/*
 * Union directories (bind(2), bind(1)).
 *
 * 1. A name is looked up in the members in order; the first that has it wins
 *    and the file found is that member's own: what is below is not merged.
 * 2. A new file is made in the first member that allows it; if that fails,
 *    the create fails.
 * 3. A listing is the members' listings one after the other.  Plan 9 lists a
 *    name once for every member that has it; Linux programs take that for
 *    two files, so only the first is kept.
 * 4. A member that cannot be read is left out of the listing.
 *
 * A union is immutable, so nothing is locked; only open directories have
 * state, their own.
 */
#include <stdlib.h>
#include <string.h>
#include <base/buf.h>
#include <base/str.h>
#include <base/mem.h>
#include <ns/union.h>
#include <srv/call.h>

enum {
	WAITMS = 30000,   /* for a member's answer */
	CHUNK = 64 * 1024 /* bytes of a member's directory read at once */
};

typedef struct Union {
	Srv srv;
	Member *m;
	int n;
	Qid qid;
	bool waits; /* some member does */
	bool fixed;
} Union;

/* an open union: the records of all members, and a hash of their names */
typedef struct Listing {
	Buf recs;
	u32 *off;  /* where the i'th record begins */
	int n, cap;
	u32 *hash; /* index + 1 into off; nhash is a power of two */
	u32 nhash;
} Listing;

static Union *union_of(Srv *s)
{
	return s->aux;
}

static void union_attach(Req *r)
{
	r->fid->qid = union_of(r->fid->srv)->qid;
	r->fid->flags = union_of(r->fid->srv)->fixed ? FidStatic : 0;
	r->fid->aux = NULL;
	req_ok(r);
}

static int union_clone(Req *r, Fid *from, Fid *to)
{
	(void)r;
	(void)from;
	to->aux = NULL;
	return 0;
}

/* near walks to name in a member that answers at once, as a part of r. */
static Fid *near(Req *r, const Member *m, const char *name)
{
	Fid *f = fid_new(m->root->srv, m->root->uid);

	if (fid_become(r, f, m->root) == 0 && f->srv->ops->walk1(r, f, name) == 0)
		return f;
	fid_drop(f);
	return NULL;
}

/* look finds name for c, who asks in r (NULL: in none). */
static Fid *look(Union *u, const char *name, Req *r, const Caller *c, int *which)
{
	char err[ERRMAX] = "";

	for (int i = 0; i < u->n; i++) {
		const Member *m = &u->m[i];
		bool direct = r != NULL && !m->waits && m->root->srv->parallel && m->root->srv->ops->walk1 != NULL;
		Fid *f = direct ? near(r, m, name) : call_walk(m->root, 1, &name, c, WAITMS);

		if (f != NULL) {
			if (i == 0)
				f->flags |= FidFirst;
			if (which != NULL)
				*which = i;
			return f;
		}
		if (errcode(rerrstr()) != Enonexist)
			str_cpy(err, sizeof err, rerrstr());
	}
	if (err[0] != '\0')
		werrstr("%s", err);
	else
		errset(Enonexist);
	return NULL;
}

static int union_walk1(Req *r, Fid *f, const char *name)
{
	Union *u = union_of(f->srv);
	Fid *got;

	if (strcmp(name, "..") == 0)
		return 0;
	if (u->waits && req_block(r) < 0)
		return -1;
	got = look(u, name, r, &r->caller, NULL);
	if (u->waits)
		req_unblock(r);
	if (got == NULL)
		return -1;
	fid_move(f, got);
	fid_drop(got);
	return 0;
}

static void listing_free(Listing *l)
{
	if (l == NULL)
		return;
	buf_free(&l->recs);
	free(l->off);
	free(l->hash);
	free(l);
}

static u32 hash_of(const char *s)
{
	u32 h = 2166136261u;

	for (; *s != '\0'; s++)
		h = (h ^ (u8)*s) * 16777619u;
	return h;
}

/* name_at decodes a copy of the i'th record into tmp and returns its name. */
static const char *name_at(const Listing *l, int i, Buf *tmp, Dir *d)
{
	u32 end = i + 1 < l->n ? l->off[i + 1] : (u32)l->recs.n;

	tmp->n = 0;
	buf_add(tmp, l->recs.p + l->off[i], end - l->off[i]);
	return dir_decode((u8 *)tmp->p, (u32)tmp->n, d) < 0 ? "" : d->name;
}

static void hash_put(Listing *l, const char *name, int i)
{
	u32 h = hash_of(name) & (l->nhash - 1);

	while (l->hash[h] != 0)
		h = (h + 1) & (l->nhash - 1);
	l->hash[h] = (u32)i + 1;
}

static void hash_grow(Listing *l)
{
	autobuf Buf tmp = { 0 };
	Dir d;

	if ((u32)l->n * 2 < l->nhash)
		return;
	free(l->hash);
	l->nhash = l->nhash != 0 ? l->nhash * 4 : 256;
	l->hash = mem_array(l->nhash, sizeof *l->hash);
	for (int i = 0; i < l->n; i++)
		hash_put(l, name_at(l, i, &tmp, &d), i);
}

static bool seen(const Listing *l, const char *name)
{
	autobuf Buf tmp = { 0 };
	Dir d;

	for (u32 h = hash_of(name) & (l->nhash - 1); l->hash[h] != 0; h = (h + 1) & (l->nhash - 1))
		if (strcmp(name_at(l, (int)l->hash[h] - 1, &tmp, &d), name) == 0)
			return true;
	return false;
}

static void listing_add(Listing *l, const Dir *d)
{
	u32 size = dir_size(d);

	hash_grow(l);
	if (seen(l, d->name))
		return;
	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 32;
		l->off = mem_grow(l->off, (size_t)l->cap, sizeof *l->off);
	}
	l->off[l->n] = (u32)l->recs.n;
	if (dir_encode(d, (u8 *)buf_room(&l->recs, size), size) < 0)
		return;
	l->recs.n += size;
	hash_put(l, d->name, l->n);
	l->n++;
}

/* add_member appends the listing of one member; one that fails is left out from there on. */
static void add_member(Listing *l, const Member *m, const Caller *c)
{
	Fid *f = call_walk(m->root, 0, NULL, c, WAITMS);
	autofree u8 *buf = mem_new(CHUNK);
	u64 off = 0;
	long n;

	if (f == NULL || call_open(f, OREAD, c, WAITMS) < 0) {
		fid_drop(f);
		return;
	}
	while ((n = call_read(f, buf, CHUNK, off, c, WAITMS)) > 0) {
		Dir d;

		for (long p = 0, k; p < n; p += k) {
			k = dir_decode(buf + p, (u32)(n - p), &d);
			if (k <= 0)
				break;
			listing_add(l, &d);
		}
		off += (u64)n;
	}
	fid_drop(f);
}

static int load(Req *r, Union *u)
{
	Listing *l = mem_new(sizeof *l);

	if (u->waits && req_block(r) < 0) {
		free(l);
		return -1;
	}
	for (int i = 0; i < u->n; i++)
		add_member(l, &u->m[i], &r->caller);
	if (u->waits)
		req_unblock(r);
	listing_free(r->fid->aux);
	r->fid->aux = l;
	return 0;
}

/* union_read copies whole records from where the last read ended; the engine has checked the offset. */
static void union_read(Req *r)
{
	Listing *l;
	u32 off, end;
	int i;

	if (r->i.offset == 0 && load(r, union_of(r->fid->srv)) < 0) {
		req_fail(r);
		return;
	}
	if (r->i.offset == 0)
		r->fid->dirindex = 0;
	l = r->fid->aux;
	i = r->fid->dirindex;
	off = i < l->n ? l->off[i] : (u32)l->recs.n;
	for (end = off; i < l->n; i++) {
		u32 next = i + 1 < l->n ? l->off[i + 1] : (u32)l->recs.n;

		if (next - off > r->i.count)
			break;
		end = next;
	}
	if (end == off && i < l->n) {
		req_err(r, Etoosmall);
		return;
	}
	r->fid->dirindex = i;
	memcpy(r->buf, buf_text(&l->recs) + off, end - off);
	r->o.count = end - off;
	req_ok(r);
}

/* make creates r's file in member m and returns it open. */
static Fid *make(Req *r, const Member *m)
{
	Fid *f = call_walk(m->root, 0, NULL, &r->caller, WAITMS);

	if (f != NULL && call_create(f, r->i.name, r->i.mode, r->i.perm, &r->caller, WAITMS) == 0)
		return f;
	fid_drop(f);
	return NULL;
}

static Fid *make_first(Req *r, Union *u)
{
	for (int i = 0; i < u->n; i++)
		if (u->m[i].create)
			return make(r, &u->m[i]);
	return errnull(Enounioncreate);
}

static void union_create(Req *r)
{
	Union *u = union_of(r->fid->srv);
	Fid *f;

	if (u->waits && req_block(r) < 0) {
		req_fail(r);
		return;
	}
	f = make_first(r, u);
	if (u->waits)
		req_unblock(r);
	if (f == NULL) {
		req_fail(r);
		return;
	}
	fid_move(r->fid, f);
	fid_drop(f);
	req_ok(r);
}

static void union_stat(Req *r)
{
	Union *u = union_of(r->fid->srv);
	autofree char *strings = NULL;
	int rc;

	if (u->waits && req_block(r) < 0) {
		req_fail(r);
		return;
	}
	rc = call_stat(u->m[0].root, &r->d, &strings, &r->caller, WAITMS);
	if (u->waits)
		req_unblock(r);
	if (rc < 0) {
		req_fail(r);
		return;
	}
	r->d.qid = u->qid;
	r->d.name = "/";
	req_ok(r);
}

static void union_clunk(Fid *f)
{
	listing_free(f->aux);
}

static void union_end(Srv *s)
{
	Union *u = s->aux;

	for (int i = 0; i < u->n; i++)
		fid_drop(u->m[i].root);
	free(u->m);
	free(u);
}

static const SrvOps union_ops = {
	.attach = union_attach,
	.walk1 = union_walk1,
	.clone = union_clone,
	.create = union_create,
	.read = union_read,
	.stat = union_stat,
	.clunk = union_clunk,
	.end = union_end,
};

Srv *union_new(const Member *m, int n, u64 qidpath, bool fixed)
{
	Union *u = mem_new(sizeof *u);

	srv_init(&u->srv, "union", &union_ops, u);
	u->srv.parallel = true;
	u->m = mem_array((size_t)n, sizeof *u->m);
	u->n = n;
	u->fixed = fixed;
	u->qid = (Qid){ .path = qidpath, .type = QTDIR };
	for (int i = 0; i < n; i++) {
		u->m[i] = m[i];
		u->waits |= m[i].waits;
	}
	return &u->srv;
}

int union_find(Srv *s, const char *name, const Caller *c)
{
	int i;
	Fid *f = look(union_of(s), name, NULL, c, &i);

	if (f == NULL)
		return -1;
	fid_drop(f);
	return i;
}
