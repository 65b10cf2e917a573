/*
 * What the kernel tells about processes: the real procfs, wherever it is
 * mounted, and process descriptors.
 */
#ifndef OS_PROCINFO_H
#define OS_PROCINFO_H

#include <base/u.h>

#define PROC_ELSEWHERE "/.proc" /* where a node mounts the real procfs when /proc is #p */

/* proc_dir returns a descriptor of the real procfs, opened once and never closed; -1 with a reason. */
int proc_dir(void) must_use;

/* proc_where returns the path that procfs was found at. */
const char *proc_where(void);

/* proc_pgrp returns pid's process group, with foreground that of its terminal's foreground; -1 if there is none. */
long proc_pgrp(u32 pid, bool foreground);

/* proc_open opens /proc/PID/NAME; pid 0 is the calling thread. */
int proc_open(u32 pid, const char *name, int flags) must_use;

/* proc_slurp reads all of /proc/PID/NAME, at most 1 MiB, as a string owned by the caller; *n may be NULL. */
char *proc_slurp(u32 pid, const char *name, size_t *n) must_use;

/* proc_link returns where the symbolic link /proc/PID/NAME points, owned by the caller. */
char *proc_link(u32 pid, const char *name) must_use;

/* proc_field returns the value of a line "Field:\tvalue" of /proc/PID/status, owned by the caller; NULL if absent. */
char *proc_field(u32 pid, const char *field) must_use;

/* proc_leader returns the process that thread tid belongs to, 0 if it is gone. */
u32 proc_leader(u32 tid);

/* proc_uid returns pid's user (0 as pid: ours), UINT32_MAX if it is gone. */
u32 proc_uid(u32 pid);

/* proc_start returns when pid started in clock ticks since boot: (pid, start) names a process for ever; 0 if gone. */
u64 proc_start(u32 pid);

/* proc_istty says whether descriptor fd of process pid is its controlling terminal. */
bool proc_istty(u32 pid, int fd);

/* proc_each calls fn for every process there is. */
int proc_each(void (*fn)(void *arg, u32 pid), void *arg) must_use;

/*
 * proc_takefd duplicates descriptor fd of process or thread pid into this process, close-on-exec.  A caller through FUSE
 * whose request is not answered yet cannot end, so its number is nobody else's: Linux lets a killed thread wait for the
 * answer once the request was read.
 */
int proc_takefd(u32 pid, int fd) must_use;

/* proc_signal sends a signal to the process (pid, start), Enoproc if pid is another one's by now; proc_signalgroup to every
 * process of a group, or only to those of user uid unless that is UINT32_MAX, and not to process but. */
int proc_signal(u32 pid, u64 start, int sig) must_use;
int proc_signalgroup(long pgrp, int sig, u32 uid, u32 but) must_use;

/* proc_state returns the letter of process pid's state ('R', 'S', 'T' stopped ...), 'X' if it is gone. */
char proc_state(u32 pid);

/* proc_nice and proc_wire set the nice value, and the one processor, of all threads of the process (pid, start). */
int proc_nice(u32 pid, u64 start, int nice) must_use;
int proc_wire(u32 pid, u64 start, int cpu) must_use;

/* proc_umask sets the mode bits that files made by this process do not get. */
void proc_umask(u32 mask);

#endif
