#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/local.h>
#include <os/pty.h>
#include <os/spawn.h>
#include <os/userns.h>
#include "tap.h"

#define ARGV(...) ((char *[]){ __VA_ARGS__, NULL })

/* output runs argv with its output in buf and returns its wait status. */
static int output(Spawn *s, char *buf, size_t n)
{
	int p[2], status, pid;
	ssize_t k;

	if (pipe(p) < 0)
		return -1;
	s->fd[0] = -1;
	s->fd[1] = p[1];
	s->fd[2] = 2;
	s->nfd = 3;
	pid = spawn(s);
	close(p[1]);
	k = io_readn(p[0], buf, n - 1);
	buf[k < 0 ? 0 : k] = '\0';
	close(p[0]);
	return pid < 0 || waitpid(pid, &status, 0) < 0 ? -1 : status;
}

/* swapped: the child's output is our descriptor 2, its errors our 1; neither may overwrite the other first. */
static void swapped(void)
{
	Spawn s = { .argv = ARGV("/bin/sh", "-c", "echo crossed"), .fd = { -1, 2, 1 }, .nfd = 3 };
	int p[2], err = dup(2), pid, status = -1;
	char buf[32] = "";
	ssize_t k;

	ok(pipe(p) == 0 && dup2(p[1], 2) == 2, "a pipe as descriptor 2");
	pid = spawn(&s);
	dup2(err, 2);
	close(err);
	close(p[1]);
	k = io_readn(p[0], buf, sizeof buf - 1);
	buf[k < 0 ? 0 : k] = '\0';
	close(p[0]);
	ok(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "a child with 1 and 2 crossed");
	is_str(buf, "crossed\n", "what it wrote came through our 2");
}

/* limits: we may have many descriptors, a program that we start has the limit that we had */
static void limits(void)
{
	Spawn s = { .argv = ARGV("/bin/sh", "-c", "ulimit -Sn") };
	struct rlimit l;
	char buf[32] = "";

	ok(getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_max > 128, "a limit");
	l.rlim_cur = 128;
	ok(setrlimit(RLIMIT_NOFILE, &l) == 0, "made low");
	proc_manyfds();
	ok(getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur == l.rlim_max, "is raised for us");
	is_int(output(&s, buf, sizeof buf), 0, "a child");
	is_str(buf, "128\n", "has the old one");
}

static void spawning(void)
{
	char buf[256];
	Spawn s = { .argv = ARGV("sh", "-c", "echo $X; pwd; ls /proc/self/fd | wc -l; exit 3"), .cwd = "/usr" };
	char *env[] = { "X=from env", "PATH=/nowhere:/bin", NULL };

	s.env = env;
	is_int(output(&s, buf, sizeof buf), 3 << 8, "the status comes back: %s", rerrstr());
	/* ls has 1, 2, and the directory it reads; sh gave it 0 */
	ok(strncmp(buf, "from env\n/usr\n", 14) == 0, "environment and directory");
	is_int(atoi(buf + 14), 3, "no other descriptors");
	s = (Spawn){ .argv = ARGV("no-such-program"), .env = env };
	is_int(spawn(&s), -1, "a missing program");
	is_str(rerrstr(), "no-such-program: file does not exist", "is named");
	s = (Spawn){ .argv = ARGV("true"), .cwd = "/nowhere" };
	is_int(spawn(&s), -1, "a missing directory");
	is_str(rerrstr(), "/nowhere: file does not exist", "is named too");
	s = (Spawn){ .argv = ARGV("/etc/passwd") };
	ok(spawn(&s) == -1 && errcode(rerrstr()) == Eperm, "no program: %s", rerrstr());
	signal(SIGPIPE, SIG_IGN);
	s = (Spawn){ .argv = ARGV("sh", "-c", "kill -PIPE $$") };
	is_int(output(&s, buf, sizeof buf), SIGPIPE, "an ignored signal is not inherited");
}

