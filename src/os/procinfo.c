#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/at.h>
#include <os/io.h>
#include <os/procinfo.h>

enum { MAXTEXT = 1 << 20 };

static int dir = -1;
static const char *found = "/proc";

static void opendir_once(void)
{
	static const char *where[] = { PROC_ELSEWHERE, "/proc" };

	for (size_t i = 0; i < nelem(where) && dir < 0; i++) {
		dir = open(where[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0 && !at_isproc(dir)) {
			close(dir);
			dir = -1;
		} else if (dir >= 0) {
			found = where[i];
		}
	}
}

int proc_dir(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, opendir_once);
	return dir >= 0 ? dir : werrstr("no procfs at " PROC_ELSEWHERE " or /proc: mount one");
}

static void name_of(char *buf, size_t size, u32 pid, const char *name)
{
	if (pid == 0)
		snprintf(buf, size, "thread-self/%s", name);
	else
		snprintf(buf, size, "%u/%s", pid, name);
}

int proc_open(u32 pid, const char *name, int flags)
{
	char path[128];
	int fd, d = proc_dir();

	if (d < 0)
		return -1;
	name_of(path, sizeof path, pid, name);
	fd = openat(d, path, flags | O_CLOEXEC);
	if (fd < 0)
		return errset(errno == ENOENT && pid != 0 ? Enoproc : err_fromerrno(errno));
	return fd;
}

char *proc_slurp(u32 pid, const char *name, size_t *n)
{
	char path[128], *text;
	int d = proc_dir();

	if (d < 0)
		return NULL;
	name_of(path, sizeof path, pid, name);
	text = io_slurp(d, path, MAXTEXT, n);
	if (text == NULL && pid != 0 && errcode(rerrstr()) == Enonexist)
		errset(Enoproc);
	return text;
}

char *proc_link(u32 pid, const char *name)
{
	char path[128];
	int d = proc_dir();

	if (d < 0)
		return NULL;
	name_of(path, sizeof path, pid, name);
	return at_readlink(d, path);
}

char *proc_field(u32 pid, const char *field)
{
	autofree char *s = proc_slurp(pid, "status", NULL);
	size_t n = strlen(field);

	for (char *p = s; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, field, n) == 0 && p[n] == ':') {
			p += n + 1;
			p += strspn(p, " \t");
			return mem_strn(p, strcspn(p, "\n"));
		}
	}
	return NULL;
}

u32 proc_leader(u32 tid)
{
	autofree char *s = proc_field(tid, "Tgid");

	return s != NULL ? (u32)strtoul(s, NULL, 10) : 0;
}

static char *stat_field(char *s, int n)
{
	char *p = s != NULL ? strrchr(s, ')') : NULL;

	for (int i = 2; p != NULL && i < n; i++)
		p = strchr(p + 1, ' ');
	return p;
}

u32 proc_uid(u32 pid)
{
	autofree char *s = proc_field(pid, "Uid");

	return s != NULL ? (u32)strtoul(s, NULL, 10) : UINT32_MAX;
}

u64 proc_start(u32 pid)
{
	autofree char *s = proc_slurp(pid, "stat", NULL);
	char *p = stat_field(s, 22);

	return p != NULL ? strtoull(p, NULL, 10) : 0;
}

bool proc_istty(u32 pid, int fd)
{
	autofree char *s = proc_slurp(pid, "stat", NULL);
	char *p = stat_field(s, 7), path[64];
	long dev = p != NULL ? strtol(p, NULL, 10) : 0;
	struct stat st;

	snprintf(path, sizeof path, "%u/fd/%d", pid, fd);
	if (dev == 0 || fstatat(proc_dir(), path, &st, 0) < 0 || !S_ISCHR(st.st_mode))
		return false;
	/* proc(5): the minor number is split around the major */
	return major(st.st_rdev) == ((dev >> 8) & 0xfff) && minor(st.st_rdev) == ((dev & 0xff) | (dev >> 20 << 8));
}

typedef struct Each {
	void (*fn)(void *arg, u32 pid);
	void *arg;
} Each;

static void each_name(void *arg, const char *name)
{
	Each *e = arg;
	u64 pid;

	if (name[0] >= '1' && name[0] <= '9' && str_u64(name, 10, UINT32_MAX, &pid) == 0)
		e->fn(e->arg, (u32)pid);
}

