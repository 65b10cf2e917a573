#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <client/dial.h>
#include <os/clock.h>
#include <os/io.h>
#include "impl.h"

enum { MINUTE = 60 * 1000 };

static Lock all_lk = LOCK_INIT(RankClients);
static List all = LIST_INIT(all); /* protected by all_lk */

static Client *make(int rfd, int wfd, const ClientOpts *o)
{
	Client *c = mem_new(sizeof *c);

	ref_init(&c->ref, "client");
	list_init(&c->link);
	c->name = mem_str(o->name != NULL ? o->name : "9p server");
	c->rfd = rfd;
	c->wfd = wfd;
	c->kind = stream_kind(wfd);
	c->deadline_ms = o->deadline_ms != 0 ? o->deadline_ms : MINUTE;
	c->trace = o->trace;
	c->taken_over = o->taken_over;
	c->tap = tap_take(o->tap);
	lock_init(&c->lk, RankClient);
	list_init(&c->inflight);
	list_init(&c->failed);
	list_init(&c->waiters);
	list_init(&c->idle);
	cond_init(&c->rcond);
	cond_init(&c->wcond);
	c->soonest = INT64_MAX;
	c->wake[0] = c->wake[1] = -1;
	return c;
}

static void free_client(Client *c)
{
	Link *k;

	while ((k = list_pop(&c->idle)) != NULL)
		free(list_item(k, Rpc, link));
	if (c->wfd != c->rfd)
		io_autoclose(&c->wfd);
	io_autoclose(&c->rfd);
	io_autoclose(&c->wake[0]);
	io_autoclose(&c->wake[1]);
	buf_free(&c->out);
	tap_drop(c->tap);
	free(c->tag);
	free(c->freetag);
	free(c->freefid);
	free(c->rbuf);
	free(c->why);
	free(c->name);
	free(c);
}

/* begin makes the pipe and the buffer and agrees on a version */
static int begin(Client *c, u32 msize)
{
	int rc;

	if (pipe2(c->wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return os_werr("pipe");
	c->rcap = (size_t)msize + READAHEAD;
	c->rbuf = mem_try(c->rcap);
	if (c->rbuf == NULL)
		return -1;
	lock(&c->lk);
	rc = conn_version(c, msize);
	unlock(&c->lk);
	return rc;
}

Client *client_new(int rfd, int wfd, const ClientOpts *o)
{
	static const ClientOpts none;
	u32 msize;
	Client *c;

	if (o == NULL)
		o = &none;
	msize = o->msize == 0 ? 64 * 1024 + IOHDRSZ : o->msize < MSIZEMIN ? MSIZEMIN : o->msize;
	if (msize > MSIZEMAX)
		msize = MSIZEMAX;
	c = make(rfd, wfd, o);
	if (begin(c, msize) < 0) {
		client_drop(c);
		return NULL;
	}
	lock(&all_lk);
	list_add(&all, &c->link);
	unlock(&all_lk);
	return c;
}

Client *client_dial(const char *addr, const ClientOpts *o)
{
	ClientOpts named = o != NULL ? *o : (ClientOpts){ 0 };
	int fd = dial(addr, named.deadline_ms);

	if (fd < 0)
		return NULL;
	if (named.name == NULL)
		named.name = addr;
	return client_new(fd, fd, &named);
}

Client *client_take(Client *c)
{
	ref_take(&c->ref);
	return c;
}

void client_drop(Client *c)
{
	bool reader;

	if (c == NULL || !ref_drop(&c->ref))
		return;
	lock(&all_lk);
	list_del(&c->link);
	unlock(&all_lk);
	lock(&c->lk);
	conn_break(c, "connection closed by us");
	c->closing = true;
	reader = c->reader;
	cond_one(&c->rcond);
	unlock(&c->lk);
	if (!reader)
		free_client(c);
}

void client_break(Client *c, const char *why)
{
	lock(&c->lk);
	conn_break(c, "%s", why);
	unlock(&c->lk);
}

bool client_broken(Client *c)
{
	bool broken;

	lock(&c->lk);
	broken = c->why != NULL;
	if (broken)
		werrstr("%s", c->why);
	unlock(&c->lk);
	return broken;
}

Tap *client_tap(const Client *c)
{
	return c->tap;
}

u32 client_msize(const Client *c)
{
	return c->msize;
}

const char *client_name(const Client *c)
{
	return c->name;
}

u32 client_fid(Client *c)
{
	u32 fid;

	lock(&c->lk);
	fid = c->nfreefid > 0 ? c->freefid[--c->nfreefid] : c->nextfid++;
	unlock(&c->lk);
	return fid;
}

void client_fidfree(Client *c, u32 fid)
{
	lock(&c->lk);
	if (c->nfreefid == c->capfreefid) {
		c->capfreefid = c->capfreefid * 2 + 16;
		c->freefid = mem_grow(c->freefid, c->capfreefid, sizeof c->freefid[0]);
	}
	c->freefid[c->nfreefid++] = fid;
	unlock(&c->lk);
}

void client_stats(Client *c, ClientStats *s)
{
	i64 now = clock_ms();

	lock(&c->lk);
	*s = c->stats;
	s->inflight = 0;
	s->oldest_ms = 0;
	list_each(k, &c->inflight) {
		const Rpc *p = list_item(k, Rpc, link);

		s->inflight++;
		if (now - p->since > s->oldest_ms)
			s->oldest_ms = now - p->since;
	}
	unlock(&c->lk);
}

static void dump(Buf *b, Client *c)
{
	i64 now = clock_ms();

	lock(&c->lk);
	list_each(k, &c->inflight) {
		const Rpc *p = list_item(k, Rpc, link);

		buf_printf(b, "%d %s %s fid %u %" PRId64 " ms %s\n", (int)getpid(), fcall_name(p->t.type), c->name,
			   p->t.fid, now - p->since, p->flush != NULL ? "flushing" : "9p");
	}
	unlock(&c->lk);
}

void client_dump(Buf *b)
{
	lock(&all_lk);
	list_each(k, &all)
		dump(b, list_item(k, Client, link));
	unlock(&all_lk);
}

/* client_end frees c when the reader thread, which outlived the last reference, is done with it. */
void client_end(Client *c)
{
	free_client(c);
}
