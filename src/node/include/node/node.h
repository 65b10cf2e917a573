/*
 * Nodes: the processes behind `anthill grid`.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include <base/u.h>
#include <node/gridfile.h>

typedef struct NodeCmd {
	const char *name; /* "ip/ipconfig" */
	bool small;       /* it is in ants */
} NodeCmd;

/* node_commands tells which commands get a link in a node's /bin; the array ends with a NULL name and stays the caller's. */
void node_commands(const NodeCmd *c);

typedef struct InitOpts {
	const Machine *m;
	const char *base; /* where the stage is */
	int sup;          /* the socket to the supervisor */
	bool oneshot;     /* end with the first program that exec starts */
	int deadline;     /* milliseconds a kernel process may leave a ping unanswered */
} InitOpts;

/* init_main is process 1 of a node or host, already in its name spaces; it returns the exit status. */
int init_main(const InitOpts *o);

/* kernel_main is a kernel process of user's node; storefd and ctlfd are its sockets to init, cleanfd the mount name space
 * that rfork N starts from; it returns the exit status. */
int kernel_main(const char *user, int storefd, int ctlfd, int cleanfd);

/* kernel_helper changes a name space for a kernel process (kern_helper in dev/dev.h says how); it returns the exit status. */
int kernel_helper(u32 pid, u64 start, u32 uid);

#endif
