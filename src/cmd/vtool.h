/*
 * What the commands for arenas share: sizes as flags, what an arena looks
 * like in words, progress on a terminal.
 */
#ifndef CMD_VTOOL_H
#define CMD_VTOOL_H

#include <arena/arena.h>
#include <arena/arenas.h>
#include "tool.h"

/* vtool_size is the current flag's value as a size (8k, 512m); it does not return if it is none. */
u64 vtool_size(Args *a);

/* vtool_disk, vtool_part, vtool_conf open things or end the command with the reason. */
Disk *vtool_disk(const char *spec, DiskMode mode);
Part *vtool_part(const char *spec, DiskMode mode);
VtConf *vtool_conf(const char *path);

/* vtool_arena writes what an arena's tail says to standard error. */
void vtool_arena(const Arena *a);

/* vtool_wanted says whether name is one of the n names, or there are none. */
bool vtool_wanted(const char *name, char **names, int n);

/* Progress, on standard error if that is a terminal: total bytes, of which done. */
typedef struct Progress {
	const char *what;
	u64 total, done;
	i64 shown;
} Progress;

/* progress_to says that done bytes are done, progress_add that n more are; true, as the callbacks of arenas want it. */
bool progress_to(void *p, u64 done);
bool progress_add(void *p, u64 n);

/* progress_end clears the line. */
void progress_end(Progress *p);

/* vtool_say prints a line of a store's news on standard error: ArenasOpt.log. */
void vtool_say(void *arg, const char *text);

#endif
