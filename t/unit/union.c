/*
 * Unions of directories against a model: random files in random members,
 * then look-ups, listings and creates must go where bind(2) says.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/local.h>
#include <ns/union.h>
#include <os/io.h>
#include <srv/call.h>
#include "tap.h"

enum { NDIR = 4, NNAME = 12, ROUNDS = 60 };

static char top[] = "/tmp/unionXXXXXX";
static bool has[NDIR][NNAME];
static Caller me;
static u32 seed;

static u32 rnd(u32 n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void fname(char *buf, size_t n, int dir, int i)
{
	snprintf(buf, n, "%s/%d/f%d", top, dir, i);
}

static void populate(void)
{
	char path[128], text[32];

	for (int d = 0; d < NDIR; d++)
		for (int i = 0; i < NNAME; i++) {
			fname(path, sizeof path, d, i);
			unlink(path);
			has[d][i] = rnd(3) == 0;
			snprintf(text, sizeof text, "%d.%d", d, i);
			if (has[d][i] && io_spit(path, text, strlen(text), 0644) < 0)
				exit(1);
		}
}

static Srv *make(const int *order, int n, int creator)
{
	Member m[NDIR];
	char path[128];

	for (int i = 0; i < n; i++) {
		Srv *s;

		snprintf(path, sizeof path, "%s/%d", top, order[i]);
		s = local_new(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), 0);
		m[i] = (Member){ call_attach(s, "me", "", &me, 1000), i == creator, false };
		srv_drop(s);
	}
	return union_new(m, n, 1, false);
}

static bool same_lookup(Fid *root, const int *order, int n, int i)
{
	char name[16], text[16] = "", want[16] = "";
	const char *w = name;
	Fid *f;

	for (int k = n - 1; k >= 0; k--)
		if (has[order[k]][i])
			snprintf(want, sizeof want, "%d.%d", order[k], i);
	snprintf(name, sizeof name, "f%d", i);
	f = call_walk(root, 1, &w, &me, 1000);
	if (f != NULL && (call_open(f, OREAD, &me, 1000) < 0 || call_read(f, text, 15, 0, &me, 1000) < 0))
		return false;
	fid_drop(f);
	return strcmp(text, want) == 0;
}

/* listed checks that every name is listed once, members in order; names within one are in the host's order. */
static bool listed(Fid *root, const int *order, int n)
{
	static u8 buf[8192];
	bool seen[NNAME] = { false };
	int last = 0;
	Fid *f = call_walk(root, 0, NULL, &me, 1000);
	u64 off = 0;
	long m;
	Dir d;

	if (call_open(f, OREAD, &me, 1000) < 0)
		return false;
	/* 200 bytes at a time: records must come whole */
	while ((m = call_read(f, buf, 200, off, &me, 1000)) > 0) {
		for (long p = 0, k; p < m; p += k) {
			int i, at = 0;

			k = dir_decode(buf + p, (u32)(m - p), &d);
			i = k > 0 ? atoi(d.name + 1) : 0;
			while (at < n && !has[order[at]][i])
				at++;
			if (k <= 0 || seen[i] || at == n || at < last)
				return false;
			seen[i] = true;
			last = at;
		}
		off += (u64)m;
	}
	fid_drop(f);
	for (int i = 0; i < NNAME; i++)
		for (int k = 0; k < n; k++)
			if (has[order[k]][i] && !seen[i])
				return false;
	return m == 0;
}

static bool created(Fid *root, const int *order, int creator, int round)
{
	Fid *f = call_walk(root, 0, NULL, &me, 1000);
	char name[16], path[128];
	int rc;
	bool good;

	snprintf(name, sizeof name, "new%d", round);
	rc = call_create(f, name, ORDWR, 0644, &me, 1000);
	if (creator < 0) {
		good = rc < 0 && strcmp(rerrstr(), "mounted directory forbids creation") == 0;
	} else {
		snprintf(path, sizeof path, "%s/%d/%s", top, order[creator], name);
		good = rc == 0 && call_write(f, "x", 1, 0, &me, 1000) == 1 && unlink(path) == 0;
	}
	fid_drop(f);
	return good;
}

