/*
 * A code of at most 15 bits is looked up in a table of all 15-bit inputs:
 * entry = symbol * 16 + length, 0 for an input that is no code.  Bits come
 * from the low end of bytes; codes are sent from their top, so the table is
 * indexed by the code reversed.
 *
 * Foreign bytes: lengths that do not make a code, distances before the
 * beginning, and symbols that do not exist are errors; an end where more
 * was promised too.
 */
#include <stdlib.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/inflate.h>
#include <base/mem.h>

enum { BITS = 15, WINDOW = 32768, INBUF = 16384, NLIT = 288, NDIST = 30 };

typedef struct Code {
	u16 t[1 << BITS];
} Code;

typedef struct Inflate {
	const InflateIo *io;
	u8 in[INBUF];
	size_t nin, at;
	bool ended;
	u64 hold; /* bits read and not used */
	int nhold;
	u8 win[WINDOW];
	size_t pos;   /* in win */
	u64 total;    /* bytes of this member so far */
	u32 crc;
	u32 crctab[256];
	Code lit, dist;
} Inflate;

static int cut(void) { return werrstr("gzip: the file ends too early"); }
static int damaged(void) { return werrstr("gzip: the file is damaged"); }

/* byte takes the next byte of input: -1 at the end or on failure. */
static int byte(Inflate *s)
{
	if (s->at == s->nin) {
		long n = s->ended ? 0 : s->io->in(s->io->arg, s->in, sizeof s->in);

		if (n < 0)
			return -1;
		if (n == 0) {
			s->ended = true;
			return cut();
		}
		s->nin = (size_t)n;
		s->at = 0;
	}
	return s->in[s->at++];
}

/* need makes sure of n (at most 32) bits. */
static int need(Inflate *s, int n)
{
	while (s->nhold < n) {
		int c = byte(s);

		if (c < 0)
			return -1;
		s->hold |= (u64)c << s->nhold;
		s->nhold += 8;
	}
	return 0;
}

static u32 take(Inflate *s, int n)
{
	u32 v = (u32)(s->hold & ((1ull << n) - 1));

	s->hold >>= n;
	s->nhold -= n;
	return v;
}

static int bits(Inflate *s, int n, u32 *v)
{
	if (need(s, n) < 0)
		return -1;
	*v = take(s, n);
	return 0;
}

/* symbol decodes one: near the end fewer than 15 bits may be left, and then a short code is still one. */
static int symbol(Inflate *s, const Code *c)
{
	for (;;) {
		u16 e = c->t[s->hold & ((1 << BITS) - 1)];
		int k;

		if (e != 0 && (e & 15) <= s->nhold) {
			take(s, e & 15);
			return e >> 4;
		}
		if (s->nhold >= BITS)
			return damaged();
		k = byte(s);
		if (k < 0)
			return -1;
		s->hold |= (u64)k << s->nhold;
		s->nhold += 8;
	}
}

static u32 reversed(u32 v, int n)
{
	u32 r = 0;

	while (n-- > 0) {
		r = r << 1 | (v & 1);
		v >>= 1;
	}
	return r;
}

/* code makes the table for codes of len[n] bits; an incomplete one is allowed only with a single code (RFC 1951 3.2.7). */
static int code(Code *c, const u8 *len, int n)
{
	u32 count[BITS + 1] = { 0 }, next[BITS + 2] = { 0 };
	i64 left = 1;
	int used = 0;

	for (int i = 0; i < n; i++) {
		count[len[i]]++;
		used += len[i] != 0;
	}
	for (int l = 1; l <= BITS; l++) {
		left = left * 2 - count[l];
		if (left < 0)
			return damaged();
		next[l + 1] = (next[l] + count[l]) << 1;
	}
	if (left > 0 && used > 1)
		return damaged();
	memset(c->t, 0, sizeof c->t);
	for (int i = 0; i < n; i++) {
		if (len[i] == 0)
			continue;
		for (u32 k = reversed(next[len[i]]++, len[i]); k < 1 << BITS; k += 1u << len[i])
			c->t[k] = (u16)(i << 4 | len[i]);
	}
	return 0;
}

