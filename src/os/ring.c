/*
 * Many reads at once by io_uring, without liburing: a ring is filled,
 * entered once, and emptied before ring_read returns, so that of the whole
 * interface only the two arrays and four counters are needed.
 *
 * Linux may refuse: an old kernel, kernel.io_uring_disabled, seccomp in a
 * container.  ring_new then says so and callers read one by one.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/diskio.h>

struct Ring {
	int fd;
	unsigned entries;
	void *mem; /* both queues: IORING_FEAT_SINGLE_MMAP */
	size_t nmem;
	struct io_uring_sqe *sqe;
	size_t nsqe;
	unsigned *sqtail, *sqmask, *sqarray;
	unsigned *cqhead, *cqtail, *cqmask;
	struct io_uring_cqe *cqe;
};

static int ring_map(Ring *r, const struct io_uring_params *p)
{
	size_t sq = p->sq_off.array + p->sq_entries * sizeof(unsigned);
	size_t cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	u8 *m;

	r->nmem = sq > cq ? sq : cq;
	r->nsqe = p->sq_entries * sizeof *r->sqe;
	m = mmap(NULL, r->nmem, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
	if (m == MAP_FAILED)
		return os_werr("io_uring");
	r->mem = m;
	r->sqe = mmap(NULL, r->nsqe, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
	if (r->sqe == MAP_FAILED) {
		r->sqe = NULL;
		return os_werr("io_uring");
	}
	r->sqtail = (unsigned *)(void *)(m + p->sq_off.tail);
	r->sqmask = (unsigned *)(void *)(m + p->sq_off.ring_mask);
	r->sqarray = (unsigned *)(void *)(m + p->sq_off.array);
	r->cqhead = (unsigned *)(void *)(m + p->cq_off.head);
	r->cqtail = (unsigned *)(void *)(m + p->cq_off.tail);
	r->cqmask = (unsigned *)(void *)(m + p->cq_off.ring_mask);
	r->cqe = (struct io_uring_cqe *)(void *)(m + p->cq_off.cqes);
	return 0;
}

Ring *ring_new(unsigned n)
{
	struct io_uring_params p = { 0 };
	Ring *r = mem_new(sizeof *r);

	r->fd = (int)syscall(SYS_io_uring_setup, n, &p);
	if (r->fd < 0) {
		(void)os_werr("io_uring");
		free(r);
		return NULL;
	}
	r->entries = p.sq_entries;
	if (!(p.features & IORING_FEAT_SINGLE_MMAP) || ring_map(r, &p) < 0) {
		ring_free(r);
		return NULL;
	}
	return r;
}

void ring_free(Ring *r)
{
	if (r == NULL)
		return;
	if (r->sqe != NULL)
		munmap(r->sqe, r->nsqe);
	if (r->mem != NULL)
		munmap(r->mem, r->nmem);
	close(r->fd);
	free(r);
}

static void ring_put(Ring *r, const RingRead *v, int i, unsigned tail)
{
	unsigned slot = (tail + (unsigned)i) & *r->sqmask;
	struct io_uring_sqe *s = &r->sqe[slot];

	memset(s, 0, sizeof *s);
	s->opcode = IORING_OP_READ;
	s->fd = v[i].fd;
	s->addr = (u64)(uintptr_t)v[i].p;
	s->len = (u32)v[i].n;
	s->off = v[i].off;
	s->user_data = (u64)i;
	r->sqarray[slot] = slot;
}

/* takes what has ended; how many */
static int ring_reap(Ring *r, RingRead *v)
{
	unsigned head = *r->cqhead, tail = __atomic_load_n(r->cqtail, __ATOMIC_ACQUIRE);
	int n = 0;

	for (; head != tail; head++, n++) {
		struct io_uring_cqe *c = &r->cqe[head & *r->cqmask];

		v[c->user_data].got = c->res;
	}
	__atomic_store_n(r->cqhead, head, __ATOMIC_RELEASE);
	return n;
}

static int ring_some(Ring *r, RingRead *v, int n)
{
	unsigned tail = *r->sqtail, left = (unsigned)n;
	int done = 0;

	for (int i = 0; i < n; i++)
		ring_put(r, v, i, tail);
	__atomic_store_n(r->sqtail, tail + (unsigned)n, __ATOMIC_RELEASE);
	while (done < n) {
		long took = syscall(SYS_io_uring_enter, r->fd, left, (unsigned)(n - done), IORING_ENTER_GETEVENTS, NULL, 0);

		if (took < 0 && errno != EINTR && errno != EAGAIN && errno != EBUSY) {
			if (left == (unsigned)n) { /* nothing was taken: take it back */
				__atomic_store_n(r->sqtail, tail, __ATOMIC_RELEASE);
				return os_werr("io_uring");
			}
			continue; /* some are under way: their memory is in use until they end */
		}
		if (took > 0)
			left -= (unsigned)took;
		done += ring_reap(r, v);
	}
	return 0;
}

int ring_read(Ring *r, RingRead *v, int n)
{
	for (int i = 0; i < n; i += (int)r->entries)
		if (ring_some(r, v + i, n - i < (int)r->entries ? n - i : (int)r->entries) < 0)
			return -1;
	return 0;
}
