/*
 * Names and attributes.
 */
#include "impl.h"
#include <base/mem.h>
#include <errno.h>
#include <os/clock.h>
#include <unistd.h>

enum {
	NOTHINGTTL = 1000, /* milliseconds for "there is no such file", at most */
	NAMEDNS = 20000000 /* nanoseconds that Linux keeps the name of a FidNamed file */
};

static void valid(Fuse *f, bool is, u64 *sec, u32 *nsec)
{
	u32 ttl = f->o.ttl != 0 ? f->o.ttl : 1000;

	*sec = is ? ttl / 1000 : 0;
	*nsec = is ? ttl % 1000 * 1000000 : 0;
}

void entry_out(Fuse *f, Node *n, bool fresh, struct fuse_entry_out *e)
{
	lock(&f->lk);
	e->nodeid = n->id;
	e->attr = n->attr;
	valid(f, n->parent != NULL && n->parent->fid->flags & FidStatic, &e->entry_valid, &e->entry_valid_nsec);
	valid(f, n->fid->flags & FidStatic, &e->attr_valid, &e->attr_valid_nsec);
	if (n->fid->flags & FidNamed && e->entry_valid == 0 && e->entry_valid_nsec == 0)
		e->entry_valid_nsec = NAMEDNS;
	if (fresh && e->attr_valid_nsec == 0 && (n->fid->flags & (FidRemote | FidStream)) == FidRemote)
		e->attr_valid_nsec = 1; /* a jiffy: for the stat that this look-up is a part of */
	unlock(&f->lk);
}

bool reply_entry(Op *op, Node *n, bool fresh)
{
	struct fuse_entry_out e = {0};
	Fuse *f = op->f;

	entry_out(f, n, fresh, &e);
	op->node2 = n;
	if (op_end(op, 0, &e, sizeof e) < 0)
		node_forget(f, e.nodeid, 1);
	return false;
}

/*
 * missing answers a look-up that failed.  A live node is not given up but for "does not exist": Linux takes the mounts
 * below a name away for any error but ENOMEM (and EINTR, lately).  Who may not look there gets that, the others the
 * node.
 */
static bool missing(Op *op)
{
	int no = op_errno(op);
	struct fuse_entry_out e = {0};
	Node *n;

	if (no == ENOENT || no == ENOTDIR) {
		node_gone(op->f, op->node, op->name);
		valid(op->f, op->fid->flags & FidStatic, &e.entry_valid, &e.entry_valid_nsec);
		if (e.entry_valid > NOTHINGTTL / 1000)
			e.entry_valid = NOTHINGTTL / 1000;
		if (e.entry_valid != 0 || e.entry_valid_nsec != 0)
			return op_reply(op, &e, sizeof e);
		return op_error(op, ENOENT);
	}
	if ((no == EACCES || no == EPERM) && node_there(op->f, op->node, op->name))
		return op_error(op, ENOMEM);
	n = no == EINTR ? NULL : node_known(op->f, op->node, op->name);
	return n != NULL ? reply_entry(op, n, false) : op_failas(op, no);
}

static bool looked(Op *op)
{
	Fid *fid;

	if (op_failed(op))
		return missing(op);
	fid = op->fid2;
	op->fid2 = NULL;
	return reply_entry(op, node_enter(op->f, op->node, op->name, fid, op->req.d.mode, &op->attr), true);
}

static bool walked(Op *op)
{
	Node *n;

	if (op_failed(op))
		return missing(op);
	op->fid2 = op_newfid(op);
	n = node_unchanged(op->f, op->node, op->name, op->fid2);
	if (n != NULL) {
		op->fid2 = NULL;
		return reply_entry(op, n, false);
	}
	return op_stat(op, op->fid2, looked);
}

bool do_lookup(Op *op)
{
	op->name = op_name(op, 0, NULL);
	if (op->name == NULL)
		return op_error(op, EINVAL);
	op->fid = node_fid(op->f, op->node);
	return op_walk(op, op->fid, op->name, walked);
}

static bool attr_done(Op *op)
{
	struct fuse_attr_out a = {0};

	if (op_failed(op))
		return op_fail(op);
	node_saw(op->f, op->node, op->req.d.mode, &op->attr);
	a.attr = op->attr;
	valid(op->f, op->fid->flags & FidStatic, &a.attr_valid, &a.attr_valid_nsec);
	return op_reply(op, &a, sizeof a);
}

int name_again(Op *op)
{
	int no = op_failed(op) ? op_errno(op) : 0;

	if (no != 0)
		return no == ENOENT || no == ENOTDIR ? ESTALE : no;
	return node_rebind(op->f, op->node, op->req.newfid) ? 0 : ESTALE;
}

static void swap_fid(Op *op, Fid *fid)
{
	fid_drop(op->fid);
	op->fid = fid;
}

/* found goes on with op->then when the name was walked to again; if it is another file now, with the one that is open. */
static bool found(Op *op)
{
	int no = name_again(op);
	Fid *fid = no == 0 ? op_newfid(op) : no == ESTALE ? file_fid(op->f, op->node) : NULL;

	if (fid == NULL)
		return op_error(op, no);
	swap_fid(op, fid);
	return op->then(op);
}

