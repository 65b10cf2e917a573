/*
 * Making files.  An archive is not trusted: names are single elements
 * (vacfile.c), every one is made and opened relative to its directory's
 * descriptor and never through a link, and a file that exists is removed
 * before, so nothing outside of the target is written to, whatever links the
 * archive or somebody else has put there.
 *
 * Threads take files in batches and ask for their first blocks together.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/list.h>
#include <base/mem.h>
#include <base/ref.h>
#include <os/at.h>
#include <os/file.h>
#include <os/io.h>
#include <os/thread.h>
#include "tool.h"
#include "unvac.h"

enum {
	QUEUE = 256,    /* files that wait; each holds a descriptor of its directory at most */
	BATCH = 12,
	AHEAD = 24,     /* blocks of a file */
	THREADS = 8,
	LINKMAX = 4096,
};

struct UnDir {
	Ref ref;
	UnRun *r;
	UnDir *up;
	int fd;
	bool made;      /* it is in the archive: set its mode and times in the end */
	u32 mode;
	i64 uid, gid, atime, mtime;
	char *path;
};

typedef struct Job {
	Link link;
	UnDir *dir;
	VacFile *f;
	char *path;
} Job;

static struct {
	Lock lk;
	Cond more, room;
	List jobs;  /* protected by lk */
	int njobs;
	bool end;
	int n;
	pthread_t t[THREADS];
} q = { .lk = LOCK_INIT(RankLeaf) };

void un_problem(UnRun *r, const char *fmt, ...)
{
	autofree char *s = NULL;
	va_list ap;

	__atomic_fetch_add(&r->errors, 1, __ATOMIC_RELAXED);
	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	tool_warn("%s", s != NULL ? s : "not enough memory");
}

/* id_of finds a name's number in /etc/passwd or /etc/group; digits are their own; -1 */
static i64 id_of(const char *file, const char *name)
{
	autofree char *all = io_slurp(AT_FDCWD, file, 16 << 20, NULL);
	char *line, *next = all;
	size_t n = strlen(name);

	while ((line = strsep(&next, "\n")) != NULL && all != NULL)
		if (strncmp(line, name, n) == 0 && line[n] == ':') {
			char *id = strchr(line + n + 1, ':');

			return id != NULL ? atoll(id + 1) : -1;
		}
	return name[0] != 0 && strspn(name, "0123456789") == n && n < 10 ? atoll(name) : -1;
}

/* ids remembers the last names */
static i64 ids(int which, const char *name)
{
	static Lock lk = LOCK_INIT(RankLeaf);
	static char last[2][METANAME + 1];
	static i64 id[2];
	i64 v;

	lock(&lk);
	if (last[which][0] == 0 || strcmp(last[which], name) != 0) {
		snprintf(last[which], sizeof last[which], "%s", name);
		id[which] = id_of(which == 0 ? "/etc/passwd" : "/etc/group", name);
	}
	v = id[which];
	unlock(&lk);
	return v;
}

static u32 mode_of(const UnRun *r, const VacDir *d)
{
	u32 m = d->mode & 0777;

	m |= d->mode & ModeSticky ? 01000 : 0;
	if (r->owners)
		m |= (d->mode & ModeSetuid ? 04000u : 0u) | (d->mode & ModeSetgid ? 02000u : 0u);
	return m;
}

UnDir *undir_top(UnRun *r)
{
	UnDir *d = mem_new(sizeof *d);

	ref_init(&d->ref, "UnDir");
	d->r = r;
	d->fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		tool_oopsdie(".");
	return d;
}

UnDir *undir_make(UnDir *up, VacFile *f, const char *path)
{
	UnRun *r = up->r;
	UnDir *d;
	int fd;

	(void)!at_mkdir(up->fd, f->dir.elem, 0700);
	fd = openat(up->fd, f->dir.elem, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		os_err();
		un_problem(r, "%s: there is something that is no directory, or it cannot be made: %s", path, rerrstr());
		return NULL;
	}
	d = mem_new(sizeof *d);
	ref_init(&d->ref, "UnDir");
	ref_take(&up->ref);
	*d = (UnDir){ .ref = d->ref, .r = r, .up = up, .fd = fd, .made = true, .mode = mode_of(r, &f->dir), .uid = -1, .gid = -1,
		      .atime = -1, .mtime = -1, .path = mem_str(path) };
	if (r->times) {
		d->atime = f->dir.atime;
		d->mtime = f->dir.mtime;
	}
	if (r->owners) {
		d->uid = ids(0, f->dir.uid);
		d->gid = ids(1, f->dir.gid);
	}
	return d;
}

