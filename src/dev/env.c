/*
 * #e: environment variables as files (env(3)); #ec: the node's configuration,
 * one group for everybody.
 *
 * Which group a process is in stands in its initial environment, in the
 * fixed-width slot anthill_egrp= (ns/group.h): a forked child inherits it, and
 * rfork overwrites it in place.  It is read once from /proc/PID/environ for
 * each (thread, start time); rfork comes through #M and sets the answer.
 * A process without a slot is in group 1.
 *
 * A group belongs to the user that made it; another user's process that
 * inherited the slot is refused.  Groups that no process's slot names any
 * more are freed when new ones are made.  Each has its text in a memfd that
 * init keeps, rewritten at every change.
 *
 * Serial: the Srv's lock of #e protects everything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/procinfo.h>
#include "kernpriv.h"

enum {
	NAMEMAX = 255,
	DATAMAX = 1 << 20,
	VARSMAX = 10000,
	YOUNGMS = 60000, /* a new group's id may not be in its slot yet */
	BOOTGROUP = 1,
};
#define SLOT "anthill_egrp="

typedef struct Var {
	Link link;
	u32 id, vers, mtime;
	char *name;
	Buf data;
} Var;

typedef struct Group {
	Link link;
	u64 id;
	char *owner;
	List vars;
	int nvars, memfd;
	u32 ids;
	i64 born;
	bool used; /* found by the last scan */
} Group;

typedef struct Seen {
	Link link;
	u32 tid;
	u64 start, group;
} Seen;

typedef struct Env {
	Srv srv, conf; /* #e and #ec; conf has no state of its own */
	Kern *k;
	List groups;
	int ngroups, nlive;
	List seen[64];
	u64 ids;
} Env;

static Env *env_of(const Fid *f)
{
	return f->srv->aux;
}

static Group *group_find(Env *e, u64 id)
{
	list_each (l, &e->groups)
		if (list_item(l, Group, link)->id == id)
			return list_item(l, Group, link);
	return NULL;
}

static Var *var_find(Group *g, const char *name)
{
	list_each (l, &g->vars)
		if (strcmp(list_item(l, Var, link)->name, name) == 0)
			return list_item(l, Var, link);
	return NULL;
}

static Var *var_new(Group *g, const char *name)
{
	Var *v = mem_new(sizeof *v);

	v->id = ++g->ids;
	v->name = mem_str(name);
	v->mtime = (u32)clock_wall();
	list_add(&g->vars, &v->link);
	g->nvars++;
	return v;
}

static void var_free(Group *g, Var *v)
{
	list_del(&v->link);
	g->nvars--;
	buf_free(&v->data);
	free(v->name);
	free(v);
}

static Group *group_new(Env *e, u64 id, const char *owner)
{
	Group *g = mem_new(sizeof *g);

	g->id = id;
	g->owner = mem_str(owner);
	g->memfd = -1;
	g->born = clock_ms();
	list_init(&g->vars);
	list_add(&e->groups, &g->link);
	e->ngroups++;
	return g;
}

static char *group_key(const Group *g)
{
	return mem_printf("env/%llx/%s", (unsigned long long)g->id, g->owner);
}

static void group_free(Env *e, Group *g)
{
	while (!list_empty(&g->vars))
		var_free(g, list_item(g->vars.next, Var, link));
	if (g->memfd >= 0) {
		autofree char *key = group_key(g);

		kern_unstore(e->k, key);
		close(g->memfd);
	}
	list_del(&g->link);
	e->ngroups--;
	free(g->owner);
	free(g);
}

/* pack writes a group as name NUL decimal-length NUL data, one variable after the other. */
static void pack(const Group *g, Buf *b)
{
	list_each (l, (List *)(uintptr_t)&g->vars) {
		Var *v = list_item(l, Var, link);

		buf_add(b, v->name, strlen(v->name) + 1);
		buf_printf(b, "%zu", v->data.n);
		buf_ch(b, 0);
		buf_add(b, buf_text(&v->data), v->data.n);
	}
}

/* Packed is a variable in what pack wrote. */
typedef struct Packed {
	const char *name, *data;
	u64 size;
} Packed;

/* unpack1 finds the variable at p and returns where the next is, NULL for bad text. */
static const char *unpack1(const char *p, const char *end, Packed *v)
{
	const char *len = memchr(p, 0, (size_t)(end - p));
	const char *data = len != NULL ? memchr(len + 1, 0, (size_t)(end - len - 1)) : NULL;

	if (data == NULL || str_u64(len + 1, 10, (u64)(end - data - 1), &v->size) < 0)
		return NULL;
	v->name = p;
	v->data = data + 1;
	return v->data + v->size;
}