static void crc_init(Inflate *s)
{
	for (u32 i = 0; i < 256; i++) {
		u32 c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
		s->crctab[i] = c;
	}
}

static int flush(Inflate *s)
{
	u32 c = ~s->crc;

	for (size_t i = 0; i < s->pos; i++)
		c = s->crctab[(c ^ s->win[i]) & 255] ^ c >> 8;
	s->crc = ~c;
	if (s->pos > 0 && s->io->out(s->io->arg, s->win, s->pos) < 0)
		return -1;
	s->pos = 0;
	return 0;
}

static int put(Inflate *s, u8 b)
{
	s->win[s->pos++] = b;
	s->total++;
	return s->pos == WINDOW ? flush(s) : 0;
}

static int stored(Inflate *s)
{
	u32 len, inv;

	take(s, s->nhold & 7);
	if (bits(s, 16, &len) < 0 || bits(s, 16, &inv) < 0)
		return -1;
	if (len != (inv ^ 0xffff))
		return damaged();
	for (; len > 0; len--) {
		u32 b;

		if (bits(s, 8, &b) < 0 || put(s, (u8)b) < 0)
			return -1;
	}
	return 0;
}

static int copy(Inflate *s, u32 len, u32 dist)
{
	if (dist > s->total || dist > WINDOW)
		return damaged();
	for (; len > 0; len--)
		if (put(s, s->win[(s->pos + WINDOW - dist) % WINDOW]) < 0)
			return -1;
	return 0;
}

/* match reads the rest of a length and a distance, after length symbol 257 + k. */
static int match(Inflate *s, int k)
{
	static const u16 lbase[29] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
				       131, 163, 195, 227, 258 };
	static const u8 lextra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
	u32 len, extra;
	int d;

	if (k >= 29)
		return damaged();
	if (bits(s, lextra[k], &extra) < 0)
		return -1;
	len = lbase[k] + extra;
	d = symbol(s, &s->dist);
	if (d < 0)
		return -1;
	if (d >= NDIST)
		return damaged();
	if (d < 4)
		return copy(s, len, (u32)d + 1);
	if (bits(s, d / 2 - 1, &extra) < 0)
		return -1;
	return copy(s, len, ((2u + (u32)(d & 1)) << (d / 2 - 1)) + 1 + extra);
}

static int coded(Inflate *s)
{
	for (;;) {
		int c = symbol(s, &s->lit);

		if (c < 0)
			return -1;
		if (c == 256)
			return 0;
		if (c < 256 ? put(s, (u8)c) < 0 : match(s, c - 257) < 0)
			return -1;
	}
}