/*
 * hold sets op->fid to the open file's Fid if the request names one, else to the node's, and goes on with then.  A file
 * of the host whose name is gone is what somebody has open.
 */
static bool hold(Op *op, bool has, u64 fh, bool (*then)(Op *op))
{
	op->file = has ? file_get(op->f, fh) : NULL;
	op->then = then;
	if (op->file != NULL) {
		op->fid = fid_take(op->file->fid);
		return then(op);
	}
	if (node_named(op))
		return op_walk(op, op->fid, op->name2, found);
	op->fid = node_fid(op->f, op->node);
	if (op->fid->flags & FidNamed) {
		Fid *fid = file_fid(op->f, op->node);

		if (fid != NULL)
			swap_fid(op, fid);
	}
	return then(op);
}

static bool attr_ask(Op *op)
{
	return op_stat(op, op->fid, attr_done);
}

bool do_getattr(Op *op)
{
	struct fuse_getattr_in *in = op_arg(op, sizeof *in);

	node_use(op->f, op->node, true);
	return hold(op, in->getattr_flags & FUSE_GETATTR_FH, in->fh, attr_ask);
}

static bool changed(Op *op)
{
	return op_failed(op) ? op_fail(op) : op_stat(op, op->fid, attr_done);
}

/* change asks for what is in the request; a file that has the wanted length (a device's is 0) is not truncated. */
static bool change(Op *op, u64 length)
{
	struct fuse_setattr_in *in = op_arg(op, sizeof *in);
	bool any = false;
	Dir d;

	dir_null(&d);
	if (in->valid & FATTR_MODE) {
		lock(&op->f->lk);
		d.mode = (op->node->mode & ~0777u) | (in->mode & 0777);
		unlock(&op->f->lk);
		any = true;
	}
	if (in->valid & FATTR_SIZE && in->size != length) {
		d.length = in->size;
		any = true;
	}
	if (in->valid & (FATTR_MTIME | FATTR_MTIME_NOW)) {
		d.mtime = in->valid & FATTR_MTIME_NOW ? (u32)clock_wall() : (u32)in->mtime;
		any = true;
	}
	return any ? op_wstat(op, op->fid, &d, changed) : op_stat(op, op->fid, attr_done);
}

static bool measured(Op *op)
{
	return op_failed(op) ? op_fail(op) : change(op, op->req.d.length);
}

/* owned says whether the request leaves owner and group as they are: 9P cannot give files away. */
static bool owned(Op *op, const struct fuse_setattr_in *in)
{
	bool is;

	lock(&op->f->lk);
	is = ((in->valid & FATTR_UID) == 0 || in->uid == op->node->attr.uid) &&
	     ((in->valid & FATTR_GID) == 0 || in->gid == op->node->attr.gid);
	unlock(&op->f->lk);
	return is;
}

static bool set_ask(Op *op)
{
	struct fuse_setattr_in *in = op_arg(op, sizeof *in);

	if (!owned(op, in))
		return op_error(op, EPERM);
	return in->valid & FATTR_SIZE ? op_stat(op, op->fid, measured) : change(op, 0);
}

bool do_setattr(Op *op)
{
	struct fuse_setattr_in *in = op_arg(op, sizeof *in);

	return hold(op, in->valid & FATTR_FH, in->fh, set_ask);
}

/*
 * The server decides, at open, who may do what, and knows groups that Linux
 * does not: access(2) only says no when nobody at all may.
 */
static bool access_done(Op *op)
{
	struct fuse_access_in *in = op_arg(op, sizeof *in);
	u32 mode = op->req.d.mode, any = (mode | mode >> 3 | mode >> 6) & 7;

	if (op_failed(op))
		return op_fail(op);
	return op_error(op, (in->mask & 7 & ~any) != 0 ? EACCES : 0);
}

static bool access_ask(Op *op)
{
	return op_stat(op, op->fid, access_done);
}

bool do_access(Op *op)
{
	return hold(op, false, 0, access_ask);
}

/* A symbolic link is a file of type QTSYMLINK whose contents are the target. */
static bool link_read(Op *op)
{
	return op_failed(op) ? op_fail(op) : op_reply(op, op->req.o.data, op->req.o.count);
}

static bool link_opened(Op *op)
{
	char *p;

	if (op_failed(op))
		return op_fail(op);
	p = op_out(op, PATH_MAX);
	return p == NULL ? op_error(op, ENOMEM) : op_read(op, op->fid2, p, PATH_MAX - 1, 0, link_read);
}

static bool link_walked(Op *op)
{
	if (op_failed(op))
		return op_fail(op);
	op->fid2 = op_newfid(op);
	return op_open(op, op->fid2, OREAD, link_opened);
}

bool do_readlink(Op *op)
{
	op->fid = node_fid(op->f, op->node);
	return op->fid->qid.type & QTSYMLINK ? op_walk(op, op->fid, NULL, link_walked) : op_error(op, EINVAL);
}
