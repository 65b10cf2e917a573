/*
 * Devices.  A Dev is one letter of Plan 9's # names: `#I0` is Dev 'I' with
 * spec "0".  The Kern is what the devices of one kernel process share.
 *
 * To add a device: its file in src/dev/ with a `const Dev dev_NAME`, its word
 * in the list in src/dev/meson.build, a page man/3/NAME.3, a test.
 */
#ifndef DEV_DEV_H
#define DEV_DEV_H

#include <base/buf.h>
#include <base/utf.h>
#include <srv/srv.h>

typedef struct Kern Kern;

typedef struct Dev {
	Rune letter;
	const char *name; /* "ip", for messages and the manual */
	/* the Srv for a spec ("" if none was given), with a reference for the caller; NULL (errstr) if the spec is bad.
	 * Called once for each (letter, spec): the Kern keeps the answer.  Attaching to it must not wait. */
	Srv *(*open)(Kern *k, const char *spec);
} Dev;

/*
 * kern_new makes the state of one kernel process.  hostowner is the user that owns the node; initfd is the socket
 * to init (the fd store), -1 for none.  It waits for init to hand over what it kept, and sets the umask to 0.
 */
Kern *kern_new(const char *hostowner, int initfd) must_use;

/* kern_root returns the Srv that is mounted at /#: a directory with a name for every device. */
Srv *kern_root(Kern *k);

/* kern_attach returns a new Fid at the root of the device named ("I0", "c", "s"), without the #. */
Fid *kern_attach(Kern *k, const char *name, const char *uname, const Caller *c) must_use;

/* kern_walk returns a new Fid at path ("l0/ether0") inside /#; may block if that is on another machine's server. */
Fid *kern_walk(Kern *k, const char *path, const char *uname, const Caller *c) must_use;

const char *kern_hostowner(Kern *k);

/* kern_user returns the Plan 9 name for a Linux uid of the node ("none" if it has no other), valid for ever. */
const char *kern_user(Kern *k, u32 uid);

/* kern_owner gives the Linux owner and group of a file, for FuseOpts.owner; arg is the Kern.  Decimal names are ids. */
void kern_owner(void *arg, const Dir *d, u32 *uid, u32 *gid);

/* kern_refused keeps the text of a request that was refused for #c/errstr, for FuseOpts.refused; arg is the Kern. */
void kern_refused(void *arg, const Caller *c, int no, const char *text);

/* kern_isowner says whether r's caller is the host owner. */
bool kern_isowner(Kern *k, const Req *r);

/*
 * kern_may checks r's caller against a file's owner and permission bits as open(5) does for mode: owner and the host
 * owner have the owner's and the other's bits.  -1 with Eperm.
 */
int kern_may(Kern *k, const Req *r, const char *owner, u32 perm, int mode) must_use;

/*
 * kern_helper names the program that changes the name space of another process when /proc/N/ns is written: it is started
 * as `path kernel -n PID START UID` (ns_enter's arguments), takes the text as one message on descriptor 0 (local_pair)
 * and answers "+", or "!" and the reason, as another; when the socket is hung up it is to end.  path stays the caller's.
 * clean is a mount name space for rfork N, k's for good.
 */
void kern_helper(Kern *k, const char *path, int clean);

/*
 * The fd store.  kern_store has init keep a duplicate of fd under key until kern_unstore, also over the death of this
 * process; kern_stored returns the descriptor that was kept under key when this process started (owned by the
 * caller), or -1.  kern_eachstored calls fn for every key with a prefix.
 */
int kern_store(Kern *k, const char *key, int fd) must_use;
void kern_unstore(Kern *k, const char *key);
int kern_stored(Kern *k, const char *key) must_use;
void kern_eachstored(Kern *k, const char *prefix, void (*fn)(void *arg, const char *key), void *arg);

/* kern_forgets has fn(arg, dir, name) called, in a thread of its own, when the file name in /#/dir is gone for good. */
void kern_forgets(Kern *k, void (*fn)(void *arg, const char *dir, const char *name), void *arg);

/*
 * kern_namec resolves path in the name space of process pid without touching any mount of ours, and returns the path
 * inside /# of what it names ("l0/ether0" for /net/ether0), owned by the caller; NULL if it is not one of our files.
 */
char *kern_namec(Kern *k, u32 pid, const char *path) must_use;

/* kern_explain appends, in lines, where the file at path inside /# ("/M/3/x") that process pid waits for comes from. */
void kern_explain(Kern *k, u32 pid, const char *path, Buf *b);

/* kern_takefd duplicates descriptor fd of process (or thread) pid into this process; the caller owns it. */
int kern_takefd(u32 pid, int fd) must_use;

/* kern_posted returns a duplicate, owned by the caller, of the descriptor that is posted in #s as name. */
int kern_posted(Kern *k, const char *name, const Req *r) must_use;

/*
 * A file that generates its text at open and holds it until the fid goes: FUSE and dash read in small pieces.
 * kern_text answers a Topen with text (owned from then on) in r->fid->aux, kern_readtext a Tread from it.
 */
void kern_text(Req *r, char *text);
void kern_readtext(Req *r);

#endif
