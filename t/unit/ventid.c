/* The venti server on unix sockets, with a Store in memory that can be told to wait. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <client/dial.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/spawn.h>
#include <os/thread.h>
#include <venti/msg.h>
#include <ventid/http.h>
#include <ventid/ventid.h>
#include "tap.h"

enum { HANG = 60 * 1000, CROWD = 1000, MANY = 3000, COLD = 200 };

static char dir[64];

/* A Store in front of another, whose reads of type 77 wait for the gate. */
typedef struct Gate {
	Store store;
	Store *below;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool open;
	int waiting, syncs;
} Gate;

static void gate_read(Store *s, StoreReq *r, int n)
{
	Gate *g = (Gate *)s;

	pthread_mutex_lock(&g->lock);
	if (r[0].type == 77) {
		g->waiting++;
		pthread_cond_broadcast(&g->change);
		while (!g->open)
			pthread_cond_wait(&g->change, &g->lock);
		g->waiting--;
	}
	pthread_mutex_unlock(&g->lock);
	store_read(g->below, r, n);
}

static void gate_write(Store *s, StoreReq *r, int n) { store_write(((Gate *)s)->below, r, n); }

static int gate_sync(Store *s)
{
	__atomic_add_fetch(&((Gate *)s)->syncs, 1, __ATOMIC_RELAXED);
	return store_sync(((Gate *)s)->below);
}

static void gate_stats(Store *s, Buf *json)
{
	buf_str(json, "\"outer\":{\"inner\":7},");
	store_stats(((Gate *)s)->below, json);
}

static const StoreOps gate_ops = { .read = gate_read, .write = gate_write, .sync = gate_sync, .stats = gate_stats };

static void gate_init(Gate *g, u64 max)
{
	*g = (Gate){ .store = { .op = &gate_ops, .name = "gate" }, .below = memstore_new(max) };
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->change, NULL);
}

static void gate_set(Gate *g, bool open)
{
	pthread_mutex_lock(&g->lock);
	g->open = open;
	pthread_cond_broadcast(&g->change);
	pthread_mutex_unlock(&g->lock);
}

