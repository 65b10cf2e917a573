/*
 * Counters, and how they were: a sample a second for an hour, a sample a
 * minute for two days, for /graph.
 */
#ifndef VENTID_STATS_H
#define VENTID_STATS_H

#include <base/lock.h>
#include <base/u.h>

/* to add one: a row; the name is Plan 9's where it has one, times are microseconds */
#define STATTABLE(X) \
	X(StatTotal, "rpctotal", "requests") \
	X(StatRead, "rpcread", "reads") \
	X(StatReadOk, "rpcreadok", "reads that found their block") \
	X(StatReadFail, "rpcreadfail", "reads that failed") \
	X(StatReadByte, "rpcreadbyte", "bytes read") \
	X(StatReadTime, "rpcreadtime", "microseconds of reads") \
	X(StatWrite, "rpcwrite", "writes") \
	X(StatWriteNew, "rpcwritenew", "writes of blocks that were not there") \
	X(StatWriteOld, "rpcwriteold", "writes of blocks that were there") \
	X(StatWriteFail, "rpcwritefail", "writes that failed") \
	X(StatWriteByte, "rpcwritebyte", "bytes written") \
	X(StatWriteTime, "rpcwritetime", "microseconds of writes") \
	X(StatSync, "rpcsync", "syncs") \
	X(StatSyncTime, "rpcsynctime", "microseconds of syncs") \
	X(StatBad, "rpcbad", "requests that were unknown or malformed") \
	X(StatBatch, "batch", "calls of the store, each with some requests") \
	X(StatConns, "conns", "connections") \
	X(StatCalls, "calls", "connections that were accepted") \
	X(StatRefused, "refused", "connections that were refused") \
	X(StatDropped, "dropped", "connections that were hung up on") \
	X(StatHttp, "http", "HTTP requests")

typedef enum Stat {
#define X(id, name, what) id,
	STATTABLE(X)
#undef X
	NSTAT
} Stat;

enum { STATSECS = 3600, STATMINS = 2880 };

typedef struct Sample {
	i64 t; /* seconds since 1970 */
	u64 n[NSTAT];
} Sample;

typedef struct Stats {
	u64 n[NSTAT]; /* atomic */
	Lock lock;    /* the samples */
	Sample *sec, *min;
	u64 nsec, nmin; /* taken so far */
} Stats;

void stats_init(Stats *s);
void stats_free(Stats *s);

/* stats_add counts; d is taken modulo 2^64, so a gauge can go down; stats_get looks. */
void stats_add(Stats *s, Stat i, u64 d);
u64 stats_get(const Stats *s, Stat i);

/* stats_tick takes a sample, once a second. */
void stats_tick(Stats *s, i64 now);

/* stats_samples copies the samples of [from, to], oldest first, to a new array; *n is their number, at least 0. */
Sample *stats_samples(Stats *s, i64 from, i64 to, int *n) must_use;

/* stats_name and stats_what describe a counter; stats_find finds one by name, -1 if there is none. */
const char *stats_name(Stat i);
const char *stats_what(Stat i);
int stats_find(const char *name) must_use;

#endif
