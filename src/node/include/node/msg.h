/*
 * Messages between the parts of a grid, on sockets that keep them apart: a
 * list of strings, each ended by a NUL, the first being a verb, with
 * descriptors.  The client of a grid talks to the supervisor, the supervisor
 * to each node's init, init to its kernel processes.
 *
 * Client to supervisor:
 *	ps | down | segments                        => text..., end STATUS [error]
 *	log NAME                                    => the same
 *	console NAME                                => data both ways, as raw messages, after "ok"
 *	exec NAME FLAGS CWD ARG... + stat 0 1 2     => ok, or end STATUS error; then as below, on stat
 *	run SEGMENT ADDR GW FLAGS CWD ARG... + stat 0 1 2   (ADDR "": by DHCP, "none": none)
 *	why NAME                                    => text..., end STATUS
 * Supervisor to init:
 *	go ETHERS                                   (the interfaces are there)
 *	exec FLAGS CWD ARG... + stat 0 1 2
 *	why + reply                                 => on reply: text..., end STATUS
 * Init to supervisor:
 *	net + fd, console + master, booted, error TEXT
 * On a stat socket:
 *	pty + master, started PID, exit STATUS | error TEXT from init; signal N, size ROWS COLS from the client
 * Init and kernel process:
 *	kept KEY + fd (each thing in the store, at start), go, ping, dump + fd      to the kernel process
 *	mount + fd (a detached mount of its root), pong, store KEY + fd, drop KEY   from it
 */
#ifndef NODE_MSG_H
#define NODE_MSG_H

#include <base/u.h>

enum {
	MsgMax = 128 * 1024, /* bytes */
	MsgWords = 4096,
	MsgFds = 8,
};

typedef struct Msg {
	char *w[MsgWords + 1]; /* the strings, NULL after the last */
	int n;
	int fd[16];            /* owned by the Msg: msg_close; -1 once taken */
	int nfd;
	size_t len;            /* bytes of text */
	char text[MsgMax + 1];
} Msg;

/* msg_new allocates a Msg for msg_recv to fill again and again; msg_free closes what it holds. */
Msg *msg_new(void) must_use;
void msg_free(Msg *m);

/* msg_recv waits for a message: 1, 0 at the end of the stream, or -1.  Descriptors of the last one are closed first. */
int msg_recv(int sock, Msg *m) must_use;

/* msg_is says whether m's verb is word and at least n strings follow; msg_take gives descriptor i to the caller, or -1. */
bool msg_is(const Msg *m, const char *word, int n);
int msg_take(Msg *m, int i) must_use;
void msg_close(Msg *m);

/*
 * msg_send sends the strings (NULL-ended) with fds; msg_sendv an array of n; -1 if the other side is gone.  After msg_nowait,
 * which init and the supervisor call, they never wait: -2 (Ebusy) if the other side does not read.
 */
int msg_send(int sock, const int *fd, int nfd, ...) __attribute__((sentinel));
int msg_sendv(int sock, const int *fd, int nfd, char *const *w, int n);
void msg_nowait(void);

#endif
