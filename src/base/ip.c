#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/ip.h>

enum { V4BITS = 96 }; /* of the prefix that every IPv4 address has */

const Ip ip_none;
const Ip ip_v4none = { { [10] = 0xFF, [11] = 0xFF } };
const Ip ip_allbits = { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 } };

static int bad(const char *s)
{
	return werrstr("invalid ip address '%.60s'", s);
}

/* number reads digits of base (10, or 16 without 0x) up to max; it returns the end or NULL. */
static const char *number(const char *s, int base, unsigned long max, unsigned long *v)
{
	char *end;

	if (!((*s >= '0' && *s <= '9') || (base == 16 && ((*s | 32) >= 'a' && (*s | 32) <= 'f'))))
		return NULL;
	*v = strtoul(s, &end, base);
	if (end - s > 8 || *v > max || (base == 16 && end > s + 1 && (s[1] | 32) == 'x'))
		return NULL;
	return end;
}

/* v4parse reads up to four numbers; when some are missing the last one is the host part: 127.1 is 127.0.0.1. */
static const char *v4parse(const char *s, u8 *b)
{
	unsigned long v[4];
	int n = 0;

	for (;;) {
		if ((s = number(s, 10, 255, &v[n])) == NULL)
			return NULL;
		n++;
		if (*s != '.' || n == 4)
			break;
		if (*++s == '\0')
			break;
	}
	memset(b, 0, 4);
	for (int i = 0; i < n; i++)
		b[i] = (u8)v[i];
	if (n == 4 || n == 1 || b[0] >= (n == 3 ? 192 : 128))
		return s;
	b[n - 1] = 0;
	b[3] = (u8)v[n - 1];
	if (n == 3 && b[0] < 128) {
		b[1] = 0;
		b[2] = (u8)v[1];
	}
	return s;
}

static bool isv4text(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && (s[n] == '.' || s[n] == '\0');
}

static int v6parse(const char *s, Ip *ip)
{
	const char *p = s;
	int n = 0, gap = -1;
	unsigned long v;

	if (p[0] == ':') {
		if (p[1] != ':')
			return bad(s);
		gap = 0;
		p += 2;
	}
	while (*p != '\0') {
		if (n == IPLEN)
			return bad(s);
		if (isv4text(p) && p[strspn(p, "0123456789")] == '.') {
			if (n > IPLEN - 4 || (p = v4parse(p, ip->b + n)) == NULL || *p != '\0')
				return bad(s);
			n += 4;
			break;
		}
		if ((p = number(p, 16, 0xFFFF, &v)) == NULL)
			return bad(s);
		ip->b[n++] = (u8)(v >> 8);
		ip->b[n++] = (u8)v;
		if (*p == '\0')
			break;
		if (*p++ != ':' || *p == '\0')
			return bad(s);
		if (*p == ':') {
			if (gap >= 0)
				return bad(s);
			gap = n;
			p++;
		}
	}
	if (n == IPLEN)
		return gap < 0 ? 0 : bad(s);
	if (gap < 0)
		return bad(s);
	memmove(ip->b + gap + IPLEN - n, ip->b + gap, (size_t)(n - gap));
	memset(ip->b + gap, 0, (size_t)(IPLEN - n));
	return 0;
}

int ip_parse(const char *s, Ip *ip)
{
	const char *end;

	*ip = ip_none;
	if (!isv4text(s))
		return v6parse(s, ip);
	end = v4parse(s, ip->b + IP4OFF);
	if (end == NULL || *end != '\0') {
		*ip = ip_none;
		return bad(s);
	}
	memset(ip->b + 10, 0xFF, 2);
	return 0;
}

int ip_parsemask(const char *s, bool v4, Ip *mask)
{
	unsigned long n;
	const char *end;

	if (*s == '/') {
		end = number(s + 1, 10, 128, &n);
		if (end == NULL || *end != '\0')
			return werrstr("invalid ip mask '%.60s'", s);
		if (v4 && n <= 32)
			n += V4BITS;
		if (v4 && n < V4BITS)
			return werrstr("invalid IPv4 mask '%.60s'", s);
		*mask = ip_cidr((int)n);
		return 0;
	}
	if (ip_parse(s, mask) < 0)
		return werrstr("invalid ip mask '%.60s'", s);
	if (ip_isv4(mask))
		memset(mask->b, 0xFF, IP4OFF);
	else if (v4 && memcmp(mask->b, ip_allbits.b, IP4OFF) != 0)
		return werrstr("invalid IPv4 mask '%.60s'", s);
	return 0;
}

