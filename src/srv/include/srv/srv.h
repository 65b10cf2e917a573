/*
 * Srv: a file server or device as a table of operations on Fids.
 *
 * Two fronts reach it: a 9P connection (conn.h) and a FUSE mount (fuse/).
 * Both fill a Req and call req_dispatch, which makes the checks that every
 * server needs (open(5), walk(5) ...) and calls one operation.  Operations
 * are called with the Srv's serial lock held unless it is .parallel.  An
 * operation answers exactly once, now or later from any thread, with one
 * of req_ok, req_fail, req_err.
 *
 * Waiting.  An operation never sleeps.  When it cannot answer yet it parks
 * its request with req_poll (on a file descriptor) or req_sleep (on a
 * Rendez) and returns at once, touching r no more; it is then called again
 * from the start when the wait is over.  What it must remember goes in r->aux.  A parked
 * request costs no thread; a flush takes it from the park and answers
 * "interrupted" (after .cancel, if there is one).  Work that cannot avoid
 * blocking (somebody else's file system) is bracketed by req_block and
 * req_unblock, which let another thread read on.
 */
#ifndef SRV_SRV_H
#define SRV_SRV_H

#include <base/err.h>
#include <base/list.h>
#include <base/lock.h>
#include <base/ref.h>
#include <base/u.h>
#include <ninep/ninep.h>

typedef struct Srv Srv;
typedef struct Fid Fid;
typedef struct Req Req;
typedef struct Rendez Rendez;

/* who asks: for a local caller the Linux ids as the server's name spaces see them; pid 0 for a remote one */
typedef struct Caller {
	u32 pid; /* the thread id (FUSE gives no other); NoPid: a local one's that is not of our pid name space */
	u32 uid, gid;
} Caller;

#define NoPid UINT32_MAX

typedef struct SrvOps {
	void (*attach)(Req *r); /* set r->fid->qid (and aux); uname and aname are in r->i */
	void (*auth)(Req *r);   /* r->afid; NULL: "authentication not required" */
	/* either walk1 and clone: */
	int (*walk1)(Req *r, Fid *f, const char *name); /* move f to name and set f->qid, or -1; ".." too */
	int (*clone)(Req *r, Fid *from, Fid *to);       /* give to its own aux; NULL: the pointer is copied */
	/* or walk: the whole of Twalk; newfid is ready, == fid if the same; set r->o.nwqid, wqid, newfid->qid */
	void (*walk)(Req *r);
	void (*open)(Req *r);   /* may change r->fid->qid and set r->o.iounit; NULL: allowed */
	void (*create)(Req *r); /* r->fid becomes the new file, open */
	void (*read)(Req *r);   /* r->i.offset, count; data into r->buf, count into r->o.count (req_read* help) */
	void (*write)(Req *r);  /* r->i.data, offset, count; set r->o.count */
	void (*remove)(Req *r); /* the fid is clunked afterwards whatever the answer */
	void (*stat)(Req *r);   /* fill r->d; its strings live until the answer is given */
	void (*wstat)(Req *r);  /* r->d is what is asked, "don't touch" values as in stat(5) */
	void (*cancel)(Req *r); /* r was parked and is flushed: undo what r->aux holds; the engine answers */
	void (*clunk)(Fid *f);  /* the fid is gone: free aux; may not park; must not block for long */
	void (*end)(Srv *s);    /* the last reference is gone: free s->aux */
} SrvOps;

struct Srv {
	const char *name; /* for messages: "ramfs", "#I0" */
	const SrvOps *ops;
	void *aux;
	bool parallel;    /* operations lock for themselves */
	Ref ref;
	Lock lk;          /* held while an operation runs, unless parallel */
};

/* what the fronts need to know of a file beyond its qid; set by walk1, attach or open */
enum {
	FidFresh = 1,   /* FUSE: a new node at every look-up (clone and ctl files that may block) */
	FidStream = 2,  /* no offsets: reads and writes do not wait for each other (data, listen, event) */
	FidCache = 4,   /* contents change only with qid.vers: the page cache may keep them */
	FidStatic = 8,  /* the directory's names never change while the server lives: long time-outs */
	FidRemote = 32, /* behind a wire: whoever walked it, the front may keep it and spare messages */
	FidNative = 16, /* seekable, real length (a file of a host file system); an open one outlives its name */
	FidNamed = 64,  /* Linux may keep the name a moment: the front walks to it again before it is opened or looked at */
	FidFirst = 128, /* of a FidNamed file in a union: no member before this one can have the name */
};

struct Fid {
	Ref ref;
	Srv *srv;     /* a walk may move a fid to another Srv (fid_become) */
	Qid qid;
	int omode;    /* -1 until opened */
	u32 flags;    /* Fid* above */
	char *uid;    /* the user that attached, owned */
	void *aux;    /* the Srv's */
	bool live;    /* attached, cloned or walked to: .clunk will be called */
	u64 diroff;   /* the only offsets a directory may be read at are 0 and this; the engine's */
	int dirindex; /* the generator index that goes with it (req_readdir) */
	u32 id;       /* the front's number for it */
	void *front;  /* the front's */
};

