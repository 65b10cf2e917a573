/*
 * The life of one Op.
 *
 * op_start runs its operation's function; every stage it sets up is
 * dispatched by op_go.  An answer that comes while req_dispatch still runs
 * is left to op_go (no recursion, and no lock of the Srv is held then); a
 * later one continues the Op in the thread that brings it.
 *
 * An INTERRUPT flushes the stage that waits.  Once an interrupt came no
 * further stage begins, except after op->must: then the rest is done, and
 * the flusher must have let go of op->req before it is used again.
 */
#include "impl.h"
#include <base/mem.h>
#include <errno.h>
#include <os/clock.h>
#include <os/errstr.h>
#include <os/thread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define load(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define swap(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define add(p, n) __atomic_add_fetch(p, n, __ATOMIC_SEQ_CST)

enum { SMALL = 256 }; /* bytes of an answer that is copied into one piece */

static void op_done(Req *r);
static void resume(Later *l);
static void op_go(Op *op);

char *buf_get(Fuse *f)
{
	char *p = NULL;

	lock(&f->lk);
	if (f->nbufs > 0)
		p = f->bufs[--f->nbufs];
	unlock(&f->lk);
	return p != NULL ? p : mem_try(BUFSIZE);
}

void buf_put(Fuse *f, char *p)
{
	if (p == NULL)
		return;
	lock(&f->lk);
	if (f->nbufs < NBUFS) {
		f->bufs[f->nbufs++] = p;
		p = NULL;
	}
	unlock(&f->lk);
	free(p);
}

Op *op_new(Fuse *f)
{
	Op *op = NULL;

	lock(&f->lk);
	if (!list_empty(&f->freeops)) {
		op = list_item(f->freeops.next, Op, link);
		list_del(&op->link);
		f->nfreeops--;
	}
	f->nops++;
	unlock(&f->lk);
	if (op == NULL) {
		op = mem_new(sizeof *op);
		list_init(&op->link);
	}
	op->f = f;
	store(&op->refs, 1);
	op->later.fn = resume;
	op->h = (struct fuse_in_header *)op->in;
	op->began = clock_ms();
	return op;
}

/* release lets go of what an operation held. */
static void release(Op *op)
{
	Fuse *f = op->f;

	if (op->req.newfid != NULL)
		fid_drop(op->req.newfid);
	if (op->fid != NULL)
		fid_drop(op->fid);
	if (op->fid2 != NULL)
		fid_drop(op->fid2);
	if (op->fid3 != NULL)
		fid_drop(op->fid3);
	if (op->file != NULL)
		file_put(f, op->file);
	if (op->node != NULL)
		node_put(f, op->node);
	if (op->node2 != NULL)
		node_put(f, op->node2);
	buf_put(f, op->inbuf);
	op->req.newfid = op->fid = op->fid2 = op->fid3 = NULL;
	op->file = NULL;
	op->node = op->node2 = NULL;
	op->inbuf = NULL;
}

static void op_unref(Op *op)
{
	Fuse *f = op->f;

	if (add(&op->refs, -1) > 0)
		return;
	op->state = OpIdle;
	op->intr = op->flushing = op->flushers = op->acked = 0;
	store(&op->must, 0);
	op->next = NULL;
	op->stage = op->no = 0;
	op->name = op->name2 = NULL;
	if (op->outcap > DIRBUF * 2) {
		free(op->out);
		op->out = NULL;
		op->outcap = 0;
	}
	lock(&f->lk);
	if (--f->nops == 0)
		cond_all(&f->idle);
	if (f->nfreeops < KEEPOPS) {
		f->nfreeops++;
		list_push(&f->freeops, &op->link);
		op = NULL;
	}
	unlock(&f->lk);
	op_free(op);
}

void op_free(Op *op)
{
	if (op != NULL) {
		free(op->out);
		free(op);
	}
}

void op_drop(Op *op)
{
	release(op);
	op_unref(op);
}

/* ended takes op from the list of those in flight. */
static void ended(Op *op)
{
	Fuse *f = op->f;

	lock(&f->lk);
	list_del(&op->link);
	unlock(&f->lk);
	release(op);
}

/* answer tells the kernel; -errno if it did not take it. */
static int answer(Op *op, int no, const void *p, size_t n)
{
	struct fuse_out_header oh = {.len = (u32)(sizeof oh + n), .error = -no, .unique = op->h->unique};
	struct iovec v[2] = {{&oh, sizeof oh}, {(void *)(uintptr_t)p, n}};
	u64 small[SMALL / 8]; /* Linux has to find the pages of each piece */

	if (op->f->fd < 0)
		return 0;
	if (sizeof oh + n > sizeof small)
		return writev(op->f->fd, v, 2) < 0 ? -errno : 0;
	memcpy(small, &oh, sizeof oh);
	if (n > 0)
		memcpy((char *)small + sizeof oh, p, n);
	return write(op->f->fd, small, sizeof oh + n) < 0 ? -errno : 0;
}

