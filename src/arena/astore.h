/*
 * The store of arenas, shared by its files:
 *
 *	arenas.c   opening, closing, figures
 *	awrite.c   the log: appending, group commit
 *	aread.c    reading and comparing, many blocks at once; healing
 *	aflush.c   the two threads: syncs and tails; seals and scrub
 *	ackpt.c    the index's checkpoint
 *
 * Threads.  Callers do the work themselves: scores and comparisons outside
 * any lock, the append under s->lk, since Linux takes one writer per file
 * at a time anyway.  The flusher syncs what nobody asked to sync (so that
 * at most FLUSHMS is at risk), writes directories and tails behind the log,
 * and checkpoints.  The reader sums full arenas and scrubs.
 */
#ifndef ASTORE_H
#define ASTORE_H

#include <stdatomic.h>
#include <arena/arena.h>
#include <arena/arenas.h>
#include <arena/htab.h>
#include <base/lock.h>
#include <os/diskio.h>
#include "cache.h"

enum {
	FLUSHMS = 300,                   /* the flusher's round */
	TAILLAG = 32 * 1024 * 1024,      /* log behind the tail that makes the flusher write one */
	TAILMAX = 96 * 1024 * 1024,      /* log behind the durable tail at which writers wait (recovery looks 128 MB far) */
	STARTEVERY = 4 * 1024 * 1024,    /* bytes after which Linux is told to begin writing */
	BATCH = 64,                      /* requests handled at once */
	HEALS = 16,                      /* blocks that mirrors are asked for at the same time */
	SCRATCH = 512 * 1024,            /* bytes that one thread reads at once */
};

/* An arena in the index's space of places. */
typedef struct Place {
	Arena *a;
	Part *part;
	u64 at;                  /* of its first clump, a multiple of GRAIN */
	/* protected by the store's lk; before there are threads, nobody's */
	ClumpInfo *dir;          /* directory lines from dirfirst on, the first of a block, that are not all on the disk */
	u32 dirfirst, ndir, capdir;
	u64 tailused;            /* what the durable tail says is used */
	bool dirty;              /* appended to since a sync began */
	bool marked;             /* its tail says that nothing was written after it */
	bool tosum;              /* full: wants its tail written and its sum */
	bool broken;             /* read only */
	char why[128];
} Place;

typedef struct Counters {
	atomic_ullong writes, wbytes, dups, syncs, reads, rbytes, hits, healed, lost;
} Counters;

/* What one thread reads with; lent by the pool. */
typedef struct Reader {
	struct Reader *next;
	Ring *ring;
	u8 *buf, *block; /* SCRATCH for clumps; one unpacked block */
} Reader;

typedef struct Astore {
	Store store;
	ArenasOpt opt;
	ConfPack pack; /* atomic: how new clumps are packed */
	ConfPack confpack;
	char *name;              /* of the index, as the configuration calls it */
	char *index;             /* where checkpoints go, NULL: nowhere */
	Part **part;
	int npart;
	Place *place;
	int n;
	Index *ix;
	bool loaded;             /* from a checkpoint */
	Cache *cache;
	Counters count;

	Lock lk;                 /* the log: everything below, and the places' fields */
	Cond moved;              /* a sync ended, a tail moved, something is to be flushed */
	int cur;                 /* the place appended to; n when all are full */
	u64 written, synced;     /* bytes appended since the start; of which durable */
	u64 started;             /* bytes that Linux was told to write */
	u64 since;               /* clumps since the index's checkpoint */
	bool syncing, stop, kick, flushall;
	char *syncfail;          /* a sync failed: what was written is not sure any more */

	Lock poollk;             /* pool, npool, healing */
	Reader *pool;
	int npool;
	const Score *healing[HEALS]; /* blocks that mirrors are asked for now */
	atomic_bool noring;

	pthread_t flusher, reader;
	bool hasflusher, hasreader;
	atomic_ullong scrubrate, scrubbed, scrubtotal, scrubbad;
} Astore;

/* astore_say sends one line of news. */
void astore_say(Astore *s, const char *fmt, ...) printf_like(2, 3);

/* astore_break makes a place read only; the caller does not hold lk. */
void astore_break(Astore *s, Place *p, const char *fmt, ...) printf_like(3, 4);

/* astore_place finds the place that `at` is in, NULL if none. */
Place *astore_place(Astore *s, u64 at);

/* Fetching. */
typedef enum FetchState { FetchMissing, FetchFound, FetchSmall, FetchCollide, FetchDamaged } FetchState;

typedef struct Fetch {
	const Score *score;
	int type;
	u8 *p;           /* the room, or the bytes to compare with */
	u32 n;           /* its size; then the block's */
	bool compare;
	FetchState state;
	IndexHit hit[INDEXHITS];
	int nhit, at;    /* candidates, the one that is tried */
	bool done, damaged, small;
	u32 need;
	/* of the read that is under way */
	u8 *buf;
	u32 len;
	Place *place;
	u64 off;         /* on the disk */
} Fetch;

/* fetch_all fetches or compares n blocks (at most BATCH). */
void fetch_all(Astore *s, Fetch *f, int n);

/* fetch_heal has a damaged block fetched from the mirror into f->p; true if that worked. */
bool fetch_heal(Astore *s, Fetch *f);

Reader *reader_get(Astore *s);
void reader_put(Astore *s, Reader *r);
void reader_freeall(Astore *s);

void astore_read(Store *st, StoreReq *r, int n);
void astore_write(Store *st, StoreReq *r, int n);
int astore_sync(Store *st) must_use;
void astore_report(Store *st, StoreReport what, Buf *text);
int astore_set(Store *st, const char *name, const char *value, Buf *text) must_use;

/* astore_append writes a block that is known to be absent (heal). */
int astore_append(Astore *s, const Score *score, int type, const u8 *p, u32 n) must_use;

/* place_adddir remembers a line of the directory; lk is held, or there are no threads. */
void place_adddir(Place *p, const ClumpInfo *ci);

/* place_flush writes p's directory and tail as far as its log goes now; only the flusher, or after it; a failure breaks p. */
int place_flush(Astore *s, Place *p, bool clean);

/* place_unmark takes back the tail's word that nothing follows it, before something does. */
int place_unmark(Place *p) must_use;

void astore_flusher(void *arg);
void astore_reader(void *arg);

/* scrub_arena checks one arena: clumps, directory, figures, seal; each fault is told; returns how many, -1 if stopped. */
long scrub_place(Astore *s, Place *p);

/* ckpt_save writes the index's checkpoint; ckpt_load makes s->ix of it and says from which clump on each place must be
 * added (from[]); false if there is none that fits. */
int ckpt_save(Astore *s) must_use;
bool ckpt_load(Astore *s, const Recovery *r, u32 *from, u64 *fromat);

#endif
