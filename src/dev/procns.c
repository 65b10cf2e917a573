/*
 * Writing /proc/N/ns: a process's name space is changed by text.
 *
 * A name space is changed by who is in it, and a kernel process, which serves
 * the files that the change will touch, is not to wait for itself.  So each
 * write starts a helper (kern_helper), which goes into the name space of N as
 * N's user and with no right that N has not, and does there what bind, mount
 * or unmount would do.  The request is parked on the helper's socket.
 *
 * The helper ends when the socket is hung up, and is init's child, not ours:
 * nothing of it is left here when the writer is interrupted, when it takes
 * longer than the deadline, or when this process ends.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/local.h>
#include <os/procinfo.h>
#include <os/spawn.h>
#include "procns.h"

enum {
	TEXTMAX = 32 * 1024, /* of one write */
	DEADLINE = 30000,
};

/* what a parked write remembers */
typedef struct Job {
	int sock;
} Job;

static void job_free(Req *r)
{
	Job *j = r->aux;

	close(j->sock);
	free(j);
	r->aux = NULL;
}

int procns_may(Kern *k, const Req *r, u32 pid)
{
	const char *who = kern_caller(k, r);
	u32 uid = proc_uid(pid);

	if (uid == UINT32_MAX)
		return errset(Enoproc);
	if (kern_isowner(k, r))
		return 0;
	if (str_eq(who, "none") || !str_eq(who, kern_user(k, uid)))
		return errset(Eperm);
	/* two users of Linux may have one name here */
	return r->caller.pid == 0 || r->caller.uid == uid ? 0 : errset(Eperm);
}

/* launch starts the helper with sock as its descriptor 0. */
static int launch(Kern *k, int sock, u32 pid, u64 start)
{
	static char verb[] = "kernel", flag[] = "-n";
	autofree char *p = mem_printf("%u", pid), *s = mem_printf("%llu", (unsigned long long)start);
	autofree char *u = mem_printf("%u", proc_uid(pid)), *path = mem_str(k->helper);
	char *argv[] = { path, verb, flag, p, s, u, NULL };
	Spawn sp = { .argv = argv, .fd = { sock, -1, -1 }, .nfd = 3, .flags = SpawnSession };
	int child = spawn(&sp), status;

	/* it goes on as a child of init */
	return child < 0 || proc_waitfor(child, &status) < 0 ? -1 : 0;
}

/* begin sends text to a new helper and returns its socket. */
static int begin(Kern *k, u32 pid, u64 start, const char *text)
{
	int fd[2], rc;

	if (k->helper == NULL)
		return werrstr("/proc/N/ns: only the kernel process of a node can change it: not implemented");
	if (local_pair(fd) < 0)
		return -1;
	rc = launch(k, fd[1], pid, start);
	close(fd[1]);
	if (rc == 0)
		rc = io_trysendfds(fd[0], text, strlen(text), NULL, 0, 0);
	if (rc < 0) {
		close(fd[0]);
		return -1;
	}
	return fd[0];
}

static void start_job(Kern *k, Req *r, u32 pid, u64 start)
{
	autofree char *text = r->i.count <= TEXTMAX ? req_text(r) : errnull(Etoobig);
	Job *j;
	int fd;

	if (text == NULL || procns_may(k, r, pid) < 0 || (proc_start(pid) != start && errset(Enoproc) < 0) ||
	    req_block(r) < 0) {
		req_fail(r);
		return;
	}
	fd = begin(k, pid, start, text);
	req_unblock(r);
	if (fd < 0) {
		req_fail(r);
		return;
	}
	j = mem_new(sizeof *j);
	j->sock = fd;
	r->aux = j;
	req_poll(r, fd, POLLIN, DEADLINE);
}

/* finish answers r with what the helper said. */
static void finish(Req *r)
{
	Job *j = r->aux;
	char buf[ERRMAX + 1];
	ssize_t n = req_timedout(r) ? 0 : io_readsome(j->sock, buf, sizeof buf - 1);
	bool late = req_timedout(r);

	job_free(r);
	r->o.count = r->i.count;
	if (n > 0 && buf[0] == '+') {
		req_ok(r);
		return;
	}
	if (n > 0)
		buf[n] = '\0';
	if (late)
		werrstr("the change of the name space took longer than %d s: %s", DEADLINE / 1000, errtext(Etimedout));
	else
		werrstr("%s", n > 1 ? buf + 1 : "what was to change the name space has ended: i/o error");
	req_fail(r);
}

void procns_write(Kern *k, Req *r, u32 pid, u64 start)
{
	if (r->aux == NULL)
		start_job(k, r, pid, start);
	else
		finish(r);
}

void procns_cancel(Req *r)
{
	if (r->aux != NULL)
		job_free(r);
}
