/*
 * Who waits on what.  A kernel process that answers is asked for the
 * requests it has in flight; of one that does not, init tells what the
 * Linux kernel shows: which processes of the node wait for a reply from a
 * file server, in which call, on which file.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/procinfo.h>
#include <os/wchan.h>
#include "kproc.h"

typedef struct Waiters {
	Buf *b;
	int n;
} Waiters;

static void waiter(void *arg, u32 pid)
{
	Waiters *w = arg;
	autobuf Buf what = { 0 };
	autofree char *name = NULL;

	if (!wchan_fuse(pid, &what))
		return;
	name = proc_field(pid, "Name");
	buf_printf(w->b, "  %u %s waits in %s\n", pid, name ? name : "?", buf_text(&what));
	w->n++;
}

/* silent says since when k has not answered, in milliseconds; 0: it does. */
static i64 silent(const Kproc *k)
{
	i64 ms = k->pinged ? clock_ms() - k->pinged : 0;

	return ms > 1000 ? ms : 0;
}

static bool describe(const Kproc *k, Buf *b)
{
	char st = kproc_state(k);
	i64 ms = silent(k);

	buf_printf(b, "kernel process %s (%d) ", k->name, (int)k->pid);
	if (k->pid <= 0)
		buf_str(b, "has ended and is about to be started again\n");
	else if (st == 'T' || st == 't')
		buf_printf(b, "is stopped, and has been for at least %d.%d s\n", (int)(ms / 1000), (int)(ms % 1000 / 100));
	else if (ms > 0)
		buf_printf(b, "has not answered for %d.%d s\n", (int)(ms / 1000), (int)(ms % 1000 / 100));
	else {
		buf_str(b, "answers; in flight in it:\n");
		return true;
	}
	return false;
}

/* process begins the answer about one process; false: there is none. */
static bool process(u32 pid, Buf *b)
{
	autofree char *name = proc_field(pid, "Name"), *state = proc_field(pid, "State");

	buf_printf(b, "process %u", pid);
	if (name == NULL) {
		buf_str(b, ": there is none\n");
		return false;
	}
	buf_printf(b, " (%s), %s:\n", name, state != NULL ? state : "?");
	return true;
}

/* follow tells of kernel process k what pid waits for in it; one that does not answer is described. */
static void follow(const Kproc *k, u32 pid, int reply)
{
	autobuf Buf b = { 0 };
	autofree char *num = mem_printf("%u", pid);
	Waiters w = { &b, 0 };

	if (describe(k, &b)) {
		msg_send(k->ctl, &reply, 1, "explain", num, NULL);
		return;
	}
	waiter(&w, pid);
	msg_send(reply, NULL, 0, "text", buf_text(&b), NULL);
}

void why_follow(Init *in, u32 pid, int reply)
{
	autobuf Buf b = { 0 };
	bool there = process(pid, &b);

	msg_send(reply, NULL, 0, "text", buf_text(&b), NULL);
	for (int i = 0; i < Nkproc && there; i++)
		if (in->kproc[i] != NULL)
			follow(in->kproc[i], pid, reply);
	close(reply);
}

void why_tell(Init *in, int reply)
{
	bool scan = false;

	for (int i = 0; i < Nkproc; i++) {
		Kproc *k = in->kproc[i];
		autobuf Buf b = { 0 };

		if (k == NULL)
			continue;
		if (!describe(k, &b))
			scan = true;
		msg_send(reply, NULL, 0, "text", buf_text(&b), NULL);
		if (!scan)
			msg_send(k->ctl, &reply, 1, "dump", NULL);
	}
	if (scan) {
		autobuf Buf b = { 0 };
		Waiters w = { &b, 0 };

		buf_str(&b, "these processes wait for a file server:\n");
		if (proc_each(waiter, &w) < 0)
			buf_printf(&b, "  (%s)\n", rerrstr());
		if (w.n == 0)
			buf_str(&b, "  none\n");
		msg_send(reply, NULL, 0, "text", buf_text(&b), NULL);
	}
	close(reply);
}
