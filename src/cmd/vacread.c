/*
 * The contents of files: threads that read, hash and send, each with its
 * window of blocks.  The walker hands open files over, QUEUE at most; when
 * they are that many it does one itself, so a machine with few processors
 * loses no time in handing over.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/list.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/thread.h>
#include "tool.h"
#include "vaccmd.h"

enum {
	QUEUE = 64,     /* files that wait for a reader */
	WINDOW = 48,    /* blocks of each reader that are under way */
	THREADS = 16,
};

typedef struct Job {
	Link link;
	VacwDir *dir;
	i64 place;
	int fd;
	u64 size;
	char *path;
	bool haveold;
	Entry old;
	Vac *oldvac;
} Job;

typedef struct Reader {
	VacRun *r;
	BlockOut *out;
	Treew tree;
	pthread_t thread;
} Reader;

struct VacRead {
	Lock lk;
	Cond more;
	List jobs;     /* protected by lk */
	int njobs;
	bool end;
	int n;
	Reader self;   /* the walker as a reader */
	Reader reader[THREADS];
};

/* known is the score of block bn of the file's older self, if it has one */
static const Score *known(Vac *vac, const Entry *e, u64 bn, Score *s)
{
	if (e == NULL || bn >= entry_blocks(e) || tree_score(vac_cache(vac), e, bn, s) < 0)
		return NULL;
	return s;
}

int read_stream(VacRun *r, BlockOut *o, Treew *t, int fd, u64 limit, const Entry *old, Vac *oldvac, Entry *e)
{
	const Entry *like = old != NULL && old->dsize == r->bsize ? old : NULL;
	u64 size = 0, bn = 0;
	ssize_t n = 0;
	Score s, was;

	while (size < limit) {
		u8 *p = out_room(o);

		if (p == NULL)
			return -1;
		n = io_readn(fd, p, limit - size < r->bsize ? limit - size : r->bsize);
		if (n <= 0)
			break;
		if (out_send(o, VtData, (u32)n, known(oldvac, like, bn++, &was), &s) < 0 || treew_add(t, o, &s) < 0)
			return -1;
		size += (u64)n;
		if (n < r->bsize)
			break;
	}
	__atomic_fetch_add(&r->data, size, __ATOMIC_RELAXED);
	if (treew_end(t, o, false, r->bsize, size, e) < 0)
		return -1;
	return n < 0 ? 1 : 0; /* an error of the file's, not of the venti's */
}

static void do_job(Reader *rd, Job *j)
{
	VacRun *r = rd->r;
	Entry e;
	int bad = read_stream(r, rd->out, &rd->tree, j->fd, j->size > 0 ? j->size : UINT64_MAX, j->haveold ? &j->old : NULL,
		j->oldvac, &e);

	if (bad > 0)
		vac_problem(r, "%s: %s; %llu bytes of it are in the archive", j->path, rerrstr(), (unsigned long long)e.size);
	if (bad < 0 || vacwdir_told(j->dir, rd->out, j->place, &e) < 0)
		tool_die("%s: %s", j->path, rerrstr());
	close(j->fd);
	free(j->path);
	free(j);
}

static void reader(void *arg)
{
	Reader *rd = arg;
	struct VacRead *q = rd->r->read;

	lock(&q->lk);
	for (;;) {
		Link *l = list_pop(&q->jobs);

		if (l != NULL) {
			q->njobs--;
			unlock(&q->lk);
			do_job(rd, list_item(l, Job, link));
			lock(&q->lk);
		} else if (q->end)
			break;
		else
			cond_wait(&q->more, &q->lk, -1);
	}
	unlock(&q->lk);
	if (out_drain(rd->out) < 0)
		tool_die("%s", rerrstr());
}

void read_start(VacRun *r, int threads)
{
	struct VacRead *q = mem_new(sizeof *q);

	lock_init(&q->lk, RankLeaf);
	cond_init(&q->more);
	list_init(&q->jobs);
	q->n = threads < THREADS ? threads : THREADS;
	q->self = (Reader){ .r = r, .out = r->out };
	treew_init(&q->self.tree, entry_psize(r->bsize));
	r->read = q;
	for (int i = 0; i < q->n; i++) {
		Reader *rd = &q->reader[i];

		rd->r = r;
		rd->out = out_new(r->v, r->bsize, WINDOW);
		treew_init(&rd->tree, entry_psize(r->bsize));
		if (thread_new(&rd->thread, "read", reader, rd) < 0)
			tool_die("%s", rerrstr());
	}
}

void read_file(VacRun *r, VacwDir *dir, i64 place, int fd, u64 size, const char *path, const Entry *old, Vac *oldvac)
{
	struct VacRead *q = r->read;
	Job *j = mem_new(sizeof *j);

	*j = (Job){ .dir = dir, .place = place, .fd = fd, .size = size, .path = mem_str(path), .haveold = old != NULL, .oldvac = oldvac };
	if (old != NULL)
		j->old = *old;
	lock(&q->lk);
	if (q->njobs < QUEUE && q->n > 0) {
		list_add(&q->jobs, &j->link);
		q->njobs++;
		cond_one(&q->more);
		j = NULL;
	}
	unlock(&q->lk);
	if (j != NULL)
		do_job(&q->self, j);
}

void read_end(VacRun *r, u64 *sent, u64 *had)
{
	struct VacRead *q = r->read;
	Link *l;

	lock(&q->lk);
	q->end = true;
	cond_all(&q->more);
	while ((l = list_pop(&q->jobs)) != NULL) {
		q->njobs--;
		unlock(&q->lk);
		do_job(&q->self, list_item(l, Job, link));
		lock(&q->lk);
	}
	unlock(&q->lk);
	for (int i = 0; i < q->n; i++) {
		thread_join(q->reader[i].thread);
		out_bytes(q->reader[i].out, sent, had);
		out_free(q->reader[i].out);
		treew_free(&q->reader[i].tree);
	}
	treew_free(&q->self.tree);
	free(q);
}
