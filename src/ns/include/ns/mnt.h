/*
 * The mount driver's Srv: a 9P tree at the other end of a Client.  Requests
 * are forwarded without a thread each; an answer is handled on the client's
 * reader thread.  One Client may be behind any number of these.
 */
#ifndef NS_MNT_H
#define NS_MNT_H

#include <client/client.h>
#include <srv/srv.h>

typedef struct MntOpts {
	const char *uname; /* attach as this user whoever asks; NULL: as who attaches says */
	const char *aname; /* attach to this tree; NULL: as who attaches says */
	const CFid *afid;  /* authenticated for uname and aname; stays the caller's, needed while there are attaches */
	/* milliseconds for an answer, 0: the client's default.  With stream, opens, reads and writes have none. */
	int deadline;
	bool stream; /* files have no offsets (FidStream): /mnt/term, an imported /net */
	bool cache;  /* contents change with qid.vers only (FidCache): mount -C */
} MntOpts;

/* mnt_new makes a Srv of c, of which it takes a reference; the caller owns the Srv (srv_drop).  o may be NULL. */
Srv *mnt_new(Client *c, const MntOpts *o) must_use;

/* mnt_is says whether s is one of these; mnt_client returns its client, which stays s's. */
bool mnt_is(const Srv *s);
Client *mnt_client(const Srv *s);

#endif