int proc_each(void (*fn)(void *arg, u32 pid), void *arg)
{
	Each e = { fn, arg };
	int d = proc_dir();
	autofd int fd = -1;

	if (d < 0)
		return -1;
	fd = openat(d, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return os_werr("/proc");
	return at_list(fd, each_name, &e);
}

int proc_takefd(u32 pid, int fd)
{
	u32 leader = proc_leader(pid);
	autofd int p = -1;
	int got;

	if (leader == 0)
		return errset(Enoproc);
	p = (int)syscall(SYS_pidfd_open, leader, 0);
	if (p < 0)
		return os_werr("process %u", leader);
	if (proc_leader(pid) != leader) /* what p is open on could be another process that got the number */
		return errset(Enoproc);
	got = (int)syscall(SYS_pidfd_getfd, p, fd, 0);
	return got < 0 ? os_werr("descriptor %d of process %u", fd, leader) : got;
}

typedef struct Group {
	long pgrp;
	int sig;
	u32 uid, but;
} Group;

long proc_pgrp(u32 pid, bool foreground)
{
	autofree char *s = proc_slurp(pid, "stat", NULL);
	char *p = stat_field(s, foreground ? 8 : 5);

	return p != NULL ? strtol(p, NULL, 10) : -1;
}

int proc_signal(u32 pid, u64 start, int sig)
{
	autofd int p = (int)syscall(SYS_pidfd_open, pid, 0);

	if (p < 0)
		return errset(errno == ESRCH ? Enoproc : err_fromerrno(errno));
	/* the number is still that process's now that p is open on it, so it was when p was opened */
	if (start == 0 || proc_start(pid) != start)
		return errset(Enoproc);
	return syscall(SYS_pidfd_send_signal, p, sig, NULL, 0) < 0 ? errset(err_fromerrno(errno)) : 0;
}

static void signal_member(void *arg, u32 pid)
{
	Group *g = arg;
	u64 start = proc_start(pid);

	if (proc_pgrp(pid, false) != g->pgrp || pid == g->but || (g->uid != UINT32_MAX && proc_uid(pid) != g->uid))
		return;
	if (proc_signal(pid, start, g->sig) < 0)
		errset(Enone);
}

int proc_signalgroup(long pgrp, int sig, u32 uid, u32 but)
{
	Group g = { .pgrp = pgrp, .sig = sig, .uid = uid, .but = but };

	return pgrp > 0 ? proc_each(signal_member, &g) : errset(Enoproc);
}

char proc_state(u32 pid)
{
	autofree char *s = proc_slurp(pid, "stat", NULL);
	char *p = stat_field(s, 3);

	return p != NULL && p[1] != '\0' ? p[1] : 'X';
}

typedef struct Sched {
	int nice, cpu; /* cpu -1: the nice value is set */
	int rc;
} Sched;

static void sched_thread(void *arg, const char *name)
{
	Sched *c = arg;
	cpu_set_t set;
	u64 tid;

	if (c->rc < 0 || str_u64(name, 10, INT32_MAX, &tid) < 0)
		return;
	CPU_ZERO(&set);
	if (c->cpu >= 0 && c->cpu < CPU_SETSIZE)
		CPU_SET((unsigned)c->cpu, &set);
	if (c->cpu >= 0)
		c->rc = sched_setaffinity((pid_t)tid, sizeof set, &set);
	else
		c->rc = setpriority(PRIO_PROCESS, (id_t)tid, c->nice);
	if (c->rc < 0 && errno == ESRCH)
		c->rc = 0; /* a thread that has ended meanwhile */
	else if (c->rc < 0)
		os_err();
}

static int sched_all(u32 pid, u64 start, Sched *c)
{
	autofd int fd = proc_open(pid, "task", O_RDONLY | O_DIRECTORY);

	if (fd < 0 || start == 0 || proc_start(pid) != start)
		return errset(Enoproc);
	return at_list(fd, sched_thread, c) < 0 ? -1 : c->rc;
}

int proc_nice(u32 pid, u64 start, int nice)
{
	Sched c = { .nice = nice, .cpu = -1 };

	return sched_all(pid, start, &c);
}

int proc_wire(u32 pid, u64 start, int cpu)
{
	Sched c = { .cpu = cpu };

	return sched_all(pid, start, &c);
}

const char *proc_where(void)
{
	return proc_dir() >= 0 ? found : "/proc";
}

void proc_umask(u32 mask)
{
	umask(mask);
}
