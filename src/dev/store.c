/*
 * The fd store's client: what must outlive this process is kept by init.
 *
 * One SOCK_SEQPACKET socket.  Init begins with a "kept KEY" message and a
 * descriptor for everything it has, then "go".  From then on this process
 * sends "store KEY" with a descriptor, or "drop KEY", and answers "ping" with
 * "pong", which it may only do if its root still answers.  A message is the text with its NUL.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/thread.h>
#include <srv/call.h>
#include "kernpriv.h"

enum {
	MSGMAX = 512,
	PINGMS = 2000,
	INITMS = 5000, /* for init to make room: it may be stopped, and then nobody here must wait for ever */
};

typedef struct Kept {
	Link link;
	char *key;
	int fd;
} Kept;

static void keep(Kern *k, const char *key, int fd)
{
	Kept *e = mem_new(sizeof *e);

	e->key = mem_str(key);
	e->fd = fd;
	list_add(&k->kept, &e->link);
}

/* message reads one message as a string; 0 at the end. */
static int message(Kern *k, char *buf, int *fd)
{
	int got[IoFds], nfd = 0;
	ssize_t n = io_recvfds(k->initfd, buf, MSGMAX - 1, got, &nfd);

	*fd = nfd > 0 ? got[0] : -1;
	while (nfd > 1)
		close(got[--nfd]);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	return 1;
}

static int answers(Kern *k)
{
	Caller c = { 0 };
	autofree char *strings = NULL;
	Fid *f = call_attach(&k->root, k->hostowner, "", &c, PINGMS);
	Dir d;
	int rc;

	if (f == NULL)
		return -1;
	rc = call_stat(f, &d, &strings, &c, PINGMS);
	fid_drop(f);
	return rc;
}

static int tell(Kern *k, const char *verb, const char *key, int fd)
{
	char buf[MSGMAX];
	int n = snprintf(buf, sizeof buf, "%s %s", verb, key), rc;

	if (n >= (int)sizeof buf)
		return errset(Etoolong);
	lock(&k->initlk);
	rc = io_trysendfds(k->initfd, buf, (size_t)n + 1, &fd, fd >= 0 ? 1 : 0, INITMS);
	unlock(&k->initlk);
	return rc == -2 ? werrstr("init, which keeps what is made here, does not answer") : rc;
}

static void pong(Kern *k)
{
	int rc;

	if (answers(k) < 0)
		return;
	lock(&k->initlk);
	rc = io_trysendfds(k->initfd, "pong", 5, NULL, 0, INITMS);
	unlock(&k->initlk);
	if (rc < 0)
		dprintf(2, "kernel: answering init: %s\n", rerrstr());
}

static void listen_init(void *arg)
{
	Kern *k = arg;
	char buf[MSGMAX];
	int fd;

	while (message(k, buf, &fd)) {
		if (fd >= 0)
			close(fd);
		if (strcmp(buf, "ping") == 0) {
			pong(k);
			mobj_tick(k);
		}
	}
}

void store_start(Kern *k)
{
	char buf[MSGMAX];
	int fd;

	if (k->initfd < 0)
		return;
	while (message(k, buf, &fd) && strcmp(buf, "go") != 0) {
		if (str_prefix(buf, "kept ") && fd >= 0)
			keep(k, buf + 5, fd);
		else if (fd >= 0)
			close(fd);
	}
	if (thread_start("init link", listen_init, k) < 0)
		dprintf(2, "kernel: init link: %s\n", rerrstr());
}

int kern_store(Kern *k, const char *key, int fd)
{
	return k->initfd >= 0 ? tell(k, "store", key, fd) : 0;
}

void kern_unstore(Kern *k, const char *key)
{
	if (k->initfd >= 0 && tell(k, "drop", key, -1) < 0)
		dprintf(2, "kernel: drop %s: %s\n", key, rerrstr());
}

int kern_stored(Kern *k, const char *key)
{
	list_each (l, &k->kept) {
		Kept *e = list_item(l, Kept, link);

		if (strcmp(e->key, key) == 0)
			return io_dup(e->fd);
	}
	return errset(Enonexist);
}

void kern_eachstored(Kern *k, const char *prefix, void (*fn)(void *arg, const char *key), void *arg)
{
	list_each (l, &k->kept) {
		Kept *e = list_item(l, Kept, link);

		if (str_prefix(e->key, prefix))
			fn(arg, e->key);
	}
}
