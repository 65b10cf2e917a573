/*
 * #|: every attach makes a new pipe with two ends, data and data1 (pipe(3)).
 * What is written to one end is read from the other, no read giving bytes of
 * more than one write.  Serial: the Srv's lock protects everything.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <os/clock.h>
#include "kernpriv.h"

enum { PIPEMAX = 64 * 1024, MSGMAX = 4096 };

/* what one write left */
typedef struct Msg {
	Link link;
	u32 n, off; /* off were read */
	char data[];
} Msg;

typedef struct End {
	List in;       /* Msgs written at the other end, to be read here */
	u64 bytes;     /* in them */
	int msgs;
	int opens;
	bool used;     /* was opened once */
	Rendez readers, writers; /* of in */
} End;

typedef struct Pipe {
	Ref ref;
	Link link;    /* in pipes */
	char *owner;  /* the first to open an end */
	u64 id;
	End end[2];
} Pipe;

static List pipes = LIST_INIT(pipes); /* those of which an end was opened: what is in them takes memory */

static Kern *kern_of(const Fid *f)
{
	return f->srv->aux;
}

static int end_of(const Fid *f)
{
	return (int)(f->qid.path & 3) - 1;
}

static Qid qid(const Pipe *p, int i)
{
	return (Qid){ .path = p->id << 2 | (u64)(i + 1), .type = i < 0 ? QTDIR : 0 };
}

static void pipe_attach(Req *r)
{
	static u64 ids;
	Pipe *p = mem_new(sizeof *p);

	ref_init(&p->ref, "#| Pipe");
	list_init(&p->link);
	p->id = ++ids;
	for (int i = 0; i < 2; i++) {
		list_init(&p->end[i].in);
		rendez_init(&p->end[i].readers);
		rendez_init(&p->end[i].writers);
	}
	r->fid->aux = p;
	r->fid->qid = qid(p, -1);
	r->fid->flags = FidFresh;
	req_ok(r);
}

static int pipe_clone(Req *r, Fid *from, Fid *to)
{
	Pipe *p = from->aux;

	(void)r;
	ref_take(&p->ref);
	to->aux = p;
	return 0;
}

static int pipe_walk1(Req *r, Fid *f, const char *name)
{
	int i;

	(void)r;
	if (strcmp(name, "..") == 0)
		i = -1;
	else if (strcmp(name, "data") == 0)
		i = 0;
	else if (strcmp(name, "data1") == 0)
		i = 1;
	else
		return errset(Enonexist);
	f->qid = qid(f->aux, i);
	f->flags = i < 0 ? FidFresh : FidStream;
	return 0;
}

static u64 pipes_of(const char *owner)
{
	u64 n = 0;

	list_each (l, &pipes)
		n += strcmp(list_item(l, Pipe, link)->owner, owner) == 0;
	return n;
}

static void pipe_open(Req *r)
{
	Pipe *p = r->fid->aux;
	const char *who = kern_caller(kern_of(r->fid), r);
	int i = end_of(r->fid);

	if (i >= 0 && p->owner == NULL) {
		if (kern_limit(kern_of(r->fid), who, pipes_of(who), MaxPipes, "pipes") < 0) {
			req_fail(r);
			return;
		}
		p->owner = mem_str(who);
		list_add(&pipes, &p->link);
	}
	if (i >= 0) {
		p->end[i].opens++;
		p->end[i].used = true;
	}
	req_ok(r);
}

static void describe(Dir *d, const Pipe *p, int i, const char *owner)
{
	static const char *names[] = { "/", "data", "data1" };

	*d = (Dir){
		.qid = qid(p, i),
		.mode = i < 0 ? DMDIR | 0500 : 0660,
		.atime = (u32)clock_wall(),
		.mtime = (u32)clock_wall(),
		.length = i < 0 ? 0 : p->end[i].bytes,
		.name = names[i + 1],
		.uid = owner,
		.gid = owner,
		.muid = "",
	};
}

static int gen(Req *r, int i, Dir *d)
{
	if (i > 1)
		return -1;
	describe(d, r->fid->aux, i, r->fid->uid);
	return 0;
}

static bool hungup(const End *other)
{
	return other->used && other->opens == 0;
}

/* get reads from e's first message and frees it when nothing of it is left. */
static u32 get(End *e, char *p, u32 n)
{
	Msg *m = list_item(e->in.next, Msg, link);

	if (n > m->n - m->off)
		n = m->n - m->off;
	memcpy(p, m->data + m->off, n);
	m->off += n;
	e->bytes -= n;
	if (m->off == m->n) {
		list_del(&m->link);
		e->msgs--;
		free(m);
	}
	return n;
}

static void put(End *e, const void *p, u32 n)
{
	Msg *m = mem_new(sizeof *m + n);

	m->n = n;
	memcpy(m->data, p, n);
	list_add(&e->in, &m->link);
	e->bytes += n;
	e->msgs++;
}

static void pipe_read(Req *r)
{
	Pipe *p = r->fid->aux;
	int i = end_of(r->fid);
	End *e;

	if (i < 0) {
		req_readdir(r, gen);
		return;
	}
	e = &p->end[i];
	if (list_empty(&e->in) && !hungup(&p->end[!i])) {
		req_sleep(r, &e->readers, -1);
		return;
	}
	r->o.count = list_empty(&e->in) ? 0 : get(e, r->buf, r->i.count);
	rendez_all(&e->writers);
	req_ok(r);
}

static void pipe_write(Req *r)
{
	Pipe *p = r->fid->aux;
	int i = end_of(r->fid);
	End *to = &p->end[!i];

	if (hungup(to)) {
		req_err(r, Ehungup);
		return;
	}
	if (to->bytes >= PIPEMAX || to->msgs >= MSGMAX) {
		req_sleep(r, &to->writers, -1);
		return;
	}
	put(to, r->i.data, r->i.count);
	rendez_all(&to->readers);
	r->o.count = r->i.count;
	req_ok(r);
}

static void pipe_stat(Req *r)
{
	describe(&r->d, r->fid->aux, end_of(r->fid), kern_hostowner(kern_of(r->fid)));
	req_ok(r);
}

static void pipe_clunk(Fid *f)
{
	Pipe *p = f->aux;
	int i = end_of(f);
	Link *l;

	if (i >= 0 && f->omode >= 0 && --p->end[i].opens == 0) {
		rendez_all(&p->end[!i].readers);
		rendez_all(&p->end[i].writers);
	}
	if (!ref_drop(&p->ref))
		return;
	for (i = 0; i < 2; i++)
		while ((l = list_pop(&p->end[i].in)) != NULL)
			free(list_item(l, Msg, link));
	list_del(&p->link);
	free(p->owner);
	free(p);
}

static const SrvOps pipe_ops = {
	.attach = pipe_attach,
	.walk1 = pipe_walk1,
	.clone = pipe_clone,
	.open = pipe_open,
	.read = pipe_read,
	.write = pipe_write,
	.stat = pipe_stat,
	.clunk = pipe_clunk,
};

static Srv *pipe_new(Kern *k, const char *spec)
{
	Srv *s;

	if (*spec != '\0')
		return errnull(Enodev);
	s = mem_new(sizeof *s);
	srv_init(s, "#|", &pipe_ops, k);
	return s;
}

const Dev dev_pipe = { '|', "pipe", pipe_new };
