/*
 * Child processes as a shell needs them: made quickly (vfork), with their
 * descriptors moved about, in a process group of their own if wanted, and
 * waited for.  A forked copy of the shell can leave a status text longer
 * than the number that Linux passes on.
 */
#ifndef OS_CHILD_H
#define OS_CHILD_H

#include <base/u.h>

typedef enum FdOp {
	FdMove, /* from becomes to; in a forked copy from is closed */
	FdDup,  /* to becomes a copy of from */
	FdShut, /* to is closed */
	FdKeep, /* to stays open across exec */
} FdOp;

typedef struct FdStep {
	FdOp op;
	int from, to;
} FdStep;

typedef struct ChildSpec {
	char **argv;
	char **envp;
	char **prog; /* path names tried in turn, up to a NULL */
	const FdStep *step;
	int nstep;
	bool group; /* in a process group of its own */
} ChildSpec;

/* child_spawn starts a program and returns its pid, or -1 with the reason why none of prog could be executed. */
int child_spawn(const ChildSpec *c) must_use;

/* child_exec becomes the program; it returns, -1 with the reason, only if that failed (the steps are then done). */
int child_exec(const ChildSpec *c) must_use;

/* child_steps does the steps in this process for good. */
void child_steps(const FdStep *step, int n);

/* child_fork copies the process (0 in the copy), -1 on error. */
int child_fork(void) must_use;

/* child_group puts this process into a process group of its own. */
void child_group(void);

typedef struct ChildEnd {
	int code;     /* exit code, if sig is 0 */
	int sig;      /* what killed it */
	char text[80]; /* what it left with child_leave, or "" */
} ChildEnd;

/*
 * child_wait waits for pid (-1: any child) and returns the pid of the one that ended, 0 if nohang and none did, -1
 * if there is no such child ("process exited") or a signal came ("interrupted").
 */
int child_wait(int pid, bool nohang, ChildEnd *end) must_use;

/* child_share makes the place for child_leave, before any fork; child_leave leaves text for whoever waits for us. */
void child_share(void);
void child_leave(const char *text);

/* child_pipe makes a pipe (fd[0] is read, fd[1] written), or a socket pair; both ends close-on-exec and out of the way
 * of small numbers. */
int child_pipe(int fd[2], bool duplex) must_use;

/* child_high moves fd to a number out of the way (100 and up if there are so many), close-on-exec. */
int child_high(int fd);

/* child_newns gives this process a mount name space of its own, nothing spreading out of it. */
int child_newns(void) must_use;

/* child_closefrom closes all descriptors from fd up. */
void child_closefrom(int fd);

/* child_isdir says whether path is a directory; child_isprog whether it is a file that may be executed. */
bool child_isdir(const char *path) must_use;
bool child_isprog(const char *path) must_use;

/* child_isfile says whether fd is an ordinary file. */
bool child_isfile(int fd) must_use;

#endif