/* gate_await waits until n reads wait */
static void gate_await(Gate *g, int n)
{
	pthread_mutex_lock(&g->lock);
	while (g->waiting < n)
		pthread_cond_wait(&g->change, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static Ventid *start(Store *s, VentidOpts o)
{
	autofree char *addr = mem_printf("unix!%s/venti", dir), *http = mem_printf("unix!%s/http", dir);
	Ventid *v;

	o.store = s;
	v = ventid_new(&o);
	if (v == NULL || ventid_listen(v, addr) < 0 || ventid_http(v, http) < 0 || ventid_start(v) < 0) {
		printf("Bail out! %s\n", rerrstr());
		exit(1);
	}
	return v;
}

static int call(const char *name)
{
	autofree char *addr = mem_printf("unix!%s/%s", dir, name);
	int fd = dial(addr, HANG);

	if (fd < 0) {
		printf("Bail out! %s\n", rerrstr());
		exit(1);
	}
	return fd;
}

static bool get(int fd, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t k = io_wait(fd, POLLIN, -1, HANG) == 1 ? io_readsome(fd, (u8 *)p + got, n - got) : -1;

		if (k <= 0)
			return false;
		got += (size_t)k;
	}
	return true;
}

/* hungup says whether the other side hangs up, after whatever it may still say */
static bool hungup(int fd)
{
	char c[512];
	ssize_t k = 1;

	while (k > 0)
		k = io_wait(fd, POLLIN, -1, HANG) == 1 ? io_readsome(fd, c, sizeof c) : -2;
	return k != -2;
}

static void put(int fd, int vers, Msg m)
{
	u32 n = msg_size(vers, &m);
	autofree u8 *p = mem_new(n);

	if (msg_encode(vers, &m, p, n) < 0 || io_writen(fd, p, n) < 0)
		printf("# put: %s\n", rerrstr());
}

/* hear receives a message, whose text and data stay until the next; type 0 when there is none */
static Msg hear(int fd, int vers)
{
	static __thread u8 buf[MSGMAX + MSGHEAD + 1];
	size_t head = vers == Vers02 ? 2 : 4;
	Msg m = { 0 };
	i64 n;

	if (!get(fd, buf, head) || (n = msg_frame(vers, buf, head)) < 0 || !get(fd, buf + head, (size_t)n - head) ||
	    msg_decode(vers, buf, (size_t)n, &m) < 0)
		return (Msg){ 0 };
	return m;
}

static void versions(int fd, int vers)
{
	char line[VERSLINE], c = 0;

	if (io_writen(fd, line, (size_t)vers_line(1 << vers, "test", line)) < 0)
		return;
	while (c != '\n' && get(fd, &c, 1))
		;
}

static int client(int vers)
{
	int fd = call("venti");

	versions(fd, vers);
	put(fd, vers, (Msg){ .type = MsgHello, .text = vers_text(vers), .uid = "glenda" });
	if (hear(fd, vers).type != MSG_R(MsgHello))
		printf("# no hello\n");
	return fd;
}

static void conversation(int vers)
{
	int fd = client(vers);
	static u8 big[BLOCKMAX + 1];
	u8 block[100] = { 0 };
	Score s[50];
	int good = 0;
	Msg m;

	for (int i = 0; i < 50; i++) {
		block[0] = (u8)i;
		s[i] = score_of(block, sizeof block);
		put(fd, vers, (Msg){ .type = MsgWrite, .tag = (u8)(200 + i), .blocktype = VtData, .data = block, .n = sizeof block });
	}
	for (int i = 0; i < 50; i++) {
		m = hear(fd, vers);
		good += m.type == MSG_R(MsgWrite) && m.tag == (u8)(200 + i) && score_eq(&m.score, &s[i]);
	}
	is_int(good, 50, "0%d: fifty writes outstanding at once are answered with their tags and scores", vers);
	put(fd, vers, (Msg){ .type = MsgRead, .tag = 9, .blocktype = VtData, .score = s[3], .count = 100 });
	put(fd, vers, (Msg){ .type = MsgSync, .tag = 9 });
	put(fd, vers, (Msg){ .type = MsgRead, .tag = 8, .blocktype = VtDir, .score = s[3], .count = 100 });
	put(fd, vers, (Msg){ .type = MsgRead, .tag = 7, .blocktype = VtData, .score = s[3], .count = 99 });
	put(fd, vers, (Msg){ .type = MsgPing, .tag = 6 });
	put(fd, vers, (Msg){ .type = MsgWrite, .tag = 5, .blocktype = 99, .data = big, .n = BLOCKMAX });
	put(fd, vers, (Msg){ .type = MsgWrite, .tag = 4, .blocktype = VtData, .data = big, .n = BLOCKMAX + 1 });
	m = hear(fd, vers);
	ok(m.type == MSG_R(MsgRead) && m.tag == 9 && m.n == 100 && m.data[0] == 3, "0%d: a read", vers);
	m = hear(fd, vers);
	ok(m.type == MSG_R(MsgSync) && m.tag == 9, "0%d: a sync with the same tag", vers);
	m = hear(fd, vers);
	ok(m.type == MsgError && m.tag == 8 && strstr(m.text, "no block with score ") != NULL && strstr(m.text, "/2 exists") != NULL,
		"0%d: another type is another block: %s", vers, m.text);
	m = hear(fd, vers);
	is_str(m.type == MsgError ? m.text : "", "read too small: asked for 99 need at least 100", "0%d: no room", vers);
	m = hear(fd, vers);
	is_str(m.type == MsgError ? m.text : "", "unknown request", "0%d: ping, as the original has it", vers);
	m = hear(fd, vers);
	ok(m.type == MSG_R(MsgWrite) && m.tag == 5, "0%d: the largest block, of an unknown type", vers);
	m = hear(fd, vers);
	is_str(m.type == MsgError ? m.text : "", "lump too large", "0%d: and no larger", vers);
	put(fd, vers, (Msg){ .type = MsgGoodbye });
	ok(hungup(fd), "0%d: goodbye", vers);
	close(fd);
}

/* raw sends bytes after the versions (with hello: after that too) and returns the error that comes back */
static char *raw(bool hello, const char *p, size_t n, bool *ended)
{
	int fd = hello ? client(Vers04) : call("venti");
	char *text;
	Msg m;

	if (!hello)
		versions(fd, Vers04);
	if (io_writen(fd, p, n) < 0)
		printf("# %s\n", rerrstr());
	m = hear(fd, Vers04);
	text = mem_printf("%d %s", m.type, m.type == MsgError ? m.text : "");
	if (!hello)
		*ended = hungup(fd);
	close(fd);
	return text;
}

static void hostile(void)
{
	static const struct {
		const char *p;
		size_t n;
		const char *want;
	} before[] = {
		{ "\0\0\0\2\2\0", 6, "1 the first message must be a hello with tag 0" },
		{ "\0\0\0\13\4\1\0\00204\0\0\0\0\0", 15, "1 the first message must be a hello with tag 0" },
		{ "\0\0\0\13\4\0\0\00202\0\0\0\0\0", 15, "1 bad version in hello" },
		{ "\0\0\0\4\4\0\377\377", 8, "1 bad packet" },
		{ "\0\0\0\1\4", 5, "0 " },
		{ "\177\0\0\2\4\0", 6, "0 " },
	}, after[] = {
		{ "\0\0\0\2c\7", 6, "1 unknown request" },
		{ "\0\0\0\2\15\7", 6, "1 unknown request" },
		{ "\0\0\0\3\14\7x", 7, "1 bad packet" },
		{ "\0\0\0\13\4\0\0\00204\0\0\0\0\0", 15, "1 unknown request" },
	};
	static const char *const line[] = { "GET / HTTP/1.1\n", "venti-03-x\n", "venti-\n", "\n", "venti-02:04" };
	bool ended = false;

	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		autofree char *got = raw(false, before[i].p, before[i].n, &ended);

		is_str(got, before[i].want, "before hello, %zu", i);
		ok(ended, "and that is the end");
	}
	for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
		autofree char *got = raw(true, after[i].p, after[i].n, &ended);

		is_str(got, after[i].want, "after hello, %zu", i);
	}
	for (size_t i = 0; i + 1 < sizeof line / sizeof *line; i++) {
		int fd = call("venti");

		ok(io_writen(fd, line[i], strlen(line[i])) == 0 && hungup(fd), "a version line that is none, %zu", i);
		close(fd);
	}
}

