/*
 * The kernel process's own state: the device table, the root directory /#
 * and who is who.
 *
 * The root serves only names.  A walk to one attaches to the device and the
 * fid moves there, so everything below is the device's business.  It is
 * parallel: nothing here changes but the list of instances.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mtab.h>
#include <os/io.h>
#include <os/procinfo.h>
#include <os/userns.h>
#include <srv/call.h>
#include "kernpriv.h"

enum {
	NOBODY = 65534,   /* what Linux shows for an id that is not mapped */
	CALLMS = 30000,
	MAXNAME = 255,
	NARROW = 1 << 20, /* more than there are devices */
};

#define ROOTNAME "root" /* what #/ is called in a Linux directory */

typedef struct User {
	Link link;
	u32 uid;
	char *name;
	u32 shown; /* to Linux: uid, or k->nobody if that is not mapped, whose files Linux lets nobody remove */
} User;

void kern_helper(Kern *k, const char *path, int clean)
{
	k->helper = path;
	k->clean = clean;
}

const char *kern_hostowner(Kern *k)
{
	return k->hostowner;
}

static User *user_byid(Kern *k, u32 uid)
{
	list_each (l, &k->users)
		if (list_item(l, User, link)->uid == uid)
			return list_item(l, User, link);
	return NULL;
}

static bool user_known(Kern *k, u32 uid, const char *name)
{
	list_each (l, &k->users)
		if (list_item(l, User, link)->uid == uid && strcmp(list_item(l, User, link)->name, name) == 0)
			return true;
	return false;
}

static User *user_add(Kern *k, u32 uid, const char *name)
{
	User *u = mem_new(sizeof *u);

	*u = (User){ .uid = uid, .name = mem_str(name), .shown = userns_has(uid) ? uid : k->nobody };
	list_add(&k->users, &u->link);
	return u;
}

/* users_read adds those of /etc/passwd that are not known yet; k->lk is held. */
static void users_read(Kern *k)
{
	autofree char *text = io_slurp(-1, "/etc/passwd", 1 << 20, NULL);
	char *save = NULL, *f[4];
	u64 v;

	if (text == NULL)
		return;
	for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		if (str_fields(line, f, 4, ":") >= 3 && str_u64(f[2], 10, UINT32_MAX, &v) == 0 && !user_known(k, (u32)v, f[0]))
			user_add(k, (u32)v, f[0]);
}

const char *kern_user(Kern *k, u32 uid)
{
	User *u;

	if (uid == geteuid())
		return k->hostowner;
	if (uid == NOBODY)
		return "none";
	lock(&k->lk);
	u = user_byid(k, uid);
	if (u == NULL) {
		users_read(k);
		u = user_byid(k, uid);
	}
	if (u == NULL)
		u = user_add(k, uid, "none");
	unlock(&k->lk);
	return u->name;
}

static u32 idof(Kern *k, const char *name)
{
	u32 uid = k->nobody;
	u64 v;

	if (name == NULL)
		return k->nobody;
	if (str_eq(name, k->hostowner))
		return geteuid();
	if (*name >= '0' && *name <= '9' && str_u64(name, 10, UINT32_MAX, &v) == 0)
		return (u32)v;
	lock(&k->lk);
	list_each (l, &k->users)
		if (strcmp(list_item(l, User, link)->name, name) == 0)
			uid = list_item(l, User, link)->shown;
	unlock(&k->lk);
	return uid;
}

void kern_owner(void *arg, const Dir *d, u32 *uid, u32 *gid)
{
	*uid = idof(arg, d->uid);
	*gid = d->gid != NULL && strcmp(d->gid, d->uid != NULL ? d->uid : "") != 0 ? idof(arg, d->gid) : *uid;
}

const char *kern_caller(Kern *k, const Req *r)
{
	return r->caller.pid != 0 ? kern_user(k, r->caller.uid) : r->fid->uid;
}

bool kern_isowner(Kern *k, const Req *r)
{
	return str_eq(kern_caller(k, r), k->hostowner);
}

int kern_may(Kern *k, const Req *r, const char *owner, u32 perm, int mode)
{
	static const u32 need[] = { 4, 2, 6, 1 };
	u32 want = need[mode & 3] | (mode & OTRUNC ? 2u : 0);
	u32 have = perm & 7;

	if (str_eq(kern_caller(k, r), owner) || kern_isowner(k, r))
		have |= perm >> 6 & 7;
	return (want & ~have) != 0 ? errset(Eperm) : 0;
}

int kern_limit(Kern *k, const char *owner, u64 have, u64 max, const char *what)
{
	if (str_eq(owner, k->hostowner) || have < max)
		return 0;
	return werrstr("%s has %llu %s: another than the host owner may have no more", owner, (unsigned long long)have, what);
}

