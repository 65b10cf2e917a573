/*
 * Kernel processes, as init sees them.  Each is pinged; one that leaves a
 * ping unanswered for the deadline is stopped, looping or stuck, and all
 * that wait for its files wait with it.  Init then aborts its FUSE
 * connection, which gives every waiting program an error, kills it and
 * starts another, which takes over what its predecessor had put into the fd
 * store; remount.c puts its files where the old ones were.
 *
 * Two sockets go to a kernel process: descriptor 3 is the fd store and the
 * pings (dev/), 4 is for its mount and for questions (kernel.c).  5 is the name
 * space that rfork N starts from.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/local.h>
#include <os/mount.h>
#include <os/procinfo.h>
#include <os/spawn.h>
#include "kproc.h"

enum {
	Deadline = 10000,
	RestartMin = 100, /* milliseconds before a kernel process that died is started again; doubled each time */
	RestartMax = 5000,
	LongLife = 30000, /* after this much good life the count starts anew */
	FixDeadlines = 6, /* deadlines for renewing all mounts */
};

static const char *const names[Nkproc] = { "boot", "user" };

static int deadline(const Init *in)
{
	return in->o.deadline > 0 ? in->o.deadline : Deadline;
}

static void keep(Init *in, const char *key, int fd)
{
	Kept *e;

	list_each(k, &in->store) {
		e = list_item(k, Kept, link);
		if (strcmp(e->key, key) == 0) {
			close(e->fd);
			e->fd = fd;
			return;
		}
	}
	e = mem_new(sizeof *e);
	e->key = mem_str(key);
	e->fd = fd;
	list_add(&in->store, &e->link);
}

static void drop(Init *in, const char *key)
{
	list_each(k, &in->store) {
		Kept *e = list_item(k, Kept, link);

		if (strcmp(e->key, key) == 0) {
			list_del(k);
			close(e->fd);
			free(e->key);
			free(e);
			return;
		}
	}
}

/* key: what is kept belongs to one kernel process: "boot/KEY". */
static char *fullkey(const Kproc *k, const char *key)
{
	return mem_printf("%s/%s", k->name, key);
}

/*
 * handover gives k what its predecessor left with us.  One that is stopped before it has read all of that must not keep
 * us waiting: the rest is sent when there is room, and the deadline of the first ping counts from the start.
 */
static void handover(Kproc *k)
{
	autofree char *mine = fullkey(k, "");
	int rc = 0;

	list_each(l, &k->in->store) {
		Kept *e = list_item(l, Kept, link);
		autofree char *text = NULL;

		if (e->given == k->nth || !str_prefix(e->key, mine))
			continue;
		text = mem_printf("kept %s", e->key + strlen(mine));
		rc = msg_send(k->store, &e->fd, 1, text, NULL);
		if (rc < 0)
			break;
		e->given = k->nth;
	}
	if (rc == 0)
		rc = msg_send(k->store, NULL, 0, "go", NULL);
	k->told = rc != -2; /* or it has ended: kproc_reap */
	if (k->told)
		k->pinged = 0;
	loop_want(k->in->loop, k->store, k->told ? POLLIN : POLLIN | POLLOUT);
}

static void fromstore(void *arg, int fd, int events)
{
	Kproc *k = arg;
	Msg *m = k->in->msg;

	if (events & POLLOUT && !k->told)
		handover(k);
	if (!(events & ~POLLOUT))
		return;
	if (msg_recv(fd, m) <= 0) {
		loop_del(k->in->loop, fd);
		return; /* it has ended, or soon will: kproc_reap */
	}
	if (m->n < 1)
		return;
	if (strcmp(m->w[0], "pong") == 0) {
		k->pinged = 0;
	} else if (str_prefix(m->w[0], "store ") && m->nfd > 0) {
		autofree char *key = fullkey(k, m->w[0] + 6);

		keep(k->in, key, msg_take(m, 0));
	} else if (str_prefix(m->w[0], "drop ")) {
		autofree char *key = fullkey(k, m->w[0] + 5);

		drop(k->in, key);
	}
	msg_close(m);
}