static void unpack(Group *g, const char *p, size_t n)
{
	const char *end = p + n;
	Packed v;

	while (p < end && (p = unpack1(p, end, &v)) != NULL)
		buf_add(&var_new(g, v.name)->data, v.data, v.size);
}

/* keep rewrites what init keeps of g. */
static int keep(Env *e, Group *g)
{
	autobuf Buf b = { 0 };

	if (e->k->initfd < 0)
		return 0;
	pack(g, &b);
	if (g->memfd < 0) {
		autofree char *key = group_key(g);

		g->memfd = io_memfd("env");
		if (g->memfd < 0 || kern_store(e->k, key, g->memfd) < 0)
			return -1;
	}
	if (pwrite(g->memfd, buf_text(&b), b.n, 0) != (ssize_t)b.n || ftruncate(g->memfd, (off_t)b.n) < 0)
		return os_werr("environment group");
	return 0;
}

/* slot reads the group id from the initial environment of process pid, BOOTGROUP without one. */
static u64 slot(u32 pid)
{
	size_t n = 0;
	autofree char *s = proc_slurp(pid, "environ", &n);

	for (size_t i = 0; s != NULL && i < n; i += strlen(s + i) + 1)
		if (str_prefix(s + i, SLOT))
			return strtoull(s + i + strlen(SLOT), NULL, 16);
	return BOOTGROUP;
}

static Seen *seen_find(Env *e, u32 tid, u64 start)
{
	list_each (l, &e->seen[tid % nelem(e->seen)]) {
		Seen *s = list_item(l, Seen, link);

		if (s->tid == tid && s->start == start)
			return s;
	}
	return NULL;
}

static Seen *seen_get(Env *e, u32 tid)
{
	u64 start = proc_start(tid);
	Seen *s = seen_find(e, tid, start);

	if (s != NULL)
		return s;
	s = mem_new(sizeof *s);
	s->tid = tid;
	s->start = start;
	s->group = slot(tid);
	list_add(&e->seen[tid % nelem(e->seen)], &s->link);
	return s;
}

/* user is who asks: for a local caller by uid. */
static const char *user(Env *e, const Req *r)
{
	return r->caller.pid != 0 ? kern_user(e->k, r->caller.uid) : r->fid->uid;
}

/* group_of returns the caller's group, NULL if it may not use it. */
static Group *group_of(Env *e, const Req *r)
{
	u64 id = r->caller.pid != 0 ? seen_get(e, r->caller.pid)->group : BOOTGROUP;
	Group *g = group_find(e, id);

	if (g == NULL) {
		werrstr("no environment group %llx", (unsigned long long)id);
		return NULL;
	}
	if (!str_eq(g->owner, user(e, r)) && !kern_isowner(e->k, r))
		return errnull(Eperm);
	return g;
}

static bool is_conf(const Fid *f)
{
	return f->srv == &env_of(f)->conf;
}

/* dir_group returns the group that the directory f shows to r's caller. */
static Group *dir_group(const Req *r, const Fid *f)
{
	Env *e = env_of(f);

	return is_conf(f) ? group_find(e, 0) : group_of(e, r);
}

static Qid qid(const Group *g, const Var *v)
{
	return (Qid){ .path = g->id << 24 | v->id, .vers = v->vers };
}

/* at finds the variable that file fid f is. */
static Var *at(const Fid *f, Group **gp)
{
	Env *e = env_of(f);

	list_each (l, &e->groups) {
		Group *g = list_item(l, Group, link);

		if ((g->id << 24) >> 24 != f->qid.path >> 24)
			continue;
		list_each (m, &g->vars)
			if (list_item(m, Var, link)->id == (f->qid.path & 0xFFFFFF)) {
				*gp = g;
				return list_item(m, Var, link);
			}
	}
	return errnull(Enonexist);
}

static void enter(Fid *f)
{
	if (is_conf(f))
		lock(&env_of(f)->srv.lk);
}

static void leave(Fid *f)
{
	if (is_conf(f))
		unlock(&env_of(f)->srv.lk);
}

static void answer(Req *r, int rc)
{
	if (rc < 0)
		req_fail(r);
	else
		req_ok(r);
}

static void env_attach(Req *r)
{
	r->fid->qid = (Qid){ .type = QTDIR };
	req_ok(r);
}

