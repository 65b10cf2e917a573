/*
 * The supervisor of a grid, and how others reach it.
 */
#ifndef NODE_SUP_H
#define NODE_SUP_H

#include <base/buf.h>
#include <node/gridfile.h>
#include <node/msg.h>

/*
 * grid_up starts g's supervisor and waits until every node has begun to boot.  It returns a leash: when its last copy is
 * closed without a byte having been written to it, the grid goes down.  -1 if any part did not start; then nothing is
 * left.  deadline: milliseconds a kernel process may not answer, 0 for 10 s.
 */
int grid_up(Grid *g, int deadline) must_use;

/* grid_names lists the grids that run, one a line; what dead ones left is removed. */
int grid_names(Buf *b) must_use;

/* grid_only returns name, or for NULL the name of the only grid that runs; owned by the caller. */
char *grid_only(const char *name) must_use;

/* grid_dial connects to the supervisor of a running grid; grid_dir opens its directory, with NAME.log for each console. */
int grid_dial(const char *name) must_use;
int grid_dir(const char *name) must_use;

/* grid_ask sends n words to the supervisor and collects its text in b; the answer's status (with an error string), or -1. */
int grid_ask(int sock, Buf *b, const int *fd, int nfd, char *const *w, int n);

/* grid_gone waits until nothing of the grid is left, at most ms.  grid_stay waits for an interrupt, then takes it down. */
int grid_gone(const char *name, int ms) must_use;
int grid_stay(const char *name) must_use;

/* grid_hostpid gives the pid that we know a node's init by; 0 if it has gone. */
int grid_hostpid(const char *name, int pid);

typedef struct GridExec {
	char **head;  /* the words before the flags: exec NAME, or run SEGMENT ADDR GW */
	int nhead;
	char **argv;
	char **env;   /* NAME=VALUE to add; for hosts all of it; may be NULL */
	bool tty;     /* give it a terminal of the node's own, with ours as its window */
	bool user;     /* exec: in a name space of its own on the users' kernel process */
	bool writable; /* run: the host system's files are not read-only */
} GridExec;

/* grid_exec runs a program in a node or host with our standard descriptors until it ends; signals are passed on.  It returns
 * the exit code, or -1 if the program could not be started. */
int grid_exec(int sock, const GridExec *x);

/* grid_console connects the terminal (or descriptors 0 and 1) to a node's console until ctrl-\ q or end of file. */
int grid_console(int sock, const char *name);

typedef struct SupOpts {
	Grid *g;
	const char *base;
	int statefd, lfd; /* the grid's directory and the socket */
	int leash, life, report;
	int deadline;
} SupOpts;

/* sup_main is the supervisor, process 1 of the grid's pid name space. */
int sup_main(const SupOpts *o);

#endif
