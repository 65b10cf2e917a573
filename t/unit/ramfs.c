/* ramfs and mntgen through calls, ramfs against a model of one file. */
#include <stdlib.h>
#include <fs/mntgen.h>
#include <fs/ramfs.h>
#include <srv/call.h>
#include "tap.h"

static Fid *walk(Fid *from, const char *name)
{
	return call_walk(from, 1, &name, NULL, -1);
}

static Fid *create(Fid *dir, const char *name, int mode, u32 perm)
{
	Fid *f = call_walk(dir, 0, NULL, NULL, -1);

	if (f != NULL && call_create(f, name, mode, perm, NULL, -1) == 0)
		return f;
	fid_drop(f);
	return NULL;
}

static u64 length(Fid *f)
{
	char *s = NULL;
	Dir d = { 0 };

	if (call_stat(f, &d, &s, NULL, -1) < 0)
		return ~(u64)0;
	free(s);
	return d.length;
}

static int truncate_to(Fid *f, u64 n)
{
	Dir d;

	dir_null(&d);
	d.length = n;
	return call_wstat(f, &d, NULL, -1);
}

static int chmod_to(Fid *f, u32 mode)
{
	Dir d;

	dir_null(&d);
	d.mode = mode;
	return call_wstat(f, &d, NULL, -1);
}

static int rename_to(Fid *f, const char *name)
{
	Dir d;

	dir_null(&d);
	d.name = name;
	return call_wstat(f, &d, NULL, -1);
}

enum { MODELMAX = 200000, STEPS = 3000 };

/* random writes, truncations and reads agree with an array */
static void model(Fid *f, unsigned seed)
{
	static u8 want[MODELMAX], got[MODELMAX], data[70000];
	u64 len = 0;

	printf("# seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < STEPS; i++) {
		u64 off = (u64)random() % (MODELMAX - sizeof data);
		u32 n = (u32)random() % sizeof data;
		long rc;

		if (random() % 8 == 0) {
			off = (u64)random() % MODELMAX;
			if (truncate_to(f, off) < 0) {
				ok(0, "truncate: %s", rerrstr());
				return;
			}
			if (off < len)
				memset(want + off, 0, MODELMAX - off);
			len = off;
		} else if (random() % 2 == 0) {
			memset(data, (int)random(), n);
			rc = call_write(f, data, n, off, NULL, -1);
			memcpy(want + off, data, n);
			if (n > 0 && off + n > len)
				len = off + n;
			if (rc != (long)n) {
				ok(0, "write %d: %s", i, rerrstr());
				return;
			}
		} else {
			u32 m = off >= len ? 0 : len - off < n ? (u32)(len - off) : n;

			rc = call_read(f, got, n, off, NULL, -1);
			if (rc != (long)m || memcmp(got, want + off, m) != 0) {
				ok(0, "read %d of %u at %lu: %ld", i, n, (unsigned long)off, rc);
				return;
			}
		}
	}
	is_int(length(f), len, "%d random steps agree with the model", STEPS);
}

static void trees(Fid *root)
{
	Fid *d, *f, *g;
	char buf[100], name[16];

	d = create(root, "dir", OREAD, DMDIR | 0755);
	ok(d != NULL, "create a directory: %s", rerrstr());
	fid_drop(d);
	ok(create(root, "dir", OREAD, DMDIR | 0755) == NULL, "twice is refused");
	is_str(rerrstr(), "file already exists", "with the reason");
	d = walk(root, "dir");
	f = create(d, "f", ORDWR, 0666);
	is_int(call_write(f, "hello", 5, 0, NULL, -1), 5, "write");
	ok(rename_to(f, "g") == 0 && walk(d, "f") == NULL, "rename");
	g = walk(d, "g");
	ok(g != NULL && call_open(g, OREAD, NULL, -1) == 0, "the new name opens");
	ok(call_remove(call_walk(root, 1, (const char *[]){ "dir" }, NULL, -1), NULL, -1) < 0, "a full directory stays");
	is_str(rerrstr(), "directory is not empty", "with the reason");
	ok(call_remove(walk(d, "g"), NULL, -1) == 0, "an open file can be removed");
	is_int(call_read(g, buf, sizeof buf, 0, NULL, -1), 5, "and read");
	ok(walk(d, "g") == NULL, "but not found");
	fid_drop(f);
	fid_drop(g);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "n%d", i);
		fid_drop(create(d, name, OREAD, 0644));
	}
	f = walk(d, "n299");
	ok(f != NULL, "300 files");
	ok(rename_to(f, "n5") < 0, "a rename over a file is refused");
	fid_drop(f);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "n%d", i);
		if (call_remove(walk(d, name), NULL, -1) < 0)
			ok(0, "remove %s: %s", name, rerrstr());
	}
	ok(call_remove(d, NULL, -1) == 0, "an empty directory goes");
}

