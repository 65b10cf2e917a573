/*
 * Open files: the table behind the kernel's file handles; open, read,
 * write, release.
 */
#include "impl.h"
#include <base/mem.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { SURE = 1 }; /* stage of an open by the node's own name */

/* opener is where uid's files are counted, NULL for the mounting user's; f->lk is held. */
static struct Opener *opener(Fuse *f, u32 uid)
{
	if (f->o.maxopen == 0 || uid == f->uid)
		return NULL;
	for (size_t i = 0; i < f->nopeners; i++)
		if (f->openers[i].uid == uid)
			return &f->openers[i];
	/* a user who has none any more makes room */
	for (size_t i = 0; i < f->nopeners; i++)
		if (f->openers[i].n == 0) {
			f->openers[i].uid = uid;
			return &f->openers[i];
		}
	f->openers = mem_grow(f->openers, f->nopeners + 1, sizeof *f->openers);
	f->openers[f->nopeners] = (struct Opener){uid, 0};
	return &f->openers[f->nopeners++];
}

bool file_toomany(Fuse *f, u32 uid)
{
	struct Opener *o;
	bool many;

	lock(&f->lk);
	o = opener(f, uid);
	many = o != NULL && o->n >= f->o.maxopen;
	unlock(&f->lk);
	return many;
}

void file_freeopeners(Fuse *f)
{
	free(f->openers);
}

/* count adds d to the files that uid has open; f->lk is held. */
static void count(Fuse *f, u32 uid, int d)
{
	struct Opener *o = opener(f, uid);

	if (o != NULL)
		o->n += (u32)d;
}

u64 file_new(Fuse *f, Fid *fid, Node *n, u32 uid, bool append)
{
	File *file = mem_new(sizeof *file);
	size_t i;

	file->refs = 1;
	file->uid = uid;
	file->fid = fid;
	file->node = n;
	file->stream = fid->flags & FidStream && (fid->qid.type & QTDIR) == 0;
	file->append = append && !file->stream;
	lock(&f->lk);
	n->refs++;
	n->opens++;
	count(f, uid, 1);
	for (i = f->freefile; i < f->nfiles && f->files[i] != NULL; i++)
		;
	if (i == f->nfiles) {
		f->nfiles = f->nfiles * 2 + 16;
		f->files = mem_grow(f->files, f->nfiles, sizeof *f->files);
		for (size_t k = i; k < f->nfiles; k++)
			f->files[k] = NULL;
	}
	f->files[i] = file;
	f->freefile = i + 1;
	unlock(&f->lk);
	return i + 1;
}

static File *find(Fuse *f, u64 fh)
{
	return fh >= 1 && fh <= f->nfiles ? f->files[fh - 1] : NULL;
}

File *file_get(Fuse *f, u64 fh)
{
	File *file;

	lock(&f->lk);
	file = find(f, fh);
	if (file != NULL)
		file->refs++;
	unlock(&f->lk);
	return file;
}

void file_put(Fuse *f, File *file)
{
	bool last;

	lock(&f->lk);
	last = --file->refs == 0;
	if (last)
		count(f, file->uid, -1);
	unlock(&f->lk);
	if (!last)
		return;
	fid_drop(file->fid);
	node_put(f, file->node);
	buf_free(&file->ents);
	free(file->entoff);
	free(file);
}

File *file_release(Fuse *f, u64 fh)
{
	File *file;

	lock(&f->lk);
	file = find(f, fh);
	if (file != NULL) {
		f->files[fh - 1] = NULL;
		if (fh - 1 < f->freefile)
			f->freefile = fh - 1;
		file->node->opens--;
	}
	unlock(&f->lk);
	return file;
}

Fid *file_fid(Fuse *f, const Node *n)
{
	Fid *fid = NULL;

	lock(&f->lk);
	for (size_t i = 0; n->opens > 0 && i < f->nfiles && fid == NULL; i++)
		if (f->files[i] != NULL && f->files[i]->node == n)
			fid = fid_take(f->files[i]->fid);
	unlock(&f->lk);
	return fid;
}

u32 file_flags(Fuse *f, u64 fh)
{
	u32 flags = FOPEN_DIRECT_IO | FOPEN_NOFLUSH;
	File *file = file_get(f, fh);
	Node *n = file->node;

	if (file->stream) {
		flags |= FOPEN_STREAM;
	} else if (file->fid->flags & FidCache && (file->fid->qid.type & QTDIR) == 0) {
		flags = FOPEN_NOFLUSH;
		lock(&f->lk);
		if (n->cached && n->vers == file->fid->qid.vers)
			flags |= FOPEN_KEEP_CACHE;
		n->cached = true;
		n->vers = file->fid->qid.vers;
		unlock(&f->lk);
	}
	file_put(f, file);
	return flags;
}

int file_mode(u32 flags)
{
	int mode = (flags & O_ACCMODE) == O_WRONLY ? OWRITE : (flags & O_ACCMODE) == O_RDWR ? ORDWR : OREAD;

	if (flags & FMODE_EXEC && mode == OREAD)
		mode = OEXEC;
	return flags & O_TRUNC ? mode | OTRUNC : mode;
}

static bool found(Op *op);

/* again opens by a walk from the directory what was opened by the node's own name, in vain. */
static bool again(Op *op)
{
	op->stage = 0;
	fid_drop(op->fid2);
	fid_drop(op->fid);
	op->fid = op->fid2 = NULL;
	return node_named(op) ? op_walk(op, op->fid, op->name2, found) : op_error(op, ESTALE);
}

