/*
 * venti/copy: all blocks below a score from one venti to another.
 *
 * A Node is a block to be copied, on behalf of the block above it.  Workers
 * take the newest Node from a stack, read its block, and put what it points
 * to on the stack; a block is written when all below it have been, so
 * that a block's being there says that all below it is (-f, and a copy that is
 * started again).  The newest first keeps the stack short: at most the
 * branches beside one path for each worker.  A block that is on its way
 * already, for another one above it, is not put there: it waits with that one.
 *
 * With -r a block that cannot be read is replaced by the zero block in the one
 * above, whose score changes, and so on up to the first.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/lock.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/thread.h>
#include <venti/entry.h>
#include "cmds.h"
#include "tool.h"
#include "ventitool.h"
#include "ventiwalk.h"

enum { WORKERS = 32, SEENMIN = 1 << 16, SEENMAX = 1 << 20, CONNS = 4 };

typedef struct Node Node;
struct Node {
	Node *up;
	Node *next;  /* on the stack, or of blocks that are ready to be written */
	Node *chain; /* in busy */
	Node *same;  /* the same block on behalf of others: a list, by same */
	Score score;
	u32 slot;    /* where up's block has the score */
	u8 type;
	bool changed;
	u8 *p;
	u32 n;
	u32 waiting; /* blocks below that are not done; protected by lk, as up's changed */
};

static struct {
	bool fast, ignore, remember, rewrite, verbose, progress;
} flag;

static Venti *src, *dst;
static Lock lk = LOCK_INIT(RankLeaf); /* all below */
static Cond more;
static Node *stack;
static Node *busy[4096]; /* blocks that are on their way, by score */
static bool over;  /* the first block is done */
static u64 nread, nskipped, nwritten, nbytes, nchanged, nunreadable;
static char *fatal;
static Node *wreck; /* the block that was fatal */

/* the blocks that are known to be there: a table that grows (-m), or that forgets */
static Score *seen;
static u8 *seentype; /* 0: free */
static u32 nseen, capseen;

static u32 seen_slot(const Score *s, int type, bool exact)
{
	u32 i = ((u32)s->b[0] | (u32)s->b[1] << 8 | (u32)s->b[2] << 16 | (u32)s->b[3] << 24) & (capseen - 1);

	while (exact && seentype[i] != 0 && !(seentype[i] == type + 1 && score_eq(&seen[i], s)))
		i = (i + 1) & (capseen - 1);
	return i;
}

static bool seen_has(const Score *s, int type)
{
	u32 i = seen_slot(s, type, flag.remember);

	return seentype[i] == type + 1 && score_eq(&seen[i], s);
}

static void seen_set(u32 i, const Score *s, u8 type)
{
	nseen += seentype[i] == 0;
	seen[i] = *s;
	seentype[i] = type;
}

static void seen_add(const Score *s, int type)
{
	Score *old = seen;
	u8 *oldtype = seentype;
	u32 n = capseen;

	seen_set(seen_slot(s, type, flag.remember), s, (u8)(type + 1));
	if (nseen <= n / 4 * 3 || (!flag.remember && n >= SEENMAX))
		return;
	if (n >= 1u << 31)
		tool_die("-m: more blocks than there is room for");
	capseen = n * 2;
	seen = mem_array(capseen, sizeof *seen);
	seentype = mem_array(capseen, 1);
	nseen = 0;
	for (u32 i = 0; i < n; i++)
		if (oldtype[i] != 0)
			seen_set(seen_slot(&old[i], oldtype[i] - 1, flag.remember), &old[i], oldtype[i]);
	free(old);
	free(oldtype);
}

/* stop ends the copy because of n */
static void stop(Node *n, char *why)
{
	lock(&lk);
	n->next = wreck;
	wreck = n;
	if (fatal == NULL)
		fatal = why;
	else
		free(why);
	over = true;
	cond_all(&more);
	unlock(&lk);
}

static Node **busy_slot(const Score *s, int type)
{
	Node **at = &busy[(s->b[0] | s->b[1] << 8) % nelem(busy)];

	while (*at != NULL && !((*at)->type == type && score_eq(&(*at)->score, s)))
		at = &(*at)->chain;
	return at;
}

