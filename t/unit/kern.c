#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <dev/dev.h>
#include <os/io.h>
#include <os/local.h>
#include <srv/call.h>
#include "tap.h"

static Kern *k, *made[4]; /* a Kern is for ever: all stay reachable */
static int nmade;
static Caller me;

static Fid *at(const char *path)
{
	return kern_walk(k, path, "glenda", &me);
}

/* get returns what the file at path reads as, "!error" if that fails. */
static char *get(const char *path)
{
	Fid *f = at(path);
	char *buf = mem_new(8192);
	long n = -1;

	if (f != NULL && call_open(f, OREAD, &me, 1000) == 0)
		n = call_read(f, buf, 8191, 0, &me, 1000);
	if (n < 0) {
		free(buf);
		buf = mem_printf("!%s", rerrstr());
	}
	fid_drop(f);
	return buf;
}

/* put creates or truncates dir/name and writes text. */
static int put(const char *dir, const char *name, const char *text)
{
	autofree char *path = mem_printf("%s/%s", dir, name);
	Fid *f = at(path);
	long n;
	int rc;

	if (f != NULL) {
		rc = call_open(f, OWRITE | OTRUNC, &me, 1000);
	} else {
		f = at(dir);
		rc = f == NULL ? -1 : call_create(f, name, OWRITE, 0666, &me, 1000);
	}
	n = rc == 0 ? call_write(f, text, (u32)strlen(text), 0, &me, 1000) : -1;
	fid_drop(f);
	return n == (long)strlen(text) ? 0 : -1;
}

static char *gets_(const char *dir, const char *name)
{
	autofree char *path = mem_printf("%s/%s", dir, name);

	return get(path);
}

static char *names(const char *path)
{
	Fid *f = at(path);
	static u8 buf[65536];
	Buf b = { 0 };
	u64 off = 0;
	long n;
	Dir d;

	if (f != NULL && call_open(f, OREAD, &me, 1000) == 0)
		while ((n = call_read(f, buf, sizeof buf, off, &me, 1000)) > 0) {
			for (long p = 0, m; p < n && (m = dir_decode(buf + p, (u32)(n - p), &d)) > 0; p += m)
				buf_printf(&b, "%s%s", b.n > 0 ? " " : "", d.name);
			off += (u64)n;
		}
	fid_drop(f);
	return buf_take(&b);
}

#define is_text(expr, want, ...) \
	do { \
		autofree char *t_ = (expr); \
		is_str(t_, want, __VA_ARGS__); \
	} while (0)

static void root(void)
{
	autofree char *list = names("");

	ok(strstr(list, "c") && strstr(list, "root") && strstr(list, "|"), "the root lists devices: %s", list);
	ok(at("Q") == NULL, "an unknown device");
	is_str(rerrstr(), "unknown device in # filename", "says what Plan 9 says");
	ok(at("cx") == NULL, "a device that takes no spec refuses one");
	is_text(get("c/hostowner"), "glenda", "hostowner");
	is_text(get("c/user"), "glenda", "the server's uid is the host owner");
	is_text(get("c/osversion"), "2000", "osversion");
	is_text(names("root/net"), "", "#/net is an empty directory");
}

static void pipes(void)
{
	Fid *dir = at("|"), *end[2];
	const char *name[] = { "data", "data1" };
	char buf[16];

	for (int i = 0; i < 2; i++) {
		end[i] = call_walk(dir, 1, &name[i], &me, 1000);
		ok(end[i] != NULL && call_open(end[i], ORDWR, &me, 1000) == 0, "open %s", name[i]);
	}
	is_int(call_write(end[0], "hello", 5, 0, &me, 1000), 5, "write data");
	is_int(call_read(end[1], buf, sizeof buf, 0, &me, 1000), 5, "read data1");
	is_int(call_read(end[1], buf, sizeof buf, 0, &me, 20), -1, "an empty pipe waits");
	ok(call_write(end[0], "one", 3, 0, &me, 1000) == 3 && call_write(end[0], "", 0, 0, &me, 1000) == 0 &&
	   call_write(end[0], "three", 5, 0, &me, 1000) == 5, "several writes");
	is_int(call_read(end[1], buf, sizeof buf, 0, &me, 1000), 3, "a read ends with a write's last byte");
	is_int(call_read(end[1], buf, sizeof buf, 0, &me, 1000), 0, "one of nothing reads as nothing");
	is_int(call_read(end[1], buf, 2, 0, &me, 1000), 2, "a short read");
	is_int(call_read(end[1], buf, sizeof buf, 0, &me, 1000), 3, "leaves the rest");
	fid_drop(end[0]);
	is_int(call_read(end[1], buf, sizeof buf, 0, &me, 1000), 0, "the other end closed: end of file");
	is_int(call_write(end[1], "x", 1, 0, &me, 1000), -1, "and no more writing");
	is_str(rerrstr(), "i/o on hungup channel", "with Plan 9's words");
	fid_drop(end[1]);
	fid_drop(dir);
}

