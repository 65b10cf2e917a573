/* The venti client: many requests, many threads, servers that misbehave, die and come back. */
#include <base/bytes.h>
#include <base/ref.h>
#include <base/str.h>
#include <os/random.h>
#include <venti/client.h>
#include "tap.h"
#include "ventisrv.h"

enum { BLOCK = 8192, MANY = 600 };

static char dir[256], addr[300];

/* block fills p[n] with something that only i has */
static void block(u8 *p, u32 n, u32 i)
{
	memset(p, (int)i, n);
	if (n >= 4)
		put_be32(p, i + 1);
}

static void basic(int versions)
{
	TestVenti *t = tv_new();
	VentiOpts o = { .versions = versions };
	Venti *v;
	u8 p[BLOCK], q[BLOCK];
	Score s, none = { { 1 } };

	v = venti_fd(tv_pair(t), &o);
	ok(v != NULL, "connected with versions %x", versions);
	block(p, sizeof p, 5);
	is_int(venti_write(v, &s, VtData, p, sizeof p), 0, "a block is written");
	is_int(venti_read(v, &s, VtData, q, sizeof q), BLOCK, "and read");
	is_int(memcmp(p, q, sizeof p), 0, "the same");
	is_int(venti_read(v, &s, VtDir, q, sizeof q), -1, "not as another type");
	ok(strstr(rerrstr(), "no block with score") != NULL, "because: %s", rerrstr());
	is_int(venti_read(v, &s, VtData, q, 100), -1, "not into too little room");
	ok(strstr(rerrstr(), "read too small: asked for 100 need at least 8192") != NULL, "because: %s", rerrstr());
	is_int(venti_read(v, &none, VtData, q, sizeof q), -1, "not what is not there");
	is_int(venti_read(v, &score_zero, VtData, q, sizeof q), 0, "the zero score is the empty block");
	is_int(venti_write(v, &s, VtData, p, 0), 0, "which is written");
	ok(score_eq(&s, &score_zero), "without asking");
	is_int(venti_ping(v), 0, "a ping that is answered by an error is one");
	is_int(venti_sync(v), 0, "synced");
	is_int(t->syncs, 1, "the server has heard of it");
	t->fault = EscText;
	is_int(venti_sync(v), -1, "an error");
	is_str(rerrstr(), "?[2Jno?", "does nothing to a terminal");
	is_int(venti_write(v, &s, VtData, p, BLOCKMAX + 1), -1, "too large: %s", rerrstr());
	venti_close(v);
	tv_free(t, NULL);
}

/* windowed writes MANY blocks and reads them back with w requests on the way */
static int windowed(Venti *v, u32 base, int w)
{
	VReq *r = mem_array((size_t)w, sizeof *r), *rp;
	Score *s = mem_array(MANY, sizeof *s);
	u8 *buf = mem_array((size_t)w, BLOCK), want[BLOCK];
	int bad = 0;

	for (u32 i = 0; i < MANY + (u32)w; i++) {
		rp = &r[i % (u32)w];
		if (i >= (u32)w) {
			bad += vreq_wait(v, rp) < 0;
			s[i - (u32)w] = rp->score;
		}
		if (i >= MANY)
			continue;
		block(buf + i % (u32)w * BLOCK, BLOCK, base + i);
		*rp = (VReq){ .op = MsgWrite, .type = VtData, .p = buf + i % (u32)w * BLOCK, .n = BLOCK };
		vreq_start(v, &rp, 1);
	}
	for (u32 i = 0; i < MANY + (u32)w; i++) {
		rp = &r[i % (u32)w];
		if (i >= (u32)w) {
			block(want, BLOCK, base + i - (u32)w);
			bad += vreq_wait(v, rp) < 0 || rp->n != BLOCK || memcmp(rp->p, want, BLOCK) != 0;
		}
		if (i >= MANY)
			continue;
		*rp = (VReq){ .op = MsgRead, .type = VtData, .score = s[i], .p = buf + i % (u32)w * BLOCK, .n = BLOCK };
		vreq_start(v, &rp, 1);
	}
	free(r);
	free(s);
	free(buf);
	return bad;
}

