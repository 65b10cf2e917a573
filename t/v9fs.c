/*
 * v9fs ANTHILL DIR: Linux's own 9P client against our ramfs and exportfs.  As root, where the modules 9p and 9pnet_fd are
 * there; DIR is an empty directory for what it makes.  One process, so that it is quick in a machine that is emulated.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include "unit/tap.h"

enum { BIG = 1 << 20, CHUNK = 100000, MANY = 10000, SOME = 100, PROCS = 4, EACH = 10, PORT = 5640, GUARD = 120 };

static const char *anthill, *label;
static char buf[BIG], back[BIG];

/* serve starts a server, with fd as its standard input and output unless -1. */
static pid_t serve(int fd, char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		if (fd >= 0) {
			dup2(fd, 0);
			dup2(fd, 1);
		}
		execv(anthill, argv);
		_exit(127);
	}
	return pid;
}

/* attach mounts at point; the server may not be listening yet. */
static int attach(const char *source, const char *point, const char *opts)
{
	char all[200];

	mkdir(point, 0755);
	snprintf(all, sizeof all, "version=9p2000,access=any,uname=root,dfltuid=0,dfltgid=0,%s", opts);
	for (int i = 0; i < GUARD * 50; i++) {
		if (mount(source, point, "9p", 0, all) == 0)
			return 0;
		if (errno != ECONNREFUSED && errno != ENOENT)
			break;
		poll(NULL, 0, 20);
	}
	printf("# mount %s %s %s: %s\n", source, point, all, strerror(errno));
	return -1;
}

static int spit(const char *path, int flags, const char *text)
{
	int fd = open(path, flags | O_CREAT | O_WRONLY, 0644), rc;

	if (fd < 0)
		return -1;
	rc = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
	return close(fd) < 0 ? -1 : rc;
}

static const char *slurp(const char *path)
{
	static char text[100];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return strerror(errno);
	text[n] = '\0';
	return text;
}

/* fails says whether a call ended with one of two errors. */
static int fails(int rc, int e1, int e2)
{
	int no = errno;

	if (rc < 0 && (no == e1 || no == e2))
		return 1;
	printf("# %s\n", rc < 0 ? strerror(no) : "it succeeded");
	return 0;
}

static void files(void)
{
	struct stat st;
	struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000001 } };

	ok(spit("f", O_EXCL, "hello") == 0, "%s: create and write", label);
	is_str(slurp("f"), "hello", "%s: read", label);
	ok(fails(open("f", O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST, EEXIST), "%s: it is there already", label);
	ok(fails(open("none", O_RDONLY), ENOENT, ENOENT), "%s: what is not there", label);
	ok(spit("f", O_APPEND, " you") == 0 && strcmp(slurp("f"), "hello you") == 0, "%s: append", label);
	ok(truncate("f", 4) == 0 && stat("f", &st) == 0 && st.st_size == 4, "%s: truncate", label);
	ok(spit("f", O_TRUNC, "new") == 0 && strcmp(slurp("f"), "new") == 0, "%s: open with truncation", label);
	ok(chmod("f", 0640) == 0 && stat("f", &st) == 0 && (st.st_mode & 07777) == 0640, "%s: chmod", label);
	ok(utimensat(AT_FDCWD, "f", times, 0) == 0 && stat("f", &st) == 0 && st.st_mtime == 1000000001, "%s: times", label);
	ok(rename("f", "g") == 0 && fails(stat("f", &st), ENOENT, ENOENT) && strcmp(slurp("g"), "new") == 0,
	   "%s: rename", label);
	ok(mkdir("d", 0755) == 0 && spit("d/x", 0, "x") == 0, "%s: a directory", label);
	ok(fails(rmdir("d"), ENOTEMPTY, EEXIST), "%s: is not removed with something in it", label);
	ok(fails(rename("g", "d/g"), EXDEV, EXDEV), "%s: 9P has no way to another directory", label);
	ok(fails(symlink("g", "s"), EPERM, EOPNOTSUPP), "%s: nor symbolic links", label);
	ok(fails(link("g", "l"), EPERM, EOPNOTSUPP), "%s: nor links", label);
	ok(unlink("d/x") == 0 && rmdir("d") == 0 && fails(stat("d", &st), ENOENT, ENOENT), "%s: remove", label);
}

