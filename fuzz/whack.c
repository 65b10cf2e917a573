/* What others have compressed is unpacked within its room; what we compress comes back. */
#include <stdlib.h>
#include <string.h>
#include <arena/whack.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static u8 out[65536], back[65536];
	int size;

	if (n > 60000)
		return 0;
	size = whack_unpack(out, n > 0 ? data[0] * 257 : 0, data, (int)n);
	if (size > (n > 0 ? data[0] * 257 : 0))
		abort();
	size = whack_pack(out, data, (int)n);
	if (size >= 0 && (size >= (int)n || whack_unpack(back, (int)n, out, size) != (int)n || memcmp(back, data, n) != 0))
		abort();
	return 0;
}
