/*
 * Children: those of & and <{}, which nobody waits for at once, are kept
 * here until they are.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include "sh.h"

enum { MAXDONE = 256 };

static struct Job {
	int pid;
	bool done;
	char status[sizeof((ChildEnd *)0)->text];
} *job;
static int njob, jobcap;

void job_add(int pid)
{
	job_reap();
	if (njob == jobcap) {
		jobcap = jobcap == 0 ? 16 : 2 * jobcap;
		job = mem_grow(job, (size_t)jobcap, sizeof *job);
	}
	job[njob++] = (struct Job){ .pid = pid };
}

void job_clear(void)
{
	njob = 0;
}

static void forget(struct Job *j)
{
	njob--;
	memmove(j, j + 1, (size_t)(job + njob - j) * sizeof *j);
}

static struct Job *find(int pid)
{
	for (int i = 0; i < njob; i++)
		if (job[i].pid == pid)
			return &job[i];
	return NULL;
}

void job_reap(void)
{
	int done = 0;
	ChildEnd e;

	for (int i = 0; i < njob; i++) {
		if (!job[i].done && child_wait(job[i].pid, true, &e) > 0) {
			job[i].done = true;
			status_end(&e, job[i].status, sizeof job[i].status);
		}
		done += job[i].done;
	}
	/* nobody may ever ask: the oldest are forgotten */
	for (int i = 0; i < njob && done > MAXDONE;)
		if (job[i].done) {
			forget(&job[i]);
			done--;
		} else {
			i++;
		}
}

/* waitone waits for pid, also across signals unless they may interrupt. */
static Flow waitone(int pid, bool interruptible)
{
	char buf[sizeof((ChildEnd *)0)->text];
	ChildEnd e;

	while (child_wait(pid, false, &e) < 0) {
		if (errcode(rerrstr()) != Eintr)
			return Go; /* gone already: the status stays */
		if (interruptible && note_pending)
			return note_run();
	}
	status_end(&e, buf, sizeof buf);
	status_set(buf);
	return Go;
}

Flow job_wait(int pid, bool interruptible)
{
	struct Job *j = find(pid);
	Flow f = Go;

	if (pid >= 0 && j != NULL && j->done) {
		status_set(j->status);
		forget(j);
		return Go;
	}
	if (pid >= 0) {
		f = waitone(pid, interruptible);
		j = find(pid);
		if (f == Go && j != NULL)
			forget(j);
		return f;
	}
	while (njob > 0 && f == Go)
		f = job_wait(job[0].pid, interruptible);
	return f;
}
