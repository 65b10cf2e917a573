/*
 * The supervisor's parts: sup.c its life, unit.c one node or host, ctl.c
 * what clients ask, net.c segments and interfaces.
 */
#ifndef NODE_UNIT_H
#define NODE_UNIT_H

#include <unistd.h>
#include <base/list.h>
#include <node/loop.h>
#include <node/msg.h>
#include <node/node.h>
#include <node/sup.h>
#include <os/netlink.h>
#include "console.h"

typedef struct Sup {
	Grid *g;
	const char *base;
	int statefd, lfd, leash, life, report, sig;
	int deadline;
	Loop *loop;
	Msg *msg;
	Netlink *nl;
	List units;
	int serial;   /* of the last unit: names interfaces */
	bool started; /* the report was made */
	bool down;
} Sup;

enum UnitState { UnitStarting, UnitUp, UnitEnded, UnitFailed };

typedef struct Unit {
	Link link;
	Sup *s;
	Machine *m;
	bool oneshot;    /* of `anthill run`: m is ours */
	int serial;
	pid_t pid;       /* as the supervisor sees it; 0: gone */
	int sock, net;
	enum UnitState state;
	char why[256];   /* of UnitEnded and UnitFailed */
	Console *con;
	char **exec;     /* the message to send once it is up, and its descriptors */
	int nexec, fd[4];
} Unit;

/* unit_start forks a node or host into its name spaces; unit_find finds one by name, NULL with an error. */
Unit *unit_start(Sup *s, Machine *m, bool oneshot) must_use;
Unit *unit_find(Sup *s, const char *name);
bool unit_reap(Sup *s, pid_t pid, int status);
void unit_kill(Unit *u);

/* unit_exec has init do an exec message (words without the name) with 4 descriptors, which stay the caller's. */
int unit_exec(Unit *u, char *const *w, int n, const int *fd) must_use;

/* sup_progress looks whether all have started, after a unit's state has changed. */
void sup_progress(Sup *s);

/* ctl_accept takes a client. */
void ctl_accept(void *sup, int lfd, int events);

/* net_start makes the segments; net_attach gives a unit its interfaces, and a host its address. */
int net_start(Sup *s) must_use;
int net_attach(Sup *s, Unit *u) must_use;

#endif
