/*
 * The mount driver's Srv: a 9P tree at the other end of a Client.  Requests
 * are forwarded without a thread each; an answer is handled on the client's
 * reader thread.  One Client may be behind any number of these.
 */
#ifndef NS_MNT_H
#define NS_MNT_H

#include <client/client.h>
#include <srv/srv.h>

/* how a mount whose connection broke gets another */
typedef struct Redial {
	/* a new connection in place of old (NULL: there was none), owned by the caller, or NULL with the reason; may block;
	 * fn NULL: it gets no other */
	Client *(*fn)(void *arg, const Client *old);
	void (*end)(void *arg);	  /* the mount is gone; may be NULL */
	void *arg;
} Redial;

typedef struct MntOpts {
	const char *uname; /* attach as this user whoever asks; NULL: as who attaches says */
	const char *aname; /* attach to this tree; NULL: as who attaches says */
	const CFid *afid;  /* authenticated for uname and aname; stays the caller's, needed while there are attaches */
	/* milliseconds for an answer, 0: the client's default.  With stream, opens, reads and writes have none. */
	int deadline;
	bool stream; /* files have no offsets (FidStream): /mnt/term, an imported /net */
	Redial redial; /* the mount heals (heal.c tells how); only without afid */
	bool cache;  /* contents change with qid.vers only (FidCache): mount -C */
} MntOpts;

/* mnt_new makes a Srv of c, of which it takes a reference; the caller owns the Srv (srv_drop).  o may be NULL. */
Srv *mnt_new(Client *c, const MntOpts *o) must_use;

/*
 * mnt_away makes a Srv whose server is still to be dialled (o->redial), and its root for uname and aname, a Fid that
 * holds the Srv; its stat is made up until then.  name is for messages.
 */
Fid *mnt_away(const char *name, const MntOpts *o, const char *uname, const char *aname) must_use;

/* mnt_tap returns the Tap of s's connection with a reference for the caller; NULL: it has none now. */
Tap *mnt_tap(const Srv *s) must_use;

/* mnt_state appends a line that says whether s is connected, to what and since when. */
void mnt_state(const Srv *s, Buf *b);

/* mnt_is says whether s is one of these; mnt_client returns its client with a reference for the caller, NULL if it has
 * none now. */
bool mnt_is(const Srv *s);
Client *mnt_client(const Srv *s);

#endif
