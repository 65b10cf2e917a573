/*
 * Making files.  An archive is not trusted: names are single elements
 * (vacfile.c), every one is made and opened relative to its directory's
 * descriptor and never through a link, and a file that exists is removed
 * before, so nothing outside of the target is written to, whatever links the
 * archive or somebody else has put there.
 *
 * The blocks of a file are written together as far as they are there, and what the
 * file has already (its mode, by the call that makes it) is not set again.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/at.h>
#include <os/file.h>
#include <os/io.h>
#include "tool.h"
#include "unvac.h"

enum {
	AHEAD = 32,     /* blocks of a file that are asked for */
	GATHER = 16,    /* and written together */
	FIRST = 16,     /* asked for before its turn comes */
	LINKMAX = 4096,
};

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

/* the last names are remembered */
i64 un_id(int which, const char *name)
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

u32 un_mode(const UnRun *r, const VacDir *d)
{
	u32 m = d->mode & 0777;

	m |= d->mode & ModeSticky ? 01000 : 0;
	if (r->owners)
		m |= (d->mode & ModeSetuid ? 04000u : 0u) | (d->mode & ModeSetgid ? 02000u : 0u);
	return m;
}

static bool zeros(const u8 *p, size_t n) { return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0; }

/* blocks on their way into a file */
typedef struct Out {
	int fd;
	i64 off;    /* -1: the file's own */
	size_t bytes;
	int n;
	IoVec v[GATHER];
	VBlock *b[GATHER];
} Out;

static int flush(Out *o, UnRun *r)
{
	int bad = o->n > 0 ? io_writeallv(o->fd, o->v, o->n, o->off) : 0;

	while (o->n > 0)
		vblock_drop(o->b[--o->n]);
	__atomic_fetch_add(&r->data, o->bytes, __ATOMIC_RELAXED);
	if (o->off >= 0)
		o->off += (i64)o->bytes;
	o->bytes = 0;
	return bad;
}

static int put(Out *o, UnRun *r, VBlock *b, const u8 *p, size_t n)
{
	o->b[o->n] = b;
	o->v[o->n++] = (IoVec){ (u8 *)(uintptr_t)p, n };
	o->bytes += n;
	return o->n == GATHER ? flush(o, r) : 0;
}

int un_copy(UnRun *r, VacFile *f, int fd, bool fresh)
{
	Out o = { .fd = fd, .off = fresh ? 0 : -1 };
	bool hole = false;
	TreeRead t;
	const u8 *p;
	size_t n = 0;
	VBlock *b;
	int bad = 0;

	treeread_init(&t, r->cache, &f->e, 0, AHEAD);
	while (bad == 0 && (b = treeread_next(&t, &p, &n)) != NULL) {
		hole = fresh && zeros(p, n);
		if (!hole) {
			bad = put(&o, r, b, p, n);
			continue;
		}
		vblock_drop(b);
		bad = flush(&o, r);
		n += treeread_hole(&t);
		o.off += (i64)n;
		__atomic_fetch_add(&r->data, n, __ATOMIC_RELAXED);
	}
	if (bad == 0 && n != 0)
		bad = -1;
	if (flush(&o, r) < 0)
		bad = -1;
	if (bad == 0 && hole && ftruncate(fd, (off_t)f->e.size) < 0)
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

static int create(const UnRun *r, int dirfd, const VacDir *d)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	u32 mode = r->owners ? 0600 : un_mode(r, d) & 0777; /* nobody sees what will be its owner's only */
	int fd = openat(dirfd, d->elem, flags, mode);

	if (fd < 0 && unlinkat(dirfd, d->elem, 0) == 0)
		fd = openat(dirfd, d->elem, flags, mode);
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
	if (!there && (fd = create(r, dirfd, d)) < 0)
		return -1;
	if ((there ? patch(r, f, fd) : un_copy(r, f, fd, true)) < 0)
		return -1;
	return file_fattr(fd, (i64)un_mode(r, d), r->owners ? un_id(0, d->uid) : -1, r->owners ? un_id(1, d->gid) : -1,
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

static int make_one(int dirfd, VacFile *f)
{
	const VacDir *d = &f->dir;

	if (d->mode & ModeLink)
		return make_link(dirfd, f);
	return d->mode & ModePipe ? at_mkfifo(dirfd, d->elem, d->mode & 0777) : make_device(dirfd, f);
}

static int make_special(UnRun *r, int dirfd, VacFile *f)
{
	const VacDir *d = &f->dir;

	if (make_one(dirfd, f) < 0 && (unlinkat(dirfd, d->elem, 0) < 0 || make_one(dirfd, f) < 0))
		return -1;
	if (r->owners && at_chown(dirfd, d->elem, un_id(0, d->uid), un_id(1, d->gid)) < 0)
		return -1;
	return r->times ? at_times(dirfd, d->elem, d->atime, d->mtime) : 0;
}

static bool special(const VacFile *f) { return f->dir.mode & (ModeLink | ModePipe | ModeDev); }

int un_make(UnRun *r, int dirfd, VacFile *f)
{
	return special(f) ? make_special(r, dirfd, f) : make_file(r, dirfd, f);
}

void un_ahead(UnRun *r, VacFile *f)
{
	if (!special(f) && !r->diff && f->e.depth > 0)
		(void)!tree_ahead(r->cache, &f->e, 0, FIRST); /* who reads it is told of errors */
}
