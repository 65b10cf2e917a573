/*
 * The venti protocol's messages, both versions and both directions, and the line before them: what decodes must encode to
 * what decodes to the same, and nothing may be read beyond the bytes.  Then the same bytes as a server's answers to a
 * client with requests on the way, which must get an answer or an error for each.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <os/io.h>
#include <os/stream.h>
#include <venti/client.h>
#include <venti/msg.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void same(const Msg *a, const Msg *b)
{
	if (a->type != b->type || a->tag != b->tag || a->count != b->count || a->n != b->n || a->blocktype != b->blocktype ||
	    !score_eq(&a->score, &b->score) || (a->n > 0 && memcmp(a->data, b->data, a->n) != 0) ||
	    (a->text != NULL && strcmp(a->text, b->text) != 0) || (a->uid != NULL && strcmp(a->uid, b->uid) != 0))
		abort();
}

static void message(int vers, const u8 *data, size_t n)
{
	u8 *work = malloc(n), *again; /* exact sizes, so that a sanitizer sees one byte too far */
	autobuf Buf b = { 0 };
	Msg m, k;
	u32 size;

	memcpy(work, data, n);
	if (msg_decode(vers, work, n, &m) == 0) {
		msg_print(&b, &m);
		size = msg_size(vers, &m);
		again = malloc(size);
		if (size == 0 || size > n || msg_encode(vers, &m, again, size) != (int)size || msg_decode(vers, again, size, &k) < 0)
			abort();
		same(&m, &k);
		free(again);
	}
	free(work);
}

static void frames(int vers, const u8 *data, size_t n)
{
	i64 len;

	message(vers, data, n);
	while ((len = msg_frame(vers, data, n)) > 0 && (size_t)len <= n) {
		message(vers, data, (size_t)len);
		data += len;
		n -= (size_t)len;
	}
}

/* answers lets a client read data after a good greeting */
static void answers(const u8 *data, size_t n)
{
	static const char greeting[] = "venti-02-x\n\0\017\5\0\0\011anonymous\0\0";
	VentiOpts o = { .deadline_ms = 10000 };
	VReq r[6] = { 0 }, *rp[6];
	u8 p[6][64];
	Venti *v;
	int fd[2];

	if (stream_pair(fd) < 0)
		abort();
	if (io_writen(fd[1], greeting, sizeof greeting - 1) < 0 || io_writen(fd[1], data, n) < 0)
		abort();
	stream_end(fd[1]);
	v = venti_fd(fd[0], &o);
	if (v == NULL)
		abort();
	for (int i = 0; i < 6; i++) {
		static const u8 op[] = { MsgRead, MsgWrite, MsgSync, MsgPing, MsgRead, MsgWrite };

		r[i] = (VReq){ .op = op[i], .type = VtData, .p = p[i], .n = 5 + (u32)i };
		memset(p[i], i, sizeof p[i]);
		rp[i] = &r[i];
	}
	vreq_start(v, rp, 6);
	for (int i = 0; i < 6; i++)
		if (vreq_wait(v, &r[i]) == 0 && r[i].n > 5 + (u32)i)
			abort();
	venti_close(v);
	close(fd[1]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	int vers;

	if (n == 0 || n > 30000)
		return 0;
	if (vers_parse(data, n, VersAll, &vers) > (int)n)
		abort();
	frames(Vers02, data, n);
	frames(Vers04, data, n);
	answers(data, n);
	return 0;
}
