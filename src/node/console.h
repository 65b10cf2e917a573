/*
 * A console: the master side of a node's terminal, a log of what comes out
 * of it, and whoever is attached.
 */
#ifndef NODE_CONSOLE_H
#define NODE_CONSOLE_H

#include <base/list.h>
#include <node/loop.h>

typedef struct Console Console;

/* console_new makes a console on master (its own from now on) that logs to NAME.log in directory dirfd. */
Console *console_new(Loop *l, int master, int dirfd, const char *name) must_use;
void console_free(Console *c);

/*
 * console_attach connects a socket (the console's own from now on): it gets what came last and what comes; messages from
 * it are "d" and data to type, or "s ROWS COLS".  It ends when the socket's other side closes.
 */
void console_attach(Console *c, int sock);

/* console_clients counts them. */
int console_clients(const Console *c);

#endif
