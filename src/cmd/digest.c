/* RFC 1321 and FIPS 180-4. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include "digest.h"
#include "tool.h"

static u32 rol(u32 x, int n) { return x << n | x >> (32 - n); }

static void sha_block(u32 h[5], const u8 *p)
{
	static const u32 k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
	u32 w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (int i = 0; i < 16; i++)
		w[i] = be32(p + 4 * i);
	for (int i = 16; i < 80; i++)
		w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		u32 f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
		u32 t = rol(a, 5) + f + e + k[i / 20] + w[i];

		e = d;
		d = c;
		c = rol(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

/* sine i is 2^32 times the absolute value of sin(i+1) */
static const u32 sine[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static void md5_block(u32 h[4], const u8 *p)
{
	static const u8 shift[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };
	u32 a = h[0], b = h[1], c = h[2], d = h[3];

	for (int i = 0; i < 64; i++) {
		int r = i / 16, g = r == 0 ? i : r == 1 ? 5 * i + 1 : r == 2 ? 3 * i + 5 : 7 * i;
		u32 f = r == 0 ? (b & c) | (~b & d) : r == 1 ? (d & b) | (~d & c) : r == 2 ? b ^ c ^ d : c ^ (b | ~d);
		u32 t = b + rol(a + f + sine[i] + le32(p + 4 * (g % 16)), shift[r][i % 4]);

		a = d;
		d = c;
		c = b;
		b = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
}

void digest_init(Digest *d, bool sha)
{
	*d = (Digest){ { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 }, 0, { 0 }, sha };
}

static void block(Digest *d, const u8 *p)
{
	if (d->sha)
		sha_block(d->h, p);
	else
		md5_block(d->h, p);
}

void digest_add(Digest *d, const void *vp, size_t n)
{
	const u8 *p = vp;
	size_t have = d->n % 64;

	d->n += n;
	if (have > 0) {
		size_t k = n < 64 - have ? n : 64 - have;

		memcpy(d->buf + have, p, k);
		p += k;
		n -= k;
		if (have + k < 64)
			return;
		block(d, d->buf);
	}
	for (; n >= 64; p += 64, n -= 64)
		block(d, p);
	memcpy(d->buf, p, n);
}

int digest_end(Digest *d, u8 out[20])
{
	static const u8 pad[64] = { 0x80 };
	u64 bits = d->n * 8;
	u8 len[8];

	digest_add(d, pad, (119 - d->n % 64) % 64 + 1);
	if (d->sha) {
		put_be32(len, (u32)(bits >> 32));
		put_be32(len + 4, (u32)bits);
	} else {
		put_le64(len, bits);
	}
	digest_add(d, len, 8);
	for (int i = 0; i < (d->sha ? 5 : 4); i++) {
		if (d->sha)
			put_be32(out + 4 * i, d->h[i]);
		else
			put_le32(out + 4 * i, d->h[i]);
	}
	return d->sha ? 20 : 16;
}

static int sum(int fd, const char *name, bool sha)
{
	static u8 buf[64 * 1024];
	Digest d;
	u8 out[20];
	ssize_t n;
	int len;

	digest_init(&d, sha);
	while ((n = read(fd, buf, sizeof buf)) > 0)
		digest_add(&d, buf, (size_t)n);
	if (n < 0) {
		tool_oops("reading %s", name != NULL ? name : "standard input");
		return 1;
	}
	len = digest_end(&d, out);
	for (int i = 0; i < len; i++)
		printf("%.2x", out[i]);
	printf(name != NULL ? "\t%s\n" : "\n", name);
	return 0;
}

int digest_command(int argc, char **argv, bool sha)
{
	Args a;
	int bad = 0;

	args_init(&a, argc, argv, sha ? "sha1sum [file ...]" : "md5sum [file ...]");
	if (args_flag(&a) != 0)
		args_usage(&a);
	if (a.argc == 0)
		bad = sum(0, NULL, sha);
	for (int i = 0; i < a.argc; i++) {
		autofd int fd = open(a.argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			tool_oops("%s", a.argv[i]);
		bad |= fd < 0 || sum(fd, a.argv[i], sha);
	}
	return tool_end(bad);
}
