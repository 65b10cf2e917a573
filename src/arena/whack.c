/*
 * Whack.  A stream of bits, the highest of a byte first, of
 *
 *   byte    0 and its 8 bits; but when the last four bytes that came as such
 *           were ASCII text (32 to 127): 0 and 7 bits v, meaning v if v >= 32,
 *           else 2 (v < 24) or 3 more bits w, meaning v<<2|w - 64 or v<<3|w - 64
 *   match   length, then distance
 *   length  10: 3; 110: 4; 11100: 5; 11101: 6; then from 7 on codes in
 *           groups: the first of 6 bits (1 code), then of 7 (2 codes), 8 (2),
 *           9 (4), 10 (4), 11 (8) ...
 *   distance 4 bits choose base and number of more bits
 *
 * "The last four" look at the history before the byte; matches do not count.
 */
#include <stdlib.h>
#include <string.h>
#include <arena/whack.h>
#include <base/err.h>

enum {
	WINDOW = 16 * 1024, /* farthest distance */
	SHORTEST = 3, LONGEST = 2051,
	TEXT = 15,          /* history bits that must be clear for the short form */
	HASHBITS = 13, TRIES = 24,
	BIGBITS = 6, BIGCODE = 0x3c, BIGLEN = 7, /* the first long length */
	PAD = 8,            /* so few bits left at the end are filling */
};

static const u8 distbits[16] = { 5, 5, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 12, 13 };
static const u16 distbase[16] = { 0, 0x20, 0x40, 0x60, 0x80, 0xc0, 0x100, 0x180, 0x200, 0x300, 0x400, 0x600, 0x800, 0xc00,
	0x1000, 0x2000 };

typedef struct Bits {
	const u8 *p, *end;
	u64 acc;
	int n, over; /* bits in acc; of which beyond the end */
} Bits;

static void bits_fill(Bits *b)
{
	while (b->n <= 56) {
		b->acc = b->acc << 8 | (b->p < b->end ? *b->p : 0);
		if (b->p < b->end)
			b->p++;
		else
			b->over += 8;
		b->n += 8;
	}
}

static u32 bits_get(Bits *b, int n)
{
	b->n -= n;
	return (u32)(b->acc >> b->n) & ((1u << n) - 1);
}

static u8 unpack_byte(Bits *b, u32 history)
{
	u32 v;

	(void)bits_get(b, 1);
	if (history & TEXT)
		return (u8)bits_get(b, 8);
	v = bits_get(b, 7);
	if (v >= 32)
		return (u8)v;
	v = v < 24 ? v << 2 | bits_get(b, 2) : v << 3 | bits_get(b, 3);
	return (u8)(v - 64);
}

/* called with the first 1 seen, not taken */
static int unpack_length(Bits *b)
{
	u32 code, use = 1;
	int len = BIGLEN, grow = 1;

	code = (u32)(b->acc >> (b->n - BIGBITS)) & 0x3f;
	if (code < 0x30)
		return (void)bits_get(b, 2), 3;
	if (code < 0x38)
		return (void)bits_get(b, 3), 4;
	if (code < BIGCODE)
		return (void)bits_get(b, 5), code < 0x3a ? 5 : 6;
	code = bits_get(b, BIGBITS) - BIGCODE;
	while (code >= use) {
		if (len > LONGEST)
			return -1;
		len += (int)use;
		code = (code - use) << 1 | bits_get(b, 1);
		use <<= grow;
		grow ^= 1;
	}
	return len + (int)code;
}

static int unpack_match(Bits *b, u8 *dst, int at, int max)
{
	int len = unpack_length(b), dist;
	u32 i;

	if (len < 0)
		return werrstr("whack: a length is out of range");
	bits_fill(b);
	i = bits_get(b, 4);
	dist = distbase[i] + (int)bits_get(b, distbits[i]) + 1;
	if (dist > at)
		return werrstr("whack: a match begins before the block");
	if (len > max - at)
		return werrstr("whack: too much output");
	for (int k = 0; k < len; k++) /* may overlap */
		dst[at + k] = dst[at + k - dist];
	return len;
}

static u32 remember(u32 history, u8 c) { return history << 1 | (c < 32 || c > 127); }

int whack_unpack(u8 *dst, int max, const u8 *src, int n)
{
	Bits b = { .p = src, .end = src + n };
	u32 history = ~0u;
	int at = 0;

	while (b.p < b.end || b.n - b.over >= PAD) {
		bits_fill(&b);
		if (b.acc >> (b.n - 1) & 1) {
			int len = unpack_match(&b, dst, at, max);

			if (len < 0)
				return -1;
			at += len;
			continue;
		}
		if (at >= max)
			return werrstr("whack: too much output");
		dst[at] = unpack_byte(&b, history);
		history = remember(history, dst[at++]);
	}
	return b.n < b.over ? werrstr("whack: it ends too early") : at;
}

