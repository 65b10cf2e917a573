/*
 * The HTTP service: a thread that accepts, a thread for each request, at
 * most HTTPS of them; a client has HTTPMS for its request and to take the
 * answer.  Nothing a venti client waits for happens here.
 */
#include <stdlib.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/event.h>
#include <os/stream.h>
#include <os/thread.h>
#include "pages.h"

enum { HTTPS = 16, HTTPMS = 10 * 1000, RESTMS = 100 };

typedef struct Httpd {
	Ventid *v;
	int lfd, stopflag;
	Lock lock; /* everything below */
	Cond ended;
	int threads; /* requests', and the accepting one */
} Httpd;

typedef struct Call {
	Httpd *h;
	int fd;
} Call;

static void put(int fd, const HttpReq *r, Page *p)
{
	autobuf Buf head = { 0 };

	buf_printf(&head,
		"HTTP/1.1 %d %s\r\nServer: anthill\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%sConnection: close\r\n\r\n",
		p->status, http_reason(p->status), p->type, p->body.n, p->status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (stream_write(fd, StreamSock, head.p, head.n, r->head ? NULL : p->body.p, r->head ? 0 : p->body.n,
		    clock_ms() + HTTPMS) >= 0)
		stream_end(fd);
}

/* get reads a request: the status so far. */
static int get(Httpd *h, int fd, HttpReq *r)
{
	i64 end = clock_ms() + HTTPMS;
	char text[HTTPHEAD];
	size_t n = 0;
	ssize_t got;

	while (!http_whole(text, n)) {
		i64 left = end - clock_ms();

		if (n == sizeof text)
			return 431;
		if (left <= 0 || io_wait(fd, EventIn, h->stopflag, (int)left) != 1)
			return 408;
		got = io_readsome(fd, text + n, sizeof text - n);
		if (got == 0 || got == -1)
			return 0;
		n += got > 0 ? (size_t)got : 0;
	}
	return http_parse(text, n, r);
}

static void left(Httpd *h)
{
	lock(&h->lock);
	h->threads--;
	cond_all(&h->ended);
	unlock(&h->lock);
}

static void request(void *arg)
{
	Call c = *(Call *)arg;
	Page p = { .status = 200, .type = "text/plain; charset=utf-8" };
	HttpReq *r = mem_new(sizeof *r);
	int status;

	free(arg);
	stats_add(&c.h->v->stats, StatHttp, 1);
	status = get(c.h, c.fd, r);
	if (status == 200)
		page_make(c.h->v, r, &p);
	else
		page_fail(&p, status, http_reason(status));
	if (status != 0)
		put(c.fd, r, &p);
	buf_free(&p.body);
	free(r);
	close(c.fd);
	left(c.h);
}

static void answer(Httpd *h, int fd)
{
	Call *c = mem_new(sizeof *c);
	bool may;

	*c = (Call){ h, fd };
	lock(&h->lock);
	may = h->threads <= HTTPS;
	h->threads += may;
	unlock(&h->lock);
	if (may && thread_start("http", request, c) == 0)
		return;
	if (may)
		left(h);
	close(fd);
	free(c);
}

static void accepts(void *arg)
{
	Httpd *h = arg;

	while (io_wait(h->lfd, EventIn, h->stopflag, -1) == 1) {
		int fd = io_accept(h->lfd);

		if (fd >= 0)
			answer(h, fd);
		else if (fd == -1 || io_wait(h->stopflag, EventIn, -1, RESTMS) != 0)
			break;
	}
	left(h);
}

int httpd_start(Ventid *v, int lfd)
{
	Httpd *h = mem_new(sizeof *h);

	*h = (Httpd){ .v = v, .lfd = lfd, .threads = 1, .stopflag = event_flag() };
	lock_init(&h->lock, RankLeaf);
	cond_init(&h->ended);
	v->http = h;
	if (h->stopflag >= 0 && io_nonblock(lfd, true) == 0 && thread_start("httpd", accepts, h) == 0)
		return 0;
	h->threads = 0;
	httpd_stop(v);
	return -1;
}

void httpd_stop(Ventid *v)
{
	Httpd *h = v->http;

	event_raise(h->stopflag);
	lock(&h->lock);
	while (h->threads > 0)
		cond_wait(&h->ended, &h->lock, 1000);
	unlock(&h->lock);
	close(h->lfd);
	close(h->stopflag);
	free(h);
	v->http = NULL;
}
