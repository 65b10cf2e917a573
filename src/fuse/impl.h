/*
 * What the files of fuse/ share.
 *
 * An Op is one request from the kernel.  It is a chain of stages: each sets
 * up op->req and names the function that is to see the answer (op_walk,
 * op_stat ...), the last one replies.  A stage function returns true when it
 * set up another stage and false when it has replied: then op is gone.
 *
 * f->lk protects the node table, the open files and the list of Ops.
 * Nothing that answers or dispatches is called with it held.
 */
#ifndef FUSE_IMPL_H
#define FUSE_IMPL_H

#include <base/buf.h>
#include <base/lock.h>
#include <fuse/fuse.h>
#include <limits.h>
#include <linux/fuse.h>
#include <srv/crew.h>
#include <srv/later.h>

enum {
	HEAD = 80,    /* in header and fuse_write_in: what follows is a write's data */
	INMAX = 1024, /* the longest request but a write or a batch of forgets */
	MAXWRITE = 1 << 20,
	DIRBUF = 1 << 16, /* the biggest stat record fits */
	KEEPOPS = 32,	  /* free Ops kept */
	NSPARE = 64,	  /* Nodes that may have a spare Fid */
	NBUFS = 8,	  /* free big buffers kept */
	BUFSIZE = MAXWRITE + 8192,
	FMODE_EXEC = 0x20, /* in open flags: the file is opened to be executed */
};
#ifndef FUSE_DIRECT_IO_ALLOW_MMAP
#define FUSE_DIRECT_IO_ALLOW_MMAP (1ULL << 36) /* Linux 6.6 */
#endif

typedef struct Node {
	Link byid, byname; /* byname is unlinked for a fresh node and for a name that now is another file */
	u64 id;
	struct Node *parent; /* holds a reference */
	char *name;
	Fid *fid;   /* walked, never opened */
	Fid *spare; /* another, which the next open may take; then f->spared[slot] is this Node */
	int slot;
	u64 nlookup; /* the kernel's references; while not 0 it holds one of refs */
	int refs;
	int opens;	       /* Files */
	u32 mode;	       /* DMxxx bits and permissions, as last seen */
	u32 vers;	       /* qid.vers at the last cached open */
	bool cached;	       /* the page cache may hold contents of version vers */
	bool hidden;	       /* renamed away while open: removed at the last release */
	bool stats;	       /* the last look-up was for a stat: the next one asks for attributes too */
	bool settled;	       /* attr was seen long enough after mtime for the version to tell of later changes */
	struct fuse_attr attr; /* as last seen */
} Node;

typedef struct File {
	int refs;
	u32 uid; /* who opened it */
	Fid *fid;
	Node *node; /* holds a reference */
	bool stream, append;
	u64 off; /* of a stream; atomic */
	/* a directory: entries seen since the last rewind; the cookie of entry i is i + 3 */
	Buf ents; /* fuse_dirent without padding: offsets in entoff */
	size_t *entoff;
	size_t nent;
	u64 diroff;
	bool eof, busy;
} File;

typedef struct Op Op;
struct Op {
	Req req;
	Later later;
	Fuse *f;
	Link link;
	int refs;     /* atomic */
	int state;    /* atomic: Op* below */
	int intr;     /* atomic: an INTERRUPT came */
	int flushing; /* atomic: req_flush was called for it */
	int flushers; /* atomic: threads that may be in req_flush */
	int acked;    /* atomic: a write that was answered before it was done */
	int must;     /* atomic: past the point where an interrupt may leave things half done */
	bool (*next)(Op *op), (*then)(Op *op);
	struct fuse_in_header *h;
	size_t n;	       /* bytes of the request */
	Node *node, *node2;    /* hold references */
	File *file;	       /* holds a reference */
	Fid *fid, *fid2, *fid3; /* hold references */
	struct fuse_attr attr; /* of the last Rstat, whose strings are gone */
	char *inbuf;	       /* BUFSIZE: a write's data */
	char *out;	       /* for reads, outcap bytes */
	size_t outcap;
	int stage, no;		  /* the operation's own */
	const char *name, *name2; /* in op->in, or text */
	char text[48];
	i64 began;
	u64 in[INMAX / 8];
};
enum { OpIdle, OpDispatching, OpWaiting, OpAnswered };

struct Fuse {
	Srv *root;
	int fd;
	FuseOpts o;
	char *source;
	u32 uid, gid; /* the mounting user */
	Crew *crew;
	bool serving; /* fuse_start's thread lives */
	bool inited;
	char *inbuf; /* the leader's */
	u64 nextid;
	Lock lk;
	Cond idle; /* no Ops, serving has ended */
	List ops;  /* in flight */
	int nops;  /* that exist outside freeops */
	List freeops;
	int nfreeops;
	char *bufs[NBUFS];
	int nbufs;
	Node *rootnode;
	List *byid, *byname; /* hash tables of nhash */
	size_t nhash, nnode;
	Node *spared[NSPARE]; /* in turn */
	int nextspare;
	struct Opener {
		u32 uid, n;
	} *openers; /* how many Files each other user has */
	size_t nopeners;
	File **files;		 /* by fh - 1 */
	size_t nfiles, freefile; /* none is free below freefile */
};