/* crowd: as many clients as that at once */
static void crowd(void)
{
	int *fd = mem_array(CROWD, sizeof *fd), good = 0;
	u32 data;

	if (sysconf(_SC_OPEN_MAX) < 2 * CROWD + 100) {
		skip("too few descriptors for a thousand clients and their server in one process");
		skip("the same");
		free(fd);
		return;
	}
	for (int i = 0; i < CROWD; i++)
		fd[i] = client(i % 2 ? Vers02 : Vers04);
	for (u32 i = 0; i < CROWD; i++)
		put(fd[i], i % 2 ? Vers02 : Vers04, (Msg){ .type = MsgWrite, .tag = (u8)i, .blocktype = VtData, .data = (u8 *)&i, .n = 4 });
	for (u32 i = 0; i < CROWD; i++) {
		Msg m = hear(fd[i], i % 2 ? Vers02 : Vers04);
		Score want = score_of(&i, 4);

		good += m.type == MSG_R(MsgWrite) && m.tag == (u8)i && score_eq(&m.score, &want);
	}
	is_int(good, CROWD, "a thousand clients are all answered");
	data = 5;
	put(fd[5], Vers02, (Msg){ .type = MsgRead, .blocktype = VtData, .score = score_of(&data, 4), .count = 4 });
	ok(hear(fd[5], Vers02).n == 4, "and any can go on");
	for (int i = 0; i < CROWD; i++)
		close(fd[i]);
	free(fd);
}

