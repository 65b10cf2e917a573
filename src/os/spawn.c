/*
 * spawn runs the child on the parent's memory (vfork), so it costs the same
 * in a large process as in a small one.  Between vfork and exec only system
 * calls are made; what goes wrong is left in the Spawned struct, which the
 * parent reads when it runs again.  All signals are blocked meanwhile: a
 * handler would run on the shared memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/cpu.h>
#include <os/io.h>
#include <os/spawn.h>

typedef struct Spawned {
	const Spawn *s;
	char **paths; /* the candidates for exec, NULL-ended */
	char **env;
	const char *step; /* what failed */
	int no;           /* errno */
} Spawned;

extern char **environ;

static const char *envget(char **env, const char *name)
{
	size_t n = strlen(name);

	for (; *env != NULL; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* candidates lists the files that name may mean, owned by the caller as one array of strings. */
static char **candidates(const char *name, char **env)
{
	const char *path = envget(env, "PATH");
	char **list;
	int n = 0;

	if (path == NULL)
		path = "/bin:/usr/bin:/sbin:/usr/sbin";
	list = mem_array(strlen(path) + 2, sizeof *list);
	if (strchr(name, '/') != NULL) {
		list[0] = mem_str(name);
		return list;
	}
	for (;;) {
		size_t k = strcspn(path, ":");

		list[n++] = k == 0 ? mem_printf("./%s", name) : mem_printf("%.*s/%s", (int)k, path, name);
		if (path[k] == '\0')
			return list;
		path += k + 1;
	}
}

static void freelist(char **l)
{
	for (char **p = l; *p != NULL; p++)
		free(*p);
	free(l);
}

static bool failed(Spawned *d, const char *step)
{
	d->step = step;
	d->no = errno;
	return false;
}

/* inway says whether the source of descriptor i is itself one of 0..n-1, where another may be put first. */
static bool inway(const Spawn *s, int i)
{
	return s->fd[i] >= 0 && s->fd[i] < s->nfd && s->fd[i] != i;
}

/* placefds moves the descriptors to 0..n-1: first those in the way go above, so that none overwrites another. */
static bool placefds(Spawned *d)
{
	const Spawn *s = d->s;
	int from[SpawnMaxFd];

	for (int i = 0; i < s->nfd; i++) {
		from[i] = inway(s, i) ? fcntl(s->fd[i], F_DUPFD_CLOEXEC, SpawnMaxFd + 2) : s->fd[i];
		if (s->fd[i] >= 0 && from[i] < 0)
			return failed(d, "file descriptors");
	}
	for (int i = 0; i < s->nfd; i++) {
		if (from[i] < 0)
			close(i);
		else if (from[i] == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(from[i], i) < 0)
			return failed(d, "file descriptors");
	}
	syscall(SYS_close_range, s->nfd ? s->nfd : 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	return true;
}

static bool newspaces(Spawned *d)
{
	const Spawn *s = d->s;

	for (int i = 0; i < s->nns; i++)
		if (setns(s->ns[i], 0) < 0)
			return failed(d, "enter a name space");
	if ((s->flags & SpawnNewnet) && unshare(CLONE_NEWNET) < 0)
		return failed(d, "new net name space");
	if ((s->flags & SpawnNewmnt) &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		return failed(d, "new mount name space");
	return true;
}

/*
 * What we ignore or catch must not be inherited.  Resetting all 64 signals is a tenth of what it costs to start a small
 * program, so it is those that this code base touches (whoever begins to use another adds it here) and those that were
 * not at their default when the first program was started: what we were started with.
 */
static const int touched[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN,
	SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH };
static int odd[64], nodd = -1; /* the others that were not at their default; -1: not known yet */

static bool istouched(int sig)
{
	for (size_t i = 0; i < sizeof touched / sizeof *touched; i++)
		if (touched[i] == sig)
			return true;
	return false;
}

static void findodd(void)
{
	struct sigaction a;

	if (nodd >= 0)
		return;
	nodd = 0;
	for (int i = 1; i < 65; i++)
		if (!istouched(i) && sigaction(i, NULL, &a) == 0 && a.sa_handler != SIG_DFL)
			odd[nodd++] = i;
}

void sig_reset(void)
{
	struct sigaction a = { .sa_handler = SIG_DFL };
	sigset_t none;

	findodd();
	for (size_t i = 0; i < sizeof touched / sizeof *touched; i++)
		sigaction(touched[i], &a, NULL);
	for (int i = 0; i < nodd; i++)
		sigaction(odd[i], &a, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool prepare(Spawned *d)
{
	const Spawn *s = d->s;

	if ((s->flags & (SpawnTty | SpawnSession)) && setsid() < 0 && getsid(0) != getpid())
		return failed(d, "setsid");
	if ((s->flags & SpawnGroup) && setpgid(0, 0) < 0)
		return failed(d, "setpgid");
	if ((s->flags & SpawnDie) && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return failed(d, "prctl");
	if (s->flags & SpawnAnyCpu)
		cpu_any();
	if (!newspaces(d))
		return false;
	if (s->cwd != NULL && chdir(s->cwd) < 0)
		return failed(d, s->cwd);
	if (!placefds(d))
		return false;
	if ((s->flags & SpawnTty) && ioctl(0, TIOCSCTTY, 0) < 0)
		return failed(d, "controlling terminal");
	return true;
}

static struct rlimit fdsbefore; /* what programs are given back; nothing if it was never raised */

void proc_manyfds(void)
{
	struct rlimit l;

	if (fdsbefore.rlim_max != 0 || getrlimit(RLIMIT_NOFILE, &fdsbefore) < 0)
		return;
	l = fdsbefore;
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		fdsbefore = (struct rlimit){ 0 };
}

/* givelimit undoes proc_manyfds; that it may fail does no harm. */
static void givelimit(void)
{
	if (fdsbefore.rlim_max != 0 && setrlimit(RLIMIT_NOFILE, &fdsbefore) < 0)
		errno = 0;
}

static void child(Spawned *d)
{
	int no = ENOENT;

	if (!prepare(d))
		return;
	sig_reset();
	givelimit();
	for (char **p = d->paths; *p != NULL; p++) {
		execve(*p, d->s->argv, d->env);
		if (errno != ENOENT && errno != ENOTDIR)
			no = errno;
	}
	errno = no;
	failed(d, d->s->argv[0]);
}

int spawn(const Spawn *s)
{
	Spawned *d = mem_new(sizeof *d);
	sigset_t all, old;
	volatile pid_t pid;

	d->s = s;
	d->env = s->env ? s->env : environ;
	d->paths = candidates(s->path ? s->path : s->argv[0], d->env);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (pid == 0) {
		child(d);
		_exit(127);
	}
	if (pid < 0)
		failed(d, "fork");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (d->step != NULL) {
		if (pid > 0)
			waitpid(pid, NULL, 0);
		errno = d->no;
		pid = os_werr("%s", d->step);
	}
	freelist(d->paths);
	free(d);
	return pid;
}

int spawn_here(const Spawn *s)
{
	Spawned d = { .s = s };

	d.env = s->env ? s->env : environ;
	d.paths = candidates(s->path ? s->path : s->argv[0], d.env);
	child(&d);
	freelist(d.paths);
	errno = d.no;
	return os_werr("%s", d.step);
}

int spawn_fork(const Spawn *s)
{
	Spawned d = { .s = s };
	pid_t pid;

	findodd();
	pid = fork();
	if (pid < 0)
		return os_werr("fork");
	if (pid > 0)
		return pid;
	if (!prepare(&d)) {
		dprintf(2, "%s: %s\n", d.step, strerror(d.no));
		_exit(127);
	}
	syscall(SYS_close_range, s->nfd ? s->nfd : 3, ~0U, 0);
	sig_reset();
	givelimit();
	return 0;
}

static unsigned long cloneflags(int f)
{
	return (f & CloneUser ? (unsigned long)CLONE_NEWUSER : 0) | (f & CloneMnt ? CLONE_NEWNS : 0) |
	       (f & ClonePid ? CLONE_NEWPID : 0) | (f & CloneNet ? CLONE_NEWNET : 0) |
	       (f & CloneUts ? CLONE_NEWUTS : 0) | (f & CloneIpc ? CLONE_NEWIPC : 0);
}

pid_t proc_clone(int flags, int *pidfd)
{
	int fd = -1;
	long pid = syscall(SYS_clone, cloneflags(flags) | (pidfd ? (unsigned long)CLONE_PIDFD : 0) | SIGCHLD, NULL,
			   pidfd ? &fd : NULL, NULL, NULL);

	if (pid < 0)
		return os_werr("new name spaces");
	if (pid > 0 && pidfd != NULL)
		*pidfd = fd;
	return (pid_t)pid;
}

int proc_unshare(int flags)
{
	return unshare((int)cloneflags(flags)) < 0 ? os_werr("new name spaces") : 0;
}

int proc_setns(int fd)
{
	return setns(fd, 0) < 0 ? os_werr("enter a name space") : 0;
}

int proc_hostname(const char *name)
{
	return sethostname(name, strlen(name)) < 0 ? os_werr("set the host name %s", name) : 0;
}

int proc_deathsig(int sig)
{
	return prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0) < 0 ? os_werr("prctl") : 0;
}

void proc_name(const char *name)
{
	prctl(PR_SET_NAME, name, 0, 0, 0);
}

int proc_subreaper(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? os_werr("prctl") : 0;
}

void proc_keepfds(int *keep, int n)
{
	unsigned int from = 0;

	for (int i = 0; i < n; i++) {
		if (keep[i] < 0 || (unsigned int)keep[i] < from)
			continue;
		if ((unsigned int)keep[i] > from)
			syscall(SYS_close_range, from, keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	syscall(SYS_close_range, from, ~0U, 0);
}

int pid_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? os_werr("process %d", (int)pid) : (int)fd;
}

int pid_takefd(int pidfd, int fd)
{
	long r = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return r < 0 ? os_werr("descriptor %d of a process", fd) : (int)r;
}

int pid_kill(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? os_werr("kill") : 0;
}

void pid_gone(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

int pid_wait(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	siginfo_t si = { 0 };
	int r;

	do
		r = poll(&p, 1, ms);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return errset(Etimedout);
	if (r < 0 || waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &si, WEXITED) < 0)
		return os_werr("wait");
	return si.si_code == CLD_EXITED ? si.si_status << 8 : si.si_status;
}

pid_t proc_ended(int *status)
{
	pid_t pid;

	do
		pid = waitpid(-1, status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	return pid < 0 ? 0 : pid;
}

void proc_killgroup(pid_t pgid, int sig)
{
	if (pgid > 1)
		kill(-pgid, sig);
}

void proc_kill(pid_t pid, int sig)
{
	if (pid > 0)
		kill(pid, sig);
}

void proc_killall(int sig)
{
	kill(-1, sig);
}

char *proc_status(int status, char *buf, size_t n)
{
	if (status == 0)
		str_cpy(buf, n, "");
	else if (WIFSIGNALED(status))
		snprintf(buf, n, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(buf, n, "exit %d", WEXITSTATUS(status));
	return buf;
}

int proc_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int sig_fd(const int *set)
{
	sigset_t m;
	int fd;

	sigemptyset(&m);
	for (; *set != 0; set++)
		sigaddset(&m, *set);
	if (pthread_sigmask(SIG_BLOCK, &m, NULL) != 0 || (fd = signalfd(-1, &m, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return os_werr("signalfd");
	return fd;
}

int sig_next(int fd)
{
	struct signalfd_siginfo si;

	return read(fd, &si, sizeof si) == (ssize_t)sizeof si ? (int)si.ssi_signo : 0;
}

pid_t proc_reap(bool block)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, block ? 0 : WNOHANG);
	while (pid < 0 && errno == EINTR);
	return pid < 0 ? 0 : pid;
}

int proc_waitfor(pid_t pid, int *status)
{
	int st;
	pid_t r;

	do
		r = waitpid(pid, &st, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return os_werr("wait");
	*status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	return 0;
}
