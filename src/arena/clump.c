/* Clumps: packing, unpacking, checking. */
#include <string.h>
#include <zstd.h>
#include <arena/clump.h>
#include <arena/whack.h>
#include <base/err.h>

enum { ZSTDLEVEL = 1 };

static int clump_zstd(const Clump *c, const u8 *data, u8 *out)
{
	size_t n = ZSTD_decompress(out, c->info.data, data, c->info.size);

	if (ZSTD_isError(n))
		return werrstr("zstd: %s", ZSTD_getErrorName(n));
	return (int)n;
}

int clump_unpack(const Clump *c, const u8 *data, u8 *out)
{
	int n;

	if (c->info.type == TypeCorrupt)
		return werrstr("the clump is marked as lost");
	if (c->encoding == ClumpPlain) {
		memcpy(out, data, c->info.data);
		return 0;
	}
	n = c->encoding == ClumpWhack ? whack_unpack(out, c->info.data, data, c->info.size) : clump_zstd(c, data, out);
	if (n >= 0 && n != c->info.data)
		return werrstr("it unpacks to %d bytes and not %u", n, c->info.data);
	return n < 0 ? -1 : 0;
}

int clump_check(const Clump *c, const u8 *data, u8 *out)
{
	Score s;

	if (c->info.type == TypeCorrupt)
		return 0;
	if (c->encoding != ClumpPlain) {
		if (clump_unpack(c, data, out) < 0)
			return -1;
		data = out;
	}
	s = score_of(data, c->info.data);
	return score_eq(&s, &c->info.score) ? 0 : werrstr("its bytes have another score");
}

bool clump_pack(Clump *c, ConfPack how, const u8 *p, u32 n, u8 *out)
{
	int size = -1;

	if (how == PackWhack) {
		size = whack_pack(out, p, (int)n);
		c->encoding = ClumpWhack;
	} else if (how == PackZstd && n > 1) {
		size_t z = ZSTD_compress(out, n - 1, p, n, ZSTDLEVEL);

		size = ZSTD_isError(z) ? -1 : (int)z;
		c->encoding = ClumpZstd;
	}
	if (size <= 0 || (u32)size >= n) {
		c->encoding = ClumpPlain;
		size = (int)n;
	}
	c->info.size = (u16)size;
	c->info.data = (u16)n;
	return c->encoding != ClumpPlain;
}