/* push adds what n's block points to at slot; the lock is held */
static void push(Node *n, u32 slot, int type)
{
	static const Score none;
	Node *k, **at;
	Score s;

	memcpy(s.b, n->p + slot, SCORE);
	if (score_eq(&s, &score_zero) || score_eq(&s, &none))
		return;
	if (seen_has(&s, type)) {
		nskipped++;
		return;
	}
	k = mem_new(sizeof *k);
	*k = (Node){ .up = n, .score = s, .slot = slot, .type = (u8)type };
	n->waiting++;
	at = busy_slot(&s, type);
	if (*at != NULL) {
		k->same = (*at)->same;
		(*at)->same = k;
		return;
	}
	*at = k;
	k->next = stack;
	stack = k;
}

static void kid(void *arg, const u8 *score, int type)
{
	Node *n = arg;

	push(n, (u32)(score - n->p), type);
}

/* scan pushes everything that n's block points to; the lock is held */
static void scan(Node *n)
{
	ventiwalk_kids(n->type, n->p, n->n, kid, n);
}

/* tell tells the block above n about it and frees n; a block that waits for nothing more becomes ready; the lock is held */
static void tell(Node *n, Node **ready)
{
	Node *up = n->up;

	free(n->p);
	n->p = NULL;
	if (up == NULL) {
		over = true;
		cond_all(&more);
		return;
	}
	if (n->changed) {
		memcpy(up->p + n->slot, n->score.b, SCORE);
		up->changed = true;
		nchanged++;
	}
	if (--up->waiting == 0) {
		up->next = *ready;
		*ready = up;
	}
	free(n);
}

/* done is the end of n: its block is there, with the score now, or will never be */
static void done(Node *n, const Score *now, bool remember, Node **ready)
{
	Node **at, *same, *next;

	lock(&lk);
	if (remember && !n->changed)
		seen_add(&n->score, n->type);
	at = busy_slot(&n->score, n->type);
	if (*at == n)
		*at = n->chain;
	same = n->same;
	n->score = *now;
	for (; same != NULL; same = next) {
		next = same->same;
		same->score = n->score;
		same->changed = n->changed;
		tell(same, ready);
	}
	tell(n, ready);
	unlock(&lk);
}

/* finish writes n, below which everything is there */
static void finish(Node *n, Node **ready)
{
	char hex[SCORETEXT];
	VReq w = { .op = MsgWrite, .type = (u8)ventitool_wire(n->type), .p = n->p, .n = n->n, .score = n->score, .hashed = !n->changed },
	     *wp = &w;

	if (n->changed)
		w.n = (u32)block_trim(w.type, n->p, n->n);
	vreq_start(dst, &wp, 1);
	if (vreq_wait(dst, &w) < 0) {
		stop(n, mem_printf("writing block %s (type %d): %s", score_print(&n->score, hex), n->type, rerrstr()));
		return;
	}
	if (flag.verbose)
		fprintf(stderr, "%d %s %u\n", n->type, score_print(&w.score, hex), w.n);
	lock(&lk);
	nwritten++;
	nbytes += w.n;
	unlock(&lk);
	done(n, &w.score, true, ready);
}

/* unreadable decides what becomes of n */
static void unreadable(Node *n, Node **ready)
{
	char hex[SCORETEXT];
	char *why = mem_printf("reading block %s (type %d): %s", score_print(&n->score, hex), n->type, rerrstr());
	Score now = flag.rewrite ? score_zero : n->score;

	if (!flag.ignore && !flag.rewrite) {
		stop(n, why);
		return;
	}
	tool_warn("%s", why);
	free(why);
	lock(&lk);
	nunreadable++;
	n->changed = flag.rewrite;
	unlock(&lk);
	done(n, &now, false, ready);
}

/* copy does n: it is on its way, there, or has put what is below it on the stack */
static void copy(Node *n, Node **ready)
{
	int wire = ventitool_wire(n->type);
	long k;

	n->p = mem_grow(NULL, BLOCKMAX, 1);
	if (flag.fast && venti_read(dst, &n->score, wire, n->p, BLOCKMAX) >= 0) {
		Score same = n->score;

		lock(&lk);
		nskipped++;
		unlock(&lk);
		done(n, &same, true, ready);
		return;
	}
	k = venti_read(src, &n->score, wire, n->p, BLOCKMAX);
	if (k < 0) {
		unreadable(n, ready);
		return;
	}
	n->n = (u32)k;
	n->p = mem_grow(n->p, n->n + 1, 1);
	lock(&lk);
	nread++;
	n->waiting = 1; /* us: nobody may finish it before all are pushed */
	scan(n);
	if (--n->waiting == 0) {
		n->next = *ready;
		*ready = n;
	}
	cond_all(&more);
	unlock(&lk);
}

