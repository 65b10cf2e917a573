/*
 * Files that are mapped and executed: `maps DIR` does so with files that it makes in DIR, and prints a line of TAP for
 * each thing, without numbers.  `maps ok` just ends well, after a line of input if there is another argument.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 3 * 4096 + 100, PAGE = 4096 };

static char data[SIZE];
static const char *self;
static sigjmp_buf out;

static void ok(int good, const char *fmt, ...)
{
	int no = errno;
	va_list ap;

	printf("%sok - ", good ? "" : "not ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!good)
		printf("# the last error was: %s\n", strerror(no));
	fflush(stdout);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* file makes name with the data and returns it open. */
static int file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 + i / PAGE);
	if (fd < 0 || write(fd, data, SIZE) != SIZE)
		die(name);
	return fd;
}

static void *map(int fd, int prot, int flags)
{
	void *p = mmap(NULL, SIZE, prot, flags, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int content_is(const char *name, const char *want)
{
	char got[SIZE + 1];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof got);

	close(fd);
	return n == SIZE && memcmp(got, want, SIZE) == 0;
}

static void reading(void)
{
	int fd = file("read");
	char *p = map(fd, PROT_READ, MAP_SHARED), *q = map(fd, PROT_READ, MAP_PRIVATE);

	ok((p != NULL && memcmp(p, data, SIZE) == 0) || (p == NULL && errno == ENODEV), "a shared mapping has the contents, or is refused");
	ok(q != NULL && memcmp(q, data, SIZE) == 0, "a private mapping has the contents");
	ok(q != NULL && q[SIZE] == 0 && q[4 * PAGE - 1] == 0, "and zeros behind them");
	data[10] = 'X';
	data[2 * PAGE] = 'Y';
	ok(pwrite(fd, "X", 1, 10) == 1 && pwrite(fd, "Y", 1, 2 * PAGE) == 1, "the file is written");
	ok(content_is("read", data), "a reader has that");
	ok(p == NULL || memcmp(p, data, SIZE) == 0, "a shared mapping too");
	ok(q != NULL && memcmp(q, data, SIZE) == 0, "and the private one, whose pages nobody has changed");
	close(fd);
	ok(q != NULL && memcmp(q, data, SIZE) == 0, "also when the file is closed");
	unlink("read");
	ok(q != NULL && madvise(q, 4 * PAGE, MADV_DONTNEED) == 0 && memcmp(q, data, SIZE) == 0, "and removed, its pages read anew");
	munmap(p, SIZE);
	munmap(q, SIZE);
}

static void writing(void)
{
	int fd = file("write");
	char *p = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE), want[SIZE];

	memcpy(want, data, SIZE);
	ok(p != NULL && (p[5] = 'p') == 'p' && (p[PAGE + 5] = 'q') == 'q', "a private mapping is written");
	ok(content_is("write", want), "the file stays as it is");
	munmap(p, SIZE);
	p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (p == NULL) {
		ok(errno == ENODEV, "a shared mapping for writing is refused: no such device");
	} else {
		p[7] = want[7] = 's';
		p[2 * PAGE + 7] = want[2 * PAGE + 7] = 't';
		ok(msync(p, SIZE, MS_SYNC) == 0, "a shared mapping is written");
		ok(content_is("write", want), "so is the file");
		p[9] = want[9] = 'u';
		munmap(p, SIZE);
		close(fd);
		ok(content_is("write", want), "also what was written last, when all is closed");
		fd = open("write", O_RDWR | O_CLOEXEC);
	}
	close(fd);
	unlink("write");
}

static void bus(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

static int faults(const volatile char *p)
{
	struct sigaction a = { .sa_handler = bus, .sa_flags = SA_NODEFER }, was;
	int yes = 0;

	sigaction(SIGBUS, &a, &was);
	if (sigsetjmp(out, 1) != 0)
		yes = 1;
	else
		(void)*p;
	sigaction(SIGBUS, &was, NULL);
	return yes;
}

static void truncation(void)
{
	int fd = file("short");
	char *p = map(fd, PROT_READ, MAP_PRIVATE);

	ok(p != NULL && p[2 * PAGE] == data[2 * PAGE], "a mapping");
	ok(ftruncate(fd, PAGE) == 0, "the file is cut");
	ok(p != NULL && p[10] == data[10] && faults(p + 2 * PAGE), "what is left is there, what was cut off is a bus error");
	ok(ftruncate(fd, SIZE) == 0 && p != NULL && !faults(p + 2 * PAGE) && p[2 * PAGE] == 0, "longer again, there are zeros");
	munmap(p, SIZE);
	close(fd);
	unlink("short");
}

static void copy(const char *to)
{
	static char buf[1 << 16];
	int in = open(self, O_RDONLY | O_CLOEXEC), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n = 0;

	while (in >= 0 && fd >= 0 && (n = read(in, buf, sizeof buf)) > 0)
		if (write(fd, buf, (size_t)n) != n)
			die(to);
	if (in < 0 || fd < 0 || n < 0 || close(fd) < 0)
		die(to);
	close(in);
}

static int run(const char *prog)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(prog, prog, "ok", NULL);
		_exit(errno == ETXTBSY ? 26 : 99);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void executing(void)
{
	int in[2], back[2], fd, status;
	pid_t pid;
	char c;

	copy("prog");
	ok(run("./prog") == 0 && run("./prog") == 0, "a program runs, and again");
	fd = open("prog", O_WRONLY | O_CLOEXEC);
	ok(fd >= 0 && run("./prog") == 26, "not while it is open for writing: text file busy");
	close(fd);
	if (pipe(in) < 0 || pipe(back) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(back[1], 1);
		close(in[1]);
		execl("./prog", "./prog", "ok", "wait", NULL);
		_exit(99);
	}
	ok(read(back[0], &c, 1) == 1, "it runs");
	fd = open("prog", O_WRONLY | O_CLOEXEC);
	ok(fd < 0 && errno == ETXTBSY, "to write it then: text file busy");
	copy("new");
	ok(rename("new", "prog") == 0, "another takes its name");
	ok(write(in[1], "\n", 1) == 1 && waitpid(pid, &status, 0) == pid && status == 0, "the old one goes on and ends well");
	ok(run("./prog") == 0, "the new one runs");
	if (truncate("prog", 0) < 0)
		die("prog");
	ok(run("./prog") == 99, "an empty file is no program");
	copy("prog");
	ok(run("./prog") == 0, "written again it is one");
	chmod("prog", 0644);
	ok(run("./prog") == 99, "without permission it does not run");
	unlink("prog");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "ok") == 0) {
		char c = 'r';

		return argc > 2 && (write(1, &c, 1) != 1 || read(0, &c, 1) != 1);
	}
	self = argv[0];
	if (argc != 2 || chdir(argv[1]) < 0)
		die("usage: maps DIR");
	reading();
	writing();
	truncation();
	executing();
	return 0;
}