static bool opened(Op *op)
{
	struct fuse_open_in *in = op_arg(op, sizeof *in);
	struct fuse_open_out out = {0};
	Fuse *f = op->f;
	File *file;

	if (op->stage == SURE && (op_failed(op) || !node_is(f, op->node, op->fid2)))
		return again(op);
	if (op_failed(op))
		return op_fail(op);
	out.fh = file_new(f, op->fid2, op->node, op->h->uid, in->flags & O_APPEND);
	op->fid2 = NULL;
	out.open_flags = file_flags(f, out.fh);
	if (op_end(op, 0, &out, sizeof out) < 0) { /* the caller was killed: there will be no release */
		file = file_release(f, out.fh);
		if (file != NULL)
			file_put(f, file);
	}
	return false;
}

static bool ask(Op *op)
{
	struct fuse_open_in *in = op_arg(op, sizeof *in);

	return op_open(op, op->fid2, op->h->opcode == FUSE_OPENDIR ? OREAD : file_mode(in->flags), opened);
}

static bool cloned(Op *op)
{
	if (op_failed(op))
		return op_fail(op);
	op->fid2 = op_newfid(op);
	return ask(op);
}

/* found: the name that the node had was walked to again. */
static bool found(Op *op)
{
	int no = name_again(op);

	if (no != 0)
		return op_error(op, no);
	op->fid2 = op_newfid(op);
	return ask(op);
}

bool do_open(Op *op)
{
	if (file_toomany(op->f, op->h->uid))
		return op_error(op, EMFILE);
	node_use(op->f, op->node, false);
	if (node_sure(op->f, op->node))
		op->stage = SURE;
	else if (node_named(op))
		return op_walk(op, op->fid, op->name2, found);
	op->fid2 = node_spare(op->f, op->node);
	if (op->fid2 != NULL)
		return ask(op);
	op->fid = node_fid(op->f, op->node);
	return op_walk(op, op->fid, NULL, cloned);
}

static bool read_done(Op *op)
{
	u32 n = op->req.o.count;

	if (op_failed(op))
		return op_fail(op);
	if (n > op->req.i.count)
		return op_error(op, EIO);
	if (op->file->stream)
		__atomic_add_fetch(&op->file->off, n, __ATOMIC_RELAXED);
	return op_reply(op, op->req.buf, n);
}

static u64 offset(Op *op, u64 off)
{
	return op->file->stream ? __atomic_load_n(&op->file->off, __ATOMIC_RELAXED) : off;
}

bool do_read(Op *op)
{
	struct fuse_read_in *in = op_arg(op, sizeof *in);
	u32 n = in->size < MAXWRITE ? in->size : MAXWRITE;
	char *p;

	op->file = file_get(op->f, in->fh);
	if (op->file == NULL)
		return op_error(op, EBADF);
	if (op->file->fid->qid.type & QTDIR)
		return op_error(op, EISDIR);
	if (n <= 2 * DIRBUF)
		p = op_out(op, n);
	else
		p = op->inbuf = buf_get(op->f);
	if (p == NULL)
		return op_error(op, ENOMEM);
	return op_read(op, op->file->fid, p, n, offset(op, in->offset), read_done);
}

static bool wrote(Op *op)
{
	struct fuse_write_out out = {.size = op->req.o.count};

	if (op_failed(op))
		return op_fail(op);
	if (op->file->stream)
		__atomic_add_fetch(&op->file->off, out.size, __ATOMIC_RELAXED);
	return op_reply(op, &out, sizeof out);
}

/* sized: the length is known at which an append begins. */
static bool sized(Op *op)
{
	struct fuse_write_in *in = op_arg(op, sizeof *in);

	if (op_failed(op))
		return op_fail(op);
	return op_write(op, op->file->fid, op->inbuf, in->size, op->req.d.length, wrote);
}

bool do_write(Op *op)
{
	struct fuse_write_in *in = op_arg(op, sizeof *in);

	op->file = file_get(op->f, in->fh);
	if (op->file == NULL)
		return op_error(op, EBADF);
	node_use(op->f, op->file->node, true); /* exec and mmap rely on the size in the next look-up's answer */
	if (op->n < HEAD + (size_t)in->size || in->size > MAXWRITE)
		return op_error(op, EINVAL);
	if (op->file->append && (in->write_flags & FUSE_WRITE_CACHE) == 0)
		return op_stat(op, op->file->fid, sized);
	op_write(op, op->file->fid, op->inbuf, in->size, offset(op, in->offset), wrote);
	op->req.ack = op_ack;
	return true;
}

static bool finished(Op *op)
{
	return op_reply(op, NULL, 0);
}

static bool remove_hidden(Op *op)
{
	if (op_failed(op))
		return op_reply(op, NULL, 0);
	op->fid2 = op_newfid(op);
	return op_remove(op, op->fid2, finished);
}

bool do_release(Op *op)
{
	struct fuse_release_in *in = op_arg(op, sizeof *in);
	File *file = file_release(op->f, in->fh);
	bool hidden;

	if (file == NULL)
		return op_error(op, EBADF);
	lock(&op->f->lk);
	hidden = file->node->hidden && file->node->opens == 0;
	if (hidden)
		op->fid = fid_take(file->node->fid);
	unlock(&op->f->lk);
	file_put(op->f, file);
	return hidden ? op_walk(op, op->fid, NULL, remove_hidden) : op_reply(op, NULL, 0);
}

static bool synced(Op *op)
{
	int no = op_failed(op) ? op_errno(op) : 0;

	return op_error(op, no == EACCES || no == EPERM || no == EOPNOTSUPP || no == EROFS ? 0 : no);
}

bool do_fsync(Op *op)
{
	struct fuse_fsync_in *in = op_arg(op, sizeof *in);
	Dir d;

	op->file = file_get(op->f, in->fh);
	if (op->file == NULL)
		return op_error(op, EBADF);
	dir_null(&d);
	return op_wstat(op, op->file->fid, &d, synced);
}
