/*
 * #M: the mount driver's files.
 *
 *	clone    write one command, read its answer: the new object's number, or
 *	         "!" and the reason; keep it open until the object is mounted.  Commands (words quoted as rc does):
 *	             union            and lines "m FLAGS fd FD NAME",
 *	                              "m FLAGS tree PATH NAME", "m - object N"
 *	             mount FLAGS fd FD ANAME NAME
 *	             mount FLAGS tree s/POST ANAME NAME
 *	             pipe
 *	             without N fd FD, without N tree PATH
 *	             clean FD: the name space that rfork N starts from, over unix socket FD
 *	         FD is a descriptor of the writer, PATH a path inside /#
 *	list     the objects and the journal, for ns
 *	journal  write "bind DEV ROOT POINT FLAGS NAME": a plain bind, as typed
 *	group    write "env copy", "env clean"; read the new group's number
 *	env      the caller's environment group, all of it, each variable as its name, NUL,
 *	         its decimal length, NUL, its text; write the same to set variables
 *	stage    of empty directories, one for each number: a process builds its mounts
 *	         on that of its own, so that nobody has to wait for anybody
 *	trace    the messages of 9P trees (mtrace.c)
 *	N        the root of object N; found by name, not listed
 *
 * Only its maker and the host owner may name an object; for everybody else
 * it is where it is mounted, which Linux leads to without a look-up of N.
 * Who looks N up all the same is refused, by fuse/ with an error that leaves
 * the mounts alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mtab.h>
#include <ns/union.h>
#include <os/procinfo.h>
#include "flat.h"
#include "mobj.h"
#include "mtrace.h"

enum { Clone, Env, Group, Journal, ListFile, Stage, Trace, COMMANDMAX = 64 * 1024, OWNSTAGE = 1 << 8 };

static const Flat files[] = {
	[Clone] = { "clone", 0666, FidFresh | FidStream, NULL, NULL },
	[Env] = { "env", 0666, FidFresh, NULL, NULL },
	[Group] = { "group", 0666, FidFresh | FidStream, NULL, NULL },
	[Journal] = { "journal", 0222, FidFresh | FidStream, NULL, NULL },
	[ListFile] = { "list", 0444, FidFresh, NULL, NULL },
	[Stage] = { "stage", DMDIR | 0555, FidStatic, NULL, NULL },
	[Trace] = { "trace", DMDIR | 0555, 0, NULL, NULL },
};

/* an open file: what it reads as */
typedef struct Mfid {
	char *out;
	size_t n;
	size_t off; /* of a stream's reader */
	u32 made;   /* clone: the object made by the last command, 0: none */
} Mfid;

static Mobj *mobj_of(const Fid *f)
{
	return f->srv->aux;
}

static void mnt_attach(Req *r)
{
	r->fid->qid = (Qid){ .type = QTDIR };
	req_ok(r);
}

static int walk_object(Req *r, Fid *f, const char *name)
{
	Mobj *t = mobj_of(f);
	u64 id;
	Obj *o;
	Fid *root;

	if (str_u64(name, 10, UINT32_MAX, &id) < 0)
		return errset(Enonexist);
	o = mobj_named(t, (u32)id, r);
	if (o == NULL)
		return -1;
	root = NULL;
	if (mobj_narrow(t, r)) {
		autofree char *path = mem_printf("M/%u", o->id);

		if (mobj_narrowuse(t, r, path) < 0) {
			obj_drop(o);
			return -1;
		}
	}
	if (req_block(r) == 0) {
		root = obj_root(t, o, r);
		req_unblock(r);
	}
	obj_drop(o);
	if (root == NULL)
		return -1;
	fid_move(f, root);
	fid_drop(root);
	return 0;
}

/* the number is a process's, but nobody who has a name space to build in loses by another's use of it */
static int walk_stage(Fid *f, const char *name)
{
	u64 n;

	if (str_u64(name, 10, INT32_MAX, &n) < 0)
		return errset(Enonexist);
	f->qid = (Qid){ .path = n << 9 | OWNSTAGE, .type = QTDIR };
	return 0;
}

