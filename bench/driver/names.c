/*
 * names rfork|floor|fork SECONDS: children that take a name space of their own with 100 mounts in it, one after the
 * other, by ns_rfork, by unshare(2) alone, or not; prints how many a second.
 *
 * names many SPACES MOUNTS: that many name spaces at once, each with that many mounts and a union of its own.  Prints
 * what one costs, then lets them go and says what is left of them in the kernel process.
 *
 * It runs in a node, as its owner, in a name space that it may change.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/ns.h>
#include "driver.h"

#define TOP "/tmp/names"

enum { MOUNTS = 100, UNIONS = 10 /* every tenth mount */, WAIT = 60 };

static void fail(const char *what)
{
	fprintf(stderr, "names: %s: %s\n", what, rerrstr());
	exit(1);
}

static void dir(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die(path);
}

/* fill makes a place for each mount, and the mounts. */
static void fill(int n)
{
	dir(TOP);
	dir(TOP "/a");
	dir(TOP "/a/here");
	dir(TOP "/b");
	for (int i = 0; i < n; i++) {
		autofree char *at = mem_printf(TOP "/%d", i);

		dir(at);
		if (ns_bind(TOP "/a", at, i % UNIONS == 0 ? MAFTER : MREPL) < 0)
			fail(at);
	}
}

static int take(const char *how)
{
	if (*how == 'r' && ns_rfork("n") < 0)
		fail("rfork");
	if (*how == 'f' && how[1] == 'l' && unshare(CLONE_NEWNS) < 0)
		die("unshare");
	return 0;
}

static void again(const char *how, double seconds)
{
	double began = now();
	int n = 0, status;

	for (; now() - began < seconds; n++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(take(how));
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
			die(how);
	}
	rate(n, began);
}

/* one is a process with a name space: it says that all is as it should be, and stays until in is closed. */
static void one(int in, int out, int mounts)
{
	autofree char *at = mem_printf(TOP "/%d", mounts - 1);
	char c = 'y';

	take("rfork");
	if (ns_bind(TOP "/b", at, MBEFORE) < 0)
		fail(at);
	if (access(TOP "/0/here", F_OK) < 0 || chdir(at) < 0 || access("here", F_OK) < 0)
		c = 'n';
	if (write(out, &c, 1) != 1 || read(in, &c, 1) != 0)
		_exit(1);
	_exit(0);
}

static long kernelkb(void)
{
	char line[128], name[64];
	long kb, sum = 0;
	FILE *f = fopen("/.proc/meminfo", "r");

	if (f == NULL)
		f = fopen("/proc/meminfo", "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "%63[^:]: %ld", name, &kb) == 2 &&
		    (strcmp(name, "Slab") == 0 || strcmp(name, "Percpu") == 0 || strcmp(name, "VmallocUsed") == 0))
			sum += kb;
	if (f != NULL)
		fclose(f);
	return sum;
}

/* serverkb is the memory of the largest kernel process of the node. */
static long serverkb(void)
{
	long max = 0;
	struct dirent *d;
	DIR *dir = opendir("/.proc");

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		char name[32] = "";
		long kb = 0;
		autofree char *path = mem_printf("/.proc/%s/status", d->d_name);
		FILE *f = atoi(d->d_name) > 0 ? fopen(path, "r") : NULL;

		for (char line[256]; f != NULL && fgets(line, sizeof line, f) != NULL;)
			(void)(sscanf(line, "Name: %31s", name) == 1 || sscanf(line, "VmRSS: %ld", &kb) == 1);
		if (f != NULL)
			fclose(f);
		if (strcmp(name, "kernel") == 0 && kb > max)
			max = kb;
	}
	if (dir != NULL)
		closedir(dir);
	return max;
}

/* objects counts the kernel process's unions and mounts. */
static int objects(void)
{
	char line[1024];
	int n = 0;
	FILE *f = fopen("/#/M/list", "r");

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		n += str_prefix(line, "owner ");
	if (f != NULL)
		fclose(f);
	return n;
}

static void started(int fd, int n)
{
	for (char c; n > 0; n--)
		if (read(fd, &c, 1) != 1 || c != 'y') {
			fprintf(stderr, "names: a name space is not what it should be\n");
			exit(1);
		}
}

/* spaces starts n processes with a name space each, or with none of their own, and returns the pipe that holds them. */
static int spaces(int n, int mounts, int both)
{
	int hold[2], back[2];

	if (pipe(hold) < 0 || pipe(back) < 0)
		die("pipe");
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0) {
			char c = 'y';

			close(hold[1]);
			if (both)
				one(hold[0], back[1], mounts);
			_exit(write(back[1], &c, 1) != 1 || read(hold[0], &c, 1) != 0);
		}
	}
	close(hold[0]);
	close(back[1]);
	started(back[0], n);
	close(back[0]);
	return hold[1];
}

static void let_go(int hold, int n)
{
	int status, bad = 0;

	close(hold);
	for (int i = 0; i < n; i++)
		if (wait(&status) < 0 || status != 0)
			bad++;
	if (bad > 0)
		fprintf(stderr, "names: %d processes did not end well\n", bad);
}

static int many(int n, int mounts)
{
	long before = kernelkb(), server, processes, with;
	int hold = spaces(n, mounts, 0), had = objects(), have;
	double began;

	processes = kernelkb() - before;
	let_go(hold, n);
	began = now();
	before = kernelkb();
	server = serverkb();
	hold = spaces(n, mounts, 1);
	server = serverkb() - server;
	with = kernelkb() - before - processes;
	have = objects() - had;
	printf("%d name spaces of %d mounts in %.1f s: %.1f kB of Linux each and %.1f of the kernel process, %d unions\n", n, mounts, now() - began,
	       (double)with / n, (double)server / n, have);
	let_go(hold, n);
	if (ns_bind(TOP "/b", TOP "/0", MAFTER) < 0) /* the end of a name space tells nobody, a change does */
		fail(TOP "/0");
	for (began = now(); objects() > had && now() - began < WAIT; usleep(100000))
		;
	printf("left after they have ended: %d unions, %.1f kB each\n", objects() - had, (double)(kernelkb() - before) / n);
	return objects() > had;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "many") != 0) {
		fill(MOUNTS);
		again(argv[1], atof(argv[2]));
		return 0;
	}
	if (argc != 4 || atoi(argv[2]) < 1 || atoi(argv[3]) < 1) {
		fprintf(stderr, "usage: b_names rfork|floor|fork SECONDS; b_names many SPACES MOUNTS\n");
		return 2;
	}
	fill(atoi(argv[3]));
	return many(atoi(argv[2]), atoi(argv[3]));
}