typedef struct Worker {
	Venti *v;
	u32 base;
	int w, bad;
	pthread_t th;
} Worker;

static void work(void *arg)
{
	Worker *k = arg;

	k->bad = windowed(k->v, k->base, k->w);
}

static void threads(int n, int conns, int w, int versions)
{
	TestVenti *t = tv_new();
	VentiOpts o = { .conns = conns, .versions = versions };
	Worker k[8] = { 0 };
	VentiStats st;
	int bad = 0;
	Venti *v;

	tv_announce(t, addr);
	v = venti_dial(addr, &o);
	for (int i = 0; i < n; i++) {
		k[i] = (Worker){ .v = v, .base = (u32)i * MANY, .w = w };
		if (thread_new(&k[i].th, "worker", work, &k[i]) < 0)
			abort();
	}
	for (int i = 0; i < n; i++) {
		thread_join(k[i].th);
		bad += k[i].bad;
	}
	venti_stats(v, &st);
	is_int(bad, 0, "%d threads with %d requests each on %d connections", n, w, conns);
	is_int(st.writes, n * MANY, "all writes are counted");
	is_int(st.inflight, 0, "nothing is left over");
	ok((int)t->conns <= conns, "%d connections are used", (int)t->conns);
	is_int(venti_sync(v), 0, "synced");
	venti_close(v);
	tv_free(t, addr);
}

/* many requests given at once, and waited for in the wrong order */
static void batch(void)
{
	TestVenti *t = tv_new();
	Venti *v = venti_fd(tv_pair(t), NULL);
	static VReq r[MANY], *rp[MANY];
	static u8 p[MANY][300];
	int bad = 0;

	for (u32 i = 0; i < MANY; i++) {
		block(p[i], 300, i);
		r[i] = (VReq){ .op = MsgWrite, .type = VtData, .p = p[i], .n = 300 };
		rp[i] = &r[i];
	}
	vreq_start(v, rp, MANY);
	for (int i = MANY; i-- > 0;)
		bad += vreq_wait(v, &r[i]) < 0;
	is_int(bad, 0, "%d requests, more than there are tags, in one call", MANY);
	venti_close(v);
	tv_free(t, NULL);
}

static const char *const names[NFault] = { "good", "another score", "other bytes", "more than asked", "a wrong tag",
	"a wrong type", "a length of 1", "a length of 4 GB", "half an answer", "no answer", "a hang-up" };

/* lies sees that a fault on a connection that cannot be dialled again is an error, and no more */
static void lies(Fault f)
{
	TestVenti *t = tv_new();
	VentiOpts o = { .deadline_ms = f == Stall ? 1000 : 60000 };
	Venti *v = venti_fd(tv_pair(t), &o);
	u8 p[BLOCK], q[BLOCK];
	Score s;
	int rc;

	block(p, sizeof p, 1);
	rc = venti_write(v, &s, VtData, p, 500);
	lock(&t->lk);
	t->fault = f;
	unlock(&t->lk);
	if (f == BadScore)
		rc += venti_write(v, &s, VtData, p, 501);
	else
		rc += (int)venti_read(v, &s, VtData, q, f == LongData ? 600 : sizeof q);
	is_int(rc, -1, "%s: %s", names[f], rerrstr());
	if (f != BadScore && f != BadData) {
		is_int(venti_ping(v), -1, "then it is broken: %s", rerrstr());
		is_int(venti_sync(v), -1, "for good");
	}
	venti_close(v);
	tv_free(t, NULL);
}

/* survives sees that work goes on over a fault, on a new connection */
static void survives(Fault f)
{
	TestVenti *t = tv_new();
	VentiOpts o = { .deadline_ms = f == Stall ? 2500 : 60000 };
	VentiStats st;
	Venti *v;
	int bad;

	tv_announce(t, addr);
	v = venti_dial(addr, &o);
	t->fault = f;
	t->after = 333;
	bad = windowed(v, 0, 32);
	venti_stats(v, &st);
	if (f == Hangup || f == CutFrame)
		is_int(bad, 0, "%s in the middle is made good", names[f]);
	else
		ok(bad > 0 && bad <= 32 + 32, "%s in the middle fails what was on the way (%d)", names[f], bad);
	is_int(st.redials, 1, "by dialling again");
	is_int(venti_sync(v), 0, "and what was answered is there");
	is_int(windowed(v, 0, 7), 0, "all is well afterwards");
	venti_close(v);
	tv_free(t, addr);
}