static void kill_it(Kproc *k)
{
	/* first the connection: a client that is being killed too would otherwise wait for the kernel process */
	if (k->mounted && mount_off(k->point, UnmountForce) < 0)
		init_say(k->in, "init: %s", rerrstr());
	k->mounted = false;
	proc_kill(k->pid, SIGKILL);
}

char kproc_state(const Kproc *k)
{
	autofree char *s = k->pid > 0 ? proc_field((u32)k->pid, "State") : NULL;

	return s ? s[0] : '?';
}

static void ping(void *arg, int fd, int events)
{
	Kproc *k = arg;
	i64 now = clock_ms();

	if (k->pid <= 0)
		return;
	if (k->pinged != 0 && now - k->pinged > deadline(k->in) && !k->killed) {
		char state = kproc_state(k);

		k->killed = true;
		init_say(k->in, "init: kernel process %s (%d) is %s and has not answered for %d s: starting another",
			 k->name, (int)k->pid, state == 'T' || state == 't' ? "stopped" : "stuck", (int)((now - k->pinged) / 1000));
		kill_it(k);
		return;
	}
	if (!k->told) {
		handover(k); /* of what Linux had no room for and tells no event */
	} else if (k->pinged == 0) {
		k->pinged = now;
		msg_send(k->store, NULL, 0, "ping", NULL); /* no room: it does not read, and that is found out by the deadline */
	}
	loop_after(k->in->loop, deadline(k->in) / 8, ping, k);
}

static void killfixer(void *arg, int fd, int events)
{
	Init *in = container_of(arg, Init, fixer);

	init_say(in, "init: renewing the mounts of kernel process %s takes too long", in->fixes->name);
	proc_kill(in->fixer, SIGKILL);
}

/* fix starts a process that renews the mounts of a kernel process which wants that. */
static void fix(Init *in)
{
	for (int i = 0; i < Nkproc && in->fixer == 0; i++) {
		Kproc *k = in->kproc[i];

		if (k == NULL || !k->unfixed || !k->mounted)
			continue;
		in->fixer = proc_clone(0, NULL);
		if (in->fixer == 0)
			_exit(remount_all(k) < 0);
		if (in->fixer < 0) {
			init_say(in, "init: %s", rerrstr());
			in->fixer = 0;
			return;
		}
		in->fixes = k;
		k->unfixed = false;
		loop_after(in->loop, FixDeadlines * deadline(in), killfixer, &in->fixer); /* not k: its pings are told by that */
	}
}

/* fixed: its work is done, if status says so and k has not ended meanwhile. */
static void fixed(Init *in, int status)
{
	Kproc *k = in->fixes;

	loop_cancel(in->loop, &in->fixer);
	in->fixer = 0;
	if (status == 0 && k->mounted && !k->unfixed)
		k->ndead = 0;
	fix(in);
}

/* mounted: the kernel process has made its file system. */
static void mounted(Kproc *k, int fd)
{
	if (mount_move(fd, NULL, AT_FDCWD, k->point, 0) < 0) {
		init_say(k->in, "init: %s: %s", k->point, rerrstr());
		return;
	}
	k->mounted = true;
	remount_learn(k);
	if (k->restarts > 0) {
		k->unfixed = true;
		fix(k->in);
	}
	msg_send(k->ctl, NULL, 0, "mounted", NULL);
	if (k->ready != NULL)
		k->ready(k);
}

static void fromctl(void *arg, int fd, int events)
{
	Kproc *k = arg;
	Msg *m = k->in->msg;

	if (msg_recv(fd, m) <= 0)
		loop_del(k->in->loop, fd);
	else if (msg_is(m, "mount", 0) && m->nfd > 0) {
		autofd int mnt = msg_take(m, 0);

		mounted(k, mnt);
	} else if (msg_is(m, "error", 1))
		init_say(k->in, "kernel process %s: %s", k->name, m->w[1]);
}

