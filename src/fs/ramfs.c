/*
 * The tree: Files with their children in an array (a removed child leaves a
 * hole, so that the index a directory reader has reached stays right) and
 * one hash table of (directory, name) for walks.  A File lives until it is
 * removed and no Fid has it.  Contents are blocks of BLOCK bytes, missing
 * ones being zero.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <fs/ramfs.h>
#include <os/clock.h>
#include "ramblock.h"

enum { MAXNAME = 255, PERMREAD = 4, PERMWRITE = 2, PERMEXEC = 1 };

typedef struct File File;
struct File {
	Ref ref;            /* one for the tree, one for each Fid */
	File *parent;       /* a reference; NULL for the root and once removed */
	int index;          /* in parent->kid */
	File *chain;        /* in the hash table */
	char *name, *uid, *gid, *muid;
	Qid qid;
	u32 mode, atime, mtime;
	RamData data;
	File **kid;
	int nkid, holes;
	int opens;          /* Fids that have it open */
};

typedef struct Ramfs {
	Srv srv;
	File *root;         /* all protected by srv.lk */
	File **hash;
	u32 nhash, nfile;   /* nhash is a power of 2 */
	u64 lastpath;
	RamPool pool;
} Ramfs;

static u32 hashof(const File *dir, const char *name)
{
	u32 h = (u32)dir->qid.path * 2654435761u;

	while (*name != '\0')
		h = (h ^ (u8)*name++) * 16777619u;
	return h;
}

static File **bucket(Ramfs *fs, const File *dir, const char *name)
{
	return &fs->hash[hashof(dir, name) & (fs->nhash - 1)];
}

