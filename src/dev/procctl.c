/*
 * What is done to a process by writing: proc(3)'s ctl messages and notes, as
 * far as Linux lets others do them to a process.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/procinfo.h>
#include <os/spawn.h>
#include "procctl.h"

enum {
	LOOKMS = 20, /* between looks whether a process has stopped: nothing tells */
	BASEPRI = 10, /* Plan 9's priority of an ordinary process, Linux's 0 */
	MAXPRI = 19,
	MAXCPU = 1023,
};

/* a write that waits for a process to stop */
typedef struct Job {
	int pidfd;
} Job;

typedef int Verb(u32 pid, u64 start, const char *arg);

static int signal_of(const char *note)
{
	static const struct {
		const char *note;
		int sig;
	} t[] = {
		{ "interrupt", SIGINT }, { "hangup", SIGHUP }, { "kill", SIGKILL }, { "alarm", SIGALRM },
		{ "term", SIGTERM },     { "quit", SIGQUIT },  { "usr1", SIGUSR1 }, { "usr2", SIGUSR2 },
		{ "sys: write on closed pipe", SIGPIPE },
	};

	for (size_t i = 0; i < nelem(t); i++)
		if (strcmp(t[i].note, note) == 0)
			return t[i].sig;
	return werrstr("no Linux signal for note '%.80s'", note);
}

/*
 * A note to a group goes to those of its processes that are the writer's, the host owner's to all, and not to the
 * writer.  (A program that is started as another user stays in the group of who started it.)
 */
int procctl_note(Kern *k, const Req *r, u32 pid, u64 start, bool group, const char *note)
{
	u32 whose = kern_isowner(k, r) ? UINT32_MAX : proc_uid(pid);
	int sig = signal_of(note);
	long pg = -1;

	if (sig < 0)
		return -1;
	if (!group)
		return proc_signal(pid, start, sig);
	if (proc_start(pid) != start)
		return errset(Enoproc);
	if (sig == SIGINT)
		pg = proc_pgrp(pid, true);
	if (pg <= 0)
		pg = proc_pgrp(pid, false);
	return proc_signalgroup(pg, sig, whose, r->caller.pid != 0 ? proc_leader(r->caller.pid) : 0);
}

static int do_kill(u32 pid, u64 start, const char *arg)
{
	return proc_signal(pid, start, SIGKILL);
}

static int do_stop(u32 pid, u64 start, const char *arg)
{
	return proc_signal(pid, start, SIGSTOP);
}

static int do_start(u32 pid, u64 start, const char *arg)
{
	return proc_signal(pid, start, SIGCONT);
}

static int do_interrupt(u32 pid, u64 start, const char *arg)
{
	return proc_signal(pid, start, SIGINT);
}

static int do_waitstop(u32 pid, u64 start, const char *arg)
{
	return proc_start(pid) == start ? 0 : errset(Enoproc);
}

static int do_pri(u32 pid, u64 start, const char *arg)
{
	i64 pri;

	return str_int(arg, 0, MAXPRI, &pri) < 0 ? -1 : proc_nice(pid, start, BASEPRI - (int)pri);
}

static int do_wired(u32 pid, u64 start, const char *arg)
{
	i64 cpu;

	return str_int(arg, 0, MAXCPU, &cpu) < 0 ? -1 : proc_wire(pid, start, (int)cpu);
}

static int on_itself(u32 pid, u64 start, const char *arg)
{
	return werrstr("Linux lets a process do that only to itself: %s", errtext(Enotimpl));
}

static int not_linux(u32 pid, u64 start, const char *arg)
{
	return werrstr("Linux has no such thing: %s", errtext(Enotimpl));
}

static const struct {
	const char *name;
	Verb *fn;
	bool arg;  /* it wants one */
	bool stop; /* the answer waits until the process is stopped */
} verbs[] = {
	{ "kill", do_kill },
	{ "stop", do_stop, .stop = true },
	{ "start", do_start },
	{ "startstop", do_start, .stop = true },
	{ "waitstop", do_waitstop, .stop = true },
	{ "interrupt", do_interrupt },
	{ "pri", do_pri, .arg = true },
	{ "wired", do_wired, .arg = true },
	{ "close", on_itself, .arg = true },
	{ "closefiles", on_itself },
	{ "private", on_itself },
	{ "noswap", on_itself },
	{ "fixedpri", not_linux, .arg = true },
	{ "hang", not_linux },
	{ "nohang", not_linux },
	{ "profile", not_linux },
	{ "startsyscall", not_linux },
	{ "trace", not_linux },
	{ "nointerrupt", not_linux },
	{ "period", not_linux, .arg = true },
	{ "deadline", not_linux, .arg = true },
	{ "cost", not_linux, .arg = true },
	{ "sporadic", not_linux },
	{ "deadlinenotes", not_linux },
	{ "admit", not_linux },
	{ "extra", not_linux },
	{ "expel", not_linux },
	{ "event", not_linux },
};

/* command does what text says; 1: and the answer waits for a stop. */
static int command(char *text, u32 pid, u64 start)
{
	char *w[3];
	int n = str_tokens(text, w, nelem(w));

	for (size_t i = 0; n > 0 && i < nelem(verbs); i++) {
		autofree char *why = NULL;

		if (strcmp(verbs[i].name, w[0]) != 0)
			continue;
		if (n > 2 || (verbs[i].arg && n != 2))
			return werrstr("ctl message '%s': %s", w[0], verbs[i].arg ? "one argument is wanted" : errtext(Ebadarg));
		if (verbs[i].fn(pid, start, n == 2 ? w[1] : "") == 0)
			return verbs[i].stop;
		why = mem_str(rerrstr());
		return errcode(why) == Enoproc ? -1 : werrstr("ctl message '%s': %s", w[0], why);
	}
	return werrstr("ctl message '%.40s': %s", n > 0 ? w[0] : "", errtext(Ebadctl));
}

static void job_free(Req *r)
{
	Job *j = r->aux;

	close(j->pidfd);
	free(j);
	r->aux = NULL;
}

/* begin does the message; 1: r->aux waits for a stop. */
static int begin(Req *r, u32 pid, u64 start)
{
	autofree char *text = req_text(r);
	int rc = text != NULL ? command(text, pid, start) : -1, fd;

	if (rc <= 0)
		return rc;
	fd = pid_open((pid_t)pid);
	if (fd < 0)
		return errset(Enoproc);
	r->aux = mem_new(sizeof(Job));
	((Job *)r->aux)->pidfd = fd;
	return 1;
}

void procctl_write(Req *r, u32 pid, u64 start)
{
	char state;

	r->o.count = r->i.count;
	if (r->aux == NULL)
		switch (begin(r, pid, start)) {
		case -1:
			req_fail(r);
			return;
		case 0:
			req_ok(r);
			return;
		}
	state = proc_start(pid) == start ? proc_state(pid) : 'X';
	if (strchr("TtZX", state) == NULL) {
		req_poll(r, ((Job *)r->aux)->pidfd, POLLIN, LOOKMS);
		return;
	}
	job_free(r);
	if (state == 'Z' || state == 'X')
		req_err(r, Enoproc);
	else
		req_ok(r);
}

void procctl_cancel(Req *r)
{
	if (r->aux != NULL)
		job_free(r);
}
