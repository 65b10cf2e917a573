/*
 * The FUSE front: a Srv as a Linux file system, by /dev/fuse, without
 * marshalling.  One connection is one superblock; one reader takes requests
 * off it, does what can be done at once and parks the rest, so any number of
 * calls may wait without a thread each.
 */
#ifndef FUSE_FUSE_H
#define FUSE_FUSE_H

#include <base/buf.h>
#include <srv/srv.h>

typedef struct Fuse Fuse;

typedef struct FuseOpts {
	const char *uname;  /* the user to attach as; NULL: "none" */
	const char *source; /* what mountinfo shows as the device; NULL: the Srv's name */
	/* the Linux owner of a file, from d->uid and d->gid; NULL: everything is the mounting user's */
	void (*owner)(void *arg, const Dir *d, u32 *uid, u32 *gid);
	/* told before the caller is that its request was refused with text, of which it gets the errno no alone; text
	 * NULL: nothing that its errno does not say, or it went well.  May not block. */
	void (*refused)(void *arg, const Caller *c, int no, const char *text);
	void *arg; /* of both */
	Caller caller;	  /* who the attach is for */
	bool allow_other; /* as root: other users may come in; the Srv checks who they are */
	bool readonly;
	bool qidino;  /* st_ino is made from qid.path, not from the node's number */
	u32 ttl;      /* milliseconds that names in a FidStatic directory are good for; 0: 1000 */
	u32 maxopen;  /* files that a user other than the mounting one may have open at a time; 0: as many as he likes */
	int deadline; /* milliseconds for the attach; 0: 30000 */
} FuseOpts;

/* fuse_new attaches to root with aname (may wait, until the deadline) and makes a connection; NULL with the reason. */
Fuse *fuse_new(Srv *root, const char *aname, const FuseOpts *o) must_use;

/* fuse_open opens /dev/fuse, in the user name space that will mount; fuse_setfd gives f an open one, f's from then. */
int fuse_open(Fuse *f) must_use;
void fuse_setfd(Fuse *f, int fd);

/* fuse_mountfd opens /dev/fuse if need be and returns a detached mount of f's root, for move_mount, owned by the
 * caller. */
int fuse_mountfd(Fuse *f) must_use;

/* fuse_checkdir returns -1 with the reason if nothing can be mounted on dir. */
int fuse_checkdir(const char *dir) must_use;

/* fuse_mount mounts f on directory dir, by fusermount3 if this process may not mount. */
int fuse_mount(Fuse *f, const char *dir) must_use;

/* fuse_unmount detaches what is mounted on dir, whatever state its server is in; it never waits for that server. */
int fuse_unmount(const char *dir) must_use;

/* fuse_serve answers requests until f is unmounted everywhere; fuse_start does that in a thread of its own. */
void fuse_serve(Fuse *f);
int fuse_start(Fuse *f) must_use;

/* fuse_free waits until f is unmounted and quiet, and frees it. */
void fuse_free(Fuse *f);

/* fuse_node_fid returns the walked Fid behind st_ino nodeid with a reference for the caller, or NULL (Enonexist). */
Fid *fuse_node_fid(Fuse *f, u64 nodeid) must_use;

/* fuse_forget has Linux let go of name in directory dir of the root, whose file is in no use any more; may block while
 * look-ups in dir wait for an answer. */
void fuse_forget(Fuse *f, const char *dir, const char *name);

/* fuse_dump appends a line for each request in flight: pid, operation, path, milliseconds. */
void fuse_dump(Fuse *f, Buf *b);

/* fuse_input handles the n bytes at p as one request read from /dev/fuse, for tests of hostile ones. */
void fuse_input(Fuse *f, const void *p, size_t n);

#endif