static void big(void)
{
	int fd = open("big", O_CREAT | O_RDWR, 0644), good = fd >= 0;
	char *map;

	for (int i = 0; i < BIG; i++)
		buf[i] = (char)(i * 7 + (i >> 9));
	for (int off = 0; good && off < BIG; off += CHUNK) {
		int n = BIG - off < CHUNK ? BIG - off : CHUNK;

		good = write(fd, buf + off, n) == n;
	}
	ok(good, "%s: a big file", label);
	ok(pread(fd, back, BIG, 0) == BIG && memcmp(buf, back, BIG) == 0, "%s: reads the same", label);
	ok(pread(fd, back, 5000, 123457) == 5000 && memcmp(buf + 123457, back, 5000) == 0, "%s: in the middle", label);
	ok(pwrite(fd, "end", 3, BIG + 100000) == 3 && pread(fd, back, 3, BIG + 50000) == 3 && back[1] == 0 &&
	   pread(fd, back, 10, BIG + 100000) == 3, "%s: with a hole", label);
	map = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ok(map != MAP_FAILED && memcmp(map, buf, BIG) == 0, "%s: mapped", label);
	if (map != MAP_FAILED)
		munmap(map, BIG);
	ok(fsync(fd) == 0 && close(fd) == 0 && unlink("big") == 0, "%s: sync, close, remove", label);
}

/* locks: 9P has none; Linux may keep them by itself or refuse, but nobody waits. */
static void locks(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 1 };
	int fd = open("g", O_RDWR), r;

	r = fcntl(fd, F_SETLK, &l);
	ok(r == 0 || errno == ENOLCK || errno == EINVAL || errno == EOPNOTSUPP, "%s: a lock is answered (%s)", label,
	   r == 0 ? "granted" : strerror(errno));
	r = flock(fd, LOCK_EX | LOCK_NB);
	ok(r == 0 || errno == ENOLCK || errno == EOPNOTSUPP, "%s: flock too (%s)", label, r == 0 ? "granted" : strerror(errno));
	close(fd);
}

/* list counts the names f0 f1 ... below max in dir, each once; -1 if there is another, or one twice. */
static int list(const char *dir, int max)
{
	DIR *d = opendir(dir);
	char *seen = calloc(1, (size_t)max);
	struct dirent *e;
	int n = 0;

	while (d != NULL && n >= 0 && (e = readdir(d)) != NULL) {
		int i = *e->d_name == 'f' ? atoi(e->d_name + 1) : -1;

		if (*e->d_name == '.')
			continue;
		if (i < 0 || i >= max || seen[i]++)
			n = -1;
		else
			n++;
	}
	if (d != NULL)
		closedir(d);
	free(seen);
	return d != NULL ? n : -1;
}

static int fill(const char *dir, int first, int n)
{
	char name[100];
	int fd;

	for (int i = first; i < first + n; i++) {
		snprintf(name, sizeof name, "%s/f%d", dir, i);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd < 0 || close(fd) < 0)
			return -1;
	}
	return 0;
}

static int clear(const char *dir, int n)
{
	char name[100];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s/f%d", dir, i);
		if (unlink(name) < 0)
			return -1;
	}
	return rmdir(dir);
}

static void many(void)
{
	int st, bad = 0;

	ok(mkdir("many", 0755) == 0 && fill("many", 0, SOME) == 0, "%s: %d files", label, SOME);
	is_int(list("many", SOME), SOME, "%s: are listed, each once", label);
	ok(clear("many", SOME) == 0, "%s: and removed", label);
	mkdir("all", 0755);
	fflush(stdout);
	for (int p = 0; p < PROCS; p++)
		if (fork() == 0)
			_exit(fill("all", p * EACH, EACH) == 0 ? 0 : 1);
	for (int p = 0; p < PROCS; p++)
		bad += wait(&st) < 0 || st != 0;
	is_int(bad, 0, "%s: %d processes at once", label, PROCS);
	is_int(list("all", PROCS * EACH), PROCS * EACH, "%s: made a file for each name", label);
	ok(clear("all", PROCS * EACH) == 0, "%s: which can be removed", label);
}

/* program copies the file at from to the mount and runs it there. */
static void program(const char *from)
{
	int in = open(from, O_RDONLY), out = open("prog", O_CREAT | O_WRONLY, 0755), st = -1;
	ssize_t n;
	pid_t pid;

	while ((n = read(in, buf, CHUNK)) > 0 && write(out, buf, n) == n)
		;
	close(in);
	close(out);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execl("./prog", "ants", "test", "-e", "prog", NULL);
		_exit(127);
	}
	ok(n == 0 && waitpid(pid, &st, 0) == pid && st == 0, "%s: a program runs from there", label);
	unlink("prog");
}

