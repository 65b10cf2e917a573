/*
 * The walk: one thread looks at the tree in the order of names, so that the
 * numbers of files, and with them the archive, depend on the tree alone.
 *
 * What is unchanged (-q): the same length and time, and no later change of
 * the inode than the archive tells.  The archive counts in seconds; so a file
 * that was changed in the second in which it was archived, or the one
 * before, is recorded as changed a second earlier, and looks changed the next time.
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
#include "tool.h"
#include "vaccmd.h"

typedef struct Names {
	char **s;
	size_t n;
} Names;

/* a directory of the older archive, its files in strcmp's order */
typedef struct Old {
	VacFile **f;
	size_t n;
} Old;

/* A directory that is being walked; fd is -1 while it is closed, so that a tree may be deeper than there are descriptors. */
typedef struct Place {
	int fd;
	u64 dev, ino;
} Place;

enum { OPENDEPTH = 64 }; /* directories deeper than this are closed while one below them is walked */

static void add(VacRun *r, VacwDir *out, VacFile *old, Place *in, const char *name, const char *elem, Buf *path, int depth);

static void got_name(void *arg, const char *name)
{
	Names *n = arg;

	if ((n->n & (n->n - 1)) == 0)
		n->s = mem_grow(n->s, n->n == 0 ? 1 : 2 * n->n, sizeof n->s[0]);
	n->s[n->n++] = mem_str(name);
}

/* in the order of vac's meta blocks, so that a large directory's blocks are in order too */
static int by_order(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return meta_order(true, x, strlen(x), y, strlen(y));
}

static int by_elem(const void *a, const void *b)
{
	return strcmp((*(VacFile *const *)a)->dir.elem, (*(VacFile *const *)b)->dir.elem);
}

static Old old_list(VacFile *dir)
{
	VacList *l = dir != NULL && vacfile_isdir(dir) ? vaclist_new(dir) : NULL;
	Old o = { NULL, 0 };
	VacFile *f;
	int c;

	while (l != NULL && (c = vaclist_next(l, &f)) != 0) {
		if (c < 0)
			continue; /* what is damaged there is archived again */
		if ((o.n & (o.n - 1)) == 0)
			o.f = mem_grow(o.f, o.n == 0 ? 1 : 2 * o.n, sizeof o.f[0]);
		o.f[o.n++] = f;
	}
	vaclist_free(l);
	if (o.n > 0)
		qsort(o.f, o.n, sizeof o.f[0], by_elem);
	return o;
}