static void model(void)
{
	bool look = true, list = true, create = true;

	for (int round = 0; round < ROUNDS; round++) {
		int order[NDIR] = { 0, 1, 2, 3 }, n = 1 + (int)rnd(NDIR), creator = (int)rnd((u32)n + 1) - 1;
		Srv *s;
		Fid *root;

		for (u32 i = NDIR - 1; i > 0; i--) {
			u32 j = rnd(i + 1);
			int t = order[i];

			order[i] = order[j];
			order[j] = t;
		}
		populate();
		s = make(order, n, creator);
		root = call_attach(s, "me", "", &me, 1000);
		for (int i = 0; i < NNAME; i++)
			look = look && same_lookup(root, order, n, i);
		list = list && listed(root, order, n);
		create = create && created(root, order, creator, round);
		fid_drop(root);
		srv_drop(s);
	}
	ok(look, "the first member that has a name wins");
	ok(list, "each name is listed once, in the members' order");
	ok(create, "new files go to the first member that allows it, or nowhere");
}

static void local(void)
{
	char path[128];
	const char *dots[] = { "..", "..", "link" }, *file = "f";
	Dir d;
	char *strings = NULL, buf[64] = "";
	Srv *s;
	Fid *root, *f;

	snprintf(path, sizeof path, "%s/0", top);
	s = local_new(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), 0);
	root = call_attach(s, "me", "", &me, 1000);
	snprintf(path, sizeof path, "%s/0/link", top);
	if (symlink("/etc/passwd", path) < 0)
		exit(1);
	f = call_walk(root, 2, dots, &me, 1000);
	ok(f != NULL && f->qid.path == root->qid.path, ".. of the root is the root");
	fid_drop(f);
	f = call_walk(root, 3, dots, &me, 1000);
	ok(f != NULL && f->qid.type & QTSYMLINK, "a symbolic link is one");
	ok(call_open(f, OREAD, &me, 1000) == 0 && call_read(f, buf, sizeof buf, 0, &me, 1000) == 11,
	   "and reads as its target: %s", buf);
	fid_drop(f);
	f = call_walk(root, 0, NULL, &me, 1000);
	is_int(call_create(f, file, ORDWR, 0600, &me, 1000), 0, "create");
	dir_null(&d);
	d.name = "g";
	d.mode = 0640;
	is_int(call_wstat(f, &d, &me, 1000), 0, "rename and chmod");
	is_int(call_stat(f, &d, &strings, &me, 1000), 0, "stat");
	is_str(d.name, "g", "the fid has the new name");
	is_int(d.mode, 0640, "and mode");
	free(strings);
	is_int(call_remove(f, &me, 1000), 0, "remove");
	fid_drop(root);
	srv_drop(s);
	s = local_new(open(top, O_PATH | O_DIRECTORY | O_CLOEXEC), LocalRdonly | LocalFollow);
	root = call_attach(s, "me", "", &me, 1000);
	is_int(call_create(root, file, ORDWR, 0600, &me, 1000), -1, "a read-only tree");
	is_str(rerrstr(), "read only file system", "says so");
	dots[0] = "0";
	dots[1] = "link";
	ok(call_walk(root, 2, dots, &me, 1000) == NULL, "a link out of the tree is not followed");
	fid_drop(root);
	srv_drop(s);
}

int main(void)
{
	char path[64];

	me = (Caller){ (u32)getpid(), getuid(), getgid() };
	seed = (u32)getpid();
	printf("# seed %u\n", seed);
	if (mkdtemp(top) == NULL)
		return 1;
	for (int i = 0; i < NDIR; i++) {
		snprintf(path, sizeof path, "%s/%d", top, i);
		mkdir(path, 0755);
	}
	model();
	local();
	is_int(ref_live("Fid") + ref_live("Srv") + ref_live("local Node"), 0, "nothing leaks");
	snprintf(path, sizeof path, "rm -rf %s", top);
	return system(path) == 0 ? done() : 1;
}
