/*
 * A Task is a program that somebody outside started in the node or host, with
 * the descriptors that came along; the client at the other end of its stat
 * socket hears of its end and may send signals.  If the client goes away
 * the task gets a hangup and, if that does not help, is killed.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/pty.h>
#include <os/spawn.h>
#include "init.h"

enum { KillAfter = 2000 };

struct Task {
	Link link;
	Init *in;
	pid_t pid;
	int stat;
	int master; /* of its own terminal, -1: none */
};

static void taskkill(void *arg, int fd, int events)
{
	Task *j = arg;

	proc_killgroup(j->pid, SIGKILL);
}

static void client(void *arg, int fd, int events)
{
	Task *j = arg;
	Msg *m = j->in->msg;
	int r = msg_recv(fd, m);

	if (r > 0 && msg_is(m, "signal", 1)) {
		i64 sig;

		if (str_int(m->w[1], 1, 64, &sig) == 0)
			proc_killgroup(j->pid, (int)sig);
	} else if (r > 0 && msg_is(m, "size", 2) && j->master >= 0) {
		u64 rows, cols;

		if (str_u64(m->w[1], 10, 9999, &rows) < 0 || str_u64(m->w[2], 10, 9999, &cols) < 0 ||
		    tty_setsize(j->master, (u32)rows, (u32)cols) < 0)
			return;
	} else if (r <= 0) {
		loop_del(j->in->loop, fd);
		close(fd);
		j->stat = -1;
		proc_killgroup(j->pid, SIGHUP);
		loop_after(j->in->loop, KillAfter, taskkill, j);
	}
}

static void taskfree(Task *j)
{
	if (j->stat >= 0) {
		loop_del(j->in->loop, j->stat);
		close(j->stat);
	}
	if (j->master >= 0)
		close(j->master);
	loop_cancel(j->in->loop, j);
	list_del(&j->link);
	free(j);
}

bool task_reap(Init *in, pid_t pid, int status)
{
	list_each(k, &in->tasks) {
		Task *j = list_item(k, Task, link);

		if (j->pid == pid) {
			char num[16];

			snprintf(num, sizeof num, "%d", status);
			if (j->stat >= 0)
				msg_send(j->stat, NULL, 0, "exit", num, NULL);
			taskfree(j);
			if (in->o.oneshot)
				loop_stop(in->loop, 0);
			return true;
		}
	}
	return false;
}

/* terminal gives the task a terminal of the node and sends its other side to the client. */
static int terminal(Task *j, Spawn *s)
{
	int slave;

	if (pty_new("/.dev/pts/ptmx", &j->master, &slave) < 0 && pty_new("/dev/ptmx", &j->master, &slave) < 0)
		return -1;
	s->fd[0] = s->fd[1] = s->fd[2] = slave;
	s->flags |= SpawnTty;
	return msg_send(j->stat, &j->master, 1, "pty", NULL);
}

/* start: exec FLAGS CWD NARG ARG... ENV... */
static int start(Task *j, Msg *m)
{
	Spawn s = { .flags = SpawnSession, .nfd = 3 };
	char **argv = &m->w[4], **env;
	u64 narg;
	int slave = -1;

	if (str_u64(m->w[3], 10, MsgWords, &narg) < 0 || narg < 1 || 4 + (int)narg > m->n || m->nfd < 4)
		return errset(Ebadarg);
	env = init_env(j->in, &m->w[4 + narg], m->n - 4 - (int)narg);
	argv = mem_array(narg + 1, sizeof *argv);
	memcpy(argv, &m->w[4], narg * sizeof *argv);
	s.argv = argv;
	s.env = env;
	s.cwd = m->w[2];
	for (int i = 0; i < 3; i++)
		s.fd[i] = m->fd[i + 1];
	if (strchr(m->w[1], 't') != NULL) {
		if (terminal(j, &s) < 0)
			goto out;
		slave = s.fd[0];
	}
	j->pid = init_spawn(j->in, &s, j->stat, !j->in->m->host && strchr(m->w[1], 'u') != NULL);
out:
	if (slave >= 0)
		close(slave);
	free(argv);
	init_freeenv(env);
	return j->pid > 0 ? 0 : -1;
}

void task_exec(Init *in, Msg *m)
{
	Task *j = mem_new(sizeof *j);
	int stat = msg_take(m, 0);
	char num[16];

	list_init(&j->link);
	j->in = in;
	j->stat = stat;
	j->master = -1;
	j->pid = -1;
	if (stat < 0 || start(j, m) < 0) {
		if (stat >= 0)
			msg_send(stat, NULL, 0, "error", rerrstr(), NULL);
		taskfree(j);
		if (in->o.oneshot)
			loop_stop(in->loop, 1);
		return;
	}
	list_add(&in->tasks, &j->link);
	snprintf(num, sizeof num, "%d", (int)j->pid);
	msg_send(stat, NULL, 0, "started", num, NULL);
	loop_add(in->loop, stat, POLLIN, client, j);
}
