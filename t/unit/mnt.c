/* A remote tree as a Srv: the test tree behind the 9P front, over a socketpair. */
#include "memsrv.h"
#include "tap.h"
#include <ns/mnt.h>
#include <os/thread.h>
#include <srv/call.h>
#include <srv/conn.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static Srv srv, *mnt;
static Client *client;
static pthread_t server;
static int peer;

static void serve(void *arg)
{
	(void)!conn_serve(&srv, peer, peer, NULL);
	close(peer);
}

static void begin(const MntOpts *o)
{
	ClientOpts co = {.name = "test", .msize = 1024, .deadline_ms = 10000};
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) < 0)
		exit(1);
	peer = p[1];
	if (thread_new(&server, "server", serve, NULL) < 0)
		exit(1);
	client = client_new(p[0], p[0], &co);
	if (client == NULL) {
		printf("Bail out! %s\n", rerrstr());
		exit(1);
	}
	mnt = mnt_new(client, o);
}

/* end hangs up; then nothing may be left at either side. */
static void end(void)
{
	srv_drop(mnt);
	client_drop(client);
	thread_join(server);
	is_int(ref_live("Fid"), 0, "no fid is left on either side");
	for (int i = 0; i < 1000 && ref_live("mnt") > 0; i++) /* the reader thread may have had the last reference */
		usleep(1000);
	is_int(ref_live("mnt"), 0, "no mount is left");
}

static Fid *walk(Fid *f, const char *a, const char *b)
{
	const char *w[] = {a, b};

	return call_walk(f, a == NULL ? 0 : b == NULL ? 1 : 2, w, NULL, 10000);
}

static void files(void)
{
	static char big[10000], back[10000];
	Fid *root, *f, *g;
	Client *c;
	char *strings = NULL;
	Dir d;

	begin(NULL);
	ok(mnt_is(mnt), "what it is");
	c = mnt_client(mnt);
	ok(c == client, "and whose");
	client_drop(c);
	root = call_attach(mnt, "glenda", "", NULL, 10000);
	ok(root != NULL && root->qid.type == QTDIR, "attach");
	ok(walk(root, "nothere", NULL) == NULL && strcmp(rerrstr(), "file does not exist") == 0, "a missing name");
	ok(walk(root, "static", "nothere") == NULL, "a walk that ends early");
	f = walk(root, "static", "file");
	ok(f != NULL && call_stat(f, &d, &strings, NULL, 10000) == 0 && d.length == 100, "stat");
	ok(strings != NULL && strcmp(d.name, "file") == 0, "with its strings");
	free(strings);
	fid_drop(f);

	f = walk(root, NULL, NULL);
	ok(f != NULL && call_create(f, "big", ORDWR, 0644, NULL, 10000) == 0, "create");
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (char)(i * 7 + i / 256);
	is_int(call_write(f, big, sizeof big, 0, NULL, 10000), sizeof big, "a write of many messages");
	is_int(call_read(f, back, sizeof back, 0, NULL, 10000), sizeof back, "a read of many messages");
	ok(memcmp(big, back, sizeof big) == 0, "the bytes are the same");
	is_int(call_read(f, back, sizeof back, 9000, NULL, 10000), 1000, "a read at the end is short");
	is_int(call_read(f, back, sizeof back, 10000, NULL, 10000), 0, "and nothing after it");
	dir_null(&d);
	d.name = "small";
	d.length = 10;
	g = walk(root, "big", NULL);
	ok(g != NULL && call_wstat(g, &d, NULL, 10000) == 0, "wstat");
	ok(call_wstat(g, &(Dir){.mode = ~0u, .length = ~0ull, .name = "static"}, NULL, 10000) < 0,
	   "an error of a wstat");
	is_str(rerrstr(), "file already exists", "comes as it is");
	ok(call_remove(g, NULL, 10000) == 0, "remove");
	fid_drop(f);
	fid_drop(root);
	end();
}

