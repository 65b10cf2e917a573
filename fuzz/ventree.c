/*
 * Roots, entries and the trees below them from a hostile venti: the input is the blocks, each a length byte (times 8) and
 * its bytes; every score leads to one of them (their first byte says to which), so that trees are as deep as they say,
 * overlap, end early and have blocks of any size.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <os/io.h>
#include <os/stream.h>
#include <os/thread.h>
#include <venti/cache.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

enum { BLOCKS = 16, READS = 40 };

static struct {
	const u8 *p[BLOCKS];
	u32 n[BLOCKS];
	Score score[BLOCKS];
	int count;
	int fd;
} srv;

/* answer sends the block that score is of, or an error */
static int answer(const Msg *t)
{
	static u8 out[4096];
	Msg r = { .type = MsgError, .tag = t->tag, .text = "no block with that score exists" };
	int n;

	for (int i = 0; i < srv.count; i++)
		if (t->type == MsgRead && score_eq(&t->score, &srv.score[i]))
			r = (Msg){ .type = MSG_R(MsgRead), .tag = t->tag, .data = srv.p[i], .n = srv.n[i] };
	if (t->type == MsgHello)
		r = (Msg){ .type = MSG_R(MsgHello), .text = "x" };
	n = msg_encode(Vers02, &r, out, sizeof out);
	return n < 0 ? -1 : io_writen(srv.fd, out, (size_t)n);
}

static void serve(void *arg)
{
	static const char line[] = "venti-02-x\n";
	static u8 in[1024];
	char c = 0;
	Msg m;

	if (io_writen(srv.fd, line, sizeof line - 1) < 0)
		return;
	while (c != '\n' && read(srv.fd, &c, 1) == 1)
		;
	for (;;) {
		i64 n = io_readn(srv.fd, in, 2) == 2 ? msg_frame(Vers02, in, 2) : -1;

		if (n < 0 || n > (i64)sizeof in || io_readn(srv.fd, in + 2, (size_t)n - 2) != n - 2 ||
		    msg_decode(Vers02, in, (size_t)n, &m) < 0 || answer(&m) < 0)
			break;
	}
	close(srv.fd);
}

/* blocks cuts the input up; scores inside stay as they are: most lead nowhere, so some are made to lead somewhere */
static void blocks(u8 *p, size_t n)
{
	srv.count = 0;
	while (n > 1 && srv.count < BLOCKS) {
		u32 len = (u32)p[0] * 8 < n - 1 ? (u32)p[0] * 8 : (u32)n - 1;
		u8 *b = p + 1;

		for (u32 off = 0; off + SCORE <= len && srv.count > 0; off += SCORE)
			if (b[off] < 0x80)
				memcpy(b + off, srv.score[b[off] % srv.count].b, SCORE);
		srv.p[srv.count] = b;
		srv.n[srv.count] = len;
		srv.score[srv.count++] = score_of(b, len);
		p += 1 + len;
		n -= 1 + len;
	}
}

static void tree(VCache *c, const Entry *e)
{
	static u8 room[5000];
	u64 step = e->size / READS + 1, off = 0;
	TreeRead t;
	const u8 *p;
	size_t n;
	Entry sub;
	Score s;
	VBlock *b;

	for (int i = 0; i < READS; i++, off += step) {
		long k = tree_read(c, e, room, sizeof room, off);

		if (k > (long)sizeof room)
			abort();
		if (tree_score(c, e, off, &s) == 0 && off >= entry_blocks(e))
			abort();
		if (e->dir && tree_entry(c, e, off, &sub) == 0 && (sub.flags & EntryActive) && sub.dsize < BLOCKLEAST)
			abort();
	}
	treeread_init(&t, c, e, 0, 8);
	for (int i = 0; i < READS && (b = treeread_next(&t, &p, &n)) != NULL; i++)
		vblock_drop(b);
}

static void entries(VCache *c, const u8 *p, size_t n)
{
	u8 again[ENTRY], root[ROOT];
	Entry e, f;
	Root r, q;

	for (; n >= ENTRY; p += ENTRY, n -= ENTRY) {
		if (entry_unpack(&e, p) < 0 || !(e.flags & EntryActive))
			continue;
		entry_pack(&e, again);
		if (entry_unpack(&f, again) < 0 || f.size != e.size || f.dsize != e.dsize || f.psize != e.psize || f.depth != e.depth)
			abort();
		if (srv.count > 0)
			e.score = srv.score[srv.count - 1];
		tree(c, &e);
		if (n < ROOT || root_unpack(&r, p) < 0)
			continue;
		root_pack(&r, root);
		if (root_unpack(&q, root) < 0 || q.blocksize != r.blocksize || strcmp(q.name, r.name) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	u8 *copy = n > 0 && n < 8192 ? malloc(n) : NULL;
	pthread_t th;
	VCache *c;
	Venti *v;
	int fd[2];

	if (copy == NULL)
		return 0;
	memcpy(copy, data, n);
	blocks(copy, n);
	if (stream_pair(fd) < 0)
		abort();
	srv.fd = fd[1];
	if (thread_new(&th, "fuzz venti", serve, NULL) < 0)
		abort();
	v = venti_fd(fd[0], NULL);
	if (v == NULL)
		abort();
	c = vcache_new(v, 1 << 20);
	entries(c, data, n);
	vcache_free(c);
	venti_close(v);
	thread_join(th);
	free(copy);
	return 0;
}
