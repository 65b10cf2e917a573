/* venti.conf and the names of disks. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <arena/conf.h>
#include <arena/disk.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/diskio.h>
#include "tap.h"

static void sizes(void)
{
	static const struct { const char *s; u64 v; } good[] = {
		{ "0", 0 }, { "10", 10 }, { "8k", 8192 }, { "3M", 3 << 20 }, { "2g", 2ull << 30 }, { "1T", 1ull << 40 },
		{ "0x10k", 16384 }, { "010", 10 },
	};
	static const char *const bad[] = { "", "k", "10x", "-1", "99999999999999999999", "99999999999t", "1kk" };
	u64 v;

	for (size_t i = 0; i < nelem(good); i++)
		ok(conf_size(good[i].s, &v) == 0 && v == good[i].v, "%s is %llu", good[i].s, (unsigned long long)good[i].v);
	for (size_t i = 0; i < nelem(bad); i++)
		ok(conf_size(bad[i], &v) < 0, "'%s' is no size", bad[i]);
}

static void parses(void)
{
	const char text[] = "# a venti\nindex main\n\n  isect /x/isect:0-1g\narenas a0 # first\narenas a1\nmem 10m\nbcmem 20m\n"
		"icmem 30m\nqueuewrites\naddr tcp!*!venti\r\nhttpaddr tcp!*!8000\nwebroot /w\nbloom b\ncompress whack\nmgr what ever";
	VtConf *c = conf_parse(text, sizeof text - 1, "f");

	ok(c != NULL, "a whole configuration (%s)", rerrstr());
	if (c == NULL)
		return;
	is_str(c->index, "main", "index");
	ok(c->narenas == 2 && strcmp(c->arenas[1], "a1") == 0, "arenas");
	ok(c->nisect == 1 && strcmp(c->isect[0], "/x/isect:0-1g") == 0, "isect");
	ok(c->mem == 10 << 20 && c->bcmem == 20 << 20 && c->icmem == 30 << 20, "mem");
	ok(c->queuewrites && c->pack == PackWhack, "flags");
	is_str(c->addr, "tcp!*!venti", "addr, without its carriage return");
	is_str(c->httpaddr, "tcp!*!8000", "httpaddr");
	is_str(c->webroot, "/w", "webroot");
	is_str(c->bloom, "b", "bloom");
	conf_free(c);
}

static void refuses(const char *text, const char *why)
{
	ok(conf_parse(text, strlen(text), "f") == NULL, "'%s'", text);
	is_str(rerrstr(), why, "why");
}

static const char *tmp(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s.%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", name, (int)getpid());
	return path;
}

static void makefile(const char *path, u64 size)
{
	autofd int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	ok(fd >= 0 && diskio_truncate(fd, size) == 0, "a file of %llu bytes", (unsigned long long)size);
}

static void inpart(void)
{
	const char *path = tmp("vconf");
	VtConf *c;

	makefile(path, 1 << 20);
	ok(conf_read(path) == NULL && strstr(rerrstr(), "no configuration at 248k") != NULL, "none there: %s", rerrstr());
	ok(conf_install(path, "index i\n") == 0, "install");
	c = conf_read(path);
	ok(c != NULL && strcmp(c->index, "i") == 0, "read from a partition");
	conf_free(c);
	ok(conf_install(path, "#") == 0, "install a shorter one");
	c = conf_read(path);
	ok(c != NULL && c->index == NULL, "the old one's rest is gone");
	conf_free(c);
	makefile(path, 9000);
	ok(conf_read(path) == NULL && strstr(rerrstr(), "too many") != NULL, "too large: %s", rerrstr());
	ok(conf_install(path, "x") < 0, "too small for a partition: %s", rerrstr());
	makefile(path, 0);
	c = conf_read(path);
	ok(c != NULL, "an empty one");
	conf_free(c);
	unlink(path);
}

static Disk *range(const char *path, const char *r, DiskMode mode)
{
	autofree char *spec = mem_printf("%s:%s", path, r);

	return disk_open(spec, mode);
}

static void ranges(void)
{
	const char *path = tmp("vdisk");
	char b[4] = "abcd", got[4];
	Disk *d, *e;

	makefile(path, 1 << 20);
	d = range(path, "4k-8k", DiskWrite);
	e = range(path, "8k-", DiskWrite);
	ok(d != NULL && d->size == 4096 && d->base == 4096, "lo-hi");
	ok(e != NULL && e->size == (1 << 20) - 8192, "lo-, written beside the other");
	ok(range(path, "0-5k", DiskWrite) == NULL && strstr(rerrstr(), "another program") != NULL, "locked: %s", rerrstr());
	ok(range(path, "0-2m", DiskRead) == NULL, "beyond: %s", rerrstr());
	ok(range(path, "5-5", DiskRead) == NULL && range(path, "5", DiskRead) == NULL && range(path, "x-", DiskRead) == NULL,
		"bad ones: %s", rerrstr());
	ok(disk_write(d, b, 4, 4092) == 0 && disk_sync(d) == 0, "write at the end");
	ok(disk_write(d, b, 4, 4093) < 0, "write over the end: %s", rerrstr());
	ok(disk_write(d, b, 4, UINT64_MAX - 1) < 0 && disk_read(d, got, 4, UINT64_MAX - 1) < 0, "and far over it");
	disk_close(e);
	e = range(path, "-8k", DiskRead);
	ok(e != NULL && disk_read(e, got, 4, 8188) == 0 && memcmp(got, b, 4) == 0, "-hi reads it");
	ok(e != NULL && disk_write(e, b, 4, 0) < 0, "read only: %s", rerrstr());
	disk_close(e);
	disk_close(d);
	unlink(path);
}

static void plan9parts(void)
{
	const char *path = tmp("vpart");
	Disk *d;

	makefile(path, 1 << 20);
	d = disk_open(path, DiskWrite);
	ok(disk_write(d, "part 9fat 1 20\npart arenas 100 200\n", 35, 512) == 0, "a Plan 9 table");
	disk_close(d);
	d = range(path, "arenas", DiskRead);
	ok(d != NULL && d->base == 51200 && d->size == 51200, "file:name");
	disk_close(d);
	ok(range(path, "isect", DiskRead) == NULL && strstr(rerrstr(), "no Plan 9 partition") != NULL, "%s", rerrstr());
	unlink(path);
}

int main(void)
{
	sizes();
	parses();
	refuses("index a\nindex b\n", "f:2: a second line 'index'");
	refuses("arenas\n", "f:1: 'arenas' takes one value");
	refuses("\nqueuewrites yes", "f:2: 'queuewrites' takes nothing");
	refuses("mem lots", "f:1: 'lots' is not a size: it takes a number and perhaps k, m, g or t");
	refuses("mirror a b", "f:1: 'mirror' takes one value");
	refuses("compress lzw", "f:1: compress 'lzw': it takes none, whack or zstd");
	refuses("foo bar", "f:1: 'foo' is not known");
	inpart();
	ranges();
	plan9parts();
	return done();
}
