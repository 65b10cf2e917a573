/*
 * Making, removing and renaming files.
 *
 * 9P's Tcreate leaves an open Fid; the node needs a walked one, so a file
 * that was made is looked up again.  A file that is removed while it is open
 * here is renamed away and removed at its last close (9P servers need not
 * keep it).  A rename is a Twstat of the name, so within a directory only.
 */
#include "impl.h"
#include <base/mem.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { TARGETS = 64 }; /* as many members may have a file of the name that another is renamed to */

static void set_must(Op *op)
{
	__atomic_store_n(&op->must, 1, __ATOMIC_SEQ_CST);
}

static void swap_fid(Fid **p, Fid *fid)
{
	if (*p != NULL)
		fid_drop(*p);
	*p = fid;
}

static bool reply_created(Op *op, Node *n)
{
	struct fuse_create_in *in = op_arg(op, sizeof *in);
	struct {
		struct fuse_entry_out e;
		struct fuse_open_out o;
	} out = {0};
	Fuse *f = op->f;

	out.o.fh = file_new(f, op->fid2, n, op->h->uid, in->flags & O_APPEND);
	out.o.open_flags = file_flags(f, out.o.fh);
	op->fid2 = NULL;
	op->node2 = n;
	entry_out(f, n, true, &out.e);
	if (op_end(op, 0, &out, sizeof out) < 0) {
		File *file = file_release(f, out.o.fh);

		if (file != NULL)
			file_put(f, file);
		node_forget(f, out.e.nodeid, 1);
	}
	return false;
}

static bool stated(Op *op)
{
	Fid *fid = op->fid;
	Node *n;

	if (op_failed(op))
		return op_fail(op);
	op->fid = NULL;
	n = node_enter(op->f, op->node, op->name, fid, op->req.d.mode, &op->attr);
	return op->h->opcode == FUSE_CREATE ? reply_created(op, n) : reply_entry(op, n, true);
}

static bool found(Op *op)
{
	if (op_failed(op))
		return op_fail(op);
	swap_fid(&op->fid, op_newfid(op));
	return op_stat(op, op->fid, stated);
}

static bool there_opened(Op *op)
{
	if (op_failed(op))
		return op_fail(op);
	set_must(op);
	return op_walk(op, op->fid, op->name, found);
}

static bool there(Op *op)
{
	struct fuse_create_in *in = op_arg(op, sizeof *in);

	if (op_failed(op))
		return op_fail(op);
	swap_fid(&op->fid2, op_newfid(op));
	return op_open(op, op->fid2, file_mode(in->flags), there_opened);
}

/* made: the file was created, or another process was faster and an open will do. */
static bool made(Op *op)
{
	struct fuse_create_in *in = op_arg(op, sizeof *in);

	if (!op_failed(op))
		return there_opened(op);
	if (op->h->opcode == FUSE_CREATE && op_errno(op) == EEXIST && (in->flags & O_EXCL) == 0)
		return op_walk(op, op->fid, op->name, there);
	return op_fail(op);
}

static bool parent(Op *op)
{
	struct fuse_create_in *in = op_arg(op, sizeof *in);
	struct fuse_mkdir_in *dir = op_arg(op, sizeof *dir);

	if (op_failed(op))
		return op_fail(op);
	op->fid2 = op_newfid(op);
	if (op->h->opcode == FUSE_MKDIR)
		return op_create(op, op->fid2, op->name, OREAD, DMDIR | (dir->mode & 0777), made);
	return op_create(op, op->fid2, op->name, file_mode(in->flags & ~(u32)O_TRUNC), in->mode & 0777, made);
}

bool do_create(Op *op)
{
	op->name = op_name(
		op, op->h->opcode == FUSE_MKDIR ? sizeof(struct fuse_mkdir_in) : sizeof(struct fuse_create_in), NULL);
	if (op->name == NULL)
		return op_error(op, EINVAL);
	if (op->h->opcode == FUSE_CREATE && file_toomany(op->f, op->h->uid))
		return op_error(op, EMFILE);
	op->fid = node_fid(op->f, op->node);
	return op_walk(op, op->fid, NULL, parent);
}

static bool removed(Op *op)
{
	if (op_failed(op))
		return op_fail(op);
	node_gone(op->f, op->node, op->name);
	return op_reply(op, NULL, 0);
}

static bool hidden(Op *op)
{
	bool open;

	if (op_failed(op))
		return op_remove(op, op->fid2, removed);
	lock(&op->f->lk);
	open = op->node2->hidden = op->node2->opens > 0;
	unlock(&op->f->lk);
	if (!open)
		return op_remove(op, op->fid2, removed);
	node_gone(op->f, op->node, op->name);
	return op_reply(op, NULL, 0);
}

