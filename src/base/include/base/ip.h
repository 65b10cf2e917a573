/*
 * IP addresses as Plan 9 has them, ip(2): 16 bytes always, IPv4 as
 * ::ffff:a.b.c.d, masks counted over all 128 bits (an IPv4 /24 is /120).
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <base/buf.h>
#include <base/u.h>

enum { IPLEN = 16, IP4OFF = 12, IPTEXT = 48, MACLEN = 6, MACTEXT = 13 };

typedef struct Ip {
	u8 b[IPLEN];
} Ip;

extern const Ip ip_none;   /* :: */
extern const Ip ip_v4none; /* 0.0.0.0, which is ::ffff:0:0 */
extern const Ip ip_allbits;

/* ip_parse reads an address: 10.0.0.1, the short 127.1, fe80::1, ::ffff:1.2.3.4; -1 with a reason that quotes s. */
int ip_parse(const char *s, Ip *ip) must_use;

/* ip_parsemask reads a mask: 255.255.255.0, /120, ffff:..., and with v4 also /24 for /120 (parseipmask in ip(2)). */
int ip_parsemask(const char *s, bool v4, Ip *mask) must_use;

/* ip_print writes ip to buf[IPTEXT] and returns buf; ip_printmask a mask, as /N when it is a prefix. */
char *ip_print(const Ip *ip, char *buf);
char *ip_printmask(const Ip *mask, char *buf);

/* ip_eq compares; ip_isnone: :: or 0.0.0.0; ip_isv4, ip_ismulticast, ip_islinklocal (fe80::/10) classify. */
bool ip_eq(const Ip *a, const Ip *b);
bool ip_isnone(const Ip *ip);
bool ip_isv4(const Ip *ip);
bool ip_ismulticast(const Ip *ip);
bool ip_islinklocal(const Ip *ip);

/* ip_v4 makes an Ip of 4 bytes in network order; ip_cidr a mask of n (0-128) bits. */
Ip ip_v4(const void *b);
Ip ip_cidr(int n);

/* ip_bits returns the prefix length (0-128) of mask, -1 if it is not a prefix. */
int ip_bits(const Ip *mask);

/* ip_mask returns ip AND mask; an IPv4 address stays one. */
Ip ip_mask(const Ip *ip, const Ip *mask);

/* ip_defmask returns the class mask of an IPv4 address; /64 (/128 for ::1) of an IPv6 one. */
Ip ip_defmask(const Ip *ip);

/* mac_parse reads 12 hex digits, or 6 pairs with colons; mac_print writes 12 digits to buf[MACTEXT], returned. */
int mac_parse(const char *s, u8 mac[MACLEN]) must_use;
char *mac_print(const u8 mac[MACLEN], char *buf);

#endif
