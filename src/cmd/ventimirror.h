/*
 * How far each mirror is: for each of them and each arena the clump after the
 * last that it has for sure.  Kept in a text file, which is replaced whole:
 *
 *	host arena next last score
 *
 * last and score are the place and score of the clump before next: they tell
 * that the arena still is what it was.
 */
#ifndef CMD_VENTIMIRROR_H
#define CMD_VENTIMIRROR_H

#include <arena/arena.h>
#include <base/lock.h>
#include <venti/client.h>

typedef struct Place {
	char *host, *arena;
	u64 next, last;
	Score score;
} Place;

typedef struct Places {
	char *file;
	Lock lk; /* the rest, and the file */
	Place *p;
	int n;
} Places;

/* places_load reads the file; one that is not there is empty; -1 with the line that is wrong. */
int places_load(Places *s, const char *file) must_use;

/* places_get returns where host is in an arena; places_set changes that and writes the file before it returns. */
Place places_get(Places *s, const char *host, const char *arena);
int places_set(Places *s, const Place *p) must_use;
void places_free(Places *s);

typedef struct Mirror {
	const char *host;
	Places *places;
	char **part; /* arena partitions */
	int npart;
	bool verbose;
	bool (*stop)(void); /* says whether to end early */
	u64 blocks, bytes, bad; /* sent, and left out as damaged */
	u64 behind;             /* bytes of clumps not sent yet, at the end of the last round */
} Mirror;

/* mirror_round sends what is new in all arenas and syncs; -1 with the reason, keeping what was synced. */
int mirror_round(Mirror *m, Venti *v) must_use;

/* mirror_behind counts the bytes that host still lacks, as far as the arenas' tails tell. */
int mirror_behind(Mirror *m, u64 *bytes) must_use;

#endif