/* refused says whether writing text to path fails with why */
static void refused(const char *path, const char *text, const char *why)
{
	Fid *f = at(path);

	ok(f != NULL && (call_open(f, OWRITE, &me, 1000) < 0 || call_write(f, text, (u32)strlen(text), 0, &me, 1000) < 0), "%s: %s", path,
	   text);
	is_str(rerrstr(), why, "is refused");
	fid_drop(f);
}

static void facts(void)
{
	autofree char *time = get("c/time"), *cpu = get("c/cputime"), *pid = mem_printf("%11d ", getpid()), *drivers = get("c/drivers"),
		      *config = get("c/config"), *swap = get("c/swap"), *stat = get("c/sysstat"), *group = get("c/pgrpid"), *bin = get("c/bintime");
	Fid *f = at("c/bintime");
	char b[32];

	is_int((int)strlen(time), 12 + 3 * 22, "time has one number of 12 and three of 22 bytes");
	is_int((int)strlen(cpu), 6 * 12, "cputime six of 12");
	is_text(get("c/pid"), pid, "pid");
	is_int((int)strlen(group), 12, "pgrpid");
	ok(call_open(f, OREAD, &me, 1000) == 0 && call_read(f, b, sizeof b, 0, &me, 1000) == 24 && call_read(f, b, sizeof b, 24, &me, 1000) == 24,
	   "bintime is read again without a seek");
	fid_drop(f);
	ok(strstr(drivers, "#c cons\n") && strstr(drivers, "#z gsrv\n"), "drivers");
	ok(str_prefix(config, "dev\n\t") && strstr(config, "\tcons\n"), "config");
	ok(strstr(swap, " memory\n") && strstr(swap, " pagesize\n") && strstr(swap, " user\n") && strstr(swap, " swap\n"), "swap");
	is_int((int)strcspn(stat, "\n"), 10 * 12, "a line of sysstat has ten numbers");
	ok(put("c", "sysstat", "0") == 0 && strtoull(stat + 12, NULL, 10) > 0, "which start anew when it is written to");
	free(stat);
	stat = get("c/sysstat");
	ok(strtoull(stat + 12, NULL, 10) < 1000000, "from 0");
	is_text(get("c/mordor"), "!one does not simply read from mordor", "mordor");
	refused("c/mordor", "x", "one does not simply write into mordor");
	refused("c/time", "noon", "bad time control");
	refused("c/time", "12", "the clock is the host's: a node does not set it");
	refused("c/bintime", "n1", "bad time control");
	refused("c/bintime", "n12345678", "the clock is the host's: a node does not set it");
	refused("c/drivers", "chdev", "bad arg in system call");
	refused("c/drivers", "chdev & c", "chdev &: not implemented: rfork m takes devices away");
	refused("c/reboot", "please", "unknown control request");
	refused("c/reboot", "reboot 9pc", "reboot: not implemented: end the node with `anthill grid down`");
	refused("c/user", "root", "permission denied");
	refused("c/user", "none", "user: only the process itself can become another on Linux");
	refused("c/hostowner", "a b", "bad arg in system call");
	refused("c/swap", "3", "swap: the host decides what it swaps on");
	refused("c/pid", "3", "permission denied");
	is_int(put("c", "hostdomain", "kremvax\n"), 0, "hostdomain is written");
	is_text(get("c/hostdomain"), "kremvax", "and read, without the newline");
	is_text(get("c/null"), "", "null");
	me.uid = 12345;
	refused("c/hostdomain", "x", "permission denied");
	refused("c/time", "12", "permission denied");
	refused("c/reboot", "reboot", "permission denied");
	me.uid = getuid();
}