/* what can be parked: a request, a connection's output; protected by the park's lock */
typedef struct Park {
	Link wait, timer;
	void (*run)(struct Park *p);
	i64 deadline; /* of clock_ms; -1: none */
	int fd, events;
	int state;
	int evfd;     /* raised by a flush while it runs; -1 until asked for */
	bool flushed, timedout;
} Park;

struct Req {
	Srv *srv;     /* of r->fid when the request began */
	Fid *fid, *newfid, *afid;
	Fcall i, o;   /* the request and the answer */
	Dir d;        /* Twstat's request, Tstat's answer */
	char *buf;    /* Tread: room for i.count bytes */
	Caller caller;
	void *aux;    /* the operation's, kept while parked */
	i64 since;    /* clock_ms when it arrived */

	/* the front's */
	void (*done)(Req *r); /* the answer is complete (o.type is Rerror on failure); r may be freed; locks may be held */
	void (*ack)(Req *r);  /* see req_ack; NULL: this front has no use for it */
	void *front;
	Link link;
	List flushes;         /* flushes that wait for this answer */
	/* the engine's */
	Park park;
	char ename[ERRMAX];   /* o.ename's text */
};

/* a place to sleep; { 0 } is not valid: rendez_init */
struct Rendez {
	List waiters; /* protected by the park's lock */
};

/* srv_init makes *s a Srv with one reference. */
void srv_init(Srv *s, const char *name, const SrvOps *ops, void *aux);

/* srv_take and srv_drop count references; the last drop calls .end. */
Srv *srv_take(Srv *s);
void srv_drop(Srv *s);

/* fid_new makes a Fid of s with one reference, for a front; fid_drop frees it after .clunk. */
Fid *fid_new(Srv *s, const char *uid) must_use;
Fid *fid_take(Fid *f);
void fid_drop(Fid *f);

/*
 * fid_become makes f (in walk1 or attach, not open) another name for what src is, on src's Srv; -1 as .clone fails.
 * To go to another Srv the operation's own Srv must be parallel, since src's lock is taken.
 */
int fid_become(Req *r, Fid *f, Fid *src) must_use;

/* fid_move makes f, which is not open for its front, what src is; src gets what f was and is only good for fid_drop. */
void fid_move(Fid *f, Fid *src);

/* req_dispatch checks r and runs its operation; r->done is called once, perhaps before it returns. */
void req_dispatch(Req *r);

/*
 * req_flush asks for r's early end.  The front holds a lock that keeps r from
 * being freed (done must take it too).  True: r was parked and now belongs to
 * the caller, who calls req_interrupt once that lock is given back.  False: r
 * is running and has been told; it may still succeed.  The answer comes by
 * r->done either way.
 */
bool req_flush(Req *r) must_use;
void req_interrupt(Req *r);

/* req_init prepares a zeroed Req: the front then fills i, fid ... caller, done. */
void req_init(Req *r);

/* req_ok answers r with what is in r->o (type and tag are filled in). */
void req_ok(Req *r);

/*
 * req_ack tells who wrote that all of a Twrite was taken, before the operation has done it, so that the next request
 * is made meanwhile.  What becomes of the write is then told to nobody: only for an operation that is sure to succeed,
 * or whose errors a later one reports.  It still ends with req_ok or req_fail.
 */
void req_ack(Req *r);

/* req_fail answers r with the thread's error string; req_err with a standard error. */
void req_fail(Req *r);
void req_err(Req *r, Err e);

/* req_poll parks r until fd has one of events (poll(2)) or ms pass (-1: never; req_timedout tells). */
void req_poll(Req *r, int fd, int events, int ms);

/* req_sleep parks r until z is woken or ms pass (-1: never). */
void req_sleep(Req *r, Rendez *z, int ms);

/* rendez_init makes a Rendez; rendez_one and rendez_all let sleepers run again, after the caller's operation ends. */
void rendez_init(Rendez *z);
void rendez_one(Rendez *z);
void rendez_all(Rendez *z);

/* park_wakefd lets every request parked on fd run again; call it before closing fd. */
void park_wakefd(int fd);

/*
 * req_block says that the operation is about to block: the Srv's lock is
 * given up and another thread takes over this one's reading.  -1 (Ebusy)
 * when there are too many already.  While blocked, req_evfd becomes readable
 * when r is flushed.  req_unblock takes the lock again.
 */
int req_block(Req *r) must_use;
void req_unblock(Req *r);
int req_evfd(Req *r);

/* req_flushed says whether r was flushed while it ran; req_timedout whether its last wait ended at the deadline. */
bool req_flushed(Req *r);
bool req_timedout(Req *r);

/* req_readbuf answers a Tread from n bytes at p, by offset; req_readstr from a string. */
void req_readbuf(Req *r, const void *p, size_t n);
void req_readstr(Req *r, const char *s);

/*
 * req_readdir answers a Tread of a directory.  gen fills d with the i'th
 * entry (strings valid until the next call) and returns 0, or -1 at the end.
 */
void req_readdir(Req *r, int (*gen)(Req *r, int i, Dir *d));

/* req_text copies a Twrite's data as a string without trailing newlines; owned by the caller; NULL if it has NULs. */
char *req_text(Req *r) must_use;

#endif