typedef struct Packer {
	u8 *p, *end;
	u64 acc;
	int n;
	bool full;
	u16 head[1 << HASHBITS]; /* place + 1 of the last string with this hash */
	u16 prev[WINDOW];        /* of the one before, by place */
} Packer;

static void put_bits(Packer *w, u32 v, int n)
{
	w->acc = w->acc << n | v;
	w->n += n;
	for (; w->n >= 8; w->n -= 8) {
		if (w->p >= w->end) {
			w->full = true;
			w->n = 0;
			return;
		}
		*w->p++ = (u8)(w->acc >> (w->n - 8));
	}
}

static void pack_byte(Packer *w, u8 c, u32 history)
{
	u8 v = (u8)(c + 64);

	if (history & TEXT)
		put_bits(w, c, 9);
	else if (c >= 32 && c < 128)
		put_bits(w, c, 8);
	else if (v < 96)
		put_bits(w, v, 10);
	else
		put_bits(w, v, 11);
}

static void pack_length(Packer *w, int len)
{
	static const struct { u8 code, bits; } few[] = { { 2, 2 }, { 6, 3 }, { 0x1c, 5 }, { 0x1d, 5 } };
	u32 v = (u32)(len - BIGLEN), use = 1, code = BIGCODE;
	int bits = BIGBITS;

	if (len < BIGLEN) {
		put_bits(w, few[len - SHORTEST].code, few[len - SHORTEST].bits);
		return;
	}
	for (int grow = 1; v >= use; grow ^= 1, bits++) {
		v -= use;
		code = (code + use) << 1;
		use <<= grow;
	}
	put_bits(w, code + v, bits);
}

static void pack_distance(Packer *w, int dist)
{
	int i = 15;

	for (dist--; dist < distbase[i]; i--)
		;
	put_bits(w, (u32)i, 4);
	put_bits(w, (u32)(dist - distbase[i]), distbits[i]);
}

static u32 hash3(const u8 *p) { return ((u32)(p[0] << 16 | p[1] << 8 | p[2]) * 0x9e3779b1u) >> (32 - HASHBITS); }

static void learn(Packer *w, const u8 *src, int at, int n)
{
	u32 h;

	if (at + SHORTEST > n)
		return;
	h = hash3(src + at);
	w->prev[at % WINDOW] = w->head[h];
	w->head[h] = (u16)(at + 1);
}

static int match_length(const u8 *a, const u8 *b, int max)
{
	int len = 0;

	while (len < max && a[len] == b[len])
		len++;
	return len;
}

static int find_match(const Packer *w, const u8 *src, int at, int n, int *dist)
{
	int max = n - at < LONGEST ? n - at : LONGEST, best = 0, tries = TRIES;

	if (max < SHORTEST)
		return 0;
	for (int then = w->head[hash3(src + at)] - 1; then >= 0 && then < at && at - then <= WINDOW && tries-- > 0;) {
		int len = match_length(src + at, src + then, max), before = w->prev[then % WINDOW] - 1;

		if (len > best) {
			best = len;
			*dist = at - then;
		}
		if (best == max || before >= then)
			break;
		then = before;
	}
	return best >= SHORTEST ? best : 0;
}

static void pack_all(Packer *w, const u8 *src, int n)
{
	u32 history = ~0u;

	for (int at = 0; at < n && !w->full;) {
		int dist = 0, len = find_match(w, src, at, n, &dist);

		if (len == 0) {
			/* the form depends on what came before this byte, and a byte that is not text ends it at once */
			history = remember(history, src[at]);
			pack_byte(w, src[at], history >> 1);
			learn(w, src, at++, n);
			continue;
		}
		pack_length(w, len);
		pack_distance(w, dist);
		while (len-- > 0)
			learn(w, src, at++, n);
	}
	if (w->n > 0)
		put_bits(w, 0, 8 - w->n);
}

int whack_pack(u8 *dst, const u8 *src, int n)
{
	Packer *w;
	int size;

	if (n < SHORTEST + 1 || n > UINT16_MAX - 1 || (w = calloc(1, sizeof *w)) == NULL)
		return -1;
	w->p = dst;
	w->end = dst + n - 1;
	pack_all(w, src, n);
	size = w->full ? -1 : (int)(w->p - dst);
	free(w);
	return size;
}
