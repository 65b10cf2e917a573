/*
 * What the files of the mount objects share: mobj.c the table, mcollect.c
 * what is freed, mcommand.c what a tool asks for, mlayer.c members, mroot.c
 * roots, mrestore.c the table of the last kernel process.
 */
#ifndef DEV_MOBJPRIV_H
#define DEV_MOBJPRIV_H

#include "mobj.h"

enum { MAXMEMBERS = 64, CALLMS = 30000 };

/* mlayer.c: layer_make and layer_new make a kept layer of directory fd, which layer_new owns in any case; NULL on error. */
Layer *layer_make(Kern *k, u32 id, int fd) must_use;
Layer *layer_new(Mobj *t, int fd) must_use;
void layer_drop(Layer *l);
void omem_free(Omem *m);

/* obj_new returns an object that is in no table, with one reference. */
Obj *obj_new(int kind, const char *owner) must_use;

/* obj_kind returns the kind called name, -1 if there is none. */
int obj_kind(const char *name);

/* mobj_get is mobj_find without a reference; t->lk is held. */
Obj *mobj_get(Mobj *t, u32 id);

/* mobj_text is mobj_find of a decimal number. */
Obj *mobj_text(Mobj *t, const char *id) must_use;

/* mobj_mayuse is mobj_text for an object that r's caller wants to make another of: his own, or in his name space. */
Obj *mobj_mayuse(Mobj *t, const char *id, const Req *r) must_use;

/* mobj_save rewrites what init keeps; t->lk is held. */
int mobj_save(Mobj *t) must_use;

/* mobj_forget takes o out of the table; t->lk is held. */
void mobj_forget(Mobj *t, Obj *o);

/* mobj_publish gives o a number and keeps it; the table has the only reference, also when it fails. */
int mobj_publish(Mobj *t, Obj *o, u32 *id) must_use;

void bind_free(Bind *j);

/* mcollect_run frees what no mount table shows, if there may be much of it, or now; t->lk is held. */
void mcollect_run(Mobj *t, bool now);

/* mrestore_run makes the table again from what init kept. */
void mrestore_run(Mobj *t);

#endif