/* spoil keeps the blocks that will not be written any more */
static void spoil(Node *ready)
{
	while (ready != NULL) {
		Node *n = ready;

		ready = n->next;
		n->next = wreck;
		wreck = n;
	}
}

/* failed says whether the copy has failed */
static bool failed(void)
{
	bool b;

	lock(&lk);
	b = fatal != NULL;
	unlock(&lk);
	return b;
}

static void work(void *arg)
{
	lock(&lk);
	while (!over) {
		Node *n = stack, *ready = NULL;

		if (n == NULL) {
			cond_wait(&more, &lk, -1);
			continue;
		}
		stack = n->next;
		unlock(&lk);
		copy(n, &ready);
		while ((n = ready) != NULL && !failed()) {
			ready = n->next;
			finish(n, &ready);
		}
		lock(&lk);
		spoil(ready);
	}
	unlock(&lk);
}

static void say(i64 since)
{
	i64 s = (clock_ms() - since) / 1000;

	fprintf(stderr, "%" PRIu64 " read, %" PRIu64 " skipped, %" PRIu64 " written, %" PRIu64 " MB, %" PRIi64 " s\n", nread, nskipped, nwritten,
		nbytes >> 20, s);
}

static void run(Node *first)
{
	pthread_t th[WORKERS];
	i64 since = clock_ms();
	int n = 0;

	stack = first;
	while (n < WORKERS && thread_new(&th[n], "copy", work, NULL) == 0)
		n++;
	if (n == 0)
		tool_die("%s", rerrstr());
	lock(&lk);
	while (!over) {
		cond_wait(&more, &lk, flag.progress ? 1000 : -1);
		if (flag.progress && clock_ms() - since >= 1000)
			say(since);
	}
	unlock(&lk);
	for (int i = 0; i < n; i++)
		thread_join(th[i]);
}

static int arguments(Args *a)
{
	int type = -1;

	for (int c; (c = args_flag(a)) != 0;)
		switch (c) {
		case 'f':
			flag.fast = true;
			break;
		case 'i':
			flag.ignore = true;
			break;
		case 'm':
			flag.remember = true;
			break;
		case 'p':
			flag.progress = true;
			break;
		case 'r':
			flag.rewrite = true;
			break;
		case 't':
			type = ventitool_type(args_value(a));
			break;
		case 'V':
			ventitool_trace = true;
			break;
		case 'v':
			flag.verbose = true;
			break;
		default:
			args_usage(a);
		}
	if (a->argc != 3 || (flag.ignore && flag.rewrite))
		args_usage(a);
	return type;
}

int cmd_venti_copy(int argc, char **argv)
{
	Node first = { 0 };
	char label[64], hex[SCORETEXT];
	static u8 buf[BLOCKMAX];
	int type;
	long n;
	Args a;

	args_init(&a, argc, argv, "venti/copy [-fimprVv] [-t type] srchost dsthost score");
	type = arguments(&a);
	if (score_parse(a.argv[2], &first.score, label, sizeof label) < 0)
		tool_die("%s", rerrstr());
	src = ventitool_dial(a.argv[0], CONNS);
	dst = ventitool_dial(a.argv[1], CONNS);
	if (type < 0 && (type = ventitool_find(src, &first.score, buf, &n)) < 0)
		tool_die("%s", rerrstr());
	first.type = (u8)type;
	capseen = SEENMIN;
	seen = mem_array(capseen, sizeof *seen);
	seentype = mem_array(capseen, 1);
	cond_init(&more);
	run(&first);
	if (fatal != NULL)
		tool_die("%s", fatal);
	if (venti_sync(dst) < 0)
		tool_die("%s", rerrstr());
	if (nchanged > 0)
		printf("%s%s%s (%" PRIu64 " pointers rewritten)\n", label, label[0] != '\0' ? ":" : "", score_print(&first.score, hex), nchanged);
	if (flag.verbose || flag.progress)
		printf("%" PRIu64 " skipped, %" PRIu64 " written\n", nskipped, nwritten);
	venti_close(src);
	venti_close(dst);
	free(seen);
	free(seentype);
	return tool_end(nunreadable > 0 && !flag.rewrite);
}