static void flushes(void)
{
	MntOpts o = {.deadline = 100};
	Fid *root, *f, *g;
	char c[8];

	begin(&o);
	root = call_attach(mnt, "glenda", "", NULL, 10000);
	f = walk(root, "pipe", NULL);
	ok(f != NULL && call_open(f, ORDWR, NULL, 10000) == 0, "open a file that blocks");
	ok(call_read(f, c, sizeof c, 0, NULL, 10000) < 0, "a read ends at the deadline");
	is_str(rerrstr(), "connection timed out", "and says so");
	ok(call_read(f, c, sizeof c, 0, NULL, 20) < 0, "a read can be flushed before");
	is_int(call_write(f, "data", 4, 0, NULL, 10000), 4, "the file goes on working");
	is_int(call_read(f, c, sizeof c, 0, NULL, 10000), 4, "and no data was lost");
	g = walk(root, "static", NULL);
	ok(g != NULL, "so does the connection");
	fid_drop(g);
	fid_drop(f);
	fid_drop(root);
	end();

	o.stream = true;
	begin(&o);
	root = call_attach(mnt, "glenda", "", NULL, 10000);
	f = walk(root, "pipe", NULL);
	ok(call_open(f, ORDWR, NULL, 10000) == 0 && f->flags & FidStream, "a mount of streams");
	ok(call_read(f, c, sizeof c, 0, NULL, 300) < 0, "a read has no deadline of its own");
	is_str(rerrstr(), "connection timed out", "only its caller's");
	fid_drop(f);
	fid_drop(root);
	end();
}

static void broken(void)
{
	Fid *root, *f;
	char c[8];

	begin(NULL);
	root = call_attach(mnt, "glenda", "", NULL, 10000);
	f = walk(root, "pipe", NULL);
	ok(call_open(f, OREAD, NULL, 10000) == 0, "open");
	shutdown(peer, SHUT_RDWR);
	ok(call_read(f, c, sizeof c, 0, NULL, 10000) < 0 && strstr(rerrstr(), "hungup") != NULL,
	   "a dead server is an error");
	ok(walk(root, "static", NULL) == NULL && strstr(rerrstr(), "hungup") != NULL, "for every call");
	fid_drop(f);
	fid_drop(root);
	end();
}

/* a mount that heals: its server is hung up, and another connection to it made when redial wants one */
static atomic_int refuse, redials;

static Client *dial_again(void *arg, const Client *old)
{
	ClientOpts co = {.name = "test", .msize = 1024, .deadline_ms = 10000};
	int p[2];

	redials++;
	if (refuse > 0) {
		refuse--;
		werrstr("nobody is there");
		return NULL;
	}
	thread_join(server); /* the old one */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) < 0)
		exit(1);
	peer = p[1];
	if (thread_new(&server, "server", serve, NULL) < 0)
		exit(1);
	return client_new(p[0], p[0], &co);
}

static void hangup(void)
{
	shutdown(peer, SHUT_RDWR);
}

static void put(const char *name, const char *text)
{
	Fid *root = call_attach(&srv, "glenda", "", NULL, 10000), *f = walk(root, name, NULL);

	if (f == NULL || call_open(f, OWRITE | OTRUNC, NULL, 10000) < 0 ||
	    call_write(f, text, (u32)strlen(text), 0, NULL, 10000) < 0)
		printf("# %s: %s\n", name, rerrstr());
	fid_drop(f);
	fid_drop(root);
}