/* op.c: one request's life */
Op *op_new(Fuse *f);
void op_free(Op *op);
void op_drop(Op *op); /* one that was never run */
void op_run(Op *op, bool (*fn)(Op *op));
bool op_interrupt(Fuse *f, u64 unique); /* false if there is no such Op */
void op_flushall(Fuse *f);
int op_end(Op *op, int no, const void *p, size_t n); /* answers; -errno if the kernel did not take it */
bool op_reply(Op *op, const void *p, size_t n);
bool op_error(Op *op, int no);
bool op_noreply(Op *op);
bool op_failed(Op *op);
int op_errno(Op *op);
void op_ack(Req *r); /* for r->ack of a write */
bool op_fail(Op *op);						       /* with the answer's error */
bool op_failas(Op *op, int no);					       /* the same, but as errno no */
bool op_walk(Op *op, Fid *from, const char *name, bool (*next)(Op *)); /* name NULL: a clone */
Fid *op_newfid(Op *op);						       /* what op_walk made, for the caller to own */
bool op_stat(Op *op, Fid *fid, bool (*next)(Op *));
bool op_wstat(Op *op, Fid *fid, const Dir *d, bool (*next)(Op *));
bool op_open(Op *op, Fid *fid, int mode, bool (*next)(Op *));
bool op_create(Op *op, Fid *fid, const char *name, int mode, u32 perm, bool (*next)(Op *));
bool op_remove(Op *op, Fid *fid, bool (*next)(Op *));
bool op_read(Op *op, Fid *fid, char *buf, u32 n, u64 off, bool (*next)(Op *));
bool op_write(Op *op, Fid *fid, char *p, u32 n, u64 off, bool (*next)(Op *));
void *op_arg(Op *op, size_t size);		      /* the operation's struct, NULL if the request is too short */
const char *op_name(Op *op, size_t off, size_t *end); /* the name off bytes after the header, NULL if it is bad */
char *op_out(Op *op, size_t n);			      /* room for an answer; NULL: no memory */
char *buf_get(Fuse *f);
void buf_put(Fuse *f, char *p);

/* node.c */
void node_init(Fuse *f, Fid *root);
void node_end(Fuse *f);
Node *node_get(Fuse *f, u64 id); /* with a reference, or NULL */
void node_put(Fuse *f, Node *n);
Fid *node_fid(Fuse *f, Node *n);
Fid *node_spare(Fuse *f, Node *n); /* the spare Fid, the caller's from now, or NULL */
/* both count a look-up by the kernel; node_enter takes fid over; node_known may return NULL */
Node *node_enter(Fuse *f, Node *parent, const char *name, Fid *fid, u32 mode, struct fuse_attr *a);
Node *node_known(Fuse *f, Node *parent, const char *name);
u64 node_child(Fuse *f, Node *parent, const char *name); /* its number, 0: there is none */
bool node_there(Fuse *f, Node *parent, const char *name); /* node_known would find it; nothing is counted */
Node *node_unchanged(Fuse *f, Node *parent, const char *name,
		     Fid *fid); /* as node_enter, or NULL: attributes are wanted */
bool node_named(Op *op); /* op->node's name is to be walked to again: op->fid, op->name2 say where */
bool node_sure(Fuse *f, Node *n);
bool node_is(Fuse *f, Node *n, const Fid *fid); /* fid is n's file */
bool node_rebind(Fuse *f, Node *n, Fid *fid); /* fid becomes n's too; false if it is another file and n is in use */
void node_use(Fuse *f, Node *n, bool stats);
void node_saw(Fuse *f, Node *n, u32 mode, struct fuse_attr *a); /* and sets a->ino */
void node_forget(Fuse *f, u64 id, u64 nlookup);
void node_gone(Fuse *f, Node *parent, const char *name);
void node_rename(Fuse *f, Node *parent, const char *from, const char *to);
Node *node_opened(Fuse *f, Node *parent, const char *name); /* if it is open */
void node_path(Node *n, Buf *b);			    /* f->lk held */
void node_attr(Fuse *f, const Dir *d, struct fuse_attr *a); /* all but ino */
u64 node_ino(Fuse *f, Node *parent, const Dir *d);

/* file.c */
u64 file_new(Fuse *f, Fid *fid, Node *n, u32 uid, bool append); /* takes fid over */
bool file_toomany(Fuse *f, u32 uid);
void file_freeopeners(Fuse *f);
File *file_get(Fuse *f, u64 fh);
void file_put(Fuse *f, File *file);
Fid *file_fid(Fuse *f, const Node *n); /* of some open file of n, or NULL */
File *file_release(Fuse *f, u64 fh); /* out of the table, with the table's reference */
u32 file_flags(Fuse *f, u64 fh);     /* FOPEN_* */
int file_mode(u32 flags);
bool do_open(Op *op);
bool do_read(Op *op);
bool do_write(Op *op);
bool do_release(Op *op);
bool do_fsync(Op *op);

/* dir.c */
bool do_readdir(Op *op);

/* ops.c */
int name_again(Op *op); /* what a walk to node_named's name says: 0 or an errno */
bool do_lookup(Op *op);
bool do_getattr(Op *op);
bool do_setattr(Op *op);
bool do_access(Op *op);
bool do_readlink(Op *op);
bool reply_entry(Op *op, Node *n, bool fresh); /* takes the caller's reference over */
void entry_out(Fuse *f, Node *n, bool fresh, struct fuse_entry_out *e);

/* change.c */
bool do_create(Op *op); /* and mkdir */
bool do_remove(Op *op); /* and rmdir */
bool do_rename(Op *op);

#endif