static int mnt_walk1(Req *r, Fid *f, const char *name)
{
	if (f->qid.path == Stage + 1 && strcmp(name, "..") != 0)
		return walk_stage(f, name);
	if (f->qid.path != 0 && strcmp(name, "..") != 0)
		return errset(Enonexist);
	if (*name >= '0' && *name <= '9')
		return walk_object(r, f, name);
	if (strcmp(name, files[Trace].name) == 0)
		return mtrace_walk(mobj_of(f), r, f);
	return flat_walk(f, name, files, nelem(files));
}

static bool is(const Fid *f, int i)
{
	return f->qid.path == (u64)i + 1;
}

static void mnt_open(Req *r)
{
	Mobj *t = mobj_of(r->fid);
	Mfid *m;

	if (r->fid->qid.type & QTDIR) {
		req_ok(r);
		return;
	}
	m = mem_new(sizeof *m);
	if (is(r->fid, ListFile)) {
		m->out = mobj_list(t);
		m->n = strlen(m->out);
	} else if (is(r->fid, Env) && (r->i.mode & 3) != OWRITE) {
		m->out = env_snapshot(t->k, r, &m->n);
		if (m->out == NULL) {
			free(m);
			req_fail(r);
			return;
		}
	}
	r->fid->aux = m;
	req_ok(r);
}

static int gen(Req *r, int i, Dir *d)
{
	if (r->fid->qid.path != 0 || i >= (int)nelem(files))
		return -1;
	flat_dir(d, files, i, kern_hostowner(mobj_of(r->fid)->k));
	return 0;
}

static void mnt_read(Req *r)
{
	Mfid *m = r->fid->aux;

	if (r->fid->qid.type & QTDIR) {
		req_readdir(r, gen);
		return;
	}
	if (r->fid->flags & FidStream) {
		size_t left = m->n - m->off;

		r->o.count = left < r->i.count ? (u32)left : r->i.count;
		if (r->o.count > 0)
			memcpy(r->buf, m->out + m->off, r->o.count);
		m->off += r->o.count;
		req_ok(r);
		return;
	}
	req_readbuf(r, m->out != NULL ? m->out : "", m->n);
}

/* answer keeps what the command gave, or why not, for the next reads. */
static void answer(Mfid *m, char *text)
{
	free(m->out);
	m->out = text != NULL ? text : mem_printf("!%s", rerrstr());
	m->n = strlen(m->out);
	m->off = 0;
}

static char *group(Mobj *t, Req *r, const char *text)
{
	u64 id;

	if (r->caller.pid == 0)
		return errnull(Eperm);
	if (strcmp(text, "env copy") != 0 && strcmp(text, "env clean") != 0)
		return errnull(Ebadctl);
	if (env_fork(t->k, r, strcmp(text, "env clean") == 0, &id) < 0)
		return NULL;
	return mem_printf("%016llx", (unsigned long long)id);
}

static int journal(Mobj *t, char *text, const Req *r)
{
	char *w[8];
	int n = str_tokens(text, w, nelem(w));

	return r->caller.pid != 0 ? mobj_bind(t, w, n, r->caller.uid) : errset(Eperm);
}

static void write_env(Mobj *t, Req *r)
{
	if (r->caller.pid == 0) {
		req_err(r, Eperm);
	} else if (env_set(t->k, r, r->i.data, r->i.count) < 0) {
		req_fail(r);
	} else {
		r->o.count = r->i.count;
		req_ok(r);
	}
}

static void mnt_write(Req *r)
{
	Mobj *t = mobj_of(r->fid);
	Mfid *m = r->fid->aux;
	autofree char *text = NULL;

	if (r->i.count > COMMANDMAX) {
		req_err(r, Etoobig);
		return;
	}
	if (is(r->fid, Env)) {
		write_env(t, r);
		return;
	}
	text = req_text(r);
	if (text == NULL) {
		req_fail(r);
		return;
	}
	if (is(r->fid, Journal) && journal(t, text, r) < 0) {
		req_fail(r);
		return;
	}
	if (is(r->fid, Group))
		answer(m, group(t, r, text));
	if (is(r->fid, Clone)) {
		if (req_block(r) < 0) {
			req_fail(r);
			return;
		}
		if (m->made != 0)
			mobj_letgo(t, m->made);
		answer(m, mobj_command(t, r, text));
		m->made = (u32)strtoul(m->out, NULL, 10);
		req_unblock(r);
	}
	r->o.count = r->i.count;
	req_ok(r);
}

