#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/err.h>
#include <os/child.h>
#include <os/io.h>
#include <os/mount.h>

enum { HIGH = 100, NLEFT = 64 };

/* the signals that a shell may have handlers for */
static const int caught[] = { SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGPIPE, SIGWINCH, SIGCHLD };

/* what children left, by pid: in memory shared with them */
static struct Left {
	int pid;
	char text[sizeof((ChildEnd *)0)->text];
} *left;

void child_steps(const FdStep *step, int n)
{
	for (const FdStep *s = step; s < step + n; s++)
		switch (s->op) {
		case FdMove:
			if (s->from != s->to) {
				dup2(s->from, s->to);
				close(s->from);
			} else {
				fcntl(s->to, F_SETFD, 0);
			}
			break;
		case FdDup:
			if (s->from != s->to)
				dup2(s->from, s->to);
			break;
		case FdShut:
			close(s->to);
			break;
		case FdKeep:
			fcntl(s->to, F_SETFD, 0);
			break;
		}
}

/* tryall executes the first of prog that can be, and returns the errno worth telling. */
static int tryall(const ChildSpec *c)
{
	int no = ENOENT;

	for (char **p = c->prog; *p != NULL; p++) {
		execve(*p, c->argv, c->envp);
		if (errno != ENOENT && errno != ENOTDIR)
			no = errno;
		if (errno == ENOEXEC || errno == E2BIG)
			break;
	}
	return no;
}

static int failed(int no)
{
	if (no == ENOEXEC)
		return werrstr("exec header invalid");
	if (no == E2BIG)
		return werrstr("arguments and environment too long");
	errno = no;
	return errset(err_fromerrno(no));
}

/*
 * In the child of vfork the memory is the parent's: no handler of the
 * parent's may run there, so all are taken out before signals are let in.
 */
static int __attribute__((noinline)) vspawn(const ChildSpec *c, const sigset_t *old, volatile int *no)
{
	int pid = vfork();

	if (pid != 0)
		return pid;
	if (c->group)
		setpgid(0, 0);
	for (size_t i = 0; i < nelem(caught); i++) {
		struct sigaction a;

		sigaction(caught[i], NULL, &a);
		if (a.sa_handler != SIG_IGN && a.sa_handler != SIG_DFL) {
			a.sa_handler = SIG_DFL;
			sigaction(caught[i], &a, NULL);
		}
	}
	for (const FdStep *s = c->step; s < c->step + c->nstep; s++)
		child_steps(s, 1);
	sigprocmask(SIG_SETMASK, old, NULL);
	*no = tryall(c);
	_exit(127);
}

int child_spawn(const ChildSpec *c)
{
	volatile int no = 0;
	sigset_t all, old;
	int pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = vspawn(c, &old, &no);
	if (pid < 0)
		no = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (no == 0)
		return pid;
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return failed(no);
}

int child_exec(const ChildSpec *c)
{
	if (c->group)
		setpgid(0, 0);
	child_steps(c->step, c->nstep);
	return failed(tryall(c));
}

int child_fork(void)
{
	int pid = fork();

	if (pid < 0)
		return os_werr("fork");
	return pid;
}

void child_group(void)
{
	setpgid(0, 0);
}

int child_wait(int pid, bool nohang, ChildEnd *end)
{
	int st = 0, p = waitpid(pid, &st, nohang ? WNOHANG : 0);

	*end = (ChildEnd){ 0 };
	if (p <= 0)
		return p == 0 ? 0 : errset(errno == EINTR ? Eintr : Enoproc);
	if (WIFSIGNALED(st))
		end->sig = WTERMSIG(st);
	else
		end->code = WEXITSTATUS(st);
	if (left != NULL && left[p % NLEFT].pid == p) {
		memcpy(end->text, left[p % NLEFT].text, sizeof end->text);
		end->text[sizeof end->text - 1] = '\0';
		left[p % NLEFT].pid = 0;
	}
	return p;
}

void child_share(void)
{
	void *p = mmap(NULL, NLEFT * sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	left = p == MAP_FAILED ? NULL : p;
}

void child_leave(const char *text)
{
	int pid = getpid();

	if (left == NULL)
		return;
	snprintf(left[pid % NLEFT].text, sizeof left->text, "%s", text);
	left[pid % NLEFT].pid = pid;
}

int child_high(int fd)
{
	int to;

	if (fd < 0 || fd >= HIGH)
		return fd;
	to = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
	if (to < 0)
		return fd;
	close(fd);
	return to;
}

int child_pipe(int fd[2], bool duplex)
{
	int r = duplex ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) : pipe2(fd, O_CLOEXEC);

	if (r < 0)
		return os_werr("pipe");
	fd[0] = child_high(fd[0]);
	fd[1] = child_high(fd[1]);
	return 0;
}

int child_newns(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return os_werr("new mount name space");
	return mount_private();
}

void child_closefrom(int fd)
{
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
	if (syscall(SYS_close_range, (unsigned)fd, ~0U, 0) < 0)
		for (int i = fd; i < 1024; i++)
			close(i);
}

bool child_isdir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool child_isprog(const char *path)
{
	struct stat st;

	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool child_isfile(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}