static int fixed(Inflate *s)
{
	u8 len[NLIT];

	for (int i = 0; i < NLIT; i++)
		len[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	if (code(&s->lit, len, NLIT) < 0)
		return -1;
	memset(len, 5, 32);
	return code(&s->dist, len, 32) < 0 ? -1 : coded(s);
}

/* lengths reads n code lengths, themselves coded by s->lit. */
static int lengths(Inflate *s, u8 *len, int n)
{
	for (int i = 0; i < n;) {
		int c = symbol(s, &s->lit);
		u32 rep;
		u8 v = 0;

		if (c < 0)
			return -1;
		if (c < 16) {
			len[i++] = (u8)c;
			continue;
		}
		if (c > 18 || (c == 16 && i == 0))
			return damaged();
		if (bits(s, c == 16 ? 2 : c == 17 ? 3 : 7, &rep) < 0)
			return -1;
		rep += c == 18 ? 11 : 3;
		if (c == 16)
			v = len[i - 1];
		if (rep > (u32)(n - i))
			return damaged();
		for (; rep > 0; rep--)
			len[i++] = v;
	}
	return 0;
}

static int dynamic(Inflate *s)
{
	static const u8 order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	u32 nlit, ndist, nlen, v;
	u8 len[NLIT + 32] = { 0 };

	if (bits(s, 5, &nlit) < 0 || bits(s, 5, &ndist) < 0 || bits(s, 4, &nlen) < 0)
		return -1;
	nlit += 257;
	ndist++;
	if (nlit > 286 || ndist > NDIST)
		return damaged();
	for (u32 i = 0; i < nlen + 4; i++) {
		if (bits(s, 3, &v) < 0)
			return -1;
		len[order[i]] = (u8)v;
	}
	if (code(&s->lit, len, 19) < 0)
		return -1;
	memset(len, 0, sizeof len);
	if (lengths(s, len, (int)(nlit + ndist)) < 0)
		return -1;
	if (len[256] == 0)
		return damaged();
	if (code(&s->lit, len, (int)nlit) < 0 || code(&s->dist, len + nlit, (int)ndist) < 0)
		return -1;
	return coded(s);
}

static int blocks(Inflate *s)
{
	u32 last = 0, type;

	while (!last) {
		int r;

		if (bits(s, 1, &last) < 0 || bits(s, 2, &type) < 0)
			return -1;
		r = type == 0 ? stored(s) : type == 1 ? fixed(s) : type == 2 ? dynamic(s) : damaged();
		if (r < 0)
			return -1;
	}
	return 0;
}

static int skip(Inflate *s, u32 n)
{
	u32 b;

	for (; n > 0; n--)
		if (bits(s, 8, &b) < 0)
			return -1;
	return 0;
}

static int skip_text(Inflate *s)
{
	u32 b;

	do
		if (bits(s, 8, &b) < 0)
			return -1;
	while (b != 0);
	return 0;
}

/* header: magic[2] method[1] flags[1] time[4] xfl[1] os[1], then what flags say (the magic has been read) */
static int header(Inflate *s)
{
	u32 method, flags, n;

	if (bits(s, 8, &method) < 0 || bits(s, 8, &flags) < 0 || skip(s, 6) < 0)
		return -1;
	if (method != 8 || flags & 0xe0)
		return werrstr("gzip: unknown compression method");
	if (flags & 4 && (bits(s, 16, &n) < 0 || skip(s, n) < 0))
		return -1;
	if ((flags & 8 && skip_text(s) < 0) || (flags & 16 && skip_text(s) < 0) || (flags & 2 && skip(s, 2) < 0))
		return -1;
	return 0;
}

static int trailer(Inflate *s)
{
	u32 crc, size;

	take(s, s->nhold & 7);
	if (flush(s) < 0 || bits(s, 32, &crc) < 0 || bits(s, 32, &size) < 0)
		return -1;
	return crc == s->crc && size == (u32)s->total ? 0 : werrstr("gzip: the checksum is wrong");
}

/* more says whether another member follows; what else may follow (tapes have zeros) is not ours. */
static int more(Inflate *s, bool first)
{
	u32 magic;

	if (s->nhold == 0) {
		int c = byte(s);

		if (c < 0)
			return s->ended ? 0 : -1;
		s->hold = (u64)c;
		s->nhold = 8;
	}
	if (bits(s, 16, &magic) < 0)
		return s->ended && !first ? 0 : -1;
	return magic == 0x8b1f;
}

int inflate_gzip(const InflateIo *io)
{
	autofree Inflate *s = mem_new(sizeof *s);
	bool first = true;
	int r;

	s->io = io;
	crc_init(s);
	while ((r = more(s, first)) > 0) {
		first = false;
		s->crc = 0;
		s->total = 0;
		if (header(s) < 0 || blocks(s) < 0 || trailer(s) < 0)
			return -1;
	}
	if (r < 0)
		return -1;
	return first ? werrstr("not in gzip format") : 0;
}
