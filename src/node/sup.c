/*
 * The supervisor of a grid: process 1 of the grid's pid name space, so that
 * its end, however it comes, is the end of every node, host and program in
 * it; their mounts and net name spaces go with them.  What could be left is
 * the grid's directory (the socket and the logs), which a process outside
 * removes (up.c).
 *
 * It has one thread and waits for nobody.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/mount.h>
#include <os/spawn.h>
#include <os/userns.h>
#include "root.h"
#include "unit.h"

static void report(Sup *s, const char *what)
{
	if (s->report < 0)
		return;
	if (io_writen(s->report, what, strlen(what)) < 0)
		s->down = true;
	close(s->report);
	s->report = -1;
}

static void stop(Sup *s)
{
	s->down = true;
	loop_stop(s->loop, 0);
}

void sup_progress(Sup *s)
{
	int starting = 0;

	if (s->started || s->down)
		return;
	list_each(k, &s->units) {
		Unit *u = list_item(k, Unit, link);

		if (u->state == UnitFailed) {
			autofree char *text = mem_printf("error %s: %s", u->m->name, u->why);

			report(s, text);
			stop(s);
			return;
		}
		starting += u->state == UnitStarting;
	}
	if (starting == 0) {
		s->started = true;
		report(s, "ok");
	}
}

static void signals(void *arg, int fd, int events)
{
	Sup *s = arg;
	int sig, status;
	pid_t pid;

	while ((sig = sig_next(fd)) > 0)
		if (sig != SIGCHLD)
			stop(s);
	while ((pid = proc_ended(&status)) > 0)
		if (!unit_reap(s, pid, status))
			continue; /* an orphan of a node that has ended */
}

/* leash: whoever started us has gone (end of file), or lets us run on alone (a byte). */
static void leash(void *arg, int fd, int events)
{
	Sup *s = arg;
	char c;

	if (read(fd, &c, 1) != 1)
		stop(s);
	loop_del(s->loop, fd);
}

/* life: the process outside has been killed. */
static void life(void *arg, int fd, int events)
{
	Sup *s = arg;

	stop(s);
}

static int startall(Sup *s)
{
	/* hosts first: a DHCP server should be there when a node asks */
	for (int host = 1; host >= 0; host--)
		for (int i = 0; i < s->g->nm; i++)
			if (s->g->m[i].host == host && unit_start(s, &s->g->m[i], false) == NULL)
				return -1;
	return 0;
}

static int setup(Sup *s)
{
	static const int sigs[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, 0 };

	if (userns_become() < 0 || proc_hostname(s->g->name) < 0 || mount_private() < 0 || root_reproc("/proc") < 0)
		return -1;
	if ((!stage_there(s->base) && stage_make(s->base) < 0) || stage_lock(s->base) < 0)
		return -1;
	if ((s->sig = sig_fd(sigs)) < 0 || net_start(s) < 0)
		return -1;
	loop_add(s->loop, s->sig, POLLIN, signals, s);
	loop_add(s->loop, s->lfd, POLLIN, ctl_accept, s);
	loop_add(s->loop, s->leash, POLLIN, leash, s);
	loop_add(s->loop, s->life, POLLIN, life, s);
	return startall(s);
}

int sup_main(const SupOpts *o)
{
	Sup s = { .g = o->g, .base = o->base, .statefd = o->statefd, .lfd = o->lfd,
		  .leash = o->leash, .life = o->life, .report = o->report, .deadline = o->deadline };

	msg_nowait();
	s.loop = loop_new();
	s.msg = msg_new();
	list_init(&s.units);
	proc_name("grid");
	if (setup(&s) < 0) {
		autofree char *text = mem_printf("error %s", rerrstr());

		report(&s, text);
		return 1;
	}
	sup_progress(&s);
	return s.down ? 1 : loop_run(s.loop);
}