static VacFile *old_find(const Old *o, const char *elem)
{
	size_t lo = 0, hi = o->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(o->f[mid]->dir.elem, elem);

		if (c == 0)
			return o->f[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static void old_free(Old *o)
{
	for (size_t i = 0; i < o->n; i++)
		vacfile_drop(o->f[i]);
	free(o->f);
}

static u32 mode_of(const Finfo *fi)
{
	u32 m = fi->mode & 0777;

	m |= fi->mode & 01000 ? ModeSticky : 0;
	m |= fi->mode & 04000 ? ModeSetuid : 0;
	m |= fi->mode & 02000 ? ModeSetgid : 0;
	if (at_isdir(fi))
		m |= ModeDir;
	else if (at_islink(fi))
		m |= ModeLink;
	else if (at_isfifo(fi))
		m |= ModePipe;
	else if (at_isdev(fi))
		m |= ModeDev;
	return m;
}

static VacDir dir_of(const VacRun *r, const Finfo *fi, const char *elem)
{
	i64 changed = (i64)(fi->change / 1000000000);
	VacDir d = { .elem = (char *)(uintptr_t)elem, .mode = mode_of(fi), .mid = (char *)(uintptr_t)"" };

	if (changed >= clock_wall() - 1)
		changed--;
	d.uid = (char *)(uintptr_t)tool_user(fi->uid);
	d.gid = (char *)(uintptr_t)tool_group(fi->gid);
	d.mtime = (u32)fi->mtime;
	d.atime = (u32)(at_islink(fi) ? fi->mtime : fi->atime); /* to read a link is to use it */
	d.ctime = (u32)(r->stamp >= 0 ? r->stamp : changed);
	return d;
}

static bool unchanged(const VacFile *old, const VacDir *d, u64 size, u64 changed)
{
	return !(old->dir.mode & (ModeDir | ModeLink | ModeDev | ModePipe)) && old->dir.mtime == d->mtime && old->e.size == size &&
		changed / 1000000000 <= old->dir.ctime;
}

static int open_at(int dirfd, const char *name, int flags)
{
	int fd = openat(dirfd, name, flags | O_NOATIME | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? os_err() : fd;
}

/* small contents, which the walker has: a link's target, a device's numbers */
static void add_text(VacRun *r, VacwDir *out, const VacDir *d, const char *path, const char *text)
{
	i64 place = vacwdir_file(out, r->out, d);
	u32 n = (u32)strlen(text);
	Treew t;
	Entry e;
	Score s;
	int bad = 0;

	if (place < 0) {
		vac_problem(r, "%s: %s", path, rerrstr());
		return;
	}
	treew_init(&t, entry_psize(r->bsize));
	for (u32 i = 0; i < n && bad == 0; i += r->bsize)
		bad = out_block(r->out, VtData, text + i, n - i < r->bsize ? n - i : r->bsize, &s) < 0 || treew_add(&t, r->out, &s) < 0;
	if (bad != 0 || treew_end(&t, r->out, false, r->bsize, n, &e) < 0 || vacwdir_told(out, r->out, place, &e) < 0)
		tool_die("%s: %s", path, rerrstr());
	treew_free(&t);
}

static void add_special(VacRun *r, VacwDir *out, const VacDir *d, const Finfo *fi, int dirfd, const char *name, const char *path)
{
	char dev[48];

	if (at_islink(fi)) {
		autofree char *to = at_readlink(dirfd, name);

		if (to == NULL)
			vac_problem(r, "%s: %s", path, rerrstr());
		else
			add_text(r, out, d, path, to);
		return;
	}
	snprintf(dev, sizeof dev, "%c %u %u", (fi->mode & 0170000) == 0060000 ? 'b' : 'c', fi->minor, fi->major);
	add_text(r, out, d, path, at_isdev(fi) ? dev : "");
}

static void add_file(VacRun *r, VacwDir *out, VacFile *old, const VacDir *d, const Finfo *fi, int dirfd, const char *name,
	const char *path)
{
	bool same = r->quick && old != NULL && unchanged(old, d, fi->size, fi->change);
	int fd = -1;
	i64 place;

	if (!same && (fd = open_at(dirfd, name, O_RDONLY)) < 0) {
		vac_problem(r, "%s: %s", path, rerrstr());
		return;
	}
	if (fi->nlink > 1)
		r->links++;
	if (same) {
		r->skipped++;
		if (vacwdir_old(out, r->out, d, &old->e, NULL) < 0)
			vac_problem(r, "%s: %s", path, rerrstr());
		return;
	}
	place = vacwdir_file(out, r->out, d);
	if (place < 0) {
		vac_problem(r, "%s: %s", path, rerrstr());
		close(fd);
		return;
	}
	read_file(r, out, place, fd, fi->size, path, old != NULL && !vacfile_isdir(old) ? &old->e : NULL, old != NULL ? old->vac : NULL);
}

static int place(Place *p, int fd)
{
	Finfo fi;

	p->fd = fd;
	if (fd < 0 || at_stat(fd, "", &fi) < 0)
		return -1;
	p->dev = fi.dev;
	p->ino = fi.ino;
	return 0;
}

/* back opens a directory that was closed from the one below it; true if it is the one that it was */
static bool back(Place *p, int below)
{
	Place was = *p;

	if (place(p, open_at(below, "..", O_RDONLY | O_DIRECTORY)) == 0 && p->dev == was.dev && p->ino == was.ino)
		return true;
	io_autoclose(&p->fd);
	return false;
}

static void in_dir(VacRun *r, VacwDir *out, VacFile *old, Place *p, Buf *path, int depth)
{
	Names names = { NULL, 0 };
	Old o = old_list(old);
	size_t len = path->n;

	if (at_list(p->fd, got_name, &names) < 0)
		vac_problem(r, "%s: %s", buf_text(path), rerrstr());
	if (names.n > 0)
		qsort(names.s, names.n, sizeof names.s[0], by_order);
	for (size_t i = 0; i < names.n; i++) {
		if (len > 0 && buf_text(path)[len - 1] != '/')
			buf_ch(path, '/');
		buf_str(path, names.s[i]);
		if (p->fd >= 0)
			add(r, out, old_find(&o, names.s[i]), p, names.s[i], names.s[i], path, depth + 1);
		path->n = len;
		free(names.s[i]);
	}
	free(names.s);
	old_free(&o);
}

static void walk_dir(VacRun *r, VacwDir *out, VacFile *old, Place *in, Place *p, Buf *path, int depth)
{
	bool closed = depth > OPENDEPTH;

	if (closed)
		io_autoclose(&in->fd);
	in_dir(r, out, old, p, path, depth);
	if (closed && !back(in, p->fd))
		vac_problem(r, "%s was moved meanwhile: what is beside it is left out", buf_text(path));
}

static void add_dir(VacRun *r, VacwDir *out, VacFile *old, const VacDir *d, Place *in, const char *name, Buf *path, int depth)
{
	Place p;
	VacwDir *sub;

	if (place(&p, open_at(in->fd, name, O_RDONLY | O_DIRECTORY)) < 0 || depth > VACDEPTH) {
		vac_problem(r, "%s: %s", buf_text(path), depth > VACDEPTH ? "too many directories within each other" : rerrstr());
		io_autoclose(&p.fd);
		return;
	}
	sub = vacwdir_dir(out, r->out, d);
	if (sub == NULL)
		vac_problem(r, "%s: %s", buf_text(path), rerrstr());
	else {
		walk_dir(r, sub, old, in, &p, path, depth);
		if (vacwdir_end(sub, r->out) < 0)
			tool_die("%s: %s", buf_text(path), rerrstr());
	}
	io_autoclose(&p.fd);
}

/* merge puts another archive's files into out; their numbers are moved behind all that were given */
static int merge(VacRun *r, VacwDir *out, int dirfd, const char *name, const char *path)
{
	autofree char *text = str_suffix(name, ".vac") ? io_slurp(dirfd, name, 4096, NULL) : NULL;
	Score s;
	Vac *vac = text != NULL && (text[strcspn(text, "\r\n")] = 0, score_parse(text, &s, NULL, 0) == 0) ? vac_open(r->cache, &s) : NULL;
	VacFile *top, *f;
	VacList *l;
	u64 max, off;
	int c;

	if (vac == NULL)
		return -1;
	if (r->verbose)
		fprintf(stderr, "merging %s\n", path);
	top = vac_root(vac);
	max = vac_maxqid(vac);
	off = vacw_skip(r->w, max + 1);
	l = vaclist_new(top);
	while (l != NULL && (c = vaclist_next(l, &f)) != 0) {
		if (c > 0) {
			f->dir.qidmax = f->dir.qidspace ? f->dir.qidmax + off : max;
			f->dir.qidoffset = f->dir.qidspace ? f->dir.qidoffset + off : off;
			f->dir.qidspace = true;
		}
		if (c < 0 || vacwdir_old(out, r->out, &f->dir, &f->e, &f->me) < 0)
			vac_problem(r, "merging %s: %s", path, rerrstr());
		if (c > 0)
			vacfile_drop(f);
	}
	vaclist_free(l);
	vacfile_drop(top);
	vac_close(vac);
	return 0;
}

static void add(VacRun *r, VacwDir *out, VacFile *old, Place *in, const char *name, const char *elem, Buf *path, int depth)
{
	int dirfd = in->fd;
	const char *p = buf_text(path);
	Finfo fi;
	VacDir d;

	if (!pat_wanted(p)) {
		if (r->verbose)
			fprintf(stderr, "leaving out %s\n", p);
		return;
	}
	if (at_stat(dirfd, name, &fi) < 0) {
		vac_problem(r, "%s: %s", p, rerrstr());
		return;
	}
	if (at_issock(&fi)) {
		tool_warn("%s: a socket is not archived", p);
		return;
	}
	if (r->merge && at_isfile(&fi) && merge(r, out, dirfd, name, p) == 0)
		return;
	d = dir_of(r, &fi, elem);
	__atomic_fetch_add(at_isdir(&fi) ? &r->dirs : &r->files, 1, __ATOMIC_RELAXED);
	if (r->verbose)
		fprintf(stderr, "%s%s\n", p, at_isdir(&fi) ? "/" : "");
	vac_progress(r, false);
	if (at_isdir(&fi))
		add_dir(r, out, old, &d, in, name, path, depth);
	else if (at_isfile(&fi))
		add_file(r, out, old, &d, &fi, dirfd, name, p);
	else
		add_special(r, out, &d, &fi, dirfd, name, p);
}

/* /, . and .. have no name of their own in an archive: what is in them is taken */
static bool nameless(const char *path)
{
	return strcmp(path, "/") == 0 || strcmp(path, ".") == 0 || strcmp(path_base(path), "..") == 0;
}

void vac_tree(VacRun *r, VacwDir *dir, VacFile *old, const char *arg)
{
	autofree char *name = tool_path(arg), *clean = NULL;
	Place p = { AT_FDCWD, 0, 0 };
	Buf path = { 0 };
	const char *elem;
	VacFile *f;

	if (arg[0] == 0 || name == NULL) {
		vac_problem(r, "'%s' names no file", arg);
		return;
	}
	clean = path_clean(mem_printf("%s/", name));
	buf_str(&path, strcmp(clean, ".") == 0 ? "" : clean);
	if (nameless(clean)) {
		if (place(&p, open_at(AT_FDCWD, clean, O_RDONLY | O_DIRECTORY)) < 0)
			vac_problem(r, "%s: %s", clean, rerrstr());
		else
			in_dir(r, dir, old, &p, &path, 0);
		io_autoclose(&p.fd);
	} else {
		elem = path_base(clean);
		f = old != NULL ? vacfile_walk(old, elem) : NULL;
		add(r, dir, f, &p, clean, elem, &path, 0);
		vacfile_drop(f);
	}
	buf_free(&path);
}

void vac_stdin(VacRun *r, VacwDir *dir, const char *name)
{
	i64 now = r->stamp >= 0 ? r->stamp : clock_wall();
	VacDir d = { .elem = (char *)(uintptr_t)name, .mode = 0666, .mtime = (u32)now, .atime = (u32)now, .ctime = (u32)now };
	i64 place;
	Entry e;
	Treew t;
	int bad;

	d.uid = (char *)(uintptr_t)tool_user(getuid());
	d.gid = (char *)(uintptr_t)tool_group(getgid());
	d.mid = (char *)(uintptr_t)"";
	if (!vacdir_goodname(name))
		tool_die("'%s' cannot be the name of a file", name);
	place = vacwdir_file(dir, r->out, &d);
	if (place < 0)
		tool_die("%s: %s", name, rerrstr());
	treew_init(&t, entry_psize(r->bsize));
	bad = read_stream(r, r->out, &t, 0, UINT64_MAX, NULL, NULL, &e);
	if (bad > 0)
		vac_problem(r, "standard input: %s", rerrstr());
	if (bad < 0 || vacwdir_told(dir, r->out, place, &e) < 0)
		tool_die("%s: %s", name, rerrstr());
	treew_free(&t);
	r->files++;
}
