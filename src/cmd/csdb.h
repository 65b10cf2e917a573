/*
 * The network database as cs(8) asks it: the files of /lib/ndb/local and
 * those its database= entry names, with the stack's own ndb before them,
 * read again when one has changed.
 */
#ifndef CMD_CSDB_H
#define CMD_CSDB_H

#include <base/buf.h>
#include <base/ip.h>
#include <base/ndb.h>

enum { CSFILES = 16, CSADDRS = 16 };

typedef struct Csdb Csdb;

/* csdb_open names the first file and the stack (NULL: no stack); it cannot fail: files that are not there are empty. */
Csdb *csdb_open(const char *file, const char *mtpt) must_use;

/* csdb_free frees it. */
void csdb_free(Csdb *db);

/* csdb_fresh reads the files again if one has changed (or force); may block. */
void csdb_fresh(Csdb *db, bool force);

/* csdb_find calls fn with each entry that has attr=val (val NULL: any) until it returns true. */
bool csdb_find(Csdb *db, const char *attr, const char *val, bool (*fn)(const NdbEntry *e, void *arg), void *arg);

/* csdb_attr finds this system's value of attr: in the stack's ndb, its own entry, or that of its networks; NULL. */
const char *csdb_attr(Csdb *db, const char *attr);

/* csdb_ipattr finds attr for address ip: in its entry, else in those of the networks it is in, smallest first; NULL. */
const char *csdb_ipattr(Csdb *db, const Ip *ip, const char *attr);

/* csdb_port returns the port of a service of net ("tcp", "9fs"), a number as itself, or -1. */
int csdb_port(Csdb *db, const char *net, const char *service);

/* csdb_host fills ip with at most CSADDRS addresses of a name ($attr, a system, a domain name, an address), and returns how many. */
int csdb_host(Csdb *db, const char *name, Ip *ip);

/* csdb_translate appends "MTPT/net/clone address" lines for a dial string; -1 if there is no answer. */
int csdb_translate(Csdb *db, const char *mtpt, const char *query, Buf *lines);

#endif
