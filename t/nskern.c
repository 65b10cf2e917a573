/*
 * A kernel process for the system tests of name spaces: the devices, without
 * a node around them, mounted on /#.  It says "ready" and serves.  With
 * "ethers" as second argument it makes a pair of ether devices, #l0 and #l1,
 * in its net name space, which must not be the host's.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <dev/dev.h>
#include <dev/ether.h>
#include <fuse/fuse.h>
#include <os/netlink.h>
#include <os/netns.h>

static int ethers(Kern *k)
{
	int ns = netns_self();
	Netlink *n = netlink_open(-1);
	int rc = n == NULL || netlink_veth(n, "ether0", NULL, "ether1", -1, NULL) < 0 || ether_add(k, 0, "ether0", ns) < 0 ||
			 ether_add(k, 1, "ether1", ns) < 0
			 ? -1
			 : 0;

	netlink_close(n);
	close(ns);
	return rc;
}

int main(int argc, char **argv)
{
	Kern *k = kern_new("glenda", -1);
	FuseOpts o = { .uname = "glenda", .source = "anthill", .owner = kern_owner, .arg = k };
	Fuse *f;

	o.caller = (Caller){ (u32)getpid(), getuid(), getgid() };
	f = fuse_new(kern_root(k), "", &o);
	if (argc > 2 && strcmp(argv[2], "ethers") == 0 && ethers(k) < 0) {
		fprintf(stderr, "nskern: %s\n", rerrstr());
		return 1;
	}
	if (f == NULL || fuse_mount(f, argc > 1 ? argv[1] : "/#") < 0) {
		fprintf(stderr, "nskern: %s\n", rerrstr());
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	fuse_serve(f);
	return 0;
}
