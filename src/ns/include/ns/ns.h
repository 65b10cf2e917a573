/*
 * Changing the calling process's name space: bind(2).  The Linux mount table
 * is the name space; what it cannot say (unions, 9P trees) is asked of the
 * kernel process through /#/M.  The caller needs CAP_SYS_ADMIN over its
 * mount name space, which every process of a node has over its own.
 */
#ifndef NS_NS_H
#define NS_NS_H

#include <base/buf.h>
#include <base/u.h>

enum {
	MREPL = 0,
	MBEFORE = 1,
	MAFTER = 2,
	MCREATE = 4,
	MCACHE = 16,
	MNONE = 32, /* mount as user none */
};

/* ns_isnode says whether this name space has a kernel process. */
bool ns_isnode(void);

/* ns_path translates a #x name to the Linux path of that device's tree ("#c/user" is /#/c/user); owned by the caller. */
char *ns_path(const char *name) must_use;

/* ns_bind makes old show new (MREPL), or adds new to the union at old; -1 with Plan 9's reason. */
int ns_bind(const char *name, const char *old, int flags) must_use;

/* ns_mount is ns_bind for the tree that the 9P server posted or connected as srv serves, attached to aname ("" is the
 * default); may block until the server answers. */
int ns_mount(const char *srv, const char *old, int flags, const char *aname) must_use;

/* ns_mountfd is ns_mount for a connected descriptor, which stays the caller's; name is how ns will show it. */
int ns_mountfd(int fd, const char *name, const char *old, int flags, const char *aname) must_use;

/* ns_mountdir is ns_mount to nowhere: it returns an O_PATH descriptor, owned by the caller, of the tree's root, which lives
 * as long as this process. */
int ns_mountdir(const char *srv, const char *aname) must_use;

/* ns_unmount takes name out of what is bound at old, or all that is bound there if name is NULL. */
int ns_unmount(const char *name, const char *old) must_use;

/* ns_script appends the name space of process pid (0: this one) as an rc script that would make it again. */
int ns_script(Buf *b, u32 pid) must_use;

/* ns_rfork gives the calling process a new name space (n), empty of mounts it may undo (N), environment group (e, clean
 * E), note group (s), ... as rc's rfork; -1 with a reason. */
int ns_rfork(const char *letters) must_use;

/*
 * ns_net takes the calling thread into the net name space of the stack whose files are at mtpt ("/net"), so that Linux
 * programs started from it use that stack; with no stack there, or another user's, nothing changes.
 */
void ns_net(const char *mtpt);

/*
 * The commands bind, mount, unmount and ns as functions that rc may call: they print what is wrong on descriptor 2 and
 * return the exit code.
 */
int ns_cmd_bind(int argc, char **argv);
int ns_cmd_mount(int argc, char **argv);
int ns_cmd_unmount(int argc, char **argv);
int ns_cmd_ns(int argc, char **argv);

#endif