static void permissions(Srv *fs, Fid *root)
{
	Fid *bob = call_attach(fs, "bob", "", NULL, -1), *f = create(root, "secret", OWRITE, 0600), *g;

	ok(chmod_to(root, DMDIR | 0775) == 0 && create(bob, "x", OREAD, 0666) == NULL, "bob may not create in glenda's root");
	is_str(rerrstr(), "permission denied", "with the reason");
	g = walk(bob, "secret");
	ok(g != NULL && call_open(g, OREAD, NULL, -1) < 0, "nor read her 0600 file");
	ok(chmod_to(g, 0666) < 0, "nor change its mode");
	is_str(rerrstr(), "not owner", "with the reason");
	ok(chmod_to(f, 0644) == 0 && call_open(g, OREAD, NULL, -1) == 0, "until she lets him");
	ok(call_remove(g, NULL, -1) < 0, "he may not remove it");
	fid_drop(f);
	fid_drop(bob);
	f = create(root, "lock", OREAD, DMEXCL | 0666);
	g = walk(root, "lock");
	ok(call_open(g, OREAD, NULL, -1) < 0, "exclusive use");
	is_str(rerrstr(), "exclusive lock", "with the reason");
	fid_drop(f);
	ok(call_open(g, OREAD, NULL, -1) == 0, "ends with the last clunk");
	fid_drop(g);
	f = create(root, "log", OWRITE, DMAPPEND | 0666);
	ok(call_write(f, "ab", 2, 0, NULL, -1) == 2 && call_write(f, "cd", 2, 0, NULL, -1) == 2, "append only");
	is_int(length(f), 4, "ignores offsets");
	fid_drop(f);
	ok((f = create(root, "tmp", OREAD | ORCLOSE, 0666)) != NULL, "remove on close");
	fid_drop(f);
	ok(walk(root, "tmp") == NULL, "removes on close");
}

static void full(void)
{
	static u8 big[1 << 20];
	Srv *fs = ramfs_new("glenda", 256 * 1024);
	Fid *root = call_attach(fs, "glenda", "", NULL, -1), *f = create(root, "f", ORDWR, 0666);

	is_int(call_write(f, big, sizeof big, 0, NULL, -1), -1, "a write beyond the limit");
	is_str(rerrstr(), "file system is full", "says that it is full");
	is_int(length(f), 0, "and wrote nothing");
	ok(truncate_to(f, 0) == 0, "truncation gives the room back");
	is_int(call_write(f, big, 200 * 1024, 0, NULL, -1), 200 * 1024, "for what fits");
	is_int(call_write(f, "x", 1, 1ull << 50, NULL, -1), -1, "an absurd offset is refused");
	fid_drop(f);
	fid_drop(root);
	srv_drop(fs);
}

static void mntgens(void)
{
	Srv *s = mntgen_new();
	Fid *root = call_attach(s, "glenda", "", NULL, -1), *a = walk(root, "anything"), *b = walk(root, "anything");

	ok(a != NULL && b != NULL && a->qid.path == b->qid.path, "every name exists, and stays the same");
	ok(walk(a, "below") == NULL, "and is empty");
	fid_drop(a);
	fid_drop(b);
	fid_drop(root);
	srv_drop(s);
}

int main(int argc, char **argv)
{
	Srv *fs = ramfs_new("glenda", 0);
	Fid *root = call_attach(fs, "glenda", "", NULL, -1), *f;

	ok(root != NULL, "attach");
	trees(root);
	permissions(fs, root);
	f = create(root, "model", ORDWR, 0666);
	model(f, argc > 1 ? (unsigned)atoi(argv[1]) : 1);
	fid_drop(f);
	fid_drop(root);
	srv_drop(fs);
	full();
	mntgens();
	ref_report(1);
	is_int(ref_live(NULL), 0, "nothing is left");
	return done();
}