static int walk_locked(Req *r, Fid *f, const char *name)
{
	Group *g = dir_group(r, f);
	Var *v;

	if (g == NULL)
		return -1;
	v = var_find(g, name);
	if (v == NULL)
		return errset(Enonexist);
	f->qid = qid(g, v);
	return 0;
}

static int env_walk1(Req *r, Fid *f, const char *name)
{
	int rc = 0;

	enter(f);
	if (strcmp(name, "..") == 0)
		f->qid = (Qid){ .type = QTDIR };
	else
		rc = walk_locked(r, f, name);
	leave(f);
	return rc;
}

/* may says whether r may change variables of its fid's tree. */
static int may(const Req *r)
{
	if (is_conf(r->fid) && !kern_isowner(env_of(r->fid)->k, r))
		return errset(Eperm);
	return 0;
}

static int open_var(Req *r)
{
	Group *g;
	Var *v = at(r->fid, &g);

	if (v == NULL)
		return -1;
	if (((r->i.mode & 3) == OWRITE || (r->i.mode & 3) == ORDWR || r->i.mode & OTRUNC) && may(r) < 0)
		return -1;
	if (r->i.mode & OTRUNC) {
		buf_free(&v->data);
		v->vers++;
		return keep(env_of(r->fid), g);
	}
	return 0;
}

static void env_open(Req *r)
{
	Fid *f = r->fid;
	int rc;

	enter(f);
	rc = f->qid.type & QTDIR ? 0 : open_var(r);
	leave(f);
	answer(r, rc);
}

static u64 group_bytes(const Group *g)
{
	u64 n = 0;

	list_each (l, (List *)(uintptr_t)&g->vars)
		n += list_item(l, Var, link)->data.n + sizeof(Var) + NAMEMAX;
	return n;
}

/* room says whether owner may have more in his groups, or with one more group. */
static int room(Env *e, const char *owner, bool group)
{
	u64 n = 0, bytes = 0;

	if (str_eq(owner, kern_hostowner(e->k)))
		return 0;
	list_each (l, &e->groups) {
		const Group *g = list_item(l, Group, link);

		if (strcmp(g->owner, owner) != 0)
			continue;
		n++;
		bytes += group_bytes(g);
	}
	if (group && kern_limit(e->k, owner, n, MaxGroups, "environment groups") < 0)
		return -1;
	return kern_limit(e->k, owner, bytes, MaxEnvBytes, "bytes in environment groups");
}

static int create_var(Req *r)
{
	Group *g = dir_group(r, r->fid);
	Var *v;

	if (g == NULL || may(r) < 0)
		return -1;
	if (r->i.perm & DMDIR)
		return errset(Eperm);
	if (strlen(r->i.name) > NAMEMAX)
		return errset(Etoolong);
	if (var_find(g, r->i.name) != NULL)
		return errset(Eexist);
	if (g->nvars >= VARSMAX)
		return werrstr("too many environment variables");
	if (room(env_of(r->fid), g->owner, false) < 0)
		return -1;
	v = var_new(g, r->i.name);
	r->fid->qid = qid(g, v);
	return keep(env_of(r->fid), g);
}

static void env_create(Req *r)
{
	Fid *f = r->fid;
	int rc;

	enter(f);
	rc = create_var(r);
	leave(f);
	answer(r, rc);
}

static void describe(Dir *d, const Group *g, const Var *v, const char *owner, bool conf)
{
	*d = (Dir){
		.qid = v != NULL ? qid(g, v) : (Qid){ .type = QTDIR },
		.mode = v == NULL ? DMDIR | (conf ? 0555 : 0775) : conf ? 0444 : 0666,
		.mtime = v != NULL ? v->mtime : (u32)clock_wall(),
		.length = v != NULL ? v->data.n : 0,
		.name = v != NULL ? v->name : "/",
		.uid = owner,
		.gid = owner,
		.muid = "",
	};
	d->atime = d->mtime;
}

static int gen(Req *r, int i, Dir *d)
{
	Group *g = dir_group(r, r->fid);

	if (g == NULL)
		return -1;
	list_each (l, &g->vars)
		if (i-- == 0) {
			describe(d, g, list_item(l, Var, link), g->owner, is_conf(r->fid));
			return 0;
		}
	return -1;
}

static void env_read(Req *r)
{
	Fid *f = r->fid;
	Group *g;
	Var *v;

	enter(f);
	if (f->qid.type & QTDIR) {
		req_readdir(r, gen);
	} else {
		v = at(f, &g);
		if (v != NULL)
			req_readbuf(r, buf_text(&v->data), v->data.n);
		else
			req_fail(r);
	}
	leave(f);
}

