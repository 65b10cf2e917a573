/*
 * The network database, ndb(6): files of entries; an entry is a line of
 * attr=value pairs and the indented lines below it; # starts a comment;
 * values may be in double quotes.  Plan 9 keeps hosts, networks and, here,
 * grids in this format.
 */
#ifndef BASE_NDB_H
#define BASE_NDB_H

#include <base/u.h>

typedef struct Ndb Ndb;
typedef struct NdbEntry NdbEntry;

typedef struct NdbPair {
	char *attr, *val; /* val is "" for a bare attr */
	int line;         /* 0 on the entry's first line, then 1, 2 ...: pairs of one line belong together */
} NdbPair;

struct NdbEntry {
	NdbPair *pair;
	int npair;
	int lineno; /* of the first line, counted from 1 */
};

/* ndb_parse parses text (file names it in errors); it returns a database owned by the caller, or NULL. */
Ndb *ndb_parse(const char *text, size_t n, const char *file) must_use;

/* ndb_count returns the number of entries; ndb_entry the i'th, which stays db's. */
int ndb_count(const Ndb *db);
const NdbEntry *ndb_entry(const Ndb *db, int i);

/* ndb_get returns the first value of attr in e, NULL if there is none; it stays db's. */
const char *ndb_get(const NdbEntry *e, const char *attr);

/* ndb_next finds the next entry after index i (-1 to start) that has attr=val (val NULL: any); -1 when done. */
int ndb_next(const Ndb *db, int i, const char *attr, const char *val);

/* ndb_free frees db and everything it returned. */
void ndb_free(Ndb *db);

#endif