void undir_drop(UnDir *d)
{
	while (d != NULL && ref_drop(&d->ref)) {
		UnDir *up = d->up;

		if (d->made && file_fattr(d->fd, d->mode, d->uid, d->gid, d->atime, d->mtime) < 0)
			un_problem(d->r, "%s: %s", d->path, rerrstr());
		close(d->fd);
		free(d->path);
		free(d);
		d = up;
	}
}

static bool zeros(const u8 *p, size_t n) { return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0; }

int un_copy(UnRun *r, VacFile *f, int fd)
{
	bool holes = lseek(fd, 0, SEEK_CUR) == 0 && fd > 2;
	TreeRead t;
	const u8 *p;
	size_t n;
	VBlock *b;
	int bad = 0;

	treeread_init(&t, r->cache, &f->e, 0, AHEAD);
	while (bad == 0 && (b = treeread_next(&t, &p, &n)) != NULL) {
		if (holes && zeros(p, n))
			bad = lseek(fd, (off_t)n, SEEK_CUR) < 0 ? os_err() : 0;
		else
			bad = io_writen(fd, p, n);
		__atomic_fetch_add(&r->data, n, __ATOMIC_RELAXED);
		vblock_drop(b);
	}
	if (bad == 0 && n != 0)
		bad = -1;
	if (bad == 0 && holes && ftruncate(fd, (off_t)f->e.size) < 0)
		bad = os_err();
	return bad;
}

/* patch makes an existing file equal to f, block by block; those with the same score stay */
static int patch(UnRun *r, VacFile *f, int fd)
{
	autofree u8 *p = mem_array(1, f->e.dsize);

	for (u64 bn = 0; bn < entry_blocks(&f->e); bn++) {
		u64 off = bn * f->e.dsize;
		u32 want = f->e.size - off < f->e.dsize ? (u32)(f->e.size - off) : f->e.dsize;
		ssize_t n = pread(fd, p, want, (off_t)off);
		Score was, is;
		VBlock *b;

		if (n < 0 || tree_score(r->cache, &f->e, bn, &was) < 0)
			return n < 0 ? os_err() : -1;
		is = score_of(p, block_trim(VtData, p, (size_t)n));
		if (n == want && score_eq(&was, &is)) {
			__atomic_fetch_add(&r->same, want, __ATOMIC_RELAXED);
			continue;
		}
		b = tree_block(r->cache, &f->e, bn);
		if (b == NULL)
			return -1;
		n = pwrite(fd, vblock_bytes(b), want, (off_t)off);
		vblock_drop(b);
		if (n != want)
			return os_err();
		__atomic_fetch_add(&r->data, want, __ATOMIC_RELAXED);
	}
	return ftruncate(fd, (off_t)f->e.size) < 0 ? os_err() : 0;
}

static int create(int dirfd, const char *name)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, fd = openat(dirfd, name, flags, 0600);

	if (fd < 0 && unlinkat(dirfd, name, 0) == 0)
		fd = openat(dirfd, name, flags, 0600);
	return fd < 0 ? os_err() : fd;
}

static int make_file(UnRun *r, int dirfd, VacFile *f)
{
	const VacDir *d = &f->dir;
	autofd int fd = r->diff ? openat(dirfd, d->elem, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) : -1;
	FileInfo fi;
	bool there = fd >= 0 && file_fstat(fd, &fi) == 0 && fi.type == '-';

	if (fd >= 0 && !there) {
		close(fd);
		fd = -1;
	}
	if (!there && (fd = create(dirfd, d->elem)) < 0)
		return -1;
	if ((there ? patch(r, f, fd) : un_copy(r, f, fd)) < 0)
		return -1;
	return file_fattr(fd, (i64)mode_of(r, d), r->owners ? ids(0, d->uid) : -1, r->owners ? ids(1, d->gid) : -1,
		r->times ? (i64)d->atime : -1, r->times ? (i64)d->mtime : -1);
}

static int make_link(int dirfd, VacFile *f)
{
	size_t n;
	autofree char *to = vacfile_text(f, LINKMAX, &n);

	if (to == NULL)
		return -1;
	if (n == 0 || strlen(to) != n)
		return werrstr("the link's target is not whole: Plan 9 from User Space's vac keeps no more than 8 bytes of it");
	return at_symlink(to, dirfd, f->dir.elem);
}

