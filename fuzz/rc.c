/*
 * The parser of rc: what it accepts it can print, and what it printed means
 * the same: it parses again, to the same text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <rc/rc.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	autofree char *once = NULL, *twice = NULL;

	if (n > 8192)
		return 0;
	once = rc_check((const char *)data, n);
	if (once == NULL)
		return 0;
	twice = rc_check(once, strlen(once));
	if (twice != NULL && strcmp(once, twice) == 0)
		return 0;
	fprintf(stderr, "printed:\n%s\nthen: %s\n", once, twice != NULL ? twice : rerrstr());
	abort();
}
