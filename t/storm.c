/*
 * storm N open|read FILE STEP...: N processes, a process group of their own, each in an open or a read of FILE that
 * does not answer.  For each step storm waits until all of them sleep in the call, says "blocked", does the step, waits
 * until every call has ended, and says how: "500 EINTR", or "ok" for one that succeeded.  Steps:
 *	int	interrupts the group, as ^C does
 *	wait	waits for somebody else to end the calls
 *	kill	kills the group (the last step)
 * Calls that have not ended after GUARD seconds are "stuck".  The C library alone: it runs inside a node.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

enum { GUARD = 90, MAXN = 4000 };

static int n, doread, go[2], tell[2];
static const char *file;
static pid_t pid[MAXN];

static void nothing(int sig)
{
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void child(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	int fd = -1, r;
	char c;

	sigaction(SIGINT, &sa, NULL);
	if (doread)
		fd = open(file, O_RDWR);
	for (;;) {
		if (read(go[0], &c, 1) != 1)
			_exit(0);
		r = -1;
		if (write(tell[1], &r, sizeof r) < 0)
			_exit(1);
		r = doread ? (int)read(fd, &c, 1) : open(file, O_RDWR);
		if (r >= 0 && !doread)
			close(r);
		r = r < 0 ? errno : 0;
		if (write(tell[1], &r, sizeof r) < 0)
			_exit(1);
	}
}

/* hear takes one word of a child, -2 after GUARD seconds without one. */
static int hear(void)
{
	struct pollfd p = { .fd = tell[0], .events = POLLIN };
	int r;

	if (poll(&p, 1, GUARD * 1000) != 1 || read(tell[0], &r, sizeof r) != sizeof r)
		return -2;
	return r;
}

static int sleeps(pid_t p)
{
	char path[64], text[512], *s;
	int fd;
	ssize_t k;

	snprintf(path, sizeof path, "/proc/%d/stat", p);
	fd = open(path, O_RDONLY);
	k = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	close(fd);
	if (k <= 0)
		die(path);
	text[k] = '\0';
	s = strrchr(text, ')');
	return s != NULL && (s[2] == 'S' || s[2] == 'D');
}

/* block lets every process call, and waits until each sleeps. */
static void block(void)
{
	int early = 0;

	for (int i = 0; i < n; i++)
		if (write(go[1], "g", 1) != 1)
			die("go");
	for (int i = 0; i < n; i++)
		early += hear() != -1;
	if (early > 0) {
		printf("%d did not wait\n", early);
		exit(1);
	}
	for (int i = 0; i < n; i++)
		for (int k = 0; !sleeps(pid[i]) && k < GUARD * 100; k++)
			usleep(10000);
	printf("blocked %d\n", n);
	fflush(stdout);
}

static void gather(void)
{
	static int count[200];
	int i, r = 0;

	memset(count, 0, sizeof count);
	for (i = 0; i < n && (r = hear()) >= 0; i++)
		count[r < 199 ? r : 199]++;
	for (r = 0; r < 200; r++)
		if (count[r] > 0)
			printf("%d %s\n", count[r], r == 0 ? "ok" : strerrorname_np(r));
	if (i < n) {
		printf("%d stuck\n", n - i);
		kill(-pid[0], SIGKILL);
		exit(1);
	}
	fflush(stdout);
}

static void reap(void)
{
	int left = n;

	kill(-pid[0], SIGKILL);
	for (int k = 0; left > 0 && k < GUARD * 100; k++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			left--;
		if (left > 0)
			usleep(10000);
	}
	printf("%d killed\n", n - left);
	exit(left > 0);
}

int main(int argc, char **argv)
{
	n = argc > 4 ? atoi(argv[1]) : 0;
	if (n < 1 || n > MAXN || pipe2(go, 0) < 0 || pipe2(tell, 0) < 0) {
		fprintf(stderr, "usage: storm N open|read FILE int|wait|kill...\n");
		return 2;
	}
	doread = strcmp(argv[2], "read") == 0;
	file = argv[3];
	for (int i = 0; i < n; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			die("fork");
		if (pid[i] == 0) {
			close(go[1]);
			close(tell[0]);
			child();
		}
		setpgid(pid[i], pid[0]);
	}
	for (int i = 4; i < argc; i++) {
		block();
		if (strcmp(argv[i], "kill") == 0)
			reap();
		if (strcmp(argv[i], "int") == 0)
			kill(-pid[0], SIGINT);
		gather();
	}
	close(go[1]);
	while (wait(NULL) > 0)
		;
	return 0;
}
