/*
 * The directories of running grids: BASE/GRID holds the socket `ctl`, `pid`,
 * `lock` (held while the grid lives) and the logs of the consoles.
 */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include <base/u.h>

/* state_base opens (and makes) the directory of all grids of this user; *path is owned by the caller. */
int state_base(char **path) must_use;

/* state_open opens grid name's directory, Enonexist if there is none. */
int state_open(int base, const char *name) must_use;

/* state_make makes it, locked for the caller and its children through *lock; "is up" if somebody holds the lock. */
int state_make(int base, const char *name, int *lock) must_use;

/* state_alive says whether somebody holds the lock. */
bool state_alive(int dir);

/* state_remove removes dir, which is name's if nobody has made that anew, with all that is in it; the caller's grid holds its lock. */
void state_remove(int base, const char *name, int dir);

/* state_sweep removes what a grid has left behind that is no more; one that holds its lock stays. */
void state_sweep(int base, const char *name);

#endif