static int launch(Kproc *k)
{
	static char self[] = "/boot/anthill", word[] = "kernel";
	char *argv[] = { self, word, (char *)(uintptr_t)k->name, NULL };
	char **env = init_env(k->in, NULL, 0);
	Spawn s = { .argv = argv, .env = env, .nfd = 6, .flags = SpawnNewmnt | SpawnSession };
	autofd int null = open("/.dev/null", O_RDWR | O_CLOEXEC);
	int store[2] = { -1, -1 }, ctl[2] = { -1, -1 };

	if (local_pair(store) < 0 || local_pair(ctl) < 0) {
		if (store[0] >= 0) {
			close(store[0]);
			close(store[1]);
		}
		init_freeenv(env);
		return -1;
	}
	s.fd[0] = null;
	s.fd[1] = s.fd[2] = k->in->tty;
	s.fd[3] = store[1];
	s.fd[4] = ctl[1];
	s.fd[5] = k->in->clean;
	s.ns[0] = k->in->hw;
	s.nns = 1;
	k->pid = proc_clone(0, NULL); /* not spawn, which waits for the exec: the child may be stopped before */
	if (k->pid == 0) {
		if (spawn_here(&s) < 0)
			init_say(k->in, "init: kernel process %s: %s", k->name, rerrstr());
		_exit(127);
	}
	init_freeenv(env);
	close(store[1]);
	close(ctl[1]);
	k->store = store[0];
	k->ctl = ctl[0];
	return k->pid < 0 ? -1 : 0;
}

static int start(Kproc *k)
{
	static u64 starts;

	k->killed = k->told = false;
	k->since = k->pinged = clock_ms();
	k->nth = ++starts;
	if (launch(k) < 0)
		return -1;
	loop_add(k->in->loop, k->store, POLLIN, fromstore, k);
	loop_add(k->in->loop, k->ctl, POLLIN, fromctl, k);
	loop_after(k->in->loop, deadline(k->in) / 8, ping, k);
	handover(k);
	return 0;
}

int kproc_start(Init *in, int i, void (*ready)(Kproc *k))
{
	Kproc *k = mem_new(sizeof *k);

	k->in = in;
	k->name = names[i];
	k->point = i == 0 ? "/#" : "/.user";
	k->ready = ready;
	in->kproc[i] = k;
	return start(k);
}

/* ended cleans up after a kernel process that is gone. */
static void ended(Kproc *k)
{
	loop_cancel(k->in->loop, k);
	loop_del(k->in->loop, k->store);
	loop_del(k->in->loop, k->ctl);
	close(k->store);
	close(k->ctl);
	k->store = k->ctl = -1;
	k->pid = 0;
	if (k->mounted && mount_off(k->point, UnmountForce) < 0)
		init_say(k->in, "init: %s", rerrstr());
	k->mounted = false;
	remount_lost(k);
}

/* restart starts another; what never ran will not be reaped, and is tried again. */
static void restart(void *arg, int fd, int events)
{
	Kproc *k = arg;

	if (start(k) == 0)
		return;
	init_say(k->in, "init: kernel process %s: %s", k->name, rerrstr());
	if (k->pid <= 0) {
		ended(k);
		loop_after(k->in->loop, RestartMax, restart, k);
	}
}

bool kproc_reap(Init *in, pid_t pid, int status)
{
	char why[64];

	if (pid == in->fixer) {
		fixed(in, status);
		return true;
	}
	for (int i = 0; i < Nkproc; i++) {
		Kproc *k = in->kproc[i];

		if (k == NULL || k->pid != pid)
			continue;
		if (!k->killed)
			init_say(in, "init: kernel process %s (%d) has ended (%s): starting another", k->name, (int)pid,
				 status ? proc_status(status, why, sizeof why) : "exit 0");
		if (clock_ms() - k->since > LongLife)
			k->wait = 0;
		ended(k);
		k->restarts++;
		k->wait = k->wait == 0 ? RestartMin : k->wait * 2 > RestartMax ? RestartMax : k->wait * 2;
		loop_after(in->loop, k->killed ? 0 : k->wait, restart, k);
		return true;
	}
	return false;
}
