/*
 * A Store is where a venti keeps blocks: the one interface between the
 * server and what is below it (arenas on this machine's disks; memory, for
 * tests; a distributed store could follow).
 *
 * Calls take many blocks at once, so that a connection that has read ten
 * requests hands them over together: one pass over the log, one batch for
 * the disk, no thread between.  Any number of threads may call.
 *
 * Promises: a block whose write was answered can be read at once by
 * everybody; after store_sync returns it survives a crash and a power cut;
 * without a sync it is on the disk within a second.  A read is checked
 * against its score.  The same bytes are stored once; other bytes with a
 * score that is there already are refused, loudly.
 */
#ifndef ARENA_STORE_H
#define ARENA_STORE_H

#include <base/buf.h>
#include <base/u.h>
#include <venti/score.h>

typedef struct Store Store;
typedef struct StoreReq StoreReq;

/* One block to be read or written; the caller owns everything in it. */
struct StoreReq {
	Score score; /* read: which; write: filled in */
	int type;    /* wire type */
	u8 *p;       /* read: room for n bytes; write: the n bytes, not changed */
	u32 n;       /* read: room, then the block's size; write: size */
	bool old;    /* write: it was there already */
	bool failed;
	char *err;   /* why, of failed requests: the text for Rerror, to be freed by the caller */
};

/* What people look at over HTTP, as Plan 9's venti prints it. */
typedef enum StoreReport {
	StoreIndex,   /* /index: each arena, where it is ("on FILE at [LO,HI)"), how full */
	StoreStorage, /* /storage: totals */
	StoreXindex,  /* /xindex: as StoreIndex, in XML */
} StoreReport;

typedef struct StoreOps {
	void (*read)(Store *, StoreReq *, int n);
	void (*write)(Store *, StoreReq *, int n);
	int (*sync)(Store *);
	void (*stats)(Store *, Buf *json);
	void (*close)(Store *);
	/* these may be NULL: */
	void (*report)(Store *, StoreReport what, Buf *text);
	int (*set)(Store *, const char *name, const char *value, Buf *text);
	int (*flush)(Store *);
} StoreOps;

/* A back end begins its own structure with this. */
struct Store {
	const StoreOps *op;
	const char *name; /* "arenas", "memory" */
};

/* store_read reads n blocks; each tells by itself whether it failed: "no block with score S/T exists", "read too
 * small: asked for N need at least M"; may block. */
void store_read(Store *s, StoreReq *r, int n);

/* store_write writes n blocks in their order; may block; "lump too large", "file system full", "store is read only: why". */
void store_write(Store *s, StoreReq *r, int n);

/* store_sync returns when every block whose write was answered before the call is durable; calls share their work. */
int store_sync(Store *s) must_use;

/* store_stats appends the back end's figures to json as the members of an object, without the braces. */
void store_stats(Store *s, Buf *json);

/* store_report appends text for people; a back end that has none gets its figures listed. */
void store_report(Store *s, StoreReport what, Buf *text);

/* store_set appends "name = value\n" of the back end's variable (name NULL: of all), after setting it when value is
 * not NULL; -1 for an unknown name or a bad value. */
int store_set(Store *s, const char *name, const char *value, Buf *text) must_use;

/* store_flush writes what a start would else have to work out again (directories, checkpoints); may block for long. */
int store_flush(Store *s) must_use;

/* store_close makes everything durable and frees s; nobody else may use it any more. */
void store_close(Store *s);

/* store_fail marks r failed with a text; for back ends. */
void store_fail(StoreReq *r, const char *fmt, ...) printf_like(2, 3);

/* memstore_new makes a Store in memory of at most max bytes of blocks, for tests and measurements. */
Store *memstore_new(u64 max) must_use;

#endif
