/* Scores and the trimming of blocks. */
#include <openssl/sha.h>
#include <string.h>
#include <base/err.h>
#include <base/str.h>
#include <venti/score.h>

const Score score_zero = { { 0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55, 0xbf, 0xef, 0x95, 0x60, 0x18,
	0x90, 0xaf, 0xd8, 0x07, 0x09 } };

Score score_of(const void *p, size_t n)
{
	Score s;

	SHA1(p, n, s.b);
	return s;
}

bool score_eq(const Score *a, const Score *b) { return memcmp(a->b, b->b, SCORE) == 0; }
int score_cmp(const Score *a, const Score *b) { return memcmp(a->b, b->b, SCORE); }

char *score_print(const Score *a, char s[SCORETEXT])
{
	static const char digit[] = "0123456789abcdef";

	for (int i = 0; i < SCORE; i++) {
		s[2 * i] = digit[a->b[i] >> 4];
		s[2 * i + 1] = digit[a->b[i] & 15];
	}
	s[2 * SCORE] = 0;
	return s;
}

static int hexdigit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int score_parse(const char *text, Score *a, char *label, size_t nlabel)
{
	const char *colon = strchr(text, ':'), *hex = colon != NULL ? colon + 1 : text;
	size_t n = (size_t)(hex - text);

	if (strlen(hex) != 2 * SCORE)
		return werrstr("'%.80s' is not a score: it takes 40 hexadecimal digits", text);
	for (int i = 0; i < SCORE; i++) {
		int hi = hexdigit(hex[2 * i]), lo = hexdigit(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return werrstr("'%.80s' is not a score: '%c' is no hexadecimal digit", text, hex[2 * i + (hi >= 0)]);
		a->b[i] = (u8)(hi << 4 | lo);
	}
	if (label == NULL)
		return 0;
	if (n > nlabel)
		return werrstr("the label of '%.80s' is too long", text);
	memcpy(label, text, n);
	label[n > 0 ? n - 1 : 0] = 0;
	return 0;
}

static bool pointers(int type) { return type >= VtPointer0 && type <= VtPointer6; }

size_t block_trim(int type, const void *p, size_t n)
{
	const u8 *b = p;

	if (type == VtRoot)
		return n;
	if (pointers(type)) {
		n -= n % SCORE;
		while (n > 0 && memcmp(b + n - SCORE, score_zero.b, SCORE) == 0)
			n -= SCORE;
		return n;
	}
	while (n > 0 && b[n - 1] == 0)
		n--;
	return n;
}

void block_extend(int type, void *p, size_t n, size_t full)
{
	u8 *b = p;

	if (pointers(type))
		for (n -= n % SCORE; n + SCORE <= full; n += SCORE)
			memcpy(b + n, score_zero.b, SCORE);
	if (n < full)
		memset(b + n, 0, full - n);
}
