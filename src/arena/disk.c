/* Disks that are files, block devices, or ranges of them. */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arena/conf.h>
#include <arena/disk.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/diskio.h>

static int file_read(Disk *d, void *p, size_t n, u64 off) { return diskio_read(d->fd, p, n, d->base + off); }
static int file_cached(Disk *d, void *p, size_t n, u64 off) { return diskio_cached(d->fd, p, n, d->base + off); }
static int file_writev(Disk *d, IoVec *v, int n, u64 off) { return diskio_writev(d->fd, v, n, d->base + off); }
static void file_start(Disk *d, u64 off, u64 n) { diskio_start(d->fd, d->base + off, n); }
static int file_sync(Disk *d) { return diskio_sync(d->fd); }

static void file_close(Disk *d)
{
	close(d->fd);
	free(d->name);
	free(d);
}

static const DiskOps file_ops = {
	.read = file_read,
	.cached = file_cached,
	.writev = file_writev,
	.start = file_start,
	.sync = file_sync,
	.close = file_close,
};

enum { LOCKMS = 1000, LOCKNAP = 5000 /* us */ };

enum { SECTOR = 512, MBRPART = 0x1be, MBRENTRY = 16, PLAN9TYPE = '9' };

/* lines "part name start end" in the sector behind the first of a Plan 9 partition table */
static int disk_plan9table(Disk *d, const char *name)
{
	char sect[SECTOR + 1] = { 0 }, *line[40];
	int n;

	if (d->size < 2 * SECTOR || disk_read(d, sect, SECTOR, SECTOR) < 0 || !str_prefix(sect, "part "))
		return -1;
	n = str_fields(sect, line, nelem(line), "\n");
	for (int i = 0; i < n; i++) {
		char *f[5];
		u64 lo, hi;

		if (str_fields(line[i], f, nelem(f), " ") != 4 || strcmp(f[0], "part") != 0)
			return -1;
		if (strcmp(f[1], name) != 0)
			continue;
		if (str_u64(f[2], 10, d->size / SECTOR, &lo) < 0 || str_u64(f[3], 10, d->size / SECTOR, &hi) < 0 || lo >= hi)
			return -1;
		d->base += lo * SECTOR;
		d->size = (hi - lo) * SECTOR;
		return 0;
	}
	return -1;
}

static int disk_subpart(Disk *d, const char *name)
{
	u8 mbr[SECTOR];
	Disk whole = *d;

	if (disk_plan9table(d, name) == 0)
		return 0;
	if (d->size < SECTOR || disk_read(d, mbr, SECTOR, 0) < 0 || mbr[510] != 0x55 || mbr[511] != 0xaa)
		return werrstr("it has no Plan 9 partition '%s'", name);
	for (int i = 0; i < 4; i++) {
		const u8 *e = mbr + MBRPART + i * MBRENTRY;
		u64 start = (u64)le32(e + 8) * SECTOR, size = (u64)le32(e + 12) * SECTOR;

		if (e[4] != PLAN9TYPE || start > whole.size || size > whole.size - start)
			continue;
		d->base = whole.base + start;
		d->size = size;
		if (disk_plan9table(d, name) == 0)
			return 0;
	}
	return werrstr("it has no Plan 9 partition '%s'", name);
}

static int disk_range(Disk *d, char *range)
{
	char *dash = strchr(range, '-');
	u64 lo = 0, hi = d->size;

	if (dash == NULL)
		return werrstr("'%s' is not a range lo-hi", range);
	*dash = 0;
	if (*range != 0 && conf_size(range, &lo) < 0)
		return -1;
	if (dash[1] != 0 && conf_size(dash + 1, &hi) < 0)
		return -1;
	if (hi > d->size || lo >= hi)
		return werrstr("the range %llu-%llu is not within its %llu bytes", (unsigned long long)lo, (unsigned long long)hi,
			(unsigned long long)d->size);
	d->base = lo;
	d->size = hi - lo;
	return 0;
}

/* Linux may hold a killed process's files, and so its locks, for a moment after its end (reads by io_uring) */
static int disk_lock(Disk *d)
{
	i64 until = clock_ms() + LOCKMS;

	while (diskio_lock(d->fd, d->base, d->size) < 0) {
		if (errcode(rerrstr()) != Einuse)
			return -1;
		if (clock_ms() >= until)
			return werrstr("another program has it open for writing");
		usleep(LOCKNAP);
	}
	return 0;
}

static int disk_setup(Disk *d, const char *file, char *part)
{
	d->fd = open(file, (d->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (d->fd < 0)
		return os_err();
	if (diskio_size(d->fd, &d->size) < 0)
		return -1;
	if (part != NULL && (isalpha((unsigned char)*part) ? disk_subpart(d, part) : disk_range(d, part)) < 0)
		return -1;
	return d->writable ? disk_lock(d) : 0;
}

Disk *disk_open(const char *spec, DiskMode mode)
{
	autofree char *file = mem_str(spec);
	char *colon = strrchr(file, ':');
	autofree char *why = NULL;
	Disk *d = mem_new(sizeof *d);

	*d = (Disk){ .op = &file_ops, .name = mem_str(spec), .writable = mode == DiskWrite, .fd = -1 };
	if (colon != NULL && strchr(colon, '/') == NULL)
		*colon++ = 0;
	else
		colon = NULL;
	if (disk_setup(d, file, colon) == 0)
		return d;
	why = mem_str(rerrstr());
	disk_close(d);
	(void)werrstr("%s: %s", spec, why);
	return NULL;
}

void disk_close(Disk *d)
{
	if (d != NULL)
		d->op->close(d);
}

static int disk_where(Disk *d, const char *what, u64 off, int rc)
{
	if (rc == -1) {
		autofree char *why = mem_str(rerrstr());

		return werrstr("%s: %s at offset %llu: %s", d->name, what, (unsigned long long)off, why);
	}
	return rc;
}

static bool disk_inside(const Disk *d, size_t n, u64 off) { return off <= d->size && n <= d->size - off; }

int disk_read(Disk *d, void *p, size_t n, u64 off)
{
	return disk_where(d, "read", off, disk_inside(d, n, off) ? d->op->read(d, p, n, off) : werrstr("beyond its end"));
}

int disk_cached(Disk *d, void *p, size_t n, u64 off) { return disk_inside(d, n, off) ? d->op->cached(d, p, n, off) : -2; }

int disk_writev(Disk *d, IoVec *v, int n, u64 off)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += v[i].n;
	if (!d->writable)
		return disk_where(d, "write", off, werrstr("it is open for reading only"));
	return disk_where(d, "write", off, disk_inside(d, sum, off) ? d->op->writev(d, v, n, off) : werrstr("beyond its end"));
}

int disk_write(Disk *d, const void *p, size_t n, u64 off)
{
	IoVec v = { (void *)(uintptr_t)p, n };

	return disk_writev(d, &v, 1, off);
}

void disk_start(Disk *d, u64 off, u64 n) { d->op->start(d, off, n); }

int disk_sync(Disk *d)
{
	int rc = d->op->sync(d);

	autofree char *why = rc < 0 ? mem_str(rerrstr()) : NULL;

	return rc < 0 ? werrstr("%s: sync: %s", d->name, why) : 0;
}
