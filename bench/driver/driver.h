/* What the drivers share: time, giving up, printing the one number that a driver is run for. */
#ifndef DRIVER_H
#define DRIVER_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

__attribute__((noreturn)) static inline void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* rate prints n per second since the time began. */
static inline void rate(double n, double began)
{
	printf("%.4g\n", n / (now() - began));
}

#endif
