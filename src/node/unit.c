#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/local.h>
#include <os/spawn.h>
#include <os/userns.h>
#include "unit.h"

static void become(Unit *u, enum UnitState st, const char *why)
{
	u->state = st;
	(void)!str_cpy(u->why, sizeof u->why, why);
	sup_progress(u->s);
}

/* answerexec tells who waits for a program that it will not run. */
static void dropexec(Unit *u, const char *why)
{
	if (u->exec == NULL)
		return;
	if (why != NULL)
		msg_send(u->fd[0], NULL, 0, "error", why, NULL);
	for (int i = 0; i < u->nexec; i++)
		free(u->exec[i]);
	free(u->exec);
	u->exec = NULL;
	for (int i = 0; i < 4; i++)
		close(u->fd[i]);
}

int unit_exec(Unit *u, char *const *w, int n, const int *fd)
{
	if (u->state != UnitUp)
		return werrstr("%s is not up%s%s", u->m->name, *u->why ? ": " : "", u->why);
	switch (msg_sendv(u->sock, fd, 4, w, n)) {
	case 0:
		return 0;
	case -2:
		return werrstr("%s does not take messages: its init is stopped or stuck", u->m->name);
	}
	return -1;
}

static void up(Unit *u)
{
	become(u, UnitUp, "");
	if (u->exec != NULL) {
		const char *why = unit_exec(u, u->exec, u->nexec, u->fd) < 0 ? rerrstr() : NULL;

		dropexec(u, why);
	}
}

static void console(Unit *u, int master)
{
	if (master >= 0 && u->con == NULL)
		u->con = console_new(u->s->loop, master, u->s->statefd, u->m->name);
}

/* gotnet: the node has shown its net name space; its interfaces are made. */
static void gotnet(Unit *u, int fd)
{
	u->net = fd;
	if (fd < 0 || net_attach(u->s, u) < 0) {
		become(u, UnitFailed, rerrstr());
		unit_kill(u);
	} else
		msg_send(u->sock, NULL, 0, "go", NULL); /* if it has gone, why is still to be read */
}

/* hear takes a message from init; false at the end of them. */
static bool hear(Unit *u)
{
	Msg *m = u->s->msg;

	if (msg_recv(u->sock, m) <= 0)
		return false;
	if (msg_is(m, "net", 0))
		gotnet(u, msg_take(m, 0));
	else if (msg_is(m, "console", 0))
		console(u, msg_take(m, 0));
	else if (msg_is(m, "booted", 0))
		up(u);
	else if (msg_is(m, "error", 1))
		become(u, UnitFailed, m->w[1]);
	else if (msg_is(m, "ended", 1))
		(void)!str_cpy(u->why, sizeof u->why, m->w[1]);
	msg_close(m);
	return true;
}

static void fromunit(void *arg, int fd, int events)
{
	Unit *u = arg;

	if (!hear(u))
		loop_del(u->s->loop, fd); /* unit_reap will come */
}

static int child(Sup *s, Machine *m, int sock, bool oneshot)
{
	int keep[4] = { 0, 1, 2, sock };
	InitOpts o = { .m = m, .base = s->base, .sup = sock, .oneshot = oneshot, .deadline = s->deadline };

	proc_keepfds(keep, 4);
	if (proc_deathsig(SIGKILL) < 0)
		return 1;
	return init_main(&o);
}

static int start(Unit *u)
{
	Sup *s = u->s;
	UserMap map;
	int pair[2];

	if (local_pair(pair) < 0)
		return -1;
	u->pid = proc_clone(CloneUser | CloneMnt | ClonePid | CloneNet | CloneUts | CloneIpc, NULL);
	if (u->pid == 0)
		_exit(child(s, u->m, pair[1], u->oneshot));
	close(pair[1]);
	u->sock = pair[0];
	if (u->pid < 0)
		return -1;
	userns_same(&map);
	if (userns_map(u->pid, &map) < 0 || msg_send(u->sock, NULL, 0, "go", NULL) < 0)
		return -1;
	loop_add(s->loop, u->sock, POLLIN, fromunit, u);
	return 0;
}

Unit *unit_start(Sup *s, Machine *m, bool oneshot)
{
	Unit *u = mem_new(sizeof *u);

	u->s = s;
	u->m = m;
	u->oneshot = oneshot;
	u->sock = u->net = -1;
	u->serial = ++s->serial;
	list_add(&s->units, &u->link);
	if (start(u) < 0) {
		unit_kill(u);
		become(u, UnitFailed, rerrstr());
		return NULL;
	}
	return u;
}

Unit *unit_find(Sup *s, const char *name)
{
	list_each(k, &s->units) {
		Unit *u = list_item(k, Unit, link);

		if (strcmp(u->m->name, name) == 0)
			return u;
	}
	werrstr("no node or host '%s' in grid %s", name, s->g->name);
	return NULL;
}

void unit_kill(Unit *u)
{
	proc_kill(u->pid, SIGKILL);
}

/* forget frees a unit of `anthill run`. */
static void forget(Unit *u)
{
	list_del(&u->link);
	console_free(u->con);
	free(u->m->name);
	free(u->m->addr);
	free(u->m->gw);
	free(u->m->dhcp);
	free(u->m);
	free(u);
}

bool unit_reap(Sup *s, pid_t pid, int status)
{
	char buf[64];

	list_each(k, &s->units) {
		Unit *u = list_item(k, Unit, link);

		if (u->pid != pid)
			continue;
		u->pid = 0;
		/* what init said before it ended */
		while (hear(u))
			;
		loop_del(s->loop, u->sock);
		close(u->sock);
		if (u->net >= 0)
			close(u->net);
		u->sock = u->net = -1;
		dropexec(u, *u->why ? u->why : "it has ended");
		if (u->oneshot)
			forget(u);
		else if (u->state == UnitStarting)
			become(u, UnitFailed, status ? proc_status(status, buf, sizeof buf) : "ended at once");
		else if (u->state != UnitFailed)
			become(u, UnitEnded, status ? proc_status(status, buf, sizeof buf) : "ended");
		return true;
	}
	return false;
}