int kern_takefd(u32 pid, int fd)
{
	return proc_takefd(pid, fd);
}

void kern_text(Req *r, char *text)
{
	if (text == NULL) {
		req_fail(r);
		return;
	}
	r->fid->aux = text;
	req_ok(r);
}

void kern_readtext(Req *r)
{
	req_readstr(r, r->fid->aux != NULL ? r->fid->aux : "");
}

static const Dev *dev_find(Rune c)
{
	for (int i = 0; i < ndevtab; i++)
		if (devtab[i]->letter == c)
			return devtab[i];
	return NULL;
}

static Srv *instance_find(Kern *k, const char *name)
{
	list_each (l, &k->instances) {
		Instance *i = list_item(l, Instance, link);

		if (strcmp(i->name, name) == 0)
			return srv_take(i->srv);
	}
	return NULL;
}

/* instances_of counts those with a spec that owner was the first to name: each #I is a net name space. */
static u64 instances_of(Kern *k, const char *owner)
{
	u64 n = 0;

	list_each (l, &k->instances) {
		Instance *i = list_item(l, Instance, link);

		n += utf_len(i->name) > 1 && str_eq(i->owner, owner);
	}
	return n;
}

/* instance returns the Srv for name, opening the device the first time; two at once keep the first. */
static Srv *instance(Kern *k, const char *name, const char *owner)
{
	Srv *s, *other;
	const Dev *d;
	Instance *in;
	Rune c;
	int n;

	u64 have;

	lock(&k->lk);
	s = instance_find(k, name);
	have = instances_of(k, owner);
	unlock(&k->lk);
	if (s != NULL)
		return s;
	if (*name == '\0' || strlen(name) > MAXNAME)
		return errnull(Enodev);
	n = utf_get(&c, name, strlen(name));
	d = dev_find(c);
	if (d == NULL)
		return errnull(Enodev);
	if (name[n] != '\0' && kern_limit(k, owner, have, MaxInstances, "new devices") < 0)
		return NULL;
	s = d->open(k, name + n);
	if (s == NULL)
		return NULL;
	lock(&k->lk);
	other = instance_find(k, name);
	if (other == NULL) {
		in = mem_new(sizeof *in);
		in->name = mem_str(name);
		in->owner = mem_str(owner);
		in->srv = srv_take(s);
		list_add(&k->instances, &in->link);
	}
	unlock(&k->lk);
	if (other == NULL)
		return s;
	srv_drop(s);
	return other;
}

Fid *kern_attach(Kern *k, const char *name, const char *uname, const Caller *c)
{
	Srv *s = instance(k, str_eq(name, ROOTNAME) ? "/" : name, uname);
	Fid *f;

	if (s == NULL)
		return NULL;
	f = call_attach(s, uname, "", c, CALLMS);
	srv_drop(s);
	return f;
}

Fid *kern_walk(Kern *k, const char *path, const char *uname, const Caller *c)
{
	autofree char *copy = mem_str(path);
	char *name[MAXWELEM + 1];
	int n = str_fields(copy, name, nelem(name), "/");
	Fid *f, *to;

	if (n == 0)
		return call_attach(&k->root, uname, "", c, CALLMS);
	if (n > MAXWELEM)
		return errnull(Etoolong);
	f = kern_attach(k, name[0], uname, c);
	if (f == NULL || n == 1)
		return f;
	to = call_walk(f, n - 1, (const char **)name + 1, c, CALLMS);
	fid_drop(f);
	return to;
}

static void root_attach(Req *r)
{
	r->fid->qid = (Qid){ .path = 0, .type = QTDIR };
	r->fid->aux = NULL;
	req_ok(r);
}

static int root_narrow(Req *r, Fid *f);

static int root_walk1(Req *r, Fid *f, const char *name)
{
	Kern *k = f->srv->aux;
	Fid *to;

	if (strcmp(name, "..") == 0)
		return 0;
	if (strcmp(name, MTAB_NARROW) == 0)
		return root_narrow(r, f);
	to = kern_attach(k, name, r->caller.pid != 0 ? kern_user(k, r->caller.uid) : f->uid, &r->caller);
	if (to == NULL)
		return -1;
	fid_move(f, to);
	fid_drop(to);
	return 0;
}

bool kern_isnarrow(const char *name)
{
	return *name != '\0' && strchr("|decp", *name) != NULL;
}

static void narrow_attach(Req *r)
{
	r->fid->qid = (Qid){ .path = NARROW, .type = QTDIR };
	r->fid->aux = NULL;
	req_ok(r);
}

