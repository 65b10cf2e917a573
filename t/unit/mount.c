#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/mount.h>
#include "tap.h"

/* This process ends without /proc, where a leak check would look. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

static const char table[] =
	"21 1 0:20 / / rw - ext4 /dev/vda rw\n"
	"22 21 0:5 / /a\\040b rw,nosuid shared:2 master:1 - tmpfs tmp\\134fs rw,size=1k\n"
	"23 22 0:6 /M/3 /a\\040b rw - fuse  rw,fd=3\n"
	"24 21 0:7 / /c rw - proc proc rw\n";

static void parse(void)
{
	Mounts *t = mounts_parse(table);
	const Mount *m;

	is_int(t->n, 4, "four mounts");
	m = mounts_top(t, "/a b");
	ok(m != NULL && m->id == 23, "the top of two mounts at one point");
	is_str(m ? m->root : NULL, "/M/3", "its root");
	is_str(m ? m->source : NULL, "", "an empty source");
	is_str(m ? m->opts : NULL, "rw,fd=3", "and what follows it");
	is_str(t->m[1].source, "tmp\\fs", "an escaped source");
	is_int(t->m[3].minor, 7, "the minor number");
	ok(mounts_top(t, "/nowhere") == NULL, "nothing mounted");
	mounts_free(t);
	ok(mounts_parse("21 1 020 / / rw - ext4 x y\n") == NULL, "a bad device is refused");
	ok(mounts_parse("21 1 0:20 / / rw ext4\n") == NULL, "a short line is refused");
	t = mounts_read("/proc", 0);
	ok(t != NULL && mounts_top(t, "/") != NULL, "our own table has a root");
	mounts_free(t);
}

/* newns makes this process uid 0 in name spaces of its own; false where that is not allowed. */
static bool newns(void)
{
	unsigned uid = getuid();
	autofree char *map = mem_printf("0 %u 1", uid), *gmap = mem_printf("0 %u 1", getgid());

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	return io_spit("/proc/self/uid_map", map, strlen(map), 0) == 0 &&
	       io_spit("/proc/self/setgroups", "deny", 4, 0) == 0 &&
	       io_spit("/proc/self/gid_map", gmap, strlen(gmap), 0) == 0 && mount_private() == 0;
}

static int look(void *arg)
{
	return access(arg, F_OK) == 0 ? 7 : werrstr("%s is not there", (char *)arg);
}

static int inside(void)
{
	autofd int fs = -1, ns = -1, copy = -1;
	Mounts *t;

	if (!newns())
		return 77;
	ok(mount_fs("tmpfs", "first", "/tmp", "size=64k,mode=755", MountNosuid) == 0, "a tmpfs: %s", rerrstr());
	ok(mkdir("/tmp/d", 0755) == 0 && mkdir("/tmp/e", 0755) == 0, "directories in it");
	ok(mount_fs("tmpfs", NULL, "/tmp", "nosuch=1", 0) < 0, "a bad option is refused: %s", rerrstr());
	fs = mount_new("tmpfs", "second", NULL, 0);
	ok(fs >= 0 && mkdirat(fs, "x", 0755) == 0, "a detached tmpfs can be filled");
	ok(mount_move(fs, NULL, AT_FDCWD, "/tmp/d", 0) == 0, "and put somewhere: %s", rerrstr());
	ok(access("/tmp/d/x", F_OK) == 0, "where its files are seen");
	ok(mount_bind("/tmp/d", "/tmp/e", MountRdonly) == 0, "bind, read-only: %s", rerrstr());
	ok(mkdir("/tmp/e/y", 0755) < 0 && mkdir("/tmp/d/y", 0755) == 0, "only the copy is read-only");
	t = mounts_read("/proc", 0);
	ok(t && mounts_top(t, "/tmp/e") && strcmp(mounts_top(t, "/tmp/e")->source, "second") == 0, "the table tells");
	mounts_free(t);
	ns = mount_ns("/proc", (u32)getpid());
	ok(mount_unshare() == 0 && mount_off("/tmp/e", 0) == 0, "another name space, without it: %s", rerrstr());
	ok(access("/tmp/e/y", F_OK) < 0, "unmounted here");
	is_int(mount_within(ns, look, (void *)(uintptr_t)"/tmp/e/y"), 7, "still mounted there");
	ok(mount_within(ns, look, (void *)(uintptr_t)"/none") < 0, "an error comes through");
	is_str(rerrstr(), "/none is not there", "with its text");
	copy = mount_tree(AT_FDCWD, "/tmp", TreeClone | TreeRecursive);
	ok(copy >= 0 && mount_move(copy, NULL, AT_FDCWD, "/mnt", 0) == 0, "a recursive copy: %s", rerrstr());
	ok(access("/mnt/d/x", F_OK) == 0, "carries the mounts below");
	ok(mount_pivot("/mnt") == 0 && access("/d/x", F_OK) == 0 && access("/tmp", F_OK) < 0, "a new root: %s",
	   rerrstr());
	return 0;
}

int main(void)
{
	int r;

	parse();
	r = inside();
	if (r == 77)
		skip("user name spaces are not allowed here");
	return done();
}
