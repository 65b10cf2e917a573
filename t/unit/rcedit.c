/*
 * The line editor, on a pseudo-terminal: keys go in, and what the command
 * that came of them prints is looked for.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/pty.h>
#include <rc/rc.h>
#include "tap.h"

static int master;
static pid_t shell;
static Buf seen;

static void child(const char *tty)
{
	char *argv[] = { (char *)(uintptr_t)"rc", NULL };
	int fd;

	setsid();
	fd = open(tty, O_RDWR);
	if (fd < 0)
		_exit(99);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	close(master);
	signal(SIGINT, SIG_DFL);
	exit(rc_main(1, argv, NULL));
}

static bool start(void)
{
	autofree char *tty = NULL;
	int slave;

	if (pty_new("/dev/ptmx", &master, &slave) < 0)
		return false;
	tty = mem_str(ttyname(slave));
	if (tty == NULL)
		return false;
	fflush(stdout);
	shell = fork();
	if (shell == 0)
		child(tty);
	close(slave);
	return shell > 0;
}

/* expect waits until text was printed, and forgets all up to it. */
static bool expect(const char *text)
{
	struct pollfd p = { .fd = master, .events = POLLIN };
	char *at;
	ssize_t n;

	while ((at = strstr(buf_text(&seen), text)) == NULL) {
		if (poll(&p, 1, 20000) <= 0 || (n = read(master, buf_room(&seen, 4096), 4096)) <= 0) {
			printf("# waited for '%s', saw '%s'\n", text, buf_text(&seen));
			return false;
		}
		for (ssize_t i = 0; i < n; i++)
			if (seen.p[seen.n + (size_t)i] == '\0')
				seen.p[seen.n + (size_t)i] = ' ';
		seen.n += (size_t)n;
		*buf_room(&seen, 0) = '\0';
	}
	buf_cut(&seen, (size_t)(at - seen.p) + strlen(text));
	return true;
}

/* keys types text at the prompt and expects what the command prints, then the prompt. */
static void keys(const char *text, const char *want, const char *what)
{
	autofree char *line = mem_printf("\n%s", want);

	if (io_writen(master, text, strlen(text)) < 0)
		abort();
	ok(expect(line) && expect("% "), "%s", what);
}

static void history(const char *dir)
{
	autofree char *name = mem_printf("%s/lib/rchistory", dir), *text = NULL;

	text = io_slurp(AT_FDCWD, name, 65536, NULL);
	ok(text != NULL && strncmp(text, "echo plain\n", 11) == 0, "the history is kept in $home/lib/rchistory");
}

int main(void)
{
	char dir[] = "/tmp/rcedit.XXXXXX";
	autofree char *lib = NULL, *rm = NULL;
	int st = 0;

	if (mkdtemp(dir) == NULL)
		return 1;
	lib = mem_printf("%s/lib", dir);
	mkdir(lib, 0700);
	setenv("HOME", dir, 1);
	setenv("TERM", "xterm", 1);
	setenv("PATH", "/usr/bin:/bin", 1);
	unsetenv("prompt");
	if (chdir(dir) < 0 || !start()) {
		skip("no pseudo-terminal");
		return done();
	}
	ok(expect("% "), "a prompt");
	keys("echo plain\r", "plain\r\n", "a line");
	keys("echo ac\x1b[Db\r", "abc\r\n", "left arrow, insert");
	keys("cho home\x01" "e\r", "home\r\n", "^A");
	keys("echo on\x1b[H\x1b[Fe\r", "one\r\n", "Home and End");
	keys("rubbish\x15" "echo erased\r", "erased\r\n", "^U");
	keys("echo keep gone\x1b[D\x1b[D\x1b[D\x1b[D\x0b\r", "keep\r\n", "^K");
	keys("echo two words\x17\r", "two\r\n", "^W");
	keys("echo \xce\xbb\xce\xbc\x7f\r", "\xce\xbb\r\n", "a rune is erased whole");
	keys("echo x\x1b[D\x1b[3~y\r", "y\r\n", "Delete");
	keys("\x1b[A\x1b[A\r", "\xce\xbb\r\n", "up in the history");
	keys("\x1b[A\x1b[A\x1b[B\x15" "echo back\r", "back\r\n", "and down");
	keys("\x12plain\r", "plain\r\n", "^R");
	keys("touch 'a long name' && echo made\r", "made\r\n", "a file to complete");
	keys("echo a\t\r", "a long name\r\n", "Tab, with quotes");
	keys("echo nothing \t\r", "nothing\r\n", "Tab, files with nothing in common");
	keys("if(true){\r\techo indented\r}\r", "indented\r\n", "Tab before any word is white space");
	keys("ls li\t\r", "rchistory\r\n", "Tab, a folder");
	keys("half a line\x03", "", "^C gives it up");
	if (io_writen(master, "sleep 100\r", 10) < 0)
		abort();
	ok(expect("sleep 100\r\n"), "a command that takes long");
	usleep(200000);
	keys("\x03", "", "^C ends it");
	keys("if(true){\recho inner\r}\r", "inner\r\n", "several lines");
	keys("null^() ; echo no\r", "rc:", "an error comes back to the prompt");
	keys("stty -a | grep -o ' icanon'\r", " icanon\r\n", "commands have the terminal as it was");
	history(dir);
	if (io_writen(master, "\x04", 1) < 0)
		abort();
	expect("\n");
	is_int(waitpid(shell, &st, 0), shell, "^D ends");
	rm = mem_printf("rm -r %s", dir);
	st = system(rm);
	buf_free(&seen);
	return done();
}
