#include <base/err.h>
#include <base/ip.h>
#include "tap.h"

static const struct {
	const char *in, *out; /* out NULL: refused */
} addrs[] = {
	{ "10.0.0.1", "10.0.0.1" }, { "127.1", "127.0.0.1" }, { "10.1.2", "10.0.1.2" }, { "130.1.2", "130.1.0.2" },
	{ "200.1", "200.1.0.0" }, { "0", "0.0.0.0" }, { "::", "::" }, { "::1", "::1" }, { "fe80::1", "fe80::1" },
	{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" }, { "1::8", "1::8" }, { "FFFF::1111", "ffff::1111" },
	{ "::ffff:1.2.3.4", "1.2.3.4" }, { "64:ff9b::1.2.3.4", "64:ff9b::102:304" }, { "1:0:0:2::", "1:0:0:2::" },
	{ "2001:db8::", "2001:db8::" }, { "255.255.255.255", "255.255.255.255" },
	{ "", NULL }, { "256.0.0.1", NULL }, { "1.2.3.4.5", NULL }, { "1.2.3.4x", NULL }, { "delete", NULL },
	{ ":", NULL }, { "1:::2", NULL }, { "::1::2", NULL }, { "1:2:3:4:5:6:7:8:9", NULL }, { "1:2", NULL },
	{ "12345::", NULL }, { "1:2:3:4:5:6:7:1.2.3.4", NULL }, { "host", NULL }, { "1..2", NULL }, { "0x1:2::", NULL },
	{ "1:", NULL }, { "-1.2.3.4", NULL }, { "99999999999999999999.1", NULL },
};

static const struct {
	const char *in;
	bool v4;
	const char *out;
} masks[] = {
	{ "255.255.255.0", true, "/120" }, { "255.255.255.0", false, "/120" }, { "/24", true, "/120" },
	{ "/120", true, "/120" }, { "/24", false, "/24" }, { "/0", true, "/96" }, { "/0", false, "/0" },
	{ "/128", false, "/128" }, { "ffff:ffff:ffff:ffff::", false, "/64" }, { "255.0.255.0", true, "ffff:ffff:ffff:ffff:ffff:ffff:ff00:ff00" },
	{ "/129", false, NULL }, { "/-1", true, NULL }, { "/33", true, NULL }, { "/64", true, NULL }, { "", true, NULL },
	{ "/", true, NULL }, { "ffff::", true, NULL }, { "/24x", true, NULL },
};

int main(void)
{
	char buf[IPTEXT], mbuf[MACTEXT];
	u8 mac[MACLEN];
	Ip ip, m;

	for (size_t i = 0; i < nelem(addrs); i++) {
		int rc = ip_parse(addrs[i].in, &ip);

		is_str(rc < 0 ? NULL : ip_print(&ip, buf), addrs[i].out, "address '%s'", addrs[i].in);
	}
	is_int(ip_parse("no.way", &ip), -1, "not an address");
	is_str(rerrstr(), "invalid ip address 'no.way'", "and it is quoted");
	for (size_t i = 0; i < nelem(masks); i++) {
		int rc = ip_parsemask(masks[i].in, masks[i].v4, &m);

		is_str(rc < 0 ? NULL : ip_printmask(&m, buf), masks[i].out, "mask '%s' v4 %d", masks[i].in, masks[i].v4);
	}
	for (int n = 0; n <= 128; n++) {
		m = ip_cidr(n);
		if (ip_bits(&m) != n || ip_parsemask(ip_printmask(&m, buf), false, &ip) < 0 || !ip_eq(&m, &ip))
			ok(0, "mask /%d comes back", n);
	}
	ok(1, "every prefix comes back");
	ok(ip_parse("10.99.3.7", &ip) == 0 && ip_isv4(&ip) && !ip_isnone(&ip) && !ip_ismulticast(&ip), "an IPv4 address");
	m = ip_cidr(96 + 16);
	m = ip_mask(&ip, &m);
	is_str(ip_print(&m, buf), "10.99.0.0", "address and mask");
	m = ip_defmask(&ip);
	is_str(ip_printmask(&m, buf), "/104", "class A");
	ok(ip_parse("224.0.0.1", &ip) == 0 && ip_ismulticast(&ip), "224.0.0.1 is multicast");
	ok(ip_parse("febf::1", &ip) == 0 && ip_islinklocal(&ip) && !ip_isv4(&ip), "febf::1 is link local");
	ok(mac_parse("0a0b0c0d0e0f", mac) == 0 && mac[5] == 15, "12 digits");
	is_str(mac_print(mac, mbuf), "0a0b0c0d0e0f", "print as 12 digits");
	ok(mac_parse("0A:0b:0c:0d:0e:ff", mac) == 0 && mac[5] == 255, "with colons");
	ok(mac_parse("0a0b0c0d0e", mac) < 0 && mac_parse("0a0b0c0d0e0f00", mac) < 0 && mac_parse("", mac) < 0, "wrong lengths");
	return done();
}
