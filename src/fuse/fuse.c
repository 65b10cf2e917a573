/*
 * One FUSE connection: reading requests, telling them apart, beginning and
 * ending.
 *
 * Only the leader of the crew reads, into op->in (the first HEAD bytes) and
 * f->inbuf; a write keeps that buffer, everything else is copied out of it
 * (names of more than 40 bytes) before another thread may lead.
 */
#include "impl.h"
#include <base/mem.h>
#include <errno.h>
#include <os/clock.h>
#include <os/thread.h>
#include <srv/call.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	NoNode = 1, /* the node number means nothing */
	NoReply = 2,
	MAXTHREADS = 64,
	BACKGROUND = 256, /* readahead and release requests that may be under way */
};

static bool do_init(Op *op);
static bool do_forget(Op *op);
static bool do_batch(Op *op);
static bool do_statfs(Op *op);
static bool do_interrupt(Op *op);
static bool do_destroy(Op *op);
static bool do_eperm(Op *op)
{
	return op_error(op, EPERM);
}
static bool do_enotty(Op *op)
{
	return op_error(op, ENOTTY);
}

typedef struct Call {
	const char *name;
	bool (*fn)(Op *op);
	u16 size; /* of the struct after the header */
	u16 flags;
} Call;

#define A(t) sizeof(struct t)

/* what is not here, or has no function, is ENOSYS: Linux then does without, and does not ask again */
static const Call calls[] = {
	[FUSE_LOOKUP] = {"lookup", do_lookup, 0, 0},
	[FUSE_FORGET] = {"forget", do_forget, A(fuse_forget_in), NoNode | NoReply},
	[FUSE_GETATTR] = {"getattr", do_getattr, A(fuse_getattr_in), 0},
	[FUSE_SETATTR] = {"setattr", do_setattr, A(fuse_setattr_in), 0},
	[FUSE_READLINK] = {"readlink", do_readlink, 0, 0},
	[FUSE_SYMLINK] = {"symlink", do_eperm, 0, 0},
	[FUSE_MKNOD] = {"mknod", do_eperm, 0, 0},
	[FUSE_MKDIR] = {"mkdir", do_create, A(fuse_mkdir_in), 0},
	[FUSE_UNLINK] = {"unlink", do_remove, 0, 0},
	[FUSE_RMDIR] = {"rmdir", do_remove, 0, 0},
	[FUSE_RENAME] = {"rename", do_rename, A(fuse_rename_in), 0},
	[FUSE_LINK] = {"link", do_eperm, 0, 0},
	[FUSE_OPEN] = {"open", do_open, A(fuse_open_in), 0},
	[FUSE_READ] = {"read", do_read, A(fuse_read_in), 0},
	[FUSE_WRITE] = {"write", do_write, A(fuse_write_in), 0},
	[FUSE_STATFS] = {"statfs", do_statfs, 0, NoNode},
	[FUSE_RELEASE] = {"release", do_release, A(fuse_release_in), NoNode},
	[FUSE_FSYNC] = {"fsync", do_fsync, A(fuse_fsync_in), 0},
	[FUSE_INIT] = {"init", do_init, 16, NoNode},
	[FUSE_OPENDIR] = {"opendir", do_open, A(fuse_open_in), 0},
	[FUSE_READDIR] = {"readdir", do_readdir, A(fuse_read_in), 0},
	[FUSE_RELEASEDIR] = {"releasedir", do_release, A(fuse_release_in), NoNode},
	[FUSE_ACCESS] = {"access", do_access, A(fuse_access_in), 0},
	[FUSE_CREATE] = {"create", do_create, A(fuse_create_in), 0},
	[FUSE_INTERRUPT] = {"interrupt", do_interrupt, A(fuse_interrupt_in), NoNode | NoReply},
	[FUSE_DESTROY] = {"destroy", do_destroy, 0, NoNode},
	[FUSE_IOCTL] = {"ioctl", do_enotty, 0, 0},
	[FUSE_BATCH_FORGET] = {"forget", do_batch, A(fuse_batch_forget_in), NoNode | NoReply},
	[FUSE_RENAME2] = {"rename", do_rename, A(fuse_rename2_in), 0},
};

static const Call *find(u32 opcode)
{
	return opcode < nelem(calls) && calls[opcode].fn != NULL ? &calls[opcode] : NULL;
}