static void heals(void)
{
	MntOpts o = {.redial = {.fn = dial_again}};
	Fid *root, *dir, *f, *g, *h, *w;
	char c[16] = "";

	begin(&o);
	root = call_attach(mnt, "glenda", "", NULL, 10000);
	w = walk(root, NULL, NULL);
	ok(call_create(w, "log", ORDWR, 0644, NULL, 10000) == 0 && call_write(w, "one", 3, 0, NULL, 10000) == 3,
	   "a file is open for writing");
	dir = walk(root, "static", NULL);
	f = walk(dir, "file", NULL);
	h = walk(root, "log", NULL);
	ok(call_open(f, OREAD, NULL, 10000) == 0 && call_read(f, c, 4, 0, NULL, 10000) == 4, "another for reading");
	ok(call_open(h, OREAD, NULL, 10000) == 0, "and a third that will change");

	hangup();
	is_int(call_read(f, c, 4, 4, NULL, 10000), 4, "a read goes on when the connection broke");
	is_int(redials, 1, "on another one");
	g = walk(dir, "file", NULL);
	ok(g != NULL && g->qid.path == f->qid.path, "a walk from a directory too");
	fid_drop(g);
	is_int(call_write(w, "two", 3, 3, NULL, 10000), 3, "and a write");

	hangup();
	put("log", "another");
	is_int(call_read(f, c, 4, 8, NULL, 10000), 4, "again");
	ok(call_read(h, c, 4, 0, NULL, 10000) < 0 && strstr(rerrstr(), "has changed") != NULL,
	   "a file that was changed meanwhile is an error: %s", rerrstr());
	is_int(call_read(w, c, 7, 0, NULL, 10000), 7, "but for its writer");

	g = walk(root, "log", NULL);
	ok(g != NULL && call_remove(g, NULL, 10000) == 0, "a file is removed");
	hangup();
	ok(call_write(w, "x", 1, 0, NULL, 10000) < 0 && strstr(rerrstr(), "hungup") != NULL,
	   "a write of which nobody knows whether it was done is an error: %s", rerrstr());
	ok(call_write(w, "x", 1, 0, NULL, 10000) < 0 && strstr(rerrstr(), "does not exist") != NULL,
	   "and then the file is gone: %s", rerrstr());

	refuse = 1;
	hangup();
	is_int(call_read(f, c, 4, 0, NULL, 10000), 4, "it tries more than once");
	is_int(refuse, 0, "until it is let in");

	refuse = 1 << 20;
	hangup();
	ok(call_read(f, c, 4, 0, NULL, 30000) < 0, "a server that is away is an error in time");
	ok(strstr(rerrstr(), "nobody is there") != NULL, "with the reason: %s", rerrstr());
	ok(call_read(f, c, 4, 0, NULL, 30000) < 0, "and then at once");
	refuse = 0;
	for (int i = 0; i < 600 && call_read(f, c, 4, 0, NULL, 10000) != 4; i++)
		usleep(100000);
	is_int(call_read(f, c, 4, 0, NULL, 10000), 4, "until it is back");

	fid_drop(w);
	fid_drop(h);
	fid_drop(f);
	fid_drop(dir);
	fid_drop(root);
	srv_drop(mnt);
	client_drop(client);
	for (int i = 0; i < 10000 && ref_live("mnt") > 0; i++)
		usleep(1000);
	thread_join(server);
	is_int(ref_live("mnt"), 0, "no mount is left");
	is_int(ref_live("Fid"), 0, "nor a fid");
	is_int(ref_live("client"), 0, "nor a client");
}

/* a client takes over a connection on which its predecessor left half an answer, with a lie in it */
static void halfway(void)
{
	static const char lie[] = "\x13\0\0\0\x65\xFF\xFF\0\x10\0\0\x06\0" "9P2000";
	ClientOpts co = {.name = "test", .deadline_ms = 10000, .taken_over = true};
	static char junk[70000];
	int p[2];
	Client *c;
	CFid *f;

	memset(junk, 0xEE, sizeof junk);
	memcpy(junk + 60000, lie, sizeof lie - 1);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) < 0 || write(p[1], junk, sizeof junk) != sizeof junk)
		exit(1);
	peer = p[1];
	if (thread_new(&server, "server", serve, NULL) < 0)
		exit(1);
	c = client_new(p[0], p[0], &co);
	ok(c != NULL, "half an answer of somebody else's is passed over: %s", c != NULL ? "" : rerrstr());
	f = c != NULL ? client_attach(c, NULL, "glenda", "") : NULL;
	ok(f != NULL, "and the connection works");
	client_clunk(f);
	client_drop(c);
	thread_join(server);
}

int main(void)
{
	memsrv_begin(&srv);
	files();
	flushes();
	broken();
	heals();
	halfway();
	memsrv_end();
	return done();
}
