/*
 * A directory of the host as a Srv: layers of unions, exported trees.
 */
#ifndef NS_LOCAL_H
#define NS_LOCAL_H

#include <srv/srv.h>

enum {
	LocalRdonly = 1,
	LocalFollow = 2,  /* symbolic links are followed, inside the root; without: they are files of type QTSYMLINK whose
	                   * contents are the target */
	LocalCaller = 4,  /* files are accessed as the caller's uid, gid and groups; without: as this process's */
	LocalMayWait = 8, /* the tree may keep us waiting for long: let other requests go on meanwhile */
};

/*
 * local_new serves the tree at directory descriptor dirfd (O_PATH will do), which it owns from then on; nothing outside that tree
 * can be reached.  The process's umask applies to files made.  NULL if dirfd is not a directory.
 */
Srv *local_new(int dirfd, int flags) must_use;

/* local_names gives the tree's uids names; name's answers are valid for ever.  Without it they are decimal numbers. */
void local_names(Srv *s, const char *(*name)(void *arg, u32 uid), void *arg);

/* local_hide has hides say, from any thread, which files nobody sees or makes; path begins with a slash, the root's. */
void local_hide(Srv *s, bool (*hides)(void *arg, const char *path), void *arg);

/* local_fd returns the root's descriptor, which stays s's. */
int local_fd(Srv *s);

#endif
