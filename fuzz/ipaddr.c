/*
 * An address that is accepted comes back from its text; so do masks and
 * hardware addresses; what the C library accepts is accepted as the same.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <base/ip.h>
#include <base/mem.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void must(bool good)
{
	if (!good)
		abort();
}

static void address(const char *s)
{
	char buf[IPTEXT];
	Ip ip, again, libc = ip_none;
	struct in_addr four;
	bool good = ip_parse(s, &ip) == 0;

	must(!good || (ip_parse(ip_print(&ip, buf), &again) == 0 && ip_eq(&ip, &again)));
	if (inet_pton(AF_INET6, s, &libc) == 1)
		must(good && ip_eq(&ip, &libc));
	if (inet_pton(AF_INET, s, &four) == 1) {
		libc = ip_v4(&four);
		must(good && ip_eq(&ip, &libc));
	}
}

static void mask(const char *s, bool v4)
{
	char buf[IPTEXT];
	Ip m, again;

	if (ip_parsemask(s, v4, &m) < 0)
		return;
	must(ip_parsemask(ip_printmask(&m, buf), v4, &again) == 0 && ip_eq(&m, &again));
	must(!v4 || memcmp(m.b, ip_allbits.b, IP4OFF) == 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	autofree char *s = mem_strn((const char *)data, n);
	char buf[MACTEXT];
	u8 mac[MACLEN], again[MACLEN];

	address(s);
	mask(s, false);
	mask(s, true);
	if (mac_parse(s, mac) == 0)
		must(mac_parse(mac_print(mac, buf), again) == 0 && memcmp(mac, again, MACLEN) == 0);
	return 0;
}
