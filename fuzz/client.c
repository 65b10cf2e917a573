/* A server that says anything: every call of the client ends, with an answer or an error, and nothing is left. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/ref.h>
#include <client/client.h>
#include <os/io.h>
#include <os/stream.h>

enum { MSIZE = 8192 };

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static int seen(void *arg, const Dir *d)
{
	*(size_t *)arg += strlen(d->name) + strlen(d->uid) + strlen(d->gid) + strlen(d->muid);
	return 0;
}

static int sink(void *arg, const void *p, u32 n)
{
	for (u32 i = 0; i < n; i++)
		*(size_t *)arg += ((const u8 *)p)[i];
	return 0;
}

/* session does what a user would; the server's answers are in the socket already */
static void session(Client *c)
{
	CFid *root = client_attach(c, NULL, "u", ""), *f = root != NULL ? client_walkpath(root, "a/b") : NULL;
	char *strings, buf[64];
	size_t sum = 0;
	Dir d;

	if (f != NULL && client_stat(f, &d, &strings) == 0) {
		seen(&sum, &d);
		free(strings);
	}
	if (f != NULL && client_open(f, OREAD) == 0) {
		if (client_read(f, buf, sizeof buf, 0) > (long)sizeof buf)
			abort();
		if ((f->qid.type & QTDIR) != 0 ? client_readdir(f, seen, &sum) < 0 :
						 client_readall(f, 0, 100000, 4, sink, &sum) < 0)
			sum++;
	}
	client_clunk(f);
	client_clunk(root);
	if (sum == SIZE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	u8 hello[64];
	int fd[2], k = fcall_encode(&(Fcall){ .type = Rversion, .tag = NOTAG, .msize = MSIZE, .version = VERSION9P }, hello,
				    sizeof hello);
	Client *c;

	if (n > 32768 || k < 0 || stream_pair(fd) < 0)
		return 0;
	if (io_writen(fd[1], hello, (size_t)k) < 0 || io_writen(fd[1], data, n) < 0)
		abort();
	stream_end(fd[1]);
	c = client_new(fd[0], fd[0], &(ClientOpts){ .msize = MSIZE, .deadline_ms = 5000 });
	if (c != NULL)
		session(c);
	client_drop(c);
	close(fd[1]);
	if (ref_live("client") != 0)
		abort();
	return 0;
}