/* web asks by HTTP and returns the whole answer, owned by the caller */
static char *web(const char *request)
{
	autobuf Buf b = { 0 };
	int fd = call("http");
	ssize_t n = 1;

	if (io_writen(fd, request, strlen(request)) < 0)
		printf("# %s\n", rerrstr());
	while (n > 0 && io_wait(fd, POLLIN, -1, HANG) == 1) {
		n = io_readsome(fd, buf_room(&b, 4096), 4096);
		b.n += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return buf_take(&b);
}

static u64 metric(const char *name)
{
	autofree char *text = web("GET /metrics HTTP/1.0\r\n\r\n"), *want = mem_printf("\n%s ", name);
	const char *at = strstr(text, want);

	return at != NULL ? strtoull(at + strlen(want), NULL, 10) : ~(u64)0;
}

typedef struct Asker {
	int fd;
	Score score;
} Asker;

/* asks sends MANY reads of the largest block */
static void asks(void *arg)
{
	Asker *a = arg;

	for (int i = 0; i < MANY; i++)
		put(a->fd, Vers04, (Msg){ .type = MsgRead, .tag = (u8)i, .blocktype = VtData, .score = a->score, .count = BLOCKMAX });
}

/* deaf: who does not take answers costs little and hurts nobody, and gets everything in the end */
static void deaf(void)
{
	static u8 big[BLOCKMAX];
	int other = client(Vers04), good = 0;
	Asker a = { .fd = client(Vers04) };
	pthread_t t;
	u64 held = 0;

	memset(big, 7, sizeof big);
	a.score = score_of(big, sizeof big);
	put(other, Vers04, (Msg){ .type = MsgWrite, .blocktype = VtData, .data = big, .n = sizeof big });
	ok(hear(other, Vers04).type == MSG_R(MsgWrite), "a large block");
	if (thread_new(&t, "asks", asks, &a) < 0)
		return;
	for (i64 end = clock_ms() + HANG; held == 0 && clock_ms() < end;)
		held = metric("venti_held_bytes");
	ok(held > 0 && held < 2 << 20, "a client that does not listen: %llu bytes are kept for it", (unsigned long long)held);
	put(other, Vers04, (Msg){ .type = MsgRead, .blocktype = VtData, .score = a.score, .count = BLOCKMAX });
	is_int(hear(other, Vers04).n, BLOCKMAX, "others go on");
	for (int i = 0; i < MANY; i++) {
		Msg m = hear(a.fd, Vers04);

		good += m.type == MSG_R(MsgRead) && m.tag == (u8)i && m.n == BLOCKMAX;
	}
	is_int(good, MANY, "when it listens it gets all its answers in order");
	thread_join(t);
	/* the worker that wrote the last answer may not have counted it yet */
	for (i64 end = clock_ms() + HANG; metric("venti_held_bytes") != 0 && clock_ms() < end;)
		;
	is_int((long)metric("venti_held_bytes"), 0, "and nothing is kept any more");
	close(a.fd);
	close(other);
}

/* cold: reads that wait for a disk hold up nobody else */
static void cold(Gate *g)
{
	int fd[COLD], other = client(Vers04);
	u8 data[4] = { 1, 2, 3, 4 };
	Score s = score_of(data, 4);
	int good = 0;

	put(other, Vers04, (Msg){ .type = MsgWrite, .blocktype = 77, .data = data, .n = 4 });
	ok(hear(other, Vers04).type == MSG_R(MsgWrite), "a block that will be slow to read");
	for (int i = 0; i < COLD; i++) {
		fd[i] = client(Vers04);
		put(fd[i], Vers04, (Msg){ .type = MsgRead, .blocktype = 77, .score = s, .count = 4 });
	}
	gate_await(g, COLD);
	put(other, Vers04, (Msg){ .type = MsgWrite, .blocktype = VtData, .data = data, .n = 4 });
	ok(hear(other, Vers04).type == MSG_R(MsgWrite), "two hundred reads wait for the disk, another client is served");
	gate_set(g, true);
	for (int i = 0; i < COLD; i++) {
		good += hear(fd[i], Vers04).n == 4;
		close(fd[i]);
	}
	is_int(good, COLD, "and they come in the end");
	close(other);
}

/* late: who does not say hello is hung up on, who has may be quiet */
static void late(void)
{
	int quiet = client(Vers04), mute = call("venti"), half = client(Vers04);

	if (io_writen(half, "\0\0", 2) < 0)
		printf("# %s\n", rerrstr());
	clock_shift(25 * 1000);
	ok(hungup(mute), "no hello in time");
	clock_shift(300 * 1000);
	ok(hungup(half), "half a message for minutes");
	put(quiet, Vers04, (Msg){ .type = MsgSync });
	ok(hear(quiet, Vers04).type == MSG_R(MsgSync), "a quiet client may stay");
	close(mute);
	close(half);
	close(quiet);
}

static void pages(void)
{
	static const struct {
		const char *request, *has;
	} want[] = {
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n" },
		{ "GET /storage HTTP/1.1\r\nHost: x\r\n\r\n", "index=gate\n" },
		{ "GET /stats.json HTTP/1.0\n\n", "\"rpcsync\":" },
		{ "GET /stats.json HTTP/1.0\n\n", "\"store\":{\"kind\":\"gate\",\"outer\"" },
		{ "GET /metrics HTTP/1.0\n\n", "\nventi_store_outer_inner 7\nventi_store_blocks " },
		{ "GET /graph?arg=rpctotal&graph=diff HTTP/1.0\n\n", "<svg " },
		{ "GET /graph?arg=rpcread&arg2=rpctotal&graph=pctdiff&t0=-9999999999&text=1 HTTP/1.0\n\n", "\n199: nsamp=" },
		{ "GET /graph?arg=%3Cscript%3E HTTP/1.0\n\n", "400 Bad Request: unknown name <script>" },
		{ "GET /graph?arg=rpctotal&wid=-1&ht=99999999&min=8&max=8 HTTP/1.0\n\n", "<svg " },
		{ "GET /log?log=server HTTP/1.0\n\n", "bad version in hello" },
		{ "GET /log/none HTTP/1.0\n\n", "404" },
		{ "GET /set?name=logging&value=1 HTTP/1.0\n\n", "logging = 1 (was 0)" },
		{ "GET /set?name=nothing HTTP/1.0\n\n", "nothing not found" },
		{ "GET /flushdcache HTTP/1.0\n\n", "flushed dcache" },
		{ "GET /none HTTP/1.0\n\n", "404 Not Found" },
		{ "GET /../../etc/passwd HTTP/1.0\n\n", "404 Not Found" },
		{ "GET /%2e%2e/%00 HTTP/1.0\n\n", "400 Bad Request" },
		{ "POST /set HTTP/1.0\n\n", "405 Method Not Allowed\r\n" },
		{ "GET /\n\n", "400 Bad Request" },
		{ "GET / HTTP/2.0\r\n\r\n", "505" },
		{ "GET http://x/ HTTP/1.0\r\n\r\n", "400" },
	};
	autofree char *long_one = mem_new(HTTPHEAD + 1), *head = web("HEAD /index HTTP/1.1\r\n\r\n"), *got;

	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		autofree char *text = web(want[i].request);

		if (!ok(strstr(text, want[i].has) != NULL, "http: %.*s", (int)strcspn(want[i].request, "\r\n"), want[i].request))
			printf("# %.400s\n", text);
	}
	ok(strstr(head, "Content-Length: ") != NULL && strcmp(head + strlen(head) - 4, "\r\n\r\n") == 0, "HEAD has no body");
	memset(long_one, 'a', HTTPHEAD);
	got = web(long_one);
	ok(strstr(got, "431") != NULL, "headers without end");
}

