/*
 * Starting a grid, and finding one that runs.
 *
 * The supervisor is process 1 in the grid's name spaces; one outside made
 * these, mapped their ids, and waits for its end to remove the grid's
 * directory.  Whichever of the two ends first takes the other along; a
 * janitor does what the one outside cannot when it is killed itself.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <node/sup.h>
#include <node/state.h>
#include <os/at.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/local.h>
#include <os/mount.h>
#include <os/procinfo.h>
#include <os/spawn.h>
#include <os/userns.h>
#include "root.h"

enum { ReportMax = 4096 };

typedef struct Up {
	Grid *g;
	char *base;
	int basefd, dir, lock, lfd, deadline;
	int leash[2];  /* the client's side, the supervisor's side */
	int report[2];
	int life[2];   /* its end tells the supervisor that the process outside is gone */
	int go[2];
} Up;

static int complain(Up *u)
{
	autofree char *text = mem_printf("error %s", rerrstr());

	(void)!io_writen(u->report[1], text, strlen(text));
	return 1;
}

static void sort(int *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && v[j] < v[j - 1]; j--) {
			int t = v[j];

			v[j] = v[j - 1];
			v[j - 1] = t;
		}
}

/* inside is the supervisor, once its ids are mapped. */
static int inside(Up *u)
{
	SupOpts o = { .g = u->g, .base = u->base, .statefd = u->dir, .lfd = u->lfd,
		      .leash = u->leash[0], .life = u->life[0], .report = u->report[1], .deadline = u->deadline };
	int keep[] = { 0, 1, 2, u->dir, u->lock, u->lfd, u->leash[0], u->life[0], u->report[1], u->go[0] };
	char c;

	sort(keep, nelem(keep));
	proc_keepfds(keep, nelem(keep));
	if (read(u->go[0], &c, 1) != 1)
		return 1;
	close(u->go[0]);
	return sup_main(&o);
}

