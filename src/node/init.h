/*
 * Init's parts: init.c the life of process 1, task.c what exec started,
 * hostdhcp.c a program's address, kproc.c the kernel processes, remount.c
 * after one has died.
 */
#ifndef NODE_INIT_H
#define NODE_INIT_H

#include <unistd.h>
#include <base/list.h>
#include <base/buf.h>
#include <node/loop.h>
#include <node/msg.h>
#include <node/node.h>
#include <os/spawn.h>

typedef struct Task Task;
typedef struct Kproc Kproc;

enum { Nkproc = 2 };

typedef struct Init {
	InitOpts o;
	const Machine *m;
	Loop *loop;
	Msg *msg;
	int sup, sig;
	int hw;         /* the net name space with the node's interfaces */
	int clean;      /* a mount name space with the node's root and nothing bound, where nobody lives: rfork N */
	int lease;      /* the socket to who keeps the DHCP lease, -1: none */
	int tty;        /* the console's side of the pseudo-terminal */
	int say;        /* the same, opened so that writing never waits for who stopped its output */
	pid_t binder;   /* puts the devices in their places before anything else runs */
	bool bound;     /* it was started */
	pid_t console;  /* what runs on it, 0: nothing */
	int consoles;   /* how many did */
	i64 consince;   /* clock_ms when the last was started */
	int wait;       /* milliseconds before the next, when it ended too soon */
	List tasks;
	Kproc *kproc[Nkproc];
	pid_t fixer;    /* the process that renews mounts, 0: none; one at a time */
	Kproc *fixes;   /* whose */
	List store;     /* of Kept */
	char **env;     /* the node's first environment */
	int nenv;
} Init;

typedef struct Kept {
	Link link;
	char *key;
	int fd;
	u64 given;      /* to which start of its kernel process */
} Kept;

/* init_say writes a line on the console. */
void init_say(Init *in, const char *fmt, ...) printf_like(2, 3);

/*
 * init_spawn starts a program without waiting for anything; what goes wrong is told to stat, -1: on the console.  user: in
 * a name space of its own on the users' kernel process, which is started when it is first wanted.
 */
pid_t init_spawn(Init *in, Spawn *s, int stat, bool user) must_use;

/* init_env returns the node's environment with the n strings of more added or replaced; owned by the caller (init_freeenv). */
char **init_env(const Init *in, char *const *more, int n) must_use;
void init_freeenv(char **env);

/*
 * hostdhcp_wanted says whether the program about to be started is the one that an address is to be asked for, and sets
 * *ctl to a socket for hostdhcp_take (-1: there is none to be had), which the new process calls: it waits for a lease,
 * configures the interface and /etc/resolv.conf, and leaves a watcher behind.  hostdhcp_end has that give the lease back;
 * it blocks for a second at most.
 */
bool hostdhcp_wanted(Init *in, int *ctl) must_use;
int hostdhcp_take(Init *in, int ctl, const Spawn *s) must_use;
void hostdhcp_end(Init *in);

/* task_exec does what an exec message asks; task_reap takes the end of a process, if it is one of ours. */
void task_exec(Init *in, Msg *m);
bool task_reap(Init *in, pid_t pid, int status);

/* kproc_start starts kernel process i and calls ready each time its files are there; kproc_reap takes its end. */
int kproc_start(Init *in, int i, void (*ready)(Kproc *k)) must_use;
bool kproc_reap(Init *in, pid_t pid, int status);

/* why_tell writes to descriptor reply who waits on what in this node. */
void why_tell(Init *in, int reply);

/* why_follow writes to reply what process pid waits for: the call, the file, its mount, its server, since when. */
void why_follow(Init *in, u32 pid, int reply);

#endif
