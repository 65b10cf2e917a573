#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/mem.h>
#include <node/msg.h>
#include <os/io.h>

Msg *msg_new(void)
{
	return mem_new(sizeof(Msg));
}

void msg_close(Msg *m)
{
	for (int i = 0; i < m->nfd; i++)
		if (m->fd[i] >= 0)
			close(m->fd[i]);
	m->nfd = 0;
}

void msg_free(Msg *m)
{
	if (m == NULL)
		return;
	msg_close(m);
	free(m);
}

/* split makes w from text; a last string without its NUL still counts. */
static int split(Msg *m)
{
	m->n = 0;
	m->text[m->len] = '\0';
	for (char *p = m->text; p < m->text + m->len; p += strlen(p) + 1) {
		if (m->n == MsgWords)
			return werrstr("message of more than %d words", MsgWords);
		m->w[m->n++] = p;
	}
	m->w[m->n] = NULL;
	return 1;
}

int msg_recv(int sock, Msg *m)
{
	ssize_t n;

	msg_close(m);
	m->n = 0;
	m->w[0] = NULL;
	n = io_recvfds(sock, m->text, MsgMax, m->fd, &m->nfd);
	if (n <= 0)
		return (int)n;
	m->len = (size_t)n;
	return split(m);
}

bool msg_is(const Msg *m, const char *word, int n)
{
	return m->n > n && strcmp(m->w[0], word) == 0;
}

int msg_take(Msg *m, int i)
{
	int fd;

	if (i >= m->nfd || m->fd[i] < 0)
		return werrstr("a message without descriptor %d", i);
	fd = m->fd[i];
	m->fd[i] = -1;
	return fd;
}

static bool nowait;

void msg_nowait(void)
{
	nowait = true;
}

static int flush(int sock, const int *fd, int nfd, const Buf *b)
{
	if (b->n > MsgMax)
		return werrstr("message of %zu bytes: at most %d", b->n, MsgMax);
	return nowait ? io_trysendfds(sock, b->p, b->n, fd, nfd, 0) : io_sendfds(sock, b->p, b->n, fd, nfd);
}

int msg_send(int sock, const int *fd, int nfd, ...)
{
	autobuf Buf b = { 0 };
	va_list ap;
	const char *s;

	va_start(ap, nfd);
	while ((s = va_arg(ap, const char *)) != NULL)
		buf_add(&b, s, strlen(s) + 1);
	va_end(ap);
	return flush(sock, fd, nfd, &b);
}

int msg_sendv(int sock, const int *fd, int nfd, char *const *w, int n)
{
	autobuf Buf b = { 0 };

	for (int i = 0; i < n; i++)
		buf_add(&b, w[i], strlen(w[i]) + 1);
	return flush(sock, fd, nfd, &b);
}