static int make_device(int dirfd, VacFile *f)
{
	size_t n;
	autofree char *text = vacfile_text(f, 64, &n);
	unsigned maj, min;
	char type;

	if (text == NULL)
		return -1;
	if (sscanf(text, "%c %u %u", &type, &min, &maj) != 3 || (type != 'c' && type != 'b'))
		return werrstr("not the numbers of a device: '%s'", text);
	return at_mknod(dirfd, f->dir.elem, type, f->dir.mode & 0777, maj, min);
}

static int make_special(UnRun *r, int dirfd, VacFile *f)
{
	const VacDir *d = &f->dir;
	int bad;

	(void)!at_remove(dirfd, d->elem, false);
	if (d->mode & ModeLink)
		bad = make_link(dirfd, f);
	else if (d->mode & ModePipe)
		bad = at_mkfifo(dirfd, d->elem, d->mode & 0777);
	else
		bad = make_device(dirfd, f);
	if (bad < 0)
		return -1;
	if (r->owners && at_chown(dirfd, d->elem, ids(0, d->uid), ids(1, d->gid)) < 0)
		return -1;
	return r->times ? at_times(dirfd, d->elem, d->atime, d->mtime) : 0;
}

static void do_job(Job *j)
{
	UnRun *r = j->dir->r;
	bool special = j->f->dir.mode & (ModeLink | ModePipe | ModeDev);

	if ((special ? make_special(r, j->dir->fd, j->f) : make_file(r, j->dir->fd, j->f)) < 0)
		un_problem(r, "%s: %s", j->path, rerrstr());
	undir_drop(j->dir);
	vacfile_drop(j->f);
	free(j->path);
	free(j);
}

/* ahead asks for the top blocks of a batch of files */
static void ahead(UnRun *r, Job **j, int n)
{
	for (int i = 0; i < n;) {
		const Entry *e = &j[i]->f->e;
		Score s[BATCH];
		int k = 0;

		for (; i < n && j[i]->f->e.depth == e->depth && j[i]->f->e.dsize == e->dsize && j[i]->f->e.psize == e->psize; i++)
			if (!score_eq(&j[i]->f->e.score, &score_zero))
				s[k++] = j[i]->f->e.score;
		if (k > 1 && !r->diff)
			vcache_ahead(r->cache, s, k, entry_type(e, e->depth), e->depth > 0 ? e->psize : e->dsize);
	}
}

static int take(Job **j)
{
	int n = 0, max = 1 + q.njobs / (q.n + 1);
	Link *l;

	while (n < BATCH && n < max && (l = list_pop(&q.jobs)) != NULL) {
		j[n++] = list_item(l, Job, link);
		q.njobs--;
	}
	if (n > 0)
		cond_one(&q.room);
	return n;
}

static void worker(void *arg)
{
	UnRun *r = arg;
	Job *j[BATCH];

	lock(&q.lk);
	for (;;) {
		int n = take(j);

		if (n == 0 && q.end)
			break;
		if (n == 0) {
			cond_wait(&q.more, &q.lk, -1);
			continue;
		}
		unlock(&q.lk);
		ahead(r, j, n);
		for (int i = 0; i < n; i++)
			do_job(j[i]);
		lock(&q.lk);
	}
	unlock(&q.lk);
}

void un_start(UnRun *r, int threads)
{
	cond_init(&q.more);
	cond_init(&q.room);
	list_init(&q.jobs);
	for (q.n = 0; q.n < threads && q.n < THREADS; q.n++)
		if (thread_new(&q.t[q.n], "unvac", worker, r) < 0)
			tool_die("%s", rerrstr());
}

void un_file(UnRun *r, UnDir *d, VacFile *f, const char *path)
{
	Job *j = mem_new(sizeof *j);

	ref_take(&d->ref);
	*j = (Job){ .dir = d, .f = vacfile_take(f), .path = mem_str(path) };
	lock(&q.lk);
	while (q.njobs >= QUEUE)
		cond_wait(&q.room, &q.lk, -1);
	list_add(&q.jobs, &j->link);
	q.njobs++;
	if (q.njobs == 1 || q.njobs % BATCH == 0)
		cond_one(&q.more);
	unlock(&q.lk);
}

void un_end(UnRun *r)
{
	lock(&q.lk);
	q.end = true;
	cond_all(&q.more);
	unlock(&q.lk);
	for (int i = 0; i < q.n; i++)
		thread_join(q.t[i]);
}
