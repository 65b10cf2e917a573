#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/str.h>
#include <ns/apply.h>
#include <ns/ns.h>
#include "worker.h"

enum { KEEP = 8, DEPTH = 5, WORDS = 5 };

static int to[WORKERS], from[WORKERS]; /* the driver's ends, the workers' */
static int kept[KEEP];
static int me;

static void answer(const char *s, size_t n)
{
	if (send(from[me], n > 0 ? s : "\n", n > 0 ? n : 1, 0) < 0)
		_exit(1);
}

static void said(const char *why)
{
	autobuf Buf b = { 0 };

	buf_printf(&b, "!%s", why);
	answer(buf_text(&b), b.n);
}

static void result(int rc)
{
	if (rc < 0)
		said(rerrstr());
	else
		answer("", 0);
}

static void posix(int rc)
{
	if (rc < 0)
		said(strerror(errno));
	else
		answer("", 0);
}

static int spit(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644), rc;

	if (fd < 0)
		return -1;
	rc = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
	close(fd);
	return rc;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int named(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void contents(Buf *b, const char *path)
{
	char text[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

	buf_printf(b, "%s=", path + 2);
	if (n < 0)
		buf_printf(b, "!%s", strerror(errno));
	else
		buf_add(b, text, (size_t)n);
	buf_ch(b, '\n');
	if (fd >= 0)
		close(fd);
}

static void dump(Buf *b, const char *path, int depth)
{
	struct dirent **list;
	int n = scandir(path, &list, named, by_name);

	if (n < 0)
		buf_printf(b, "%s!%s\n", path + 2, strerror(errno));
	for (int i = 0; i < n; i++) {
		autobuf Buf sub = { 0 };

		buf_printf(&sub, "%s/%s", path, list[i]->d_name);
		if (list[i]->d_type == DT_DIR)
			buf_printf(b, "%s/\n", buf_text(&sub) + 2);
		else
			contents(b, buf_text(&sub));
		if (list[i]->d_type == DT_DIR && depth > 1)
			dump(b, buf_text(&sub), depth - 1);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void copy_to(int w)
{
	pid_t pid = fork();

	if (pid > 0)
		return; /* the copy answers */
	if (pid < 0 || ns_rfork("n") < 0) {
		said("rfork");
		_exit(1);
	}
	answer("", 0);
	me = w;
}

static void read_kept(int i)
{
	char text[1024];
	ssize_t n = pread(kept[i], text, sizeof text, 0);

	if (n < 0)
		said(strerror(errno));
	else
		answer(text, (size_t)n);
}

static int flags_of(const char *s)
{
	return (strchr(s, 'a') ? MAFTER : 0) | (strchr(s, 'b') ? MBEFORE : 0) | (strchr(s, 'c') ? MCREATE : 0);
}

static bool spaces(char **w, int n)
{
	if (strcmp(w[0], "bind") == 0 && n == 4)
		result(ns_bind(w[2], w[3], flags_of(w[1])));
	else if (strcmp(w[0], "mount") == 0 && n == 4)
		result(ns_mount(w[2], w[3], flags_of(w[1]), ""));
	else if (strcmp(w[0], "unmount") == 0 && n == 3)
		result(ns_unmount(*w[1] != '-' ? w[1] : NULL, w[2]));
	else if (strcmp(w[0], "line") == 0 && n == 2)
		result(ns_line(w[1]));
	else if (strcmp(w[0], "fork") == 0 && n == 2)
		copy_to(atoi(w[1]));
	else
		return false;
	return true;
}

static bool files(char **w, int n)
{
	if (strcmp(w[0], "create") == 0 && n == 3)
		posix(spit(w[1], O_CREAT | O_EXCL, w[2]));
	else if (strcmp(w[0], "write") == 0 && n == 3)
		posix(spit(w[1], O_TRUNC, w[2]));
	else if (strcmp(w[0], "mkdir") == 0 && n == 2)
		posix(mkdir(w[1], 0755));
	else if (strcmp(w[0], "remove") == 0 && n == 2)
		posix(unlink(w[1]));
	else if (strcmp(w[0], "rmdir") == 0 && n == 2)
		posix(rmdir(w[1]));
	else if (strcmp(w[0], "rename") == 0 && n == 3)
		posix(rename(w[1], w[2]));
	else
		return false;
	return true;
}

static void keep(int i, const char *path)
{
	if (kept[i] >= 0)
		close(kept[i]);
	kept[i] = open(path, O_RDONLY | O_CLOEXEC);
	posix(kept[i]);
}

static void show(char **w, int n)
{
	autobuf Buf b = { 0 };

	if (strcmp(w[0], "dump") == 0) {
		dump(&b, "/w", DEPTH);
	} else if (ns_script(&b, 0) < 0) {
		said(rerrstr());
		return;
	}
	answer(buf_text(&b), b.n < ANSWER ? b.n : ANSWER - 1);
	(void)n;
}

static void obey(char *text)
{
	char *w[WORDS];
	int n = str_fields(text, w, WORDS, "\t");

	if (strcmp(w[0], "end") == 0) {
		answer("", 0);
		_exit(0);
	}
	if (spaces(w, n) || files(w, n))
		return;
	if (strcmp(w[0], "keep") == 0 && n == 3)
		keep(atoi(w[1]), w[2]);
	else if (strcmp(w[0], "kept") == 0 && n == 2)
		read_kept(atoi(w[1]));
	else
		show(w, n);
}

static void work(void)
{
	static char text[4096];
	ssize_t n;

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < KEEP; i++)
		kept[i] = -1;
	while ((n = recv(from[me], text, sizeof text - 1, 0)) > 0) {
		text[n] = '\0';
		obey(text);
	}
	_exit(0);
}

void worker_start(void)
{
	int size = 2 * ANSWER;

	for (int i = 0; i < WORKERS; i++) {
		int s[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) < 0)
			exit(3);
		to[i] = s[0];
		from[i] = s[1];
		setsockopt(s[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	}
	if (fork() == 0) {
		for (int i = 0; i < WORKERS; i++)
			close(to[i]); /* the driver's end is a worker's */
		work();
	}
}

const char *worker_do(int w, const char *fmt, ...)
{
	static char text[ANSWER + 1];
	va_list ap;
	ssize_t n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (send(to[w], text, (size_t)n, 0) < 0)
		return "!the worker is gone";
	n = recv(to[w], text, ANSWER, 0);
	if (n <= 0)
		return "!the worker is gone";
	text[n] = '\0';
	return strcmp(text, "\n") == 0 ? "" : text;
}
