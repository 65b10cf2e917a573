/* Packets from a network that is not ours: the first byte says in which state they come. */
#include <stdlib.h>
#include <client/dhcp.h>

int LLVMFuzzerTestOneInput(const u8 *p, size_t n);

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	static Dhcp d;
	autobuf Buf b = { 0 };
	u8 out[DHCPMAX], dst[4];

	if (n == 0)
		return 0;
	dhcp_init(&d);
	if (dhcp_want(&d, "tftp") < 0 || dhcp_want(&d, "mtu") < 0 || dhcp_want(&d, "staticroutes") < 0)
		abort();
	dhcp_start(&d, 0, 0);
	d.state = p[0] % (DhcpRebinding + 1);
	if (dhcp_input(&d, 1, p + 1, n - 1) == DhcpSend)
		dhcp_packet(&d, 1, out, dst);
	dhcp_ndb(&d, &b);
	for (int i = 0; i < 100 && dhcp_timer(&d, dhcp_next(&d)) == DhcpSend; i++)
		dhcp_packet(&d, dhcp_next(&d), out, dst);
	return 0;
}
