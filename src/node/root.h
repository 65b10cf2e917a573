/*
 * What a node or a host sees as its files; see root.c.
 */
#ifndef NODE_ROOT_H
#define NODE_ROOT_H

#include <node/gridfile.h>

/*
 * stage_make mounts, in the calling process' private mount name space, a tmpfs on directory base with what nodes
 * are built from: the programs, rc scripts and device nodes, readable whoever one becomes in a user name space.
 */
int stage_make(const char *base) must_use;

/* stage_lock makes the stage, and the host's files at base/host, read-only for good for the user name spaces made from now on. */
int stage_lock(const char *base) must_use;

/* stage_there says whether the stage is already mounted on base. */
bool stage_there(const char *base);

/* root_copy copies file or directory fromdir/from (no links, no names that begin with a dot) to todir/to. */
int root_copy(int fromdir, const char *from, int todir, const char *to) must_use;

/* stage_programs finds the directories of our binaries and our rc scripts (owned by the caller; *rc NULL: none found). */
int stage_programs(char **bin, char **rc) must_use;

/* root_node builds m's root from the stage at base and makes it / ; root_host a host's, with the host system's files. */
int root_node(const Machine *m, const char *base) must_use;
int root_host(const Machine *m, const char *base) must_use;

/* root_reproc mounts a procfs of the calling process' pid name space at path. */
int root_reproc(const char *path) must_use;

#endif
