/*
 * Client: 9P from the other side.  One Client is one connection, shared by
 * any number of threads and requests.
 *
 * Two ways to ask.  client_rpc waits for the answer; when nobody else uses
 * the connection the waiting thread reads the answer itself, with no
 * hand-off (leader and followers).  client_send returns at once, never
 * blocks on the server, and calls done on the client's reader thread.
 *
 * Time.  Every request has a deadline.  When it passes the caller gets
 * "connection timed out" and the request is flushed behind its back: its
 * tag is not used again before the Rflush (flush(5)), and a fid that a late
 * answer made is clunked.  A server that does not answer the Tflush either
 * is taken for dead.
 *
 * Trust.  A server that breaks the protocol (an answer nobody asked for, of
 * the wrong type, longer than asked or than msize, not well formed), hangs
 * up or dies breaks the connection: every request, now and later, fails
 * with one text that says what happened.
 *
 * CFids below are a thin layer on client_rpc, one call a message; they are
 * not locked: threads may share one only for reads and writes.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <base/buf.h>
#include <base/u.h>
#include <client/tap.h>
#include <ninep/ninep.h>

typedef struct Client Client;

typedef struct ClientOpts {
	const char *name; /* for messages, "tcp!host!564"; NULL: "9p server" */
	u32 msize;        /* to ask for; 0: 64 KiB + IOHDRSZ */
	int deadline_ms;  /* of a request that does not say; 0: a minute, -1: none */
	Tap *tap;         /* told of every message; may be NULL */
	bool taken_over;  /* others have spoken here and may have left half an answer behind */
	bool trace;       /* print every message on file descriptor 2 */
} ClientOpts;

/*
 * client_new speaks 9P on rfd and wfd (may be equal; closed with the last
 * reference, also on failure) and agrees on the version; may block until
 * the deadline.  o may be NULL.
 */
Client *client_new(int rfd, int wfd, const ClientOpts *o) must_use;

/* client_dial is client_new on dial(addr), named after addr. */
Client *client_dial(const char *addr, const ClientOpts *o) must_use;

/* client_take and client_drop count references; the last drop fails what is in flight and closes the descriptors. */
Client *client_take(Client *c);
void client_drop(Client *c);

/* client_break fails every request, now and later, with why. */
void client_break(Client *c, const char *why);

/* client_broken says whether the connection has failed; the reason is then the error string. */
bool client_broken(Client *c);

/* client_tap returns what was given as tap, which stays c's. */
Tap *client_tap(const Client *c);

/* client_msize returns the message size agreed on; client_name the name given. */
u32 client_msize(const Client *c);
const char *client_name(const Client *c);

/*
 * client_rpc sends t (its tag is ours) and waits ms milliseconds (0: the
 * client's default, -1: no limit) for the answer in r.  The data of an Rread
 * or the record of an Rstat goes to buf[n].  An Rerror is -1 with its text.
 */
int client_rpc(Client *c, const Fcall *t, Fcall *r, void *buf, u32 n, int ms) must_use;

/* client_cancelfd makes the calling thread's later waits end (flush, Eintr) when fd is readable; -1 ends that. */
void client_cancelfd(int fd);

/*
 * client_send sends t and returns a number for it, 0 on failure.  done is
 * called once, on the reader thread, perhaps before client_send returns:
 * with the answer (it and its strings and data are gone when done returns),
 * or with r NULL and err the reason.  done must not block or call client_rpc.
 */
typedef void ClientDone(void *arg, const Fcall *r, const char *err);
u64 client_send(Client *c, const Fcall *t, ClientDone *done, void *arg, int ms) must_use;

/*
 * client_flush gives up a request of client_send: done is called soon, with
 * "interrupted" or with an answer that was faster.  A request that is over
 * already is ignored.
 */
void client_flush(Client *c, u64 id);

/* client_fid returns a fid number that is not in use; client_fidfree gives it back, once the server knows it no more. */
u32 client_fid(Client *c);
void client_fidfree(Client *c, u32 fid);

typedef struct ClientStats {
	u64 sent, received; /* messages */
	u64 timeouts;
	int inflight;
	i64 oldest_ms; /* age of the oldest in flight */
} ClientStats;

void client_stats(Client *c, ClientStats *s);

/* client_dump appends a line for each request in flight of each client of this process: pid, message, server, fid, ms. */
void client_dump(Buf *b);

typedef struct CFid {
	Client *c; /* a reference */
	u32 fid;
	Qid qid;
	u32 iounit; /* bytes a read or write may move at once, never 0 once open */
	int omode;  /* -1 until opened */
	u64 diroff; /* client_readdir's */
} CFid;

/* client_auth returns an open authentication fid; client_attach the root of aname (afid may be NULL). */
CFid *client_auth(Client *c, const char *uname, const char *aname) must_use;
CFid *client_attach(Client *c, const CFid *afid, const char *uname, const char *aname) must_use;

/* client_walk returns a new CFid n elements below f (0: a clone), more than MAXWELEM too; a missing one is Enonexist. */
CFid *client_walk(CFid *f, int n, const char *const *name) must_use;

/* client_walkpath is client_walk for a path with slashes. */
CFid *client_walkpath(CFid *f, const char *path) must_use;

/* client_keep frees f but for its fid, whose number is returned: that is the caller's to use and to clunk. */
u32 client_keep(CFid *f);

/* client_open opens f; client_create makes name in directory f, and f becomes it, open. */
int client_open(CFid *f, int mode) must_use;
int client_create(CFid *f, const char *name, int mode, u32 perm) must_use;

/* client_read and client_write move at most iounit bytes and return how many, or -1. */
long client_read(CFid *f, void *p, u32 n, u64 off) must_use;
long client_write(CFid *f, const void *p, u32 n, u64 off) must_use;

/* client_stat fills d; its strings are kept in *strings, which the caller frees. */
int client_stat(CFid *f, Dir *d, char **strings) must_use;

/* client_wstat changes what d says (dir_null first). */
int client_wstat(CFid *f, const Dir *d) must_use;

/* client_remove removes the file and frees f, whatever the answer; client_clunk (NULL is fine) frees f. */
int client_remove(CFid *f) must_use;
void client_clunk(CFid *f);

/* client_readdir calls each with every entry of open directory f until it returns -1; d is gone when each returns. */
int client_readdir(CFid *f, int (*each)(void *arg, const Dir *d), void *arg) must_use;

/*
 * client_readall reads from off on (max bytes, -1: to the end) with depth
 * requests in flight and gives the bytes to sink in order.  With depth > 1
 * only for files whose bytes stay where they are.  It returns the bytes read.
 */
i64 client_readall(CFid *f, u64 off, i64 max, int depth, int (*sink)(void *arg, const void *p, u32 n), void *arg)
	must_use;

/* client_writeall writes what source gives (0 at the end) from off on, with depth requests in flight; bytes written. */
i64 client_writeall(CFid *f, u64 off, int depth, long (*source)(void *arg, void *p, u32 n), void *arg) must_use;

#endif