static void pids(void)
{
	int p[2], go[2], fd, pf, q[2] = { -1, -1 };
	char c;
	pid_t pid;

	if (pipe(p) < 0 || pipe(go) < 0)
		return;
	pid = proc_clone(0, &pf);
	if (pid == 0) {
		close(p[1]);
		close(go[1]);
		(void)!read(go[0], &c, 1); /* not before the parent has read its byte */
		_exit(read(p[0], &c, 1) == 1 ? c : 1);
	}
	is_int(pid_wait(pf, 0), -1, "not ended yet");
	fd = pid_takefd(pf, p[0]);
	ok(fd >= 0 || errcode(rerrstr()) == Enotowner, "a descriptor of the child: %s", rerrstr());
	if (fd < 0)
		(void)!write(p[1], "\011", 1);
	if (fd >= 0) {
		ok(write(p[1], "\007\011", 2) == 2 && read(fd, &c, 1) == 1 && c == 7, "is the same pipe");
		close(fd);
	}
	close(go[0]);
	close(go[1]);
	is_int(pid_wait(pf, -1), 9 << 8, "it ends with what was left in the pipe");
	close(pf);
	close(p[0]);
	close(p[1]);
	ok(local_pair(q) == 0 && write(q[0], "ab", 2) == 2 && write(q[0], "c", 1) == 1, "a pair of sockets");
	is_int(io_sendfds(q[0], "fd", 2, &q[1], 1), 0, "with a descriptor");
	close(q[0]);
	close(q[1]);
}

static void sockets(void)
{
	char dir[] = "/tmp/anthill-test-XXXXXX";
	autofd int d = mkdtemp(dir) ? open(dir, O_PATH | O_CLOEXEC) : -1, l = local_listen(d, "ctl");
	autofd int c = local_dial(d, "ctl"), a = -1;
	u32 uid = 99;
	char buf[8];

	ok(l >= 0 && c >= 0, "listen and dial: %s", rerrstr());
	a = local_accept(l, &uid);
	ok(a >= 0 && uid == geteuid(), "the caller is known");
	ok(write(c, "ab", 2) == 2 && write(c, "cd", 2) == 2 && read(a, buf, 8) == 2, "messages stay apart");
	unlinkat(d, "ctl", 0);
	is_int(local_dial(d, "ctl"), -1, "nothing there");
	rmdir(dir);
}

static void terminal(void)
{
	int m = -1, s = -1;
	char buf[64] = "";
	u32 rows, cols;
	Spawn sp = { .argv = ARGV("sh", "-c", "test -t 0 && exec </dev/tty && stty size"), .flags = SpawnTty };
	pid_t pid;
	int status = -1;

	if (pty_new("/dev/ptmx", &m, &s) < 0) {
		skip("no /dev/ptmx");
		return;
	}
	ok(tty_setsize(m, 7, 33) == 0 && tty_size(s, &rows, &cols) == 0 && rows == 7 && cols == 33, "a size");
	sp.fd[0] = sp.fd[1] = sp.fd[2] = s;
	sp.nfd = 3;
	pid = spawn(&sp);
	ok(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "a controlling terminal: %s", rerrstr());
	ok(read(m, buf, sizeof buf - 1) > 0 && strcmp(buf, "7 33\r\n") == 0, "whose size it reads");
	ok(tty_raw(0) == NULL || isatty(0), "no terminal, no raw mode");
	close(m);
	close(s);
}

static void spaces(void)
{
	UserMap m;
	int p[2], status = -1;
	pid_t pid;
	char c;

	userns_plan(&m, 5);
	if (host_root())
		is_int(m.uid[0].outside, 0x70000000 + 5 * 65536, "root's range is nobody else's");
	else
		is_int(m.uid[0].outside, geteuid(), "0 inside is the caller");
	if (pipe(p) < 0 || (pid = proc_clone(CloneUser | ClonePid | CloneNet, NULL)) < 0) {
		skip("user name spaces are not allowed here");
		return;
	}
	if (pid == 0) {
		close(p[1]);
		if (read(p[0], &c, 1) != 1 || userns_become() < 0)
			_exit(1);
		_exit(getuid() == 0 && getpid() == 1 ? 42 : 2);
	}
	is_int(userns_map(pid, &m), 0, "the map is written: %s", rerrstr());
	ok(write(p[1], "", 1) == 1 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 42,
	   "and the child is root of its name spaces");
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	spawning();
	swapped();
	pids();
	sockets();
	terminal();
	spaces();
	limits();
	return done();
}