static int narrow_walk1(Req *r, Fid *f, const char *name)
{
	Kern *k = f->srv->aux;
	Rune c;
	Fid *to;

	if (strcmp(name, "..") == 0)
		return 0;
	utf_get(&c, name, strlen(name));
	if (strcmp(name, "M") == 0)
		to = call_attach(mnt_narrow(k), kern_caller(k, r), "", &r->caller, CALLMS);
	else if (kern_isnarrow(name))
		to = kern_attach(k, name, kern_caller(k, r), &r->caller);
	else
		return errset(dev_find(c) != NULL || strcmp(name, ROOTNAME) == 0 ? Enoattach : Enodev);
	if (to == NULL)
		return -1;
	fid_move(f, to);
	fid_drop(to);
	return 0;
}

/* root_narrow moves f, at the root, to what of it rfork m leaves. */
static int root_narrow(Req *r, Fid *f)
{
	Kern *k = f->srv->aux;
	Fid *to = call_attach(&k->narrow, kern_caller(k, r), "", &r->caller, CALLMS);

	if (to == NULL)
		return -1;
	fid_move(f, to);
	fid_drop(to);
	return 0;
}

static void dir_named(Kern *k, Dir *d, const char *name, u64 path)
{
	*d = (Dir){
		.qid = { .path = path, .type = QTDIR },
		.mode = DMDIR | 0555,
		.name = name,
		.uid = k->hostowner,
		.gid = k->hostowner,
		.muid = "",
	};
}

/* root_gen lists the device letters, then the instances that were used under another name than the letter. */
static int root_gen(Req *r, int i, Dir *d)
{
	static _Thread_local char name[MAXNAME + 1];
	Kern *k = r->fid->srv->aux;
	int at = ndevtab, rc = -1;

	if (i < ndevtab) {
		name[utf_put(name, devtab[i]->letter)] = '\0';
		if (name[0] == '/')
			str_cpy(name, sizeof name, ROOTNAME);
		dir_named(k, d, name, (u64)i + 1);
		return 0;
	}
	lock(&k->lk);
	list_each (l, &k->instances) {
		Instance *in = list_item(l, Instance, link);

		if (utf_len(in->name) > 1 && at++ == i) {
			(void)!str_cpy(name, sizeof name, in->name);
			dir_named(k, d, name, (u64)i + 1);
			rc = 0;
			break;
		}
	}
	unlock(&k->lk);
	return rc;
}

static int narrow_gen(Req *r, int i, Dir *d)
{
	static const char *const names[] = { "|", "d", "e", "c", "p", "M" };

	if (i >= (int)nelem(names))
		return -1;
	dir_named(r->fid->srv->aux, d, names[i], (u64)i + 1);
	return 0;
}

static void narrow_read(Req *r)
{
	req_readdir(r, narrow_gen);
}

static void narrow_stat(Req *r)
{
	dir_named(r->fid->srv->aux, &r->d, MTAB_NARROW, NARROW);
	req_ok(r);
}

static const SrvOps narrow_ops = {
	.attach = narrow_attach,
	.walk1 = narrow_walk1,
	.read = narrow_read,
	.stat = narrow_stat,
};

static void root_read(Req *r)
{
	req_readdir(r, root_gen);
}

static void root_stat(Req *r)
{
	dir_named(r->fid->srv->aux, &r->d, "/", 0);
	req_ok(r);
}

static const SrvOps root_ops = {
	.attach = root_attach,
	.walk1 = root_walk1,
	.read = root_read,
	.stat = root_stat,
};

void kern_forgets(Kern *k, void (*fn)(void *arg, const char *dir, const char *name), void *arg)
{
	k->forgets = fn;
	k->forgetarg = arg;
}

Srv *kern_root(Kern *k)
{
	return &k->root;
}

Kern *kern_new(const char *hostowner, int initfd)
{
	Kern *k = mem_new(sizeof *k);

	k->hostowner = mem_str(hostowner);
	k->nobody = userns_has(NOBODY) ? NOBODY : geteuid();
	srv_init(&k->root, "#", &root_ops, k);
	k->root.parallel = true;
	srv_init(&k->narrow, "# after rfork m", &narrow_ops, k);
	k->narrow.parallel = true;
	lock_init(&k->lk, RankDev);
	lock_init(&k->initlk, RankLeaf);
	list_init(&k->instances);
	list_init(&k->users);
	list_init(&k->kept);
	k->initfd = initfd;
	k->clean = -1;
	lock(&k->lk);
	users_read(k);
	unlock(&k->lk);
	proc_umask(0);
	errstr_init(k);
	store_start(k);
	srvdev_init(k);
	env_init(k);
	mntdev_init(k);
	return k;
}
