#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include "stats.h"

static const char *const name[NSTAT] = {
#define X(id, name, what) name,
	STATTABLE(X)
#undef X
};

static const char *const about[NSTAT] = {
#define X(id, name, what) what,
	STATTABLE(X)
#undef X
};

const char *stats_name(Stat i) { return name[i]; }
const char *stats_what(Stat i) { return about[i]; }

int stats_find(const char *s)
{
	for (int i = 0; i < NSTAT; i++)
		if (strcmp(s, name[i]) == 0)
			return i;
	return -1;
}

void stats_init(Stats *s)
{
	*s = (Stats){ .sec = mem_array(STATSECS, sizeof(Sample)), .min = mem_array(STATMINS, sizeof(Sample)) };
	lock_init(&s->lock, RankLeaf);
}

void stats_free(Stats *s)
{
	free(s->sec);
	free(s->min);
}

void stats_add(Stats *s, Stat i, u64 d) { __atomic_add_fetch(&s->n[i], d, __ATOMIC_RELAXED); }
u64 stats_get(const Stats *s, Stat i) { return __atomic_load_n(&s->n[i], __ATOMIC_RELAXED); }

void stats_tick(Stats *s, i64 now)
{
	Sample *a;

	lock(&s->lock);
	a = &s->sec[s->nsec++ % STATSECS];
	a->t = now;
	for (int i = 0; i < NSTAT; i++)
		a->n[i] = stats_get(s, (Stat)i);
	if (s->nmin == 0 || now - s->min[(s->nmin - 1) % STATMINS].t >= 60)
		s->min[s->nmin++ % STATMINS] = *a;
	unlock(&s->lock);
}

/* oldest is the time of the oldest sample of a ring, for ever if there is none */
static i64 oldest(const Sample *ring, u64 n, u64 max)
{
	return n == 0 ? INT64_MAX : ring[n > max ? n % max : 0].t;
}

static void copy(Sample *to, int *n, const Sample *ring, u64 have, u64 max, i64 from, i64 until)
{
	for (u64 i = have > max ? have - max : 0; i < have; i++) {
		const Sample *a = &ring[i % max];

		if (a->t >= from && a->t <= until)
			to[(*n)++] = *a;
	}
}

Sample *stats_samples(Stats *s, i64 from, i64 to, int *n)
{
	Sample *a = mem_array(STATSECS + STATMINS, sizeof *a);
	i64 fine;

	*n = 0;
	lock(&s->lock);
	fine = oldest(s->sec, s->nsec, STATSECS);
	if (from < fine)
		copy(a, n, s->min, s->nmin, STATMINS, from, to < fine ? to : fine - 1);
	copy(a, n, s->sec, s->nsec, STATSECS, from, to);
	unlock(&s->lock);
	return a;
}
