/*
 * What mnt.c (forwarding) and heal.c (connections that break) share.
 */
#ifndef NS_MNTPRIV_H
#define NS_MNTPRIV_H

#include <ns/mnt.h>

/* a name on the way to a file, so that it can be walked to again; shared by all that were walked to through it */
typedef struct Elem {
	int refs; /* atomic */
	struct Elem *up;
	char *name;	     /* protected by the Mnt's lk: a file may be renamed; NULL: the root */
	char *uname, *aname; /* of a root */
} Elem;

typedef struct Mnt {
	Srv srv;
	Ref ref; /* the Srv, each MFid, the healer */
	char *name, *uname, *aname;
	u32 afid;
	int deadline;
	bool stream;
	u32 flags; /* of its files */
	Redial redial;

	Lock lk;   /* protects what follows, once redial.fn is set; else c never changes */
	Client *c;
	u32 gen;   /* of c */
	bool down; /* c is broken, and known to be */
	bool healing; /* the healer runs */
	bool ended;
	int tries;   /* since the last connection that was good for a while */
	i64 since;   /* clock_ms when c was made, or broke */
	char *why;   /* it broke; or the last attempt failed */
	List stale;  /* MFids of older connections that are wanted */
	Rendez z;    /* where their requests wait */
	Cond wake;   /* where the healer waits */
} Mnt;

/* what a Fid's aux is: the fid at the server */
typedef struct MFid {
	Mnt *m;
	Client *c;
	u32 fid;    /* NOFID when it was removed */
	u32 iounit; /* the most bytes of one message */
	/* for healing; protected by m->lk, and c and fid too */
	u32 gen;
	Elem *at;
	Qid qid;
	int omode; /* -1: not open */
	Link link; /* m->stale */
	bool queued, renewing, gone;
	char *lost; /* why it cannot be had on connection gen */
} MFid;

static inline Mnt *mnt_of(const Srv *s)
{
	return container_of(s, Mnt, srv);
}

void mnt_put(Mnt *m);

/* mfid_clunk gives the server's fid back, without waiting, and frees mf. */
void mfid_clunk(MFid *mf);

Elem *elem_new(Elem *up, const char *name); /* takes a reference of up */
Elem *elem_root(const char *uname, const char *aname);
Elem *elem_take(Elem *e);
void elem_drop(Elem *e);

/* what a message is sent with */
typedef struct Use {
	Client *c; /* a reference */
	u32 fid, gen, iounit;
} Use;

/* heal_use gets what a new message of r about mf (NULL: an attach) is sent with; false: r is parked until there is a
 * connection, or was refused. */
bool heal_use(Req *r, Mnt *m, MFid *mf, Use *u);

/* heal_lost says whether connection c, on which a message failed, is broken and m will have another. */
bool heal_lost(Mnt *m, Client *c);

/* heal_wait parks r until mf (NULL: m) may be used again, or refuses it. */
void heal_wait(Req *r, Mnt *m, MFid *mf);

/* heal_away says whether mf is the root of a server that nobody has talked to yet; it is dialled. */
bool heal_away(MFid *mf);

/* heal_forget takes mf, which is about to be freed, from the healer; false: the healer will free it. */
bool heal_forget(MFid *mf);

/* heal_end has the healer end. */
void heal_end(Mnt *m);

#endif
