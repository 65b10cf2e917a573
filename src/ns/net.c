#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <ns/mtab.h>
#include <ns/ns.h>
#include <os/at.h>
#include <os/io.h>
#include <os/local.h>
#include <os/netns.h>

enum { MAXFDS = 16, ANSWERMS = 2000 };

/* ask has the stack send its name space over pair[1], given to the kernel process by number; -1 if it does not. */
static int ask(int file, const int pair[2])
{
	int fd[MAXFDS], n = 0;
	char text[16], byte;

	snprintf(text, sizeof text, "%d", pair[1]);
	if (io_writen(file, text, strlen(text)) < 0 || io_wait(pair[0], POLLIN, -1, ANSWERMS) != 1 ||
	    io_recvfds(pair[0], &byte, 1, fd, &n) < 0)
		return -1;
	for (int i = 1; i < n; i++)
		close(fd[i]);
	return n > 0 ? fd[0] : -1;
}

/* ours says whether file is the kernel process's, and not something that somebody put there. */
static bool ours(int file)
{
	Finfo f, root;

	return at_stat(file, "", &f) == 0 && at_path(MTAB_DEVS, &root) == 0 && f.dev == root.dev;
}

void ns_net(const char *mtpt)
{
	autofree char *name = mem_printf("%s/netns", mtpt);
	autofd int file = open(name, O_WRONLY | O_CLOEXEC), ns = -1;
	int pair[2];

	if (file < 0 || !ours(file) || local_stream(pair) < 0)
		return;
	ns = ask(file, pair);
	close(pair[0]);
	close(pair[1]);
	if (ns >= 0 && netns_enter(ns) < 0)
		return; /* not ours to enter: we stay where we are */
}
