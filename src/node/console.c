#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/pty.h>
#include "console.h"

enum {
	LogMax = 4 << 20, /* bytes of a log before it begins anew (NAME.log.0 keeps the older half) */
	TailMax = 4096,   /* what a new client sees at once */
	TypedMax = 65536, /* typed ahead */
	Chunk = 8192,
};

typedef struct Client {
	Link link;
	Console *con;
	int sock;
} Client;

struct Console {
	Loop *loop;
	int master, dirfd, log;
	char *logname;
	size_t logged;
	Buf tail;
	Buf typed; /* what the terminal would not take yet */
	List clients;
};

static int openlog(Console *c)
{
	return openat(c->dirfd, c->logname, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0600);
}

static void logit(Console *c, const char *p, size_t n)
{
	if (c->logged + n > LogMax) {
		autofree char *old = mem_printf("%s.0", c->logname);

		if (renameat(c->dirfd, c->logname, c->dirfd, old) == 0) {
			close(c->log);
			c->log = openlog(c);
			c->logged = 0;
		}
	}
	if (c->log >= 0 && io_writen(c->log, p, n) == 0)
		c->logged += n;
	buf_add(&c->tail, p, n);
	if (c->tail.n > TailMax)
		buf_cut(&c->tail, c->tail.n - TailMax);
}

static void detach(Client *k)
{
	loop_del(k->con->loop, k->sock);
	list_del(&k->link);
	close(k->sock);
	free(k);
}

static void typed(Console *c)
{
	while (c->typed.n > 0) {
		ssize_t n = write(c->master, c->typed.p, c->typed.n);

		if (n <= 0)
			break;
		buf_cut(&c->typed, (size_t)n);
	}
	loop_want(c->loop, c->master, c->typed.n > 0 ? POLLIN | POLLOUT : POLLIN);
}

static void output(void *arg, int fd, int events)
{
	Console *c = arg;
	char buf[Chunk];
	ssize_t n;

	if (events & POLLOUT)
		typed(c);
	if (!(events & (POLLIN | POLLHUP | POLLERR)))
		return;
	n = read(fd, buf, sizeof buf);
	if (n <= 0) {
		/* nobody has the terminal open (init always has): the node is gone */
		loop_del(c->loop, fd);
		return;
	}
	logit(c, buf, (size_t)n);
	list_each(l, &c->clients) {
		Client *k = list_item(l, Client, link);

		/* a client that does not read is not waited for: it misses what it has no room for */
		if (write(k->sock, buf, (size_t)n) < 0)
			continue;
	}
}

static void setsize(Console *c, char *text)
{
	char *f[3];
	u64 rows, cols;

	if (str_fields(text, f, 3, " ") == 2 && str_u64(f[0], 10, 9999, &rows) == 0 &&
	    str_u64(f[1], 10, 9999, &cols) == 0 && tty_setsize(c->master, (u32)rows, (u32)cols) < 0)
		return;
}

static void input(void *arg, int fd, int events)
{
	Client *k = arg;
	Console *c = k->con;
	char buf[Chunk + 1];
	ssize_t n = read(fd, buf, Chunk);

	if (n <= 0) {
		detach(k);
		return;
	}
	buf[n] = '\0';
	if (buf[0] == 's')
		setsize(c, buf + 1);
	else if (c->typed.n < TypedMax) {
		buf_add(&c->typed, buf + 1, (size_t)n - 1);
		typed(c);
	}
}

void console_attach(Console *c, int sock)
{
	Client *k = mem_new(sizeof *k);

	k->con = c;
	k->sock = sock;
	list_add(&c->clients, &k->link);
	if (io_nonblock(sock, true) < 0 || (c->tail.n > 0 && write(sock, c->tail.p, c->tail.n) < 0)) {
		detach(k);
		return;
	}
	loop_add(c->loop, sock, POLLIN, input, k);
}

int console_clients(const Console *c)
{
	int n = 0;

	list_each(l, &c->clients)
		n++;
	return n;
}

Console *console_new(Loop *l, int master, int dirfd, const char *name)
{
	Console *c = mem_new(sizeof *c);

	c->loop = l;
	c->master = master;
	c->dirfd = dirfd;
	c->logname = mem_printf("%s.log", name);
	c->log = openlog(c);
	list_init(&c->clients);
	if (io_nonblock(master, true) < 0 || c->log < 0) {
		os_werr("%s", c->logname);
		console_free(c);
		return NULL;
	}
	loop_add(l, master, POLLIN, output, c);
	return c;
}

void console_free(Console *c)
{
	if (c == NULL)
		return;
	list_each(l, &c->clients)
		detach(list_item(l, Client, link));
	loop_del(c->loop, c->master);
	close(c->master);
	if (c->log >= 0)
		close(c->log);
	free(c->logname);
	buf_free(&c->tail);
	buf_free(&c->typed);
	free(c);
}