static void env(void)
{
	Fid *f;

	is_int(put("e", "path", "/bin\0."), 0, "set a variable");
	is_int(put("e", "x", "one"), 0, "and another");
	is_text(get("e/path"), "/bin", "and read it");
	is_int(put("e", "x", "2"), 0, "truncate and set");
	is_text(get("e/x"), "2", "the new value");
	is_text(names("e"), "path x", "listed in order");
	f = at("e/x");
	is_int(call_remove(f, &me, 1000), 0, "remove");
	is_text(get("e/x"), "!file does not exist", "gone");
	is_int(put("ec", "bootargs", "tcp"), 0, "#ec, by the host owner");
	is_text(get("ec/bootargs"), "tcp", "is another group");
	me.uid = 12345;
	is_int(put("ec", "bootargs", "x"), -1, "others may not write #ec");
	is_text(get("ec/bootargs"), "tcp", "but read it");
	is_int(put("e", "y", "1"), -1, "another user's process is not let into the group");
	me.uid = getuid();
}

static void posts(void)
{
	int p[2];
	Fid *f;
	autofree char *n = NULL;

	if (pipe(p) < 0)
		return;
	n = mem_printf("%d", p[0]);
	is_int(put("s", "a", "999"), -1, "posting a descriptor that is not there");
	is_text(get("s/a"), "!device shut down", "leaves a name that does not open");
	is_int(call_remove(at("s/a"), &me, 1000), 0, "the empty post is removed");
	f = at("s");
	ok(call_create(f, "a", OWRITE, 0666, &me, 1000) == 0 && call_write(f, n, (u32)strlen(n), 0, &me, 1000) > 0, "post a pipe");
	is_int(call_write(f, n, (u32)strlen(n), 0, &me, 1000), -1, "a second number");
	is_str(rerrstr(), "inappropriate use of fd", "is refused");
	fid_drop(f);
	is_int(put("s", "a", n), -1, "not twice");
	close(p[0]);
	is_int(write(p[1], "hello", 5), 5, "write to the pipe");
	is_text(get("s/a"), "hello", "and read what comes out");
	is_int(call_remove(at("s/a"), &me, 1000), 0, "remove the post");
	close(p[1]);
	signal(SIGPIPE, SIG_IGN);
}

/* reopened: what a descriptor was not opened for is not to be had through #s or #d, which could open the file for it. */
static void reopened(void)
{
	int f = io_memfd("file");
	autofree char *path = mem_printf("/proc/self/fd/%d", f);
	int rd = open(path, O_RDONLY), name = open(path, O_PATH);
	autofree char *text = mem_printf("%d", rd), *dup = mem_printf("d/%d", rd), *bare = mem_printf("d/%d", name);
	Fid *s;

	is_int(write(f, "mine", 4), 4, "a file");
	is_int(put("s", "ro", text), 0, "post it, open for reading");
	is_text(get("s/ro"), "mine", "it can be read");
	s = at("s/ro");
	ok(s != NULL && call_open(s, ORDWR, &me, 1000) < 0, "but not opened for writing: %s", rerrstr());
	fid_drop(s);
	is_int(call_remove(at("s/ro"), &me, 1000), 0, "remove the post");
	s = at(dup);
	ok(s != NULL && call_open(s, OWRITE, &me, 1000) < 0, "nor by #d: %s", rerrstr());
	fid_drop(s);
	is_text(get(bare), "!inappropriate use of fd", "a descriptor that only names the file opens nothing");
	close(f);
	close(rd);
	close(name);
}

static void dups(void)
{
	int p[2];
	autofree char *name = NULL, *ctl = NULL, *text = NULL;

	if (pipe(p) < 0)
		return;
	name = mem_printf("d/%d", p[0]);
	ctl = mem_printf("d/%dctl", p[0]);
	is_int(write(p[1], "through", 7), 7, "write to a pipe");
	is_text(get(name), "through", "%s is its other end", name);
	text = get(ctl);
	ok(strstr(text, " r ") != NULL, "%s: %s", ctl, text);
	is_text(get("d/999"), "!file does not exist", "no such descriptor");
	close(p[0]);
	close(p[1]);
}

