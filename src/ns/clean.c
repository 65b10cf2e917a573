/*
 * A clean name space (rfork N): the node's root as it was before anything was
 * bound, and the devices at /#.  The kernel process gives a name space that
 * is kept for this, in which nobody lives: we go there, and on at once into a
 * copy.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <ns/mtab.h>
#include <os/io.h>
#include <os/local.h>
#include <os/mount.h>
#include <os/procinfo.h>
#include <os/spawn.h>
#include "clean.h"

enum { ANSWERMS = 10000 };

/* said reads the kernel process's answer to a command from its file: the reason of a failure. */
static int said(int file)
{
	char buf[ERRMAX + 1];
	ssize_t n = io_readn(file, buf, ERRMAX);

	if (n <= 0)
		return errset(Eio);
	buf[n] = '\0';
	return buf[0] == '!' ? werrstr("%s", buf + 1) : 0;
}

/* ask returns a descriptor of the clean name space. */
static int ask(void)
{
	autofd int file = open(MTAB_DEVS "/M/clone", O_RDWR | O_CLOEXEC), mine = -1, theirs = -1;
	int pair[2], fd[IoFds], n = 0;
	char text[32], byte;

	if (file < 0)
		return werrstr("no kernel process at " MTAB_DEVS ": this is not a node's name space");
	if (local_stream(pair) < 0)
		return -1;
	mine = pair[0];
	theirs = pair[1];
	snprintf(text, sizeof text, "clean %d", theirs);
	if (io_writen(file, text, strlen(text)) < 0 || said(file) < 0)
		return -1;
	if (io_wait(mine, POLLIN, -1, ANSWERMS) != 1 || io_recvfds(mine, &byte, 1, fd, &n) < 0 || n != 1)
		return werrstr("the kernel process did not send the clean name space");
	return fd[0];
}

/* enter goes into a copy of name space ns, or stays in home. */
static int enter(int ns, int home)
{
	if (proc_setns(ns) < 0)
		return -1;
	if (mount_unshare() == 0)
		return 0;
	/* nobody may be in that one */
	if (proc_setns(home) < 0)
		abort();
	return werrstr("no copy of the clean name space: %s", errtext(Enomem));
}

int clean_names(void)
{
	autofree char *cwd = getcwd(NULL, 0);
	autofd int devs = mount_tree(AT_FDCWD, MTAB_DEVS, TreeClone), home = proc_open(0, "ns/mnt", 0), ns = -1;

	if (devs < 0 || home < 0 || (ns = ask()) < 0 || enter(ns, home) < 0)
		return -1;
	if (mount_move(devs, NULL, AT_FDCWD, MTAB_DEVS, 0) < 0)
		return -1;
	if (cwd == NULL || chdir(cwd) < 0)
		return chdir("/") < 0 ? os_werr("/") : 0;
	return 0;
}