void op_ack(Req *r)
{
	struct fuse_write_out out = {.size = r->i.count};
	Op *op = r->front;

	store(&op->acked, 1);
	answer(op, 0, &out, sizeof out);
}

/* tell has the text of an error kept for the caller; before the answer, or it would look too early. */
static void tell(Op *op, int no, const char *text)
{
	Fuse *f = op->f;
	Caller c = {op->h->pid, op->h->uid, op->h->gid};

	/* one that was answered when it came is no longer this thread's business */
	if (f->o.refused == NULL || c.pid == 0 || load(&op->acked))
		return;
	if (text != NULL && (!os_hastext(no) || strcmp(text, errtext(err_fromerrno(no))) == 0))
		text = NULL;
	f->o.refused(f->o.arg, &c, no, text);
}

/* deed says whether a request is a system call's own, and not a step on its way. */
static bool deed(u32 opcode)
{
	switch (opcode) {
	case FUSE_LOOKUP:
	case FUSE_GETATTR:
	case FUSE_ACCESS:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_INTERRUPT:
		return false;
	}
	return true;
}

static int end(Op *op, int no, const void *p, size_t n)
{
	int rc = load(&op->acked) ? 0 : answer(op, no, p, n);

	ended(op);
	op_unref(op);
	return rc;
}

int op_end(Op *op, int no, const void *p, size_t n)
{
	if (deed(op->h->opcode))
		tell(op, no, NULL);
	return end(op, no, p, n);
}

bool op_reply(Op *op, const void *p, size_t n)
{
	op_end(op, 0, p, n);
	return false;
}

bool op_error(Op *op, int no)
{
	op_end(op, no, NULL, 0);
	return false;
}

bool op_noreply(Op *op)
{
	ended(op);
	op_unref(op);
	return false;
}

bool op_failed(Op *op)
{
	Req *r = &op->req;

	return r->o.type == Rerror || (r->i.type == Twalk && r->o.nwqid < r->i.nwname);
}

int op_errno(Op *op)
{
	Req *r = &op->req;
	int no;

	if (r->o.type != Rerror)
		return ENOENT;
	no = err_errno(r->o.ename != NULL ? r->o.ename : "");
	if (no == ENOSYS) /* Linux would do without that operation from now on, for all files: without open, even */
		return EOPNOTSUPP;
	return no == 0 || no == EPIPE ? EIO : no; /* EPIPE would be taken for the caller's own pipe */
}

bool op_failas(Op *op, int no)
{
	const Req *r = &op->req;

	tell(op, no, r->o.type == Rerror ? r->o.ename : NULL);
	end(op, no, NULL, 0);
	return false;
}

bool op_fail(Op *op)
{
	return op_failas(op, op_errno(op));
}

/* setup begins a stage on fid, which op or one of the things it holds keeps. */
static Req *setup(Op *op, int type, Fid *fid, bool (*next)(Op *))
{
	Req *r = &op->req;

	while (load(&op->flushers) > 0 && op->must)
		sched_yield();
	if (r->newfid != NULL)
		fid_drop(r->newfid);
	memset(r, 0, sizeof *r);
	req_init(r);
	r->fid = fid;
	r->i.type = (u8)type;
	r->caller = (Caller){op->h->pid != 0 ? op->h->pid : NoPid, op->h->uid, op->h->gid};
	r->done = op_done;
	r->front = op;
	op->next = next;
	return r;
}

bool op_walk(Op *op, Fid *from, const char *name, bool (*next)(Op *))
{
	Req *r = setup(op, Twalk, from, next);

	r->newfid = fid_new(from->srv, from->uid);
	if (name != NULL) {
		r->i.nwname = 1;
		r->i.wname[0] = name;
	}
	return true;
}

Fid *op_newfid(Op *op)
{
	Fid *fid = op->req.newfid;

	op->req.newfid = NULL;
	return fid;
}

bool op_stat(Op *op, Fid *fid, bool (*next)(Op *))
{
	setup(op, Tstat, fid, next);
	return true;
}

bool op_wstat(Op *op, Fid *fid, const Dir *d, bool (*next)(Op *))
{
	setup(op, Twstat, fid, next)->d = *d;
	return true;
}

bool op_open(Op *op, Fid *fid, int mode, bool (*next)(Op *))
{
	setup(op, Topen, fid, next)->i.mode = (u8)mode;
	return true;
}

bool op_create(Op *op, Fid *fid, const char *name, int mode, u32 perm, bool (*next)(Op *))
{
	Req *r = setup(op, Tcreate, fid, next);

	r->i.name = name;
	r->i.mode = (u8)mode;
	r->i.perm = perm;
	return true;
}

bool op_remove(Op *op, Fid *fid, bool (*next)(Op *))
{
	setup(op, Tremove, fid, next);
	return true;
}