static void mnt_stat(Req *r)
{
	bool own = r->fid->qid.path & OWNSTAGE;

	flat_dir(&r->d, files, own ? Stage : (int)r->fid->qid.path - 1, kern_hostowner(mobj_of(r->fid)->k));
	if (own)
		r->d.qid = r->fid->qid;
	req_ok(r);
}

static void mnt_clunk(Fid *f)
{
	Mfid *m = f->aux;

	if (m == NULL)
		return;
	if (m->made != 0)
		mobj_letgo(mobj_of(f), m->made);
	free(m->out);
	free(m);
}

static const SrvOps mnt_ops = {
	.attach = mnt_attach,
	.walk1 = mnt_walk1,
	.open = mnt_open,
	.read = mnt_read,
	.write = mnt_write,
	.stat = mnt_stat,
	.clunk = mnt_clunk,
};

/* member_path is where rest, found in member i of union o, is inside /#; NULL if that is a native directory. */
static char *member_path(Mobj *t, Obj *o, const char *rest, u32 pid)
{
	autofree char *first = mem_strn(rest, strcspn(rest, "/"));
	Fid self = { .uid = (char *)(uintptr_t)kern_hostowner(t->k) };
	Req r = { .fid = &self, .caller = { .pid = pid } };
	Fid *root = obj_root(t, o, &r);
	int i = root != NULL ? union_find(root->srv, first, &r.caller) : -1;

	fid_drop(root);
	if (i < 0)
		return NULL;
	if (i >= o->n || o->m[i].path == NULL)
		return errnull(Enodev);
	return mem_printf("%s/%s", o->m[i].path, rest);
}

char *mnt_resolve(Kern *k, const char *path, u32 pid)
{
	Mobj *t = k->mnt;
	char *end;
	Obj *o;
	char *p = NULL;

	if (!str_prefix(path, "M/"))
		return mem_str(path);
	o = mobj_find(t, (u32)strtoul(path + 2, &end, 10));
	if (o == NULL)
		return NULL;
	if (o->kind == ObjUnion && *end == '/')
		p = member_path(t, o, end + 1, pid);
	else
		p = mem_str(path);
	obj_drop(o);
	return p;
}

/* absolute returns path of process pid, cleaned. */
static char *absolute(u32 pid, const char *path)
{
	autofree char *cwd = *path != '/' ? proc_link(pid, "cwd") : NULL;

	if (*path != '/' && cwd == NULL)
		return NULL;
	return path_join(cwd != NULL ? cwd : "/", path);
}

char *kern_namec(Kern *k, u32 pid, const char *path)
{
	u32 leader = proc_leader(pid);
	autofree char *p = NULL, *in = NULL;
	Mounts *t;
	const Mount *m;

	if (leader == 0)
		return errnull(Enoproc);
	if (*path == '#' && mtab_narrow(leader) && !kern_isnarrow(path + 1))
		return errnull(Enoattach);
	if (*path == '#')
		return mnt_resolve(k, path + 1, pid);
	p = absolute(leader, path);
	t = p != NULL ? mtab_read(leader) : NULL;
	m = t != NULL ? mtab_at(t, p) : NULL;
	if (m != NULL && mtab_ours(t, m))
		in = mtab_inside(m, p);
	else if (m != NULL)
		werrstr("%s: not a file of a device", path);
	mounts_free(t);
	return in != NULL ? mnt_resolve(k, in + 1, pid) : NULL;
}

static Srv *mnt_open_dev(Kern *k, const char *spec)
{
	Mobj *t = k->mnt;

	return *spec == '\0' ? srv_take(&t->srv) : errnull(Enodev);
}

Srv *mnt_narrow(Kern *k)
{
	Mobj *t = k->mnt;

	return &t->narrow;
}

void mntdev_init(Kern *k)
{
	Mobj *t = mem_new(sizeof *t);

	srv_init(&t->srv, "#M", &mnt_ops, t);
	t->srv.parallel = true;
	mtrace_init(t);
	srv_init(&t->narrow, "#M", &mnt_ops, t);
	t->narrow.parallel = true;
	k->mnt = t;
	mobj_init(t, k);
}

const Dev dev_mnt = { 'M', "mnt", mnt_open_dev };
