/*
 * A kernel process for the system tests of name spaces: the devices, without
 * a node around them, mounted on /#.  It says "ready" and serves.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <dev/dev.h>
#include <fuse/fuse.h>

int main(int argc, char **argv)
{
	Kern *k = kern_new("glenda", -1);
	FuseOpts o = { .uname = "glenda", .source = "anthill", .owner = kern_owner, .arg = k };
	Fuse *f;

	o.caller = (Caller){ (u32)getpid(), getuid(), getgid() };
	f = fuse_new(kern_root(k), "", &o);
	if (f == NULL || fuse_mount(f, argc > 1 ? argv[1] : "/#") < 0) {
		fprintf(stderr, "nskern: %s\n", rerrstr());
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	fuse_serve(f);
	return 0;
}
