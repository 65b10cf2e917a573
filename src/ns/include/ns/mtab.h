/*
 * Reading a name space: what a path is in a mount table, without looking
 * the path up, and the table as a script of binds and mounts.
 */
#ifndef NS_MTAB_H
#define NS_MTAB_H

#include <base/buf.h>
#include <os/mount.h>

#define MTAB_DEVS "/#" /* where the kernel process's tree is mounted */

/* what is mounted there after rfork m: a directory of /# with some of its names; a name space has the one or the other */
#define MTAB_NARROW "nomnt"

/* mtab_read returns the mount table of process pid (0: this one) from the real procfs, without MTAB_NARROW in it. */
Mounts *mtab_read(u32 pid) must_use;

/* mtab_narrow says whether rfork m was done in the name space of process pid, or that cannot be known. */
bool mtab_narrow(u32 pid);

/* mtab_at returns the mount that the cleaned absolute path is in, which stays t's; symbolic links are not followed. */
const Mount *mtab_at(const Mounts *t, const char *path);

/* mtab_byid returns the mount with that id, NULL if there is none. */
const Mount *mtab_byid(const Mounts *t, int id);

/* mtab_visible says whether m is what its place shows. */
bool mtab_visible(const Mounts *t, const Mount *m);

/* mtab_entered says whether a look-up of m's place passes through m: it is visible or only covered at that very place. */
bool mtab_entered(const Mounts *t, const Mount *m);

/* mtab_ours says whether m is of the file system that is mounted at /# in t. */
bool mtab_ours(const Mounts *t, const Mount *m);

/* mtab_below returns what is left of path behind mount point dir ("" if equal), NULL if path is not in dir. */
const char *mtab_below(const char *dir, const char *path);

/* mtab_inside returns where path, in mount m, is in m's file system ("/M/3/x"), owned by the caller. */
char *mtab_inside(const Mount *m, const char *path) must_use;

/* mtab_typed finds what the journal in list says of mount m to user uid: the flags and the name as typed, owned by the
 * caller. */
bool mtab_typed(const Mounts *t, const Mount *m, const char *list, u32 uid, char **flags, char **name);

/* mtab_script appends t, of a process of user uid, as an rc script, with list (the text of /#/M/list, "" without a kernel process) giving the
 * mount objects and the names as typed. */
void mtab_script(Buf *b, const Mounts *t, const char *list, u32 uid);

#endif