static int write_var(Req *r)
{
	Group *g;
	Var *v = at(r->fid, &g);
	u64 end = r->i.offset + r->i.count;

	if (v == NULL)
		return -1;
	if (r->i.offset > DATAMAX || end > DATAMAX)
		return errset(Etoobig);
	if (end > v->data.n && room(env_of(r->fid), g->owner, false) < 0)
		return -1;
	if (end > v->data.n) {
		size_t more = end - v->data.n;

		memset(buf_room(&v->data, more), 0, more);
		v->data.n = end;
		v->data.p[end] = '\0';
	}
	memcpy(v->data.p + r->i.offset, r->i.data, r->i.count);
	v->vers++;
	v->mtime = (u32)clock_wall();
	r->o.count = r->i.count;
	return keep(env_of(r->fid), g);
}

static void env_write(Req *r)
{
	Fid *f = r->fid;
	int rc;

	enter(f);
	rc = r->i.count > 0 ? write_var(r) : 0;
	leave(f);
	answer(r, rc);
}

static int remove_var(Req *r)
{
	Group *g;
	Var *v = r->fid->qid.type & QTDIR ? errnull(Eperm) : at(r->fid, &g);

	if (v == NULL || may(r) < 0)
		return -1;
	var_free(g, v);
	return keep(env_of(r->fid), g);
}

static void env_remove(Req *r)
{
	Fid *f = r->fid;
	int rc;

	enter(f);
	rc = remove_var(r);
	leave(f);
	answer(r, rc);
}

static int stat_var(Req *r)
{
	Env *e = env_of(r->fid);
	Group *g = NULL;
	Var *v = NULL;

	if (!(r->fid->qid.type & QTDIR)) {
		v = at(r->fid, &g);
		if (v == NULL)
			return -1;
	}
	describe(&r->d, g, v, g != NULL ? g->owner : kern_hostowner(e->k), is_conf(r->fid));
	return 0;
}

static void env_stat(Req *r)
{
	Fid *f = r->fid;
	int rc;

	enter(f);
	rc = stat_var(r);
	answer(r, rc);
	leave(f);
}

/* a truncation is all that wstat can do: the rest of what Linux programs ask is let pass */
static int change(Req *r)
{
	Group *g;
	Var *v = r->fid->qid.type & QTDIR ? errnull(Eperm) : at(r->fid, &g);

	if (v == NULL || may(r) < 0)
		return -1;
	if (r->d.name != NULL && *r->d.name != '\0' && strcmp(r->d.name, v->name) != 0)
		return errset(Eperm);
	if (r->d.length == ~(u64)0 || r->d.length >= v->data.n)
		return 0;
	v->data.n = r->d.length;
	v->data.p[v->data.n] = '\0';
	v->vers++;
	return keep(env_of(r->fid), g);
}

static void env_wstat(Req *r)
{
	Fid *f = r->fid;
	int rc;

	enter(f);
	rc = change(r);
	leave(f);
	answer(r, rc);
}

static const SrvOps env_ops = {
	.attach = env_attach,
	.walk1 = env_walk1,
	.open = env_open,
	.create = env_create,
	.read = env_read,
	.write = env_write,
	.remove = env_remove,
	.stat = env_stat,
	.wstat = env_wstat,
};

char *env_snapshot(Kern *k, const Req *r, size_t *n)
{
	Env *e = k->env;
	Buf b = { 0 };
	Group *g;

	lock(&e->srv.lk);
	g = group_of(e, r);
	if (g != NULL)
		pack(g, &b);
	unlock(&e->srv.lk);
	*n = b.n;
	return g != NULL ? buf_take(&b) : NULL;
}

/* check says what is wrong with packed variables from outside that are to be set in g. */
static int check(const Group *g, const char *p, const char *end)
{
	int n = g->nvars;
	Packed v;

	for (; p < end; n++) {
		p = unpack1(p, end, &v);
		if (p == NULL)
			return werrstr("bad text for environment variables");
		if (*v.name == '\0' || strchr(v.name, '/') != NULL || strcmp(v.name, ".") == 0 || strcmp(v.name, "..") == 0)
			return errset(Ebadchar);
		if (strlen(v.name) > NAMEMAX)
			return errset(Etoolong);
		if (v.size > DATAMAX)
			return errset(Etoobig);
	}
	return n > VARSMAX ? werrstr("too many environment variables") : 0;
}