/* gapfind finds the longest run of zero groups; it returns its byte index and length. */
static int gapfind(const Ip *ip, int *len)
{
	int at = -1;

	*len = 0;
	for (int i = 0; i < IPLEN; i += 2) {
		int j = i;

		while (j < IPLEN && ip->b[j] == 0 && ip->b[j + 1] == 0)
			j += 2;
		if (j - i > *len) {
			at = i;
			*len = j - i;
		}
	}
	return at;
}

char *ip_print(const Ip *ip, char *buf)
{
	int len, gap = gapfind(ip, &len), n = 0;

	if (ip_isv4(ip)) {
		snprintf(buf, IPTEXT, "%d.%d.%d.%d", ip->b[12], ip->b[13], ip->b[14], ip->b[15]);
		return buf;
	}
	for (int i = 0; i < IPLEN; i += 2) {
		if (i == gap) {
			n += snprintf(buf + n, (size_t)(IPTEXT - n), "::");
			i += len;
			if (i >= IPLEN)
				break;
		} else if (i != 0) {
			n += snprintf(buf + n, (size_t)(IPTEXT - n), ":");
		}
		n += snprintf(buf + n, (size_t)(IPTEXT - n), "%x", ip->b[i] << 8 | ip->b[i + 1]);
	}
	return buf;
}

char *ip_printmask(const Ip *mask, char *buf)
{
	int n = ip_bits(mask);

	if (n < 0)
		return ip_print(mask, buf);
	snprintf(buf, IPTEXT, "/%d", n);
	return buf;
}

bool ip_eq(const Ip *a, const Ip *b)
{
	return memcmp(a, b, IPLEN) == 0;
}

bool ip_isnone(const Ip *ip)
{
	return ip_eq(ip, &ip_none) || ip_eq(ip, &ip_v4none);
}

bool ip_isv4(const Ip *ip)
{
	return memcmp(ip, &ip_v4none, IP4OFF) == 0;
}

bool ip_ismulticast(const Ip *ip)
{
	return ip_isv4(ip) ? ip->b[IP4OFF] >> 4 == 0xE : ip->b[0] == 0xFF;
}

bool ip_islinklocal(const Ip *ip)
{
	return ip->b[0] == 0xFE && (ip->b[1] & 0xC0) == 0x80;
}

Ip ip_v4(const void *b)
{
	Ip ip = ip_v4none;

	memcpy(ip.b + IP4OFF, b, 4);
	return ip;
}

Ip ip_cidr(int n)
{
	Ip m = ip_none;

	for (int i = 0; i < n && i < 8 * IPLEN; i++)
		m.b[i / 8] |= (u8)(0x80 >> i % 8);
	return m;
}

int ip_bits(const Ip *mask)
{
	Ip m;
	int n = 0;

	while (n < 8 * IPLEN && (mask->b[n / 8] & 0x80 >> n % 8) != 0)
		n++;
	m = ip_cidr(n);
	return ip_eq(&m, mask) ? n : -1;
}

Ip ip_mask(const Ip *ip, const Ip *mask)
{
	Ip r = *ip;

	for (int i = ip_isv4(ip) ? IP4OFF : 0; i < IPLEN; i++)
		r.b[i] &= mask->b[i];
	return r;
}

Ip ip_defmask(const Ip *ip)
{
	u8 a = ip->b[IP4OFF];

	if (!ip_isv4(ip))
		return ip_cidr(ip->b[0] == 0 && ip->b[1] == 0 ? 128 : 64);
	return ip_cidr(V4BITS + (a < 128 ? 8 : a < 192 ? 16 : 24));
}

static int hexval(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(const char *s, u8 mac[MACLEN])
{
	const char *p = s;

	for (int i = 0; i < MACLEN; i++) {
		if (i > 0 && *p == ':')
			p++;
		if (hexval(p[0]) < 0 || hexval(p[1]) < 0)
			return werrstr("invalid ether address '%.40s'", s);
		mac[i] = (u8)(hexval(p[0]) << 4 | hexval(p[1]));
		p += 2;
	}
	return *p == '\0' ? 0 : werrstr("invalid ether address '%.40s'", s);
}

char *mac_print(const u8 mac[MACLEN], char *buf)
{
	for (int i = 0; i < MACLEN; i++)
		snprintf(buf + 2 * i, 3, "%02x", mac[i]);
	return buf;
}