static bool remove_walked(Op *op)
{
	bool dir = op->h->opcode == FUSE_RMDIR;
	Dir d;

	if (op_failed(op))
		return op_fail(op);
	op->fid2 = op_newfid(op);
	if (((op->fid2->qid.type & QTDIR) != 0) != dir)
		return op_error(op, dir ? ENOTDIR : EISDIR);
	op->node2 = dir || op->fid2->flags & (FidStream | FidFresh | FidNative) ? NULL : node_opened(op->f, op->node, op->name);
	if (op->node2 == NULL)
		return op_remove(op, op->fid2, removed);
	snprintf(op->text, sizeof op->text, ".anthill-removed-%llx", (unsigned long long)op->h->unique);
	dir_null(&d);
	d.name = op->text;
	return op_wstat(op, op->fid2, &d, hidden);
}

bool do_remove(Op *op)
{
	op->name = op_name(op, 0, NULL);
	if (op->name == NULL)
		return op_error(op, EINVAL);
	op->fid = node_fid(op->f, op->node);
	return op_walk(op, op->fid, op->name, remove_walked);
}

static size_t rename_head(Op *op)
{
	return op->h->opcode == FUSE_RENAME2 ? sizeof(struct fuse_rename2_in) : sizeof(struct fuse_rename_in);
}

static bool renamed(Op *op);

static bool rename_ask(Op *op)
{
	Dir d;

	dir_null(&d);
	d.name = op->name2;
	return op_wstat(op, op->fid2, &d, renamed);
}

static bool target_removed(Op *op)
{
	if (op_failed(op))
		return op_fail(op);
	set_must(op);
	return rename_ask(op);
}

/* target: the new name is taken; Linux's rename replaces it, and those that it hides in later members of a union. */
static bool target(Op *op)
{
	bool dir = op->fid2->qid.type & QTDIR;

	if (op_failed(op))
		return op_fail(op);
	swap_fid(&op->fid3, op_newfid(op));
	if (((op->fid3->qid.type & QTDIR) != 0) != dir)
		return op_error(op, dir ? ENOTDIR : EISDIR);
	return op_remove(op, op->fid3, target_removed);
}

static bool rename_done(Op *op)
{
	node_rename(op->f, op->node, op->name, op->name2);
	return op_reply(op, NULL, 0);
}

static bool renamed_back(Op *op)
{
	return op_error(op, op->no);
}

static bool rename_back(Op *op, int no)
{
	Dir d;

	op->no = no;
	dir_null(&d);
	d.name = op->name;
	return op_wstat(op, op->fid2, &d, renamed_back);
}

static bool uncovered(Op *op);

static bool cover_removed(Op *op)
{
	return op_failed(op) ? rename_back(op, op_errno(op)) : uncovered(op);
}

/* uncovers: what the new name shows must be the file renamed, or it is in an earlier member of a union, and replaced too. */
static bool uncovers(Op *op)
{
	Fid *is = op->req.newfid;

	if (op_failed(op) || (is->srv == op->fid2->srv && is->qid.path == op->fid2->qid.path))
		return rename_done(op);
	if (is->qid.type & QTDIR)
		return rename_back(op, EISDIR);
	swap_fid(&op->fid3, op_newfid(op));
	return op_remove(op, op->fid3, cover_removed);
}

static bool uncovered(Op *op)
{
	return op_walk(op, op->fid, op->name2, uncovers);
}

static bool renamed(Op *op)
{
	if (op_failed(op) && op->stage++ < TARGETS && (op_errno(op) == EEXIST || strstr(op->req.o.ename, "exists") != NULL))
		return op_walk(op, op->fid, op->name2, target);
	if (op_failed(op))
		return op_fail(op);
	if (op->fid->srv == op->fid2->srv || op->fid2->qid.type & QTDIR)
		return rename_done(op);
	set_must(op);
	return uncovered(op);
}

static bool rename_walked(Op *op)
{
	if (op_failed(op))
		return op_fail(op);
	op->fid2 = op_newfid(op);
	return rename_ask(op);
}

bool do_rename(Op *op)
{
	struct fuse_rename_in *in = op_arg(op, sizeof *in);
	struct fuse_rename2_in *in2 = op_arg(op, sizeof *in2);
	size_t end = 0;

	op->name = op_name(op, rename_head(op), &end);
	op->name2 = op->name != NULL ? op_name(op, end, NULL) : NULL;
	if (op->name2 == NULL)
		return op_error(op, EINVAL);
	if (op->h->opcode == FUSE_RENAME2 && in2->flags != 0)
		return op_error(op, EINVAL);
	if (in->newdir != op->h->nodeid)
		return op_error(op, EXDEV);
	if (strcmp(op->name, op->name2) == 0)
		return op_reply(op, NULL, 0);
	op->fid = node_fid(op->f, op->node);
	return op_walk(op, op->fid, op->name, rename_walked);
}
