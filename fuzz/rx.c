/* A pattern and a text, parted by the first NUL. */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/rx.h>

int LLVMFuzzerTestOneInput(const u8 *p, size_t n);

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	const u8 *z = n > 1 ? memchr(p + 1, 0, n - 1) : NULL;
	size_t left = z != NULL ? (size_t)(p + n - z - 1) : 0;
	RxSub sub[10];
	Rx *rx;

	if (z == NULL || n > 4096)
		return 0;
	rx = rx_compile((const char *)p + 1, p[0] & 3);
	if (rx == NULL)
		return 0;
	if (rx_match(rx, (const char *)z + 1, left, 0, sub, 10)) {
		if (sub[0].s < 0 || sub[0].e < sub[0].s || (size_t)sub[0].e > left)
			abort();
		if (!rx_match(rx, (const char *)z + 1, left, 0, NULL, 0))
			abort();
	}
	rx_free(rx);
	return 0;
}