/* what a fake init keeps */
static char keys[64][128];
static int fds[64], nkept;

static void keep(int sock)
{
	char buf[512];
	int fd[IoFds], n = 0;

	while (io_nonblock(sock, true) == 0 && io_recvfds(sock, buf, sizeof buf, fd, &n) > 0) {
		if (n == 1 && str_prefix(buf, "store ") && nkept < 64) {
			(void)!str_cpy(keys[nkept], sizeof keys[0], buf + 6);
			fds[nkept++] = fd[0];
		} else if (str_prefix(buf, "drop ")) {
			for (int i = 0; i < nkept; i++)
				if (strcmp(keys[i], buf + 5) == 0)
					keys[i][0] = '\0';
		}
	}
}

static void kernel(int *sock)
{
	int p[2];

	if (local_pair(p) < 0)
		exit(1);
	for (int i = 0; i < nkept; i++) {
		char buf[256];
		int n = snprintf(buf, sizeof buf, "kept %s", keys[i]);

		if (keys[i][0] != '\0' && io_sendfds(p[0], buf, (size_t)n + 1, &fds[i], 1) < 0)
			exit(1);
	}
	if (io_sendfds(p[0], "go", 3, NULL, 0) < 0)
		exit(1);
	*sock = p[0];
	made[nmade++] = k = kern_new("glenda", p[1]);
}

/* ask writes cmd to #M's clone and returns the answer. */
static char *ask(const char *cmd)
{
	Fid *f = at("M/clone");
	char *buf = mem_new(256);
	long n = -1;

	if (f != NULL && call_open(f, ORDWR, &me, 1000) == 0 &&
	    call_write(f, cmd, (u32)strlen(cmd), 0, &me, 1000) > 0)
		n = call_read(f, buf, 255, 0, &me, 1000);
	fid_drop(f);
	if (n < 0)
		snprintf(buf, 256, "failed: %s", rerrstr());
	return buf;
}

/* stranger: another user, in whose name space the object is not mounted, may not use it by its number. */
static void stranger(const char *path, const char *id)
{
	Caller bob = { .pid = 0, .uid = 12345, .gid = 12345 };
	autofree char *cmd = mem_printf("union\nm - object %s\nm - tree c '#c'", id), *answer = NULL;
	Fid *f = kern_walk(k, path, "bob", &bob), *c;

	is_str(f != NULL ? "" : rerrstr(), "permission denied", "another user does not reach it by number");
	fid_drop(f);
	c = kern_walk(k, "M/clone", "bob", &bob);
	if (c == NULL || call_open(c, ORDWR, &bob, 1000) < 0 ||
	    call_write(c, cmd, (u32)strlen(cmd), 0, &bob, 1000) < 0) {
		ok(false, "clone as bob: %s", rerrstr());
		fid_drop(c);
		return;
	}
	answer = mem_new(100);
	ok(call_read(c, answer, 99, 0, &bob, 1000) > 0, "an answer");
	is_str(answer, "!permission denied", "nor makes another of it");
	fid_drop(c);
}

static void objects(void)
{
	char dir[] = "/tmp/kernXXXXXX", file[64];
	autofree char *cmd = NULL, *id = NULL, *path = NULL, *list = NULL, *which = NULL;
	int fd;

	if (mkdtemp(dir) == NULL)
		return;
	snprintf(file, sizeof file, "%s/native", dir);
	if (io_spit(file, "host's", 6, 0644) < 0)
		return;
	fd = open(dir, O_PATH | O_DIRECTORY);
	is_text(ask("nonsense"), "!unknown control request", "#M: an unknown command");
	is_text(ask("union\nm - tree Q none"), "!unknown device in # filename", "a member that is not there");
	cmd = mem_printf("union\nm c fd %d %s\nm - tree c '#c'", fd, dir);
	id = ask(cmd);
	ok(id[0] >= '1' && id[0] <= '9', "a union of a directory and #c: %s", id);
	path = mem_printf("M/%s/user", id);
	is_text(get(path), "glenda", "has the device's files");
	which = mem_printf("M/%s/native", id);
	is_text(get(which), "host's", "and the directory's");
	list = mem_printf("union %s\nm c layer 1 %s\nm - tree c '#c'\nowner %s glenda\n", id, dir, id);
	is_text(get("M/list"), list, "is listed");
	stranger(path, id);
	close(fd);
	free(cmd);
	cmd = mem_printf("without %s tree c /x", id);
	is_text(ask(cmd), "2", "without the device it is another object");
	is_text(ask("without 2 tree c /x"), "!not in union", "once");
	unlink(file);
	rmdir(dir);
}

