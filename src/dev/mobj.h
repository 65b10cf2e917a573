/*
 * Mount objects: what is mounted from /#/M/N.  Immutable once made, counted;
 * the table gives them numbers and survives this process (init keeps it).
 */
#ifndef DEV_MOBJ_H
#define DEV_MOBJ_H

#include <client/client.h>
#include "kernpriv.h"

enum { ObjUnion, ObjMount, ObjPipe };

/* a native directory, as a detached copy of its mount */
typedef struct Layer {
	Ref ref;
	Kern *k;
	u32 id;
	int fd;      /* the Srv's */
	Srv *srv;
	bool foreign;
	u64 dev, ino;
} Layer;

typedef struct Omem {
	Layer *layer;  /* or */
	char *path;    /* inside /#, of no union */
	bool create;
	bool base;     /* the directory that was there before the first bind */
	char *name;    /* as typed */
	char *group;   /* the name of the union, as typed, that came with this member and those of which `also` holds, or NULL */
	bool also;
} Omem;

typedef struct Obj {
	Ref ref;
	Link link;
	u32 id;
	int kind;
	char *owner; /* who made it, and for whom it acts */
	Omem *m; /* of a union */
	int n;
	char *src, *aname, *flags, *name; /* of a mount: src is "s/NAME", "fd" or "dial/ADDRESS" */
	int fd;  /* of a mount from a descriptor, else -1 */
	Lock lk; /* protects root */
	Fid *root;
	i64 born;
	int held; /* by open clone files: whoever made it has not mounted it yet */
	bool seen;
	bool narrow; /* made by one who may mount nothing, of what he has */
} Obj;

typedef struct Bind {
	Link link;
	char *dev, *root, *point, *flags, *name;
	u32 uid; /* whose it is */
	i64 born;
	bool seen;
} Bind;

typedef struct Mobj {
	Srv srv, trace;
	Srv narrow; /* the same for who may mount nothing (rfork m) */
	Kern *k;
	Lock lk;   /* protects all below */
	List objs, binds;
	int nobj, nbind, live, liveb;
	u32 *gone;    /* numbers that Linux still knows */
	int ngone;
	bool dirty;   /* something was made or let go since the last collection */
	i64 next;     /* clock_ms before which there is no other */
	u32 ids, layers;
	int memfd;
	char dev[32]; /* our file system's "MAJOR:MINOR", as seen in the last caller's table */
} Mobj;

void mobj_init(Mobj *t, Kern *k);

/* mobj_command does what text (see mnt.c) asks for caller r, and returns the answer, owned by the caller, or NULL. */
char *mobj_command(Mobj *t, Req *r, char *text) must_use;

/* mobj_find returns object id with a reference, NULL with Enonexist. */
Obj *mobj_find(Mobj *t, u32 id) must_use;

/* mobj_named is mobj_find for r's caller, who gives the number: with Eperm if that is not its maker nor the host owner. */
Obj *mobj_named(Mobj *t, u32 id, const Req *r) must_use;
void obj_drop(Obj *o);

/* mobj_narrow says whether r's caller may mount nothing; mobj_narrowuse returns -1 (Enoattach) if path inside /# is nothing
 * that such a one has. */
bool mobj_narrow(Mobj *t, const Req *r);
int mobj_narrowuse(Mobj *t, const Req *r, const char *path) must_use;

/* mobj_letgo lets object id, which mobj_command made, be collected: its maker has mounted it or never will. */
void mobj_letgo(Mobj *t, u32 id);

/* obj_root returns a new Fid at o's root, made for o's owner and shared by all that have it mounted; may block. */
Fid *obj_root(Mobj *t, Obj *o, const Req *r) must_use;

/* mobj_list returns the table as text, the format of which is told in ns/script.c; owned by the caller. */
char *mobj_list(Mobj *t) must_use;

/* mobj_bind enters a plain bind of user uid into the journal: words of "bind DEV ROOT POINT FLAGS NAME". */
int mobj_bind(Mobj *t, char **w, int n, u32 uid) must_use;

/* mnt9p_client returns the client that speaks 9P on fd, which it owns from then on; every mount of it shares that one.
 * It has the Tap of old, if there is one; again: the last kernel process spoke there. */
Client *mnt9p_client(int fd, const char *name, const Client *old, bool again) must_use;

/* mnt9p_root attaches to the 9P server of mount o. */
Fid *mnt9p_root(Kern *k, Obj *o, const Req *r) must_use;

#endif