bool op_read(Op *op, Fid *fid, char *buf, u32 n, u64 off, bool (*next)(Op *))
{
	Req *r = setup(op, Tread, fid, next);

	r->i.offset = off;
	r->i.count = n;
	r->buf = buf;
	return true;
}

bool op_write(Op *op, Fid *fid, char *p, u32 n, u64 off, bool (*next)(Op *))
{
	Req *r = setup(op, Twrite, fid, next);

	r->i.offset = off;
	r->i.count = n;
	r->i.data = p;
	return true;
}

/* op_flush asks for the early end of a stage that waits; the caller holds a reference. */
static void op_flush(Op *op)
{
	add(&op->flushers, 1);
	if (load(&op->intr) && !load(&op->must) && load(&op->state) == OpWaiting && !swap(&op->flushing, 1))
		if (req_flush(&op->req))
			req_interrupt(&op->req);
	add(&op->flushers, -1);
}

/* waits says whether the stage just dispatched has no answer yet: it then continues in op_done. */
static bool waits(Op *op)
{
	int was = OpDispatching;

	return __atomic_compare_exchange_n(&op->state, &was, OpWaiting, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void op_go(Op *op)
{
	do {
		if (load(&op->intr) && !op->must) {
			op_error(op, EINTR);
			return;
		}
		add(&op->refs, 1);
		store(&op->state, OpDispatching);
		req_dispatch(&op->req);
		if (waits(op)) {
			op_flush(op);
			op_unref(op);
			return;
		}
		store(&op->state, OpIdle);
		add(&op->refs, -1);
	} while (op->next(op));
}

static void go_on(void *arg)
{
	op_go(arg);
}

/*
 * resume goes on where an answer left off.  The thread may be a 9P client's
 * reader, which must not block: a next stage on another Srv, such as a union
 * that calls that client and waits, gets a thread of its own.
 */
static void resume(Later *l)
{
	Op *op = container_of(l, Op, later);
	const Srv *was = op->req.srv;

	if (!op->next(op))
		return;
	if (op->req.fid->srv == was || thread_start("fuse op", go_on, op) < 0)
		op_go(op);
}

/* op_done is r->done: the answer to a stage.  The caller may hold the Srv's lock: it is looked at later. */
static void op_done(Req *r)
{
	Op *op = r->front;

	if (r->o.type == Rstat)
		node_attr(op->f, &r->d, &op->attr);
	if (swap(&op->state, OpAnswered) == OpWaiting)
		later_add(&op->later);
}

void op_run(Op *op, bool (*fn)(Op *op))
{
	Fuse *f = op->f;

	lock(&f->lk);
	list_add(&f->ops, &op->link);
	unlock(&f->lk);
	if (fn(op))
		op_go(op);
}

/* stop ends op early; it takes over a reference. */
static void stop(Op *op)
{
	store(&op->intr, 1);
	op_flush(op);
	op_unref(op);
}

/* match says whether op is the one wanted: with no number, any that was not told to end. */
static bool match(Op *op, const u64 *unique)
{
	return unique != NULL ? op->h->unique == *unique : !load(&op->intr);
}

static Op *find(Fuse *f, const u64 *unique)
{
	Op *op = NULL;

	lock(&f->lk);
	list_each (l, &f->ops) {
		if (match(list_item(l, Op, link), unique)) {
			op = list_item(l, Op, link);
			add(&op->refs, 1);
			break;
		}
	}
	unlock(&f->lk);
	return op;
}

bool op_interrupt(Fuse *f, u64 unique)
{
	Op *op = find(f, &unique);

	if (op == NULL)
		return false;
	if (load(&op->acked))
		op_unref(op); /* it has been told that all was well */
	else
		stop(op);
	return true;
}

void op_flushall(Fuse *f)
{
	Op *op;

	while ((op = find(f, NULL)) != NULL)
		stop(op);
}

void *op_arg(Op *op, size_t size)
{
	return op->n < sizeof *op->h + size ? NULL : (u8 *)op->in + sizeof *op->h;
}

const char *op_name(Op *op, size_t off, size_t *end)
{
	const char *p = (const char *)op->in + sizeof *op->h + off;
	size_t have = op->n > sizeof *op->h + off ? op->n - sizeof *op->h - off : 0;
	const char *z = memchr(p, '\0', have);

	if (z == NULL || z == p || z - p > NAME_MAX || memchr(p, '/', (size_t)(z - p)) != NULL)
		return NULL;
	if (strcmp(p, ".") == 0 || strcmp(p, "..") == 0)
		return NULL;
	if (end != NULL)
		*end = off + (size_t)(z - p) + 1;
	return p;
}

char *op_out(Op *op, size_t n)
{
	if (op->outcap < n) {
		free(op->out);
		op->out = mem_try(n);
		op->outcap = op->out != NULL ? n : 0;
	}
	return op->out;
}