/* files: the web root's, and nothing beside it */
static void files(void)
{
	static const struct {
		const char *request, *has;
	} want[] = {
		{ "GET / HTTP/1.0\n\n", "<p>front" },
		{ "GET /sub HTTP/1.0\n\n", "<p>below" },
		{ "GET /sub/index.html HTTP/1.0\n\n", "Content-Type: text/html" },
		{ "GET /out HTTP/1.0\n\n", "404 Not Found" },
		{ "GET /sub/../../secret HTTP/1.0\n\n", "404 Not Found" },
		{ "GET /storage HTTP/1.0\n\n", "index=memory" },
	};
	autofree char *root = mem_printf("%s/web", dir), *sub = mem_printf("%s/sub", root), *out = mem_printf("%s/out", root);
	autofree char *a = mem_printf("%s/index.html", root), *b = mem_printf("%s/index.html", sub), *secret = mem_printf("%s/secret", dir);
	Store *s = memstore_new(1000);
	Ventid *v;

	if (mkdir(root, 0755) < 0 || mkdir(sub, 0755) < 0 || io_spit(a, "<p>front", 8, 0644) < 0 || io_spit(b, "<p>below", 8, 0644) < 0 ||
	    io_spit(secret, "secret", 6, 0644) < 0 || symlink("../secret", out) < 0)
		printf("# %s\n", rerrstr());
	v = start(s, (VentidOpts){ .webroot = root });
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		autofree char *text = web(want[i].request);

		if (!ok(strstr(text, want[i].has) != NULL, "web root: %.*s", (int)strcspn(want[i].request, "\n"), want[i].request))
			printf("# %.400s\n", text);
	}
	ventid_stop(v);
	store_close(s);
	unlink(out);
	unlink(secret);
	unlink(a);
	unlink(b);
	rmdir(sub);
	rmdir(root);
}

