/*
 * Time.  The monotonic clock may be shifted for tests (clock_shift), so that
 * leases and deadlines can be run through without waiting for them.
 */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <base/u.h>

/* clock_ms returns milliseconds of a clock that never goes back, plus the shift; clock_ns nanoseconds without it. */
i64 clock_ms(void);
i64 clock_ns(void);

/* clock_boot returns milliseconds since the machine was started, asleep or not, as the times of processes are given. */
i64 clock_boot(void);

/* clock_shift moves clock_ms forward by ms. */
void clock_shift(i64 ms);

/* clock_wall returns seconds since 1970, clock_wallns nanoseconds. */
i64 clock_wall(void);
i64 clock_wallns(void);

#endif