static bool do_init(Op *op)
{
	struct fuse_init_in in = {0};
	struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION};
	size_t n = op->n - sizeof *op->h;
	u64 want = FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_AUTO_INVAL_DATA |
		   FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS | FUSE_INIT_EXT |
		   FUSE_DIRECT_IO_ALLOW_MMAP,
	    has;

	memcpy(&in, op_arg(op, 16), n < sizeof in ? n : sizeof in);
	if (in.major != FUSE_KERNEL_VERSION)
		return in.major > FUSE_KERNEL_VERSION ? op_reply(op, &out, sizeof out) : op_error(op, EPROTO);
	has = in.flags | (in.flags & FUSE_INIT_EXT ? (u64)in.flags2 << 32 : 0);
	out.max_readahead = in.max_readahead;
	out.flags = (u32)(has & want);
	out.flags2 = (u32)((has & want) >> 32);
	out.max_background = BACKGROUND;
	out.congestion_threshold = BACKGROUND * 3 / 4;
	out.max_write = MAXWRITE;
	out.max_pages = MAXWRITE / 4096;
	out.time_gran = 1000000000; /* 9P has seconds */
	op->f->inited = true;
	return op_reply(op, &out, sizeof out);
}

static bool do_forget(Op *op)
{
	struct fuse_forget_in *in = op_arg(op, sizeof *in);

	node_forget(op->f, op->h->nodeid, in->nlookup);
	return op_noreply(op);
}

/* do_batch: the first two forgets end at byte HEAD, the others are in the buffer. */
static bool do_batch(Op *op)
{
	struct fuse_batch_forget_in *in = op_arg(op, sizeof *in);
	size_t at = sizeof *op->h + sizeof *in;

	for (u32 i = 0; i < in->count && at + sizeof(struct fuse_forget_one) <= op->n; i++) {
		struct fuse_forget_one one;

		memcpy(&one, at < HEAD ? (char *)op->in + at : op->inbuf + at - HEAD, sizeof one);
		node_forget(op->f, one.nodeid, one.nlookup);
		at += sizeof one;
	}
	return op_noreply(op);
}

/* do_statfs: 9P does not say how big a tree is. */
static bool do_statfs(Op *op)
{
	struct fuse_statfs_out out = {.st = {.bsize = 4096, .frsize = 4096, .namelen = NAME_MAX}};

	return op_reply(op, &out, sizeof out);
}

/* do_interrupt: EAGAIN has Linux send the interrupt of a request not seen yet again, and is ignored for one that is
 * over. */
static bool do_interrupt(Op *op)
{
	struct fuse_interrupt_in *in = op_arg(op, sizeof *in);

	return op_interrupt(op->f, in->unique) ? op_noreply(op) : op_error(op, EAGAIN);
}

static bool do_destroy(Op *op)
{
	return op_reply(op, NULL, 0);
}

/* refuse says why a request cannot be handled, 0 if it can. */
static int refuse(Op *op, const Call *c)
{
	if (op->h->len != op->n)
		return EIO;
	if (!op->f->inited && op->h->opcode != FUSE_INIT)
		return EIO;
	if (c == NULL)
		return ENOSYS;
	if (op->n < sizeof *op->h + c->size)
		return EINVAL;
	if (c->flags & NoNode)
		return 0;
	op->node = node_get(op->f, op->h->nodeid);
	return op->node == NULL ? ESTALE : 0;
}

static bool do_refuse(Op *op)
{
	const Call *c = find(op->h->opcode);

	return c != NULL && c->flags & NoReply ? op_noreply(op) : op_error(op, op->no);
}

/* handle begins an Op whose first HEAD bytes are in op->in and the rest in f->inbuf. */
static void handle(Fuse *f, Op *op)
{
	const Call *c = find(op->h->opcode);
	u32 opcode = op->h->opcode;

	if (op->n < sizeof *op->h) {
		op_drop(op);
		return;
	}
	if (opcode == FUSE_WRITE || opcode == FUSE_BATCH_FORGET) {
		op->inbuf = f->inbuf;
		f->inbuf = NULL;
	} else if (op->n > HEAD) {
		memcpy((char *)op->in + HEAD, f->inbuf, (op->n < INMAX ? op->n : INMAX) - HEAD);
	}
	op->no = refuse(op, c);
	if (op->n > INMAX && opcode != FUSE_WRITE && opcode != FUSE_BATCH_FORGET) {
		op->no = op->no == ENOSYS ? ENOSYS : EINVAL;
		op->n = INMAX;
	}
	op_run(op, op->no != 0 ? do_refuse : c->fn);
}

/* ready makes sure that there is a buffer to read into. */
static bool ready(Fuse *f)
{
	if (f->inbuf == NULL)
		f->inbuf = buf_get(f);
	return f->inbuf != NULL;
}

static bool step(void *arg)
{
	Fuse *f = arg;
	Op *op = op_new(f);
	struct iovec v[2] = {{op->in, HEAD}, {NULL, BUFSIZE}};
	ssize_t n = -1;

	if (ready(f)) {
		v[1].iov_base = f->inbuf;
		n = readv(f->fd, v, 2);
	} else {
		errno = EINTR;
		usleep(10000);
	}
	if (n <= 0) {
		bool more = n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT);

		op_drop(op);
		return more;
	}
	op->n = (size_t)n;
	handle(f, op);
	return true;
}