static void full_and_readonly(void)
{
	Store *s = memstore_new(1000);
	Ventid *v = start(s, (VentidOpts){ .maxconns = 3 });
	u8 data[900] = { 1 };
	int fd = client(Vers04), more[2] = { client(Vers04), client(Vers02) }, over = call("venti");
	Msg m;

	for (int i = 0; i < 2; i++) {
		data[0] = (u8)i;
		put(fd, Vers04, (Msg){ .type = MsgWrite, .tag = (u8)i, .blocktype = VtData, .data = data, .n = sizeof data });
	}
	ok(hear(fd, Vers04).type == MSG_R(MsgWrite), "a block that fits");
	m = hear(fd, Vers04);
	is_str(m.type == MsgError ? m.text : "", "file system is full", "one that does not");
	data[0] = 0;
	put(fd, Vers04, (Msg){ .type = MsgRead, .blocktype = VtData, .score = score_of(data, sizeof data), .count = 900 });
	is_int(hear(fd, Vers04).n, 900, "reads go on");
	versions(over, Vers04);
	put(over, Vers04, (Msg){ .type = MsgHello, .text = "04", .uid = "glenda" });
	m = hear(over, Vers04);
	is_str(m.type == MsgError ? m.text : "", "too many connections, try again later", "one client too many is told so");
	ok(hungup(over), "and hung up on");
	close(over);
	close(fd);
	close(more[0]);
	close(more[1]);
	ventid_stop(v);
	v = start(s, (VentidOpts){ .readonly = true });
	fd = client(Vers04);
	put(fd, Vers04, (Msg){ .type = MsgWrite, .blocktype = VtData, .data = data, .n = sizeof data });
	m = hear(fd, Vers04);
	is_str(m.type == MsgError ? m.text : "", "read only", "-r");
	close(fd);
	ventid_stop(v);
	store_close(s);
}

/* ending: requests that were taken are answered before the end */
static void ending(Gate *g, Ventid *v)
{
	u8 data[4] = { 1, 2, 3, 4 };
	int fd = client(Vers04);

	put(fd, Vers04, (Msg){ .type = MsgWrite, .tag = 1, .blocktype = VtData, .data = data, .n = 4 });
	ok(hear(fd, Vers04).type == MSG_R(MsgWrite), "a last write");
	ventid_stop(v);
	ok(hungup(fd), "the end");
	close(fd);
}

int main(void)
{
	Ventid *v;
	Gate g;

	proc_manyfds();
	signal(SIGPIPE, SIG_IGN);
	strcpy(dir, "/tmp/anthill-ventid.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	gate_init(&g, 1 << 30);
	v = start(&g.store, (VentidOpts){ .maxconns = CROWD + 10 });
	conversation(Vers02);
	conversation(Vers04);
	ok(g.syncs == 2, "a sync of each reached the store");
	hostile();
	crowd();
	deaf();
	cold(&g);
	pages();
	late();
	ending(&g, v);
	full_and_readonly();
	files();
	store_close(g.below);
	{
		autofree char *a = mem_printf("%s/venti", dir), *b = mem_printf("%s/http", dir);

		unlink(a);
		unlink(b);
		rmdir(dir);
	}
	return done();
}
