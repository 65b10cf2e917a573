#include <time.h>
#include <os/clock.h>

static i64 shift; /* milliseconds, atomic */

static i64 now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (i64)t.tv_sec * 1000000000 + t.tv_nsec;
}

i64 clock_ns(void)
{
	return now(CLOCK_MONOTONIC);
}

i64 clock_ms(void)
{
	return clock_ns() / 1000000 + __atomic_load_n(&shift, __ATOMIC_RELAXED);
}

i64 clock_boot(void)
{
	return now(CLOCK_BOOTTIME) / 1000000;
}

void clock_shift(i64 ms)
{
	__atomic_add_fetch(&shift, ms, __ATOMIC_RELAXED);
}

i64 clock_wallns(void)
{
	return now(CLOCK_REALTIME);
}

i64 clock_wall(void)
{
	return clock_wallns() / 1000000000;
}