/* a server that loses what was not synced must not pass for one that keeps it */
static void forgets(void)
{
	TestVenti *t = tv_new();
	Venti *v;
	u8 p[BLOCK];
	Score s;
	int bad = 0;

	tv_announce(t, addr);
	v = venti_dial(addr, NULL);
	for (u32 i = 0; i < 100; i++) {
		block(p, sizeof p, i);
		bad += venti_write(v, &s, VtData, p, sizeof p) < 0;
	}
	lock(&t->lk);
	t->forget = true;
	t->fault = Hangup;
	t->after = 0;
	unlock(&t->lk);
	block(p, sizeof p, 1000);
	bad += venti_write(v, &s, VtData, p, sizeof p) < 0;
	is_int(bad, 0, "100 writes, a power cut, one more write");
	is_int(venti_sync(v), -1, "the sync tells: %s", rerrstr());
	ok(strstr(rerrstr(), "100 are gone") != NULL, "how many");
	is_int(venti_sync(v), 0, "once");
	lock(&t->lk);
	t->forget = true;
	t->fault = Hangup;
	t->after = 0;
	unlock(&t->lk);
	is_int(venti_ping(v), 0, "another power cut");
	is_int(venti_sync(v), 0, "what was synced is not our business");
	venti_close(v);
	tv_free(t, addr);
}

static void nobody(void)
{
	VentiOpts o = { .deadline_ms = 300 }, longer = { .deadline_ms = 2000 };
	TestVenti *t = tv_new();
	Venti *v;
	int fd[2];

	ok(venti_dial(addr, &o) == NULL, "nobody is there: %s", rerrstr());
	if (stream_pair(fd) < 0)
		abort();
	ok(venti_fd(fd[1], &o) == NULL, "one that says nothing: %s", rerrstr());
	close(fd[0]);
	if (stream_pair(fd) < 0 || io_writen(fd[0], "HTTP/1.1 400 Bad Request\r\n", 26) < 0)
		abort();
	ok(venti_fd(fd[1], &o) == NULL, "one that speaks something else: %s", rerrstr());
	close(fd[0]);
	tv_announce(t, addr);
	v = venti_dial(addr, &longer);
	is_int(venti_ping(v), 0, "a server");
	lock(&t->lk);
	t->fault = Hangup;
	unlock(&t->lk);
	unlink(strchr(addr, '!') + 1);
	is_int(venti_ping(v), -1, "that is gone for good: %s", rerrstr());
	venti_close(v);
	t->closing = true;
	io_hangup(t->fd);
	tv_free(t, NULL);
}

static void addresses(void)
{
	autofree char *a = venti_addr("host"), *b = venti_addr("tcp!1.2.3.4!99"), *c;

	is_str(a, "tcp!host!17034", "an address is completed");
	is_str(b, "tcp!1.2.3.4!99", "or not");
	setenv("venti", "other", 1);
	c = venti_addr(NULL);
	is_str(c, "tcp!other!17034", "$venti is the default");
}

int main(void)
{
	snprintf(dir, sizeof dir, "%s/venti.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(addr, sizeof addr, "unix!%s/s", dir);
	basic(VersAll);
	basic(1 << Vers02);
	batch();
	threads(1, 1, 1, 0);
	threads(1, 1, 255, 0);
	threads(4, 1, 100, 0);
	threads(4, 3, 16, 1 << Vers02);
	threads(8, 8, 1, 0);
	for (int f = BadScore; f < NFault; f++)
		lies((Fault)f);
	survives(Hangup);
	survives(CutFrame);
	survives(BadTag);
	survives(Stall);
	forgets();
	nobody();
	addresses();
	unlink(strchr(addr, '!') + 1);
	rmdir(dir);
	return done();
}