static void quietstd(Up *u)
{
	autofd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	autofd int log = openat(u->dir, "supervisor.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
}

static u32 hash(const char *s)
{
	u32 h = 2166136261u;

	for (; *s != '\0'; s++)
		h = (h ^ (u8)*s) * 16777619u;
	return h;
}

static int notepid(Up *u, pid_t pid)
{
	autofree char *text = mem_printf("%d\n", (int)pid);
	autofd int fd = openat(u->dir, "pid", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return os_werr("%s/%s/pid", u->base, u->g->name);
	return io_writen(fd, text, strlen(text)) < 0 ? werrstr("%s/%s/pid: %s", u->base, u->g->name, rerrstr()) : 0;
}

static int makegrid(Up *u, int *pidfd)
{
	UserMap map;
	pid_t pid;

	if (host_root() && (proc_unshare(CloneMnt) < 0 || mount_private() < 0 || stage_make(u->base) < 0))
		return -1;
	userns_plan(&map, hash(u->g->name));
	pid = proc_clone(CloneUser | CloneMnt | ClonePid | CloneNet | CloneUts | CloneIpc, pidfd);
	if (pid == 0)
		_exit(inside(u));
	if (pid < 0)
		return -1;
	/* the supervisor writes the logs */
	if (userns_map(pid, &map) < 0 || notepid(u, pid) < 0 ||
	    (map.uid[0].outside != geteuid() && at_chown(u->basefd, u->g->name, map.uid[0].outside, -1) < 0))
		return -1;
	return io_writen(u->go[1], "g", 1);
}

/*
 * janitor outlives the process outside if that is killed, to remove the grid's directory: the supervisor may not when
 * it is another user for the host.
 */
static void janitor(Up *u, int pidfd)
{
	int keep[] = { 0, 1, 2, u->basefd, u->dir, u->lock, u->life[0], pidfd };
	char c;

	if (proc_clone(0, NULL) != 0)
		return;
	proc_name("grid-janitor");
	sort(keep, nelem(keep));
	proc_keepfds(keep, nelem(keep));
	(void)!read(u->life[0], &c, 1);
	pid_kill(pidfd, SIGKILL);
	pid_gone(pidfd);
	state_remove(u->basefd, u->g->name, u->dir);
	_exit(0);
}

/* outside makes the grid's name spaces and waits for their end. */
static int outside(Up *u)
{
	int pidfd = -1, r = 0;

	setsid();
	proc_name("grid-outside");
	close(u->leash[1]);
	close(u->report[0]);
	quietstd(u);
	if (makegrid(u, &pidfd) < 0)
		r = complain(u);
	if (pidfd >= 0)
		janitor(u, pidfd);
	close(u->go[1]);
	close(u->report[1]);
	close(u->life[0]);
	close(u->lfd);
	if (pidfd >= 0) {
		if (r != 0)
			pid_kill(pidfd, SIGKILL);
		(void)!pid_wait(pidfd, -1);
	}
	state_remove(u->basefd, u->g->name, u->dir);
	return r;
}

static int await(int report)
{
	char buf[ReportMax + 1];
	ssize_t n = io_readn(report, buf, ReportMax);

	buf[n < 0 ? 0 : n] = '\0';
	if (strcmp(buf, "ok") == 0)
		return 0;
	if (str_prefix(buf, "error "))
		return werrstr("%s", buf + 6);
	return werrstr("the supervisor has ended without a word");
}

static int prepare(Up *u)
{
	u->basefd = state_base(&u->base);
	if (u->basefd < 0 || (u->dir = state_make(u->basefd, u->g->name, &u->lock)) < 0)
		return -1;
	u->lfd = local_listen(u->dir, "ctl");
	if (u->lfd < 0 || pipe2(u->leash, O_CLOEXEC) < 0 || pipe2(u->report, O_CLOEXEC) < 0 ||
	    pipe2(u->life, O_CLOEXEC) < 0 || pipe2(u->go, O_CLOEXEC) < 0) {
		state_remove(u->basefd, u->g->name, u->dir);
		return -1;
	}
	return 0;
}

int grid_up(Grid *g, int deadline)
{
	Up *u = mem_new(sizeof *u); /* the children's too */
	pid_t pid;

	u->g = g;
	u->deadline = deadline;
	if (prepare(u) < 0)
		return -1;
	pid = proc_clone(0, NULL);
	if (pid == 0)
		_exit(outside(u));
	close(u->report[1]);
	close(u->leash[0]);
	close(u->life[0]);
	close(u->life[1]);
	close(u->go[0]);
	close(u->go[1]);
	close(u->lfd);
	close(u->lock);
	close(u->dir);
	close(u->basefd);
	if (pid < 0 || await(u->report[0]) < 0) {
		close(u->leash[1]);
		return -1;
	}
	close(u->report[0]);
	return u->leash[1];
}

typedef struct Names {
	int base;
	Buf *b;
} Names;

static void onename(void *arg, const char *name)
{
	Names *n = arg;
	autofd int dir = state_open(n->base, name);

	if (dir < 0)
		return;
	if (state_alive(dir))
		buf_printf(n->b, "%s\n", name);
	else
		state_sweep(n->base, name);
}

int grid_names(Buf *b)
{
	autofree char *path = NULL;
	autofd int base = state_base(&path);
	Names n = { base, b };

	return base < 0 ? -1 : at_list(base, onename, &n);
}

char *grid_only(const char *name)
{
	autobuf Buf b = { 0 };

	if (name != NULL)
		return grid_goodname(name) ? mem_str(name) : (werrstr("'%s' cannot name a grid", name), NULL);
	if (grid_names(&b) < 0)
		return NULL;
	if (b.n == 0 || strchr(b.p, '\n') != b.p + b.n - 1) {
		werrstr(b.n == 0 ? "no grid is up" : "several grids are up: say which, for most commands with -g (`anthill grid ps` lists them)");
		return NULL;
	}
	b.p[b.n - 1] = '\0';
	return mem_str(b.p);
}

int grid_dir(const char *name)
{
	autofree char *path = NULL;
	autofd int base = state_base(&path);
	int dir;

	if (base < 0 || (dir = state_open(base, name)) < 0)
		return base < 0 ? -1 : werrstr("grid %s is not up", name);
	if (!state_alive(dir)) {
		close(dir);
		state_sweep(base, name);
		return werrstr("grid %s is not up", name);
	}
	return dir;
}

int grid_dial(const char *name)
{
	autofd int dir = grid_dir(name);
	int fd = dir < 0 ? -1 : local_dial(dir, "ctl");

	return fd < 0 && dir >= 0 ? werrstr("grid %s is just starting or going down (%s)", name, rerrstr()) : fd;
}

int grid_gone(const char *name, int ms)
{
	i64 end = clock_ms() + ms;

	for (;;) {
		autofree char *path = NULL;
		autofd int base = state_base(&path), dir = base < 0 ? -1 : state_open(base, name);

		if (dir < 0)
			return base < 0 ? -1 : 0;
		if (clock_ms() > end)
			return werrstr("grid %s is still going down", name);
		poll(NULL, 0, 2);
	}
}

int grid_hostpid(const char *name, int pid)
{
	autofd int dir = grid_dir(name);
	autofree char *text = dir < 0 ? NULL : io_slurp(dir, "pid", 64, NULL);
	autofree char *list = NULL, *file = NULL, *want = mem_printf("%d", pid);
	char *save = NULL;
	int sup = text ? atoi(text) : 0;

	if (sup <= 0)
		return 0;
	file = mem_printf("task/%d/children", sup);
	list = proc_slurp((u32)sup, file, NULL);
	for (char *c = list ? strtok_r(list, " \n", &save) : NULL; c != NULL; c = strtok_r(NULL, " \n", &save)) {
		autofree char *ns = proc_field((u32)atoi(c), "NSpid");
		char *f[16];
		int n = ns ? str_fields(ns, f, 16, "\t ") : 0;

		/* our name space's number ... the grid's, the node's own */
		if (n >= 3 && strcmp(f[n - 2], want) == 0)
			return atoi(c);
	}
	return 0;
}
