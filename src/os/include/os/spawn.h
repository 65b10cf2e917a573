/*
 * Starting programs without copying the parent (vfork), and the few things
 * around processes that differ from POSIX: pidfds, signals as descriptors,
 * children in new name spaces.
 */
#ifndef OS_SPAWN_H
#define OS_SPAWN_H

#include <sys/types.h>
#include <base/u.h>

enum {
	SpawnTty = 1,      /* a new session whose controlling terminal is descriptor 0 */
	SpawnSession = 2,  /* a new session */
	SpawnGroup = 4,    /* a new process group */
	SpawnNewnet = 8,   /* a new net name space */
	SpawnNewmnt = 16,  /* a new mount name space, its mounts private */
	SpawnDie = 32,     /* killed when the parent's thread ends */
	SpawnAnyCpu = 64,  /* cpu_any (os/cpu.h) */
	SpawnMaxFd = 8,
	SpawnMaxNs = 4,
};

typedef struct Spawn {
	const char *path;    /* NULL: argv[0], looked for in the PATH of env unless it has a slash */
	char **argv;
	char **env;          /* NULL: ours */
	const char *cwd;     /* NULL: ours; "" is an error */
	int fd[SpawnMaxFd];  /* the child's descriptor i is our fd[i]; -1: closed.  nfd 0: 0, 1 and 2 stay.  No others. */
	int nfd;
	int ns[SpawnMaxNs];  /* descriptors of name spaces to enter first */
	int nns;
	int flags;
} Spawn;

/* spawn starts a program and returns its pid, or -1 when it could not be started (no such file ...); blocks until exec. */
int spawn(const Spawn *s) must_use;

/* spawn_here becomes the program; it returns (-1) only if that failed, with some of what s asks already done. */
int spawn_here(const Spawn *s) must_use;

/*
 * spawn_fork makes a child that is a copy of this process, for a program that is a function of ours: it returns 0 in the
 * child, where group, name spaces, directory, descriptors and signals are as spawn makes them (path, argv and env are
 * not looked at), and the pid, or -1, in the parent.  A child that cannot be made so says why on descriptor 2 and ends.
 */
int spawn_fork(const Spawn *s) must_use;

/*
 * proc_clone is fork with clone(2) flags (CLONE_NEW*); only for processes with one thread.  It returns 0 in the
 * child, the pid in the parent and a pidfd for it in *pidfd (unless NULL), or -1.
 */
enum {
	CloneUser = 1,
	CloneMnt = 2,
	ClonePid = 4,
	CloneNet = 8,
	CloneUts = 16,
	CloneIpc = 32,
};
pid_t proc_clone(int flags, int *pidfd) must_use;

/* proc_unshare takes the calling process into new name spaces (the same flags). */
int proc_unshare(int flags) must_use;

/* proc_setns enters the name space that fd refers to. */
int proc_setns(int fd) must_use;

/* proc_hostname sets the UTS name space's host name. */
int proc_hostname(const char *name) must_use;

/* proc_deathsig has the calling process get sig when its parent thread dies (0: not). */
int proc_deathsig(int sig) must_use;

/* proc_manyfds lets this process have as many descriptors as it may; programs that it starts get the usual limit. */
void proc_manyfds(void);

/* proc_name sets the name that ps shows in brackets, at most 15 bytes; proc_subreaper adopts orphaned descendants. */
void proc_name(const char *name);
int proc_subreaper(void) must_use;

/* proc_keepfds closes every descriptor that is not in keep[n] (which is sorted). */
void proc_keepfds(int *keep, int n);

/* pid_open returns a descriptor for process pid, owned by the caller. */
int pid_open(pid_t pid) must_use;

/* pid_takefd duplicates descriptor fd of the process behind pidfd. */
int pid_takefd(int pidfd, int fd) must_use;

/* pid_kill signals it; pid_wait waits at most ms (-1: for ever) for a child and returns its wait status, -1 if not yet. */
int pid_kill(int pidfd, int sig);
int pid_wait(int pidfd, int ms) must_use;

/* proc_reap waits for any child, or only looks when block is false; it returns its pid, 0 when there is none. */
pid_t proc_reap(bool block);

/* proc_ended takes a child that has ended (its wait status in *status), 0 if there is none now. */
pid_t proc_ended(int *status) must_use;

/* proc_killgroup signals a process group, proc_kill a process, proc_killall every other process of a pid name space. */
void proc_killgroup(pid_t pgid, int sig);
void proc_kill(pid_t pid, int sig);
void proc_killall(int sig);

/* proc_status says what a wait status means, in buf[n], returned: "" for success, "exit 3", "killed by signal 9". */
char *proc_status(int status, char *buf, size_t n);

/* proc_code gives the exit code that stands for a wait status, as shells have it: 128 + N for signal N. */
int proc_code(int status);

/* pid_gone waits until the process, no child of ours perhaps, has ended. */
void pid_gone(int pidfd);

/* proc_waitfor waits for a child of ours and sets *status to its exit status, 128 + n when signal n ended it. */
int proc_waitfor(pid_t pid, int *status) must_use;

/* sig_fd blocks the signals of set (0-ended) in this process and returns a descriptor that reads them. */
int sig_fd(const int *set) must_use;

/* sig_reset unblocks every signal and gives it its usual effect, in a child that is to be ended by them. */
void sig_reset(void);

/* sig_next takes one signal from such a descriptor, 0 when there is none. */
int sig_next(int fd);

#endif