static File *find(Ramfs *fs, const File *dir, const char *name)
{
	for (File *f = *bucket(fs, dir, name); f != NULL; f = f->chain)
		if (f->parent == dir && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static void hash_add(Ramfs *fs, File *f)
{
	File **b = bucket(fs, f->parent, f->name);

	f->chain = *b;
	*b = f;
}

static void hash_del(Ramfs *fs, File *f)
{
	File **b = bucket(fs, f->parent, f->name);

	while (*b != f)
		b = &(*b)->chain;
	*b = f->chain;
}

static void hash_grow(Ramfs *fs)
{
	File **old = fs->hash, *next;
	u32 n = fs->nhash;

	fs->nhash = n * 2;
	fs->hash = mem_array(fs->nhash, sizeof fs->hash[0]);
	for (u32 i = 0; i < n; i++)
		for (File *f = old[i]; f != NULL; f = next) {
			next = f->chain;
			hash_add(fs, f);
		}
	free(old);
}

static File *file_new(Ramfs *fs, const char *name, const char *user, u32 mode)
{
	File *f = mem_new(sizeof *f);

	ref_init(&f->ref, "ramfs file");
	f->name = mem_str(name);
	f->uid = mem_str(user);
	f->gid = mem_str(user);
	f->muid = mem_str(user);
	f->qid = (Qid){ .path = ++fs->lastpath, .type = (u8)(mode >> 24) };
	f->mode = mode;
	f->atime = f->mtime = (u32)clock_wall();
	return f;
}

static void file_drop(Ramfs *fs, File *f)
{
	if (!ref_drop(&f->ref))
		return;
	ramdata_truncate(&fs->pool, &f->data, 0);
	ramdata_free(&f->data);
	free(f->name);
	free(f->uid);
	free(f->gid);
	free(f->muid);
	free(f->kid);
	free(f);
}

static void touch(File *f, const char *user)
{
	f->mtime = (u32)clock_wall();
	f->qid.vers++;
	if (strcmp(f->muid, user) != 0) {
		free(f->muid);
		f->muid = mem_str(user);
	}
}

static void link(Ramfs *fs, File *dir, File *f)
{
	if ((dir->nkid & (dir->nkid - 1)) == 0)
		dir->kid = mem_grow(dir->kid, (size_t)dir->nkid * 2 + 1, sizeof dir->kid[0]);
	f->index = dir->nkid;
	dir->kid[dir->nkid++] = f;
	f->parent = dir;
	ref_take(&dir->ref);
	if (++fs->nfile > fs->nhash)
		hash_grow(fs);
	hash_add(fs, f);
}

/* closeup removes the holes of a directory that nobody is reading. */
static void closeup(File *dir)
{
	int n = 0;

	if (dir->opens > 0 || dir->holes * 2 < dir->nkid)
		return;
	for (int i = 0; i < dir->nkid; i++)
		if (dir->kid[i] != NULL) {
			dir->kid[i]->index = n;
			dir->kid[n++] = dir->kid[i];
		}
	dir->nkid = n;
	dir->holes = 0;
}

/* detach takes f out of the tree and gives the tree's reference up. */
static void detach(Ramfs *fs, File *f)
{
	File *dir = f->parent;

	hash_del(fs, f);
	fs->nfile--;
	dir->kid[f->index] = NULL;
	dir->holes++;
	closeup(dir);
	f->parent = NULL;
	file_drop(fs, f);
	file_drop(fs, dir);
}

/* may says whether user has the permission bits in want on f. */
static bool may(const File *f, const char *user, u32 want)
{
	u32 bits = f->mode & 7;

	if (strcmp(user, f->gid) == 0)
		bits |= f->mode >> 3 & 7;
	if (strcmp(user, f->uid) == 0)
		bits |= f->mode >> 6 & 7;
	return (bits & want) == want;
}

static void attach(Req *r)
{
	Ramfs *fs = r->srv->aux;

	if (r->i.aname[0] != '\0') {
		werrstr("ramfs: unknown tree '%s'", r->i.aname);
		req_fail(r);
		return;
	}
	ref_take(&fs->root->ref);
	r->fid->aux = fs->root;
	r->fid->qid = fs->root->qid;
	req_ok(r);
}

static int clone_fid(Req *r, Fid *from, Fid *to)
{
	File *f = from->aux;

	ref_take(&f->ref);
	to->aux = f;
	return 0;
}

static int walk1(Req *r, Fid *fid, const char *name)
{
	Ramfs *fs = fid->srv->aux;
	File *f = fid->aux, *to;

	if (!may(f, fid->uid, PERMEXEC))
		return errset(Eperm);
	if (strcmp(name, "..") == 0)
		to = f->parent != NULL ? f->parent : f;
	else
		to = find(fs, f, name);
	if (to == NULL)
		return errset(Enonexist);
	ref_take(&to->ref);
	file_drop(fs, f);
	fid->aux = to;
	fid->qid = to->qid;
	return 0;
}

static const u32 wants[4] = { PERMREAD, PERMWRITE, PERMREAD | PERMWRITE, PERMEXEC };

static void opened(Req *r)
{
	Ramfs *fs = r->srv->aux;
	File *f = r->fid->aux;
	bool trunc = (r->i.mode & OTRUNC) != 0;
	u32 want = wants[r->i.mode & 3] | (trunc ? PERMWRITE : 0);

	if (!may(f, r->fid->uid, want) ||
	    ((r->i.mode & ORCLOSE) != 0 && (f->parent == NULL || !may(f->parent, r->fid->uid, PERMWRITE)))) {
		req_err(r, Eperm);
		return;
	}
	if ((f->mode & DMEXCL) != 0 && f->opens > 0) {
		req_err(r, Elocked);
		return;
	}
	if (trunc && (f->mode & DMAPPEND) == 0) {
		ramdata_truncate(&fs->pool, &f->data, 0);
		touch(f, r->fid->uid);
	}
	f->opens++;
	r->fid->qid = f->qid;
	req_ok(r);
}

static void create(Req *r)
{
	Ramfs *fs = r->srv->aux;
	File *dir = r->fid->aux, *f;
	u32 perm = r->i.perm, mask = (perm & DMDIR) != 0 ? 0777 : 0666;

	if (dir->parent == NULL && dir != fs->root) {
		req_err(r, Enonexist);
		return;
	}
	if (!may(dir, r->fid->uid, PERMWRITE)) {
		req_err(r, Eperm);
		return;
	}
	if (strlen(r->i.name) > MAXNAME) {
		req_err(r, Etoolong);
		return;
	}
	if (find(fs, dir, r->i.name) != NULL) {
		req_err(r, Eexist);
		return;
	}
	perm = (perm & ~(mask | 0777)) | (perm & (~mask | (dir->mode & mask)) & 0777);
	f = file_new(fs, r->i.name, r->fid->uid, perm);
	free(f->gid);
	f->gid = mem_str(dir->gid);
	link(fs, dir, f);
	touch(dir, r->fid->uid);
	ref_take(&f->ref);
	file_drop(fs, dir);
	f->opens = 1;
	r->fid->aux = f;
	r->fid->qid = f->qid;
	req_ok(r);
}

static void describe(const File *f, Dir *d)
{
	*d = (Dir){ .qid = f->qid, .mode = f->mode, .atime = f->atime, .mtime = f->mtime, .length = f->data.length };
	d->name = f->name;
	d->uid = f->uid;
	d->gid = f->gid;
	d->muid = f->muid;
}

static int gen(Req *r, int i, Dir *d)
{
	File *f = r->fid->aux;

	while (i < f->nkid && f->kid[i] == NULL)
		i = ++r->fid->dirindex;
	if (i >= f->nkid)
		return -1;
	describe(f->kid[i], d);
	return 0;
}

static void readfile(Req *r)
{
	File *f = r->fid->aux;

	f->atime = (u32)clock_wall();
	if ((f->mode & DMDIR) != 0) {
		req_readdir(r, gen);
		return;
	}
	r->o.count = ramdata_read(&f->data, r->buf, r->i.count, r->i.offset);
	req_ok(r);
}

static void writefile(Req *r)
{
	Ramfs *fs = r->srv->aux;
	File *f = r->fid->aux;
	u64 off = (f->mode & DMAPPEND) != 0 ? f->data.length : r->i.offset;

	if (ramdata_write(&fs->pool, &f->data, r->i.data, r->i.count, off) < 0) {
		req_fail(r);
		return;
	}
	touch(f, r->fid->uid);
	r->o.count = r->i.count;
	req_ok(r);
}

static const char *removable(Ramfs *fs, File *f, const char *user)
{
	if (f == fs->root)
		return errtext(Eperm);
	if (f->parent == NULL)
		return errtext(Enonexist);
	if (!may(f->parent, user, PERMWRITE))
		return errtext(Eperm);
	return f->nkid > f->holes ? errtext(Enotempty) : NULL;
}

static void removefile(Req *r)
{
	Ramfs *fs = r->srv->aux;
	File *f = r->fid->aux;
	const char *why = removable(fs, f, r->fid->uid);

	if (why != NULL) {
		werrstr("%s", why);
		req_fail(r);
		return;
	}
	touch(f->parent, r->fid->uid);
	detach(fs, f);
	req_ok(r);
}

static void stat(Req *r)
{
	describe(r->fid->aux, &r->d);
	req_ok(r);
}

static bool asked32(u32 v)
{
	return v != 0xFFFFFFFFu;
}

/* wstat_check returns why d may not be applied to f: either all of a wstat is done or nothing. */
static const char *wstat_check(Ramfs *fs, File *f, const Dir *d, const char *user)
{
	bool owner = strcmp(user, f->uid) == 0;
	bool renames = d->name[0] != '\0' && strcmp(d->name, f->name) != 0;

	if (renames && (f == fs->root || f->parent == NULL || !may(f->parent, user, PERMWRITE)))
		return errtext(Eperm);
	if (renames && strlen(d->name) > MAXNAME)
		return errtext(Etoolong);
	if (renames && find(fs, f->parent, d->name) != NULL)
		return errtext(Eexist);
	if (d->length != ~(u64)0 && ((f->mode & DMDIR) != 0 || !may(f, user, PERMWRITE)))
		return errtext(Eperm);
	if (d->length != ~(u64)0 && ramdata_mayset(d->length) < 0)
		return rerrstr();
	if (asked32(d->mode) && (!owner || ((d->mode ^ f->mode) & DMDIR) != 0))
		return errtext(owner ? Eperm : Enotowner);
	if ((asked32(d->mtime) || asked32(d->atime) || d->gid[0] != '\0') && !owner)
		return errtext(Enotowner);
	if (d->uid[0] != '\0' && strcmp(d->uid, f->uid) != 0)
		return errtext(Eperm);
	return NULL;
}

static void set_name(Ramfs *fs, File *f, const char *name)
{
	if (name[0] == '\0' || strcmp(name, f->name) == 0)
		return;
	hash_del(fs, f);
	free(f->name);
	f->name = mem_str(name);
	hash_add(fs, f);
}

static void wstat(Req *r)
{
	Ramfs *fs = r->srv->aux;
	File *f = r->fid->aux;
	Dir *d = &r->d;
	const char *why = wstat_check(fs, f, d, r->fid->uid);

	if (why != NULL) {
		werrstr("%s", why);
		req_fail(r);
		return;
	}
	if (d->length != ~(u64)0)
		ramdata_truncate(&fs->pool, &f->data, d->length);
	set_name(fs, f, d->name);
	if (asked32(d->mode)) {
		f->mode = d->mode;
		f->qid.type = (u8)(d->mode >> 24);
	}
	if (d->gid[0] != '\0') {
		free(f->gid);
		f->gid = mem_str(d->gid);
	}
	touch(f, r->fid->uid);
	if (asked32(d->mtime))
		f->mtime = d->mtime;
	if (asked32(d->atime))
		f->atime = d->atime;
	req_ok(r);
}

static void clunk(Fid *fid)
{
	File *f = fid->aux;

	if (fid->omode >= 0) {
		f->opens--;
		closeup(f);
	}
	file_drop(fid->srv->aux, f);
}

static void free_tree(Ramfs *fs, File *f)
{
	for (int i = f->nkid - 1; i >= 0; i--)
		if (f->kid[i] != NULL)
			free_tree(fs, f->kid[i]);
	if (f->parent != NULL)
		detach(fs, f);
}

static void end(Srv *s)
{
	Ramfs *fs = s->aux;

	free_tree(fs, fs->root);
	file_drop(fs, fs->root);
	free(fs->hash);
	free(fs);
}

static const SrvOps ops = {
	.attach = attach,
	.clone = clone_fid,
	.walk1 = walk1,
	.open = opened,
	.create = create,
	.read = readfile,
	.write = writefile,
	.remove = removefile,
	.stat = stat,
	.wstat = wstat,
	.clunk = clunk,
	.end = end,
};

Srv *ramfs_new(const char *user, u64 limit)
{
	Ramfs *fs = mem_new(sizeof *fs);

	fs->pool.limit = limit;
	fs->nhash = 64;
	fs->hash = mem_array(fs->nhash, sizeof fs->hash[0]);
	fs->root = file_new(fs, "/", user, DMDIR | 0777);
	srv_init(&fs->srv, "ramfs", &ops, fs);
	return &fs->srv;
}
