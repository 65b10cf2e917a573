/*
 * Environment and note groups of the calling process.  Which environment
 * group a process is in stands in a slot of fixed width in its initial
 * environment, where the kernel process reads it from /proc: a new group's
 * number is written over the old one in place, so that forked children have
 * it.  Note groups are Linux process groups.
 */
#ifndef NS_GROUP_H
#define NS_GROUP_H

#include <base/u.h>

#define GROUP_SLOT "anthill_egrp="
#define GROUP_FIRST GROUP_SLOT "0000000000000001" /* what init starts programs with */

/* group_env puts the process in a new environment group, a copy of its own or an empty one. */
int group_env(bool clean) must_use;

/* group_note makes the process the leader of a new note group, out of reach of its parent's interrupts. */
int group_note(void) must_use;

/* group_each calls var for every variable of the process's group, in one read; -1 outside a node. */
int group_each(void (*var)(const char *name, const char *value, size_t n)) must_use;

/* group_put sets a variable in the group, at the latest when group_sync is called next; group_remove takes one away. */
int group_put(const char *name, const char *value, size_t n) must_use;
int group_sync(void) must_use;

/* group_closed says that all descriptors were closed (rfork F). */
void group_closed(void);
int group_remove(const char *name) must_use;

#endif
