/*
 * What a kernel process starts to change a process's name space (procns.c in
 * dev/): one message of text on descriptor 0, one of answer.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <node/node.h>
#include <ns/apply.h>
#include <os/child.h>
#include <os/io.h>
#include <os/procinfo.h>
#include <os/thread.h>

enum { TEXTMAX = 64 * 1024 };

/* watch ends the process when nobody waits for its answer any more. */
static void watch(void *arg)
{
	struct pollfd p = { .fd = 0, .events = POLLRDHUP };

	(void)arg;
	while (poll(&p, 1, -1) < 0 || p.revents == 0)
		;
	_exit(1);
}

static int change(u32 pid, u64 start, u32 uid)
{
	autofree char *text = mem_new(TEXTMAX + 1);
	ssize_t n = io_readsome(0, text, TEXTMAX);

	if (n < 0 || ns_enter(pid, start, uid) < 0 || thread_start("watch", watch, NULL) < 0)
		return -1;
	text[n] = '\0';
	if (strchr(text, '\n') != NULL)
		return ns_apply(0, text);
	return ns_line(text);
}

int kernel_helper(u32 pid, u64 start, u32 uid)
{
	char answer[ERRMAX + 2] = "+";

	/* a child, of init's, does it: the kernel process waits for the end of the process that it started */
	if (child_fork() != 0)
		return 0;
	if (proc_dir() < 0 || change(pid, start, uid) < 0)
		snprintf(answer, sizeof answer, "!%s%s", rerrstr(), errcode(rerrstr()) == NERR ? ": bad arg in system call" : "");
	return io_writen(0, answer, strlen(answer)) < 0;
}
