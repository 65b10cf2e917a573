/*
 * Threads that make files.  The walk hands files over in batches of one
 * directory: a thread is woken for a batch, not for a file, and two threads
 * seldom wait for each other to change one directory.  While the threads
 * have enough to do the walk makes a batch itself, so it is never far ahead
 * of them, and what it asked the venti for is still in memory when its turn comes.
 */
#include <stdlib.h>
#include <base/list.h>
#include <base/mem.h>
#include <os/thread.h>
#include "tool.h"
#include "unvac.h"

enum {
	QUEUE = 8,   /* batches that wait */
	THREADS = 8,
	PRIME = 4,   /* files of a batch whose blocks are asked for ahead */
};

static struct {
	Lock lk;
	Cond more;
	List batches; /* protected by lk */
	int nbatches;
	int waiting;  /* threads that have nothing to do */
	bool end;
	int n;
	pthread_t t[THREADS];
} q = { .lk = LOCK_INIT(RankLeaf) };

static void make(UnRun *r, UnBatch *b)
{
	int fd = undir_use(b->dir);
	const char *path = undir_path(b->dir);

	for (int i = 0, primed = 0; i < b->n; i++) {
		VacFile *f = b->f[i];

		while (primed < b->n && primed < i + PRIME)
			un_ahead(r, b->f[primed++]);
		if (fd < 0 || un_make(r, fd, f) < 0)
			un_problem(r, "%s%s%s: %s", path, path[0] != 0 ? "/" : "", f->dir.elem, rerrstr());
		vacfile_drop(f);
	}
	if (fd >= 0)
		undir_done(b->dir);
	undir_drop(b->dir);
	free(b);
}

static void worker(void *arg)
{
	Link *l;

	lock(&q.lk);
	for (;;) {
		l = list_pop(&q.batches);
		if (l != NULL) {
			q.nbatches--;
			unlock(&q.lk);
			make(arg, list_item(l, UnBatch, link));
			lock(&q.lk);
		} else if (q.end)
			break;
		else {
			q.waiting++;
			cond_wait(&q.more, &q.lk, -1);
			q.waiting--;
		}
	}
	unlock(&q.lk);
}

void un_start(UnRun *r, int threads)
{
	cond_init(&q.more);
	list_init(&q.batches);
	for (q.n = 0; q.n < threads && q.n < THREADS; q.n++)
		if (thread_new(&q.t[q.n], "unvac", worker, r) < 0)
			tool_die("%s", rerrstr());
}

void un_push(UnRun *r, UnBatch **bp)
{
	UnBatch *b = *bp;

	if (b == NULL)
		return;
	*bp = NULL;
	lock(&q.lk);
	if (q.nbatches < QUEUE) {
		list_add(&q.batches, &b->link);
		q.nbatches++;
		if (q.waiting > 0)
			cond_one(&q.more);
		b = NULL;
	}
	unlock(&q.lk);
	if (b != NULL)
		make(r, b);
}

void un_file(UnRun *r, UnBatch **bp, UnDir *d, VacFile *f)
{
	UnBatch *b = *bp;

	if (b == NULL) {
		*bp = b = mem_new(sizeof *b);
		undir_take(d);
		b->dir = d;
	}
	b->f[b->n++] = vacfile_take(f);
	if (b->n == UNBATCH)
		un_push(r, bp);
}

void un_end(UnRun *r)
{
	(void)r;
	lock(&q.lk);
	q.end = true;
	cond_all(&q.more);
	unlock(&q.lk);
	for (int i = 0; i < q.n; i++)
		thread_join(q.t[i]);
}
