#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <os/random.h>

void random_bytes(void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t m = getrandom((char *)p + got, n - got, 0);

		if (m < 0 && errno != EINTR) {
			perror("anthill: getrandom");
			abort();
		}
		if (m > 0)
			got += (size_t)m;
	}
}

u32 random_u32(u32 below)
{
	u32 limit = below > 0 ? UINT32_MAX - UINT32_MAX % below : 0, v;

	do
		random_bytes(&v, sizeof v);
	while (below > 0 && v >= limit);
	return below > 0 ? v % below : 0;
}