/* lease opens clone in dir and returns the open file; *id is what it reads as, owned by the caller */
static Fid *lease(const char *dir, char **id)
{
	autofree char *path = mem_printf("%s/clone", dir);
	Fid *f = at(path);

	*id = mem_new(32);
	ok(f != NULL && call_open(f, OREAD, &me, 1000) == 0 && call_read(f, *id, 31, 0, &me, 1000) > 0, "open clone: %s", *id);
	return f;
}

/* boards makes a directory in a directory of #s and posts in both; held are their leases */
static void boards(const char *post, char **outer, char **inner, Fid **held)
{
	char *a, *b;
	Fid *lin;

	held[0] = lease("s", &a);
	*outer = mem_printf("s/%s", a);
	lin = lease(*outer, &b);
	*inner = mem_printf("s/%s/%s", a, b);
	is_int(put(*outer, "x", post), 0, "a post in a directory");
	is_int(put(*inner, "y", post), 0, "and in one below");
	is_int(put(*inner, "clone", post), -1, "there is a clone there");
	ok(at("s/999") == NULL && at("s/01") == NULL, "no other directory");
	me.uid = 12345;
	ok(at(*inner) == NULL, "another user has no way in");
	me.uid = getuid();
	fid_drop(lin);
	ok(at(*inner) == NULL, "closing clone ends the directory");
	free(b);
	held[1] = lease(*outer, &b);
	free(*inner);
	*inner = mem_printf("s/%s/%s", a, b);
	is_int(put(*inner, "y", post), 0, "a new one");
	free(a);
	free(b);
}

static void restarts(void)
{
	int sock, p[2];
	autofree char *n = NULL, *before = NULL, *outer = NULL, *inner = NULL;
	Fid *held[2];

	kernel(&sock);
	is_int(put("e", "v", "kept"), 0, "a variable");
	is_int(put("ec", "bootargs", "tcp"), 0, "a configuration variable");
	if (pipe(p) < 0)
		return;
	n = mem_printf("%d", p[0]);
	is_int(put("s", "post", n), 0, "a posted pipe");
	boards(n, &outer, &inner, held);
	objects();
	before = get("M/list");
	keep(sock);
	for (int i = 0; i < 2; i++)
		fid_drop(held[i]); /* the first kernel process has no init any more */
	kernel(&sock);
	is_text(get("e/v"), "kept", "over a restart the variable stays");
	is_text(get("ec/bootargs"), "tcp", "and the configuration");
	is_text(get("M/list"), before, "and the mount objects");
	is_text(get("M/1/user"), "glenda", "which work");
	close(p[0]);
	is_int(write(p[1], "x", 1), 1, "the pipe still has a reader");
	is_text(get("s/post"), "x", "and the post works");
	is_int(call_remove(at("s/post"), &me, 1000), 0, "removed");
	is_text(names(inner), "clone y", "directories of #s stay");
	is_int(write(p[1], "z", 1), 1, "what was posted there");
	is_text(gets_(inner, "y"), "z", "works");
	keep(sock);
	kernel(&sock);
	is_text(names("s"), "clone 2", "it does not come back, the directory with a post in it does");
}

int main(void)
{
	me = (Caller){ (u32)getpid(), getuid(), getgid() };
	made[nmade++] = k = kern_new("glenda", -1);
	root();
	facts();
	pipes();
	env();
	posts();
	reopened();
	dups();
	restarts();
	return done();
}
