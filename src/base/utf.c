#include <string.h>
#include <base/utf.h>

static int bad(Rune *r)
{
	*r = Runeerror;
	return 1;
}

int utf_get(Rune *r, const char *str, size_t n)
{
	static const Rune least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const u8 *s = (const u8 *)str;
	int len = s[0] < Runeself ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	Rune v;

	if (len == 1) {
		*r = s[0];
		return 1;
	}
	if (len == 0 || (size_t)len > n)
		return bad(r);
	v = s[0] & (0x7Fu >> len);
	for (int i = 1; i < len; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return bad(r);
		v = v << 6 | (s[i] & 0x3F);
	}
	if (v < least[len] || v > Runemax || (v >= 0xD800 && v < 0xE000))
		return bad(r);
	*r = v;
	return len;
}

int utf_put(char *s, Rune r)
{
	if (r > Runemax || (r >= 0xD800 && r < 0xE000))
		r = Runeerror;
	if (r < 0x80) {
		s[0] = (char)r;
		return 1;
	}
	if (r < 0x800) {
		s[0] = (char)(0xC0 | r >> 6);
		s[1] = (char)(0x80 | (r & 0x3F));
		return 2;
	}
	if (r < 0x10000) {
		s[0] = (char)(0xE0 | r >> 12);
		s[1] = (char)(0x80 | (r >> 6 & 0x3F));
		s[2] = (char)(0x80 | (r & 0x3F));
		return 3;
	}
	s[0] = (char)(0xF0 | r >> 18);
	s[1] = (char)(0x80 | (r >> 12 & 0x3F));
	s[2] = (char)(0x80 | (r >> 6 & 0x3F));
	s[3] = (char)(0x80 | (r & 0x3F));
	return 4;
}

size_t utf_len(const char *s)
{
	size_t len = strlen(s), runes = 0;
	Rune r;

	for (size_t i = 0; i < len; runes++)
		i += (size_t)utf_get(&r, s + i, len - i);
	return runes;
}

bool utf_valid(const char *s, size_t n)
{
	Rune r;

	for (size_t i = 0; i < n;) {
		int len = utf_get(&r, s + i, n - i);

		if (r == 0 || (r == Runeerror && len == 1))
			return false;
		i += (size_t)len;
	}
	return true;
}