static int set(Env *e, Group *g, const char *p, const char *end)
{
	Packed v;

	if (check(g, p, end) < 0)
		return -1;
	while (p < end && (p = unpack1(p, end, &v)) != NULL) {
		Var *var = var_find(g, v.name);

		if (var == NULL)
			var = var_new(g, v.name);
		buf_free(&var->data);
		buf_add(&var->data, v.data, v.size);
		var->vers++;
		var->mtime = (u32)clock_wall();
	}
	return keep(e, g);
}

int env_set(Kern *k, const Req *r, const char *packed, size_t n)
{
	Env *e = k->env;
	Group *g;
	int rc;

	lock(&e->srv.lk);
	g = group_of(e, r);
	rc = g != NULL ? set(e, g, packed, packed + n) : -1;
	unlock(&e->srv.lk);
	return rc;
}

static void mark(void *arg, u32 pid)
{
	Group *g = group_find(arg, slot(pid));

	if (g != NULL)
		g->used = true;
}

static void forget_dead(Env *e)
{
	for (size_t i = 0; i < nelem(e->seen); i++)
		list_each (l, &e->seen[i]) {
			Seen *s = list_item(l, Seen, link);

			if (proc_start(s->tid) != s->start) {
				list_del(l);
				free(s);
			}
		}
}

/* collect frees groups that no process is in, when there are twice as many as were in use the last time, or at once. */
static void collect(Env *e, bool must)
{
	i64 now = clock_ms();

	if (!must && e->ngroups < 2 * e->nlive + 16)
		return;
	list_each (l, &e->groups)
		list_item(l, Group, link)->used = false;
	if (proc_each(mark, e) < 0)
		return;
	forget_dead(e);
	list_each (l, &e->groups) {
		Group *g = list_item(l, Group, link);

		if (!g->used && g->id > BOOTGROUP && now - g->born > YOUNGMS)
			group_free(e, g);
	}
	e->nlive = e->ngroups;
}

int env_fork(Kern *k, const Req *r, bool clean, u64 *id)
{
	Env *e = k->env;
	Group *g, *old;
	int rc = -1;

	lock(&e->srv.lk);
	collect(e, false);
	old = group_of(e, r);
	if (room(e, user(e, r), true) < 0) {
		collect(e, true);
		if (room(e, user(e, r), true) < 0) {
			unlock(&e->srv.lk);
			return -1;
		}
	}
	if (old != NULL || clean) {
		autobuf Buf b = { 0 };

		g = group_new(e, ++e->ids, user(e, r));
		if (!clean) {
			pack(old, &b);
			unpack(g, buf_text(&b), b.n);
		}
		seen_get(e, r->caller.pid)->group = g->id;
		*id = g->id;
		rc = keep(e, g);
	}
	unlock(&e->srv.lk);
	return rc;
}

/* restore makes the group that was kept under "env/ID/OWNER". */
static void restore(void *arg, const char *key)
{
	Env *e = arg;
	autofree char *copy = mem_str(key);
	autobuf Buf b = { 0 };
	char *f[3];
	u64 id;
	Group *g;
	ssize_t n;
	int fd;

	if (str_fields(copy, f, 3, "/") != 3 || str_u64(f[1], 16, ~(u64)0, &id) < 0)
		return;
	fd = kern_stored(e->k, key);
	if (fd < 0)
		return;
	while ((n = pread(fd, buf_room(&b, 65536), 65536, (off_t)b.n)) > 0)
		b.n += (size_t)n;
	g = group_new(e, id, f[2]);
	g->memfd = fd;
	unpack(g, buf_text(&b), b.n);
	if (id > e->ids)
		e->ids = id;
}

static Env *env_make(Kern *k)
{
	Env *e = mem_new(sizeof *e);

	e->k = k;
	e->ids = BOOTGROUP;
	srv_init(&e->srv, "#e", &env_ops, e);
	srv_init(&e->conf, "#ec", &env_ops, e);
	e->conf.parallel = true;
	list_init(&e->groups);
	for (size_t i = 0; i < nelem(e->seen); i++)
		list_init(&e->seen[i]);
	kern_eachstored(k, "env/", restore, e);
	for (u64 id = 0; id <= BOOTGROUP; id++)
		if (group_find(e, id) == NULL)
			group_new(e, id, kern_hostowner(k));
	e->nlive = e->ngroups;
	return e;
}

static Srv *env_new(Kern *k, const char *spec)
{
	Env *e = k->env;

	if (*spec != '\0' && strcmp(spec, "c") != 0)
		return errnull(Enodev);
	return srv_take(*spec == '\0' ? &e->srv : &e->conf);
}

void env_init(Kern *k)
{
	k->env = env_make(k);
}

const Dev dev_env = { 'e', "env", env_new };