void fuse_input(Fuse *f, const void *p, size_t n)
{
	Op *op = op_new(f);

	if (n > HEAD + BUFSIZE || !ready(f)) {
		op_drop(op);
		return;
	}
	memset(op->in, 0, HEAD);
	memcpy(op->in, p, n < HEAD ? n : HEAD);
	if (n > HEAD)
		memcpy(f->inbuf, (const char *)p + HEAD, n - HEAD);
	op->n = n;
	handle(f, op);
}

Fuse *fuse_new(Srv *root, const char *aname, const FuseOpts *o)
{
	const char *uname = o->uname != NULL ? o->uname : "none";
	Fid *fid =
		call_attach(root, uname, aname != NULL ? aname : "", &o->caller, o->deadline > 0 ? o->deadline : 30000);
	Fuse *f;

	if (fid == NULL)
		return NULL;
	if ((fid->qid.type & QTDIR) == 0) {
		fid_drop(fid);
		werrstr("%s: the root is not a directory", root->name);
		return NULL;
	}
	f = mem_new(sizeof *f);
	f->root = srv_take(root);
	f->o = *o;
	f->fd = -1;
	f->source = mem_str(o->source != NULL ? o->source : root->name);
	f->uid = getuid();
	f->gid = getgid();
	lock_init(&f->lk, RankFuse);
	cond_init(&f->idle);
	list_init(&f->ops);
	list_init(&f->freeops);
	node_init(f, fid);
	return f;
}

void fuse_setfd(Fuse *f, int fd)
{
	f->fd = fd;
}

/* settle ends what is in flight; everything that waits can be flushed. */
static void settle(Fuse *f)
{
	op_flushall(f);
	lock(&f->lk);
	while (f->nops > 0 && !cond_wait(&f->idle, &f->lk, 1000)) {
		unlock(&f->lk);
		op_flushall(f);
		lock(&f->lk);
	}
	unlock(&f->lk);
}

void fuse_serve(Fuse *f)
{
	f->crew = crew_new("fuse", step, f, MAXTHREADS);
	crew_run(f->crew);
	settle(f);
	crew_free(f->crew);
	lock(&f->lk);
	f->crew = NULL;
	f->serving = false;
	cond_all(&f->idle);
	unlock(&f->lk);
}

static void serve(void *arg)
{
	fuse_serve(arg);
}

int fuse_start(Fuse *f)
{
	f->serving = true;
	if (thread_start("fuse", serve, f) == 0)
		return 0;
	f->serving = false;
	return -1;
}

static void free_files(Fuse *f)
{
	for (size_t i = 0; i < f->nfiles; i++)
		if (f->files[i] != NULL)
			file_put(f, f->files[i]);
	free(f->files);
	file_freeopeners(f);
}

void fuse_free(Fuse *f)
{
	if (f == NULL)
		return;
	lock(&f->lk);
	while (f->serving)
		cond_wait(&f->idle, &f->lk, -1);
	unlock(&f->lk);
	settle(f);
	free_files(f);
	node_end(f);
	while (!list_empty(&f->freeops)) {
		Op *op = list_item(f->freeops.next, Op, link);

		list_del(&op->link);
		op_free(op);
	}
	while (f->nbufs > 0)
		free(f->bufs[--f->nbufs]);
	free(f->inbuf);
	if (f->fd >= 0)
		close(f->fd);
	srv_drop(f->root);
	free(f->source);
	free(f);
}

Fid *fuse_node_fid(Fuse *f, u64 nodeid)
{
	Node *n = node_get(f, nodeid);
	Fid *fid;

	if (n == NULL)
		return errnull(Enonexist);
	fid = node_fid(f, n);
	node_put(f, n);
	return fid;
}

void fuse_forget(Fuse *f, const char *dir, const char *name)
{
	struct fuse_out_header h = {.error = FUSE_NOTIFY_INVAL_ENTRY};
	struct fuse_notify_inval_entry_out out = {.namelen = (u32)strlen(name)};
	struct iovec v[3] = {{&h, sizeof h}, {&out, sizeof out}, {(void *)(uintptr_t)name, strlen(name) + 1}};

	out.parent = node_child(f, f->rootnode, dir);
	h.len = (u32)(sizeof h + sizeof out + v[2].iov_len);
	if (out.parent != 0 && writev(f->fd, v, 3) < 0)
		return; /* Linux does not know the name */
}

static void dump(Op *op, i64 now, Buf *b)
{
	const Call *c = find(op->h->opcode);

	buf_printf(b, "%u %s ", op->h->pid, c != NULL ? c->name : "?");
	if (op->node != NULL)
		node_path(op->node, b);
	if (op->node != NULL && (op->node->parent == NULL || op->name != NULL))
		buf_printf(b, "/%s", op->name != NULL ? op->name : "");
	buf_printf(b, " %lld\n", (long long)(now - op->began));
}

void fuse_dump(Fuse *f, Buf *b)
{
	i64 now = clock_ms();

	lock(&f->lk);
	list_each (k, &f->ops)
		dump(list_item(k, Op, link), now, b);
	unlock(&f->lk);
}
