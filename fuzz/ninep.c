/* A message that decodes must encode to the same bytes; a stat record too; printing must not crash. */
#include <stdlib.h>
#include <string.h>
#include <ninep/ninep.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void same(int got, int len, const u8 *again, const u8 *data)
{
	if (got != len || memcmp(again, data, (size_t)len) != 0)
		abort();
}

static void message(const u8 *data, u32 n, u8 *work, u8 *again)
{
	autobuf Buf b = { 0 };
	Fcall f;
	int len;

	memcpy(work, data, n);
	len = fcall_decode(work, n, &f);
	if (len < 0)
		return;
	fcall_print(&b, &f);
	same(fcall_encode(&f, again, n), len, again, data);
}

static void record(const u8 *data, u32 n, u8 *work, u8 *again)
{
	Dir d;
	int len;

	memcpy(work, data, n);
	len = dir_decode(work, n, &d);
	if (len >= 0)
		same(dir_encode(&d, again, n), len, again, data);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	u8 *work, *again;

	if (n == 0 || n > MSIZEMAX)
		return 0;
	work = malloc(n); /* exact sizes, so that a sanitizer sees one byte too far */
	again = malloc(n);
	message(data, (u32)n, work, again);
	record(data, (u32)n, work, again);
	free(work);
	free(again);
	return 0;
}
