/*
 * Calls to a Srv from inside the process, without a wire: unions resolve
 * their members with these, tests drive servers with them.  They wait for
 * the answer (at most ms; -1: for ever; a late answer is flushed), so an
 * operation that uses them on a Srv that may wait does so between req_block
 * and req_unblock.
 */
#ifndef SRV_CALL_H
#define SRV_CALL_H

#include <srv/srv.h>

/* call_attach returns a new Fid at the root of s. */
Fid *call_attach(Srv *s, const char *uname, const char *aname, const Caller *c, int ms) must_use;

/* call_walk returns a new Fid nwname elements below f (0: a clone), or NULL. */
Fid *call_walk(Fid *f, int nwname, const char **wname, const Caller *c, int ms) must_use;

/* call_open opens f; call_create makes a file in directory f and f becomes it. */
int call_open(Fid *f, int mode, const Caller *c, int ms) must_use;
int call_create(Fid *f, const char *name, int mode, u32 perm, const Caller *c, int ms) must_use;

/* call_read and call_write return the bytes moved or -1. */
long call_read(Fid *f, void *p, u32 n, u64 off, const Caller *c, int ms) must_use;
long call_write(Fid *f, const void *p, u32 n, u64 off, const Caller *c, int ms) must_use;

/* call_stat fills d; its strings are kept in *strings, which the caller frees. */
int call_stat(Fid *f, Dir *d, char **strings, const Caller *c, int ms) must_use;

/* call_wstat changes what d says. */
int call_wstat(Fid *f, const Dir *d, const Caller *c, int ms) must_use;

/* call_remove removes the file and drops f, whatever the answer. */
int call_remove(Fid *f, const Caller *c, int ms) must_use;

#endif