static void left(void)
{
	struct statfs fs;

	ok(unlink("g") == 0 && list(".", 1) == 0, "%s: nothing is left", label);
	ok(statfs(".", &fs) == 0 && fs.f_type == 0x01021997, "%s: it was v9fs", label);
}

static void exercise(const char *what, const char *source, const char *point, const char *opts, const char *ants)
{
	label = what;
	if (!ok(attach(source, point, opts) == 0 && chdir(point) == 0, "%s: mounted", label))
		return;
	files();
	big();
	locks();
	many();
	program(ants);
	left();
	if (chdir("..") < 0)
		ok(0, "back");
}

static void huge(void)
{
	label = "exportfs";
	ok(mkdir("x/huge", 0755) == 0 && fill("x/huge", 0, MANY) == 0, "%d native files", MANY);
	is_int(list("e/huge", MANY), MANY, "%s: lists them, each once", label);
	ok(clear("x/huge", MANY) == 0, "they go");
	ok(spit("e/seen", 0, "from there") == 0 && strcmp(slurp("x/seen"), "from there") == 0, "%s: writes the file", label);
	ok(spit("x/seen", O_TRUNC, "from here") == 0 && strcmp(slurp("e/seen"), "from here") == 0, "%s: sees changes", label);
}

/* shared writes through a mapping, which only a mount that caches may do. */
static void mapping(void)
{
	int fd = open("m/seen", O_RDWR);
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ok(map != MAP_FAILED, "cache=mmap: a shared mapping");
	if (map == MAP_FAILED)
		return;
	memcpy(map, "FROM", 4);
	ok(msync(map, 4096, MS_SYNC) == 0 && munmap(map, 4096) == 0 && close(fd) == 0, "cache=mmap: is written back");
	is_str(slurp("x/seen"), "FROM here", "cache=mmap: to the file");
}

static void dead(const char *what, pid_t pid, const char *point)
{
	struct stat st;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(stat(point, &st) < 0 || opendir(point) == NULL, "%s: when the server has died there are errors", what);
	ok(umount2(point, MNT_DETACH) == 0, "%s: and it can be unmounted", what);
}

int main(int argc, char **argv)
{
	char cwd[100], addr[160], sock[120], *ants;
	int pair[2];
	pid_t ram, raw, exp;

	if (argc != 3 || chdir(argv[2]) < 0 || getcwd(cwd, sizeof cwd) == NULL) {
		fprintf(stderr, "usage: v9fs anthill dir\n");
		return 2;
	}
	anthill = argv[1];
	ants = strdup(anthill);
	strcpy(strrchr(ants, '/') + 1, "ants");
	snprintf(sock, sizeof sock, "%s/sock", cwd);
	snprintf(addr, sizeof addr, "unix!%s", sock);
	umask(022);

	ram = serve(-1, (char *[]){ "anthill", "ramfs", "-a", addr, NULL });
	exercise("ramfs, unix", sock, "r", "trans=unix,cache=none", ants);
	dead("ramfs, unix", ram, "r");

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 2;
	raw = serve(pair[1], (char *[]){ "anthill", "ramfs", "-i", NULL });
	close(pair[1]);
	snprintf(addr, sizeof addr, "trans=fd,cache=none,rfdno=%d,wfdno=%d", pair[0], pair[0]);
	exercise("ramfs -i, fd", "ram", "i", addr, ants);
	dead("ramfs -i, fd", raw, "i");

	mkdir("x", 0755);
	snprintf(addr, sizeof addr, "tcp!127.0.0.1!%d", PORT);
	exp = serve(-1, (char *[]){ "anthill", "exportfs", "-r", "x", "-a", addr, NULL });
	snprintf(addr, sizeof addr, "trans=tcp,cache=none,port=%d", PORT);
	exercise("exportfs, tcp", "127.0.0.1", "e", addr, ants);
	huge();
	snprintf(addr, sizeof addr, "trans=tcp,cache=mmap,port=%d", PORT);
	if (ok(attach("127.0.0.1", "m", addr) == 0, "cache=mmap: mounted"))
		mapping();
	umount2("m", MNT_DETACH);
	unlink("x/seen");
	dead("exportfs, tcp", exp, "e");
	return done();
}
