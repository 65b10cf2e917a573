/*
 * accept HOW ADDR PORT: what a listener that does next to nothing reaches: the floors of listen1.  For each call it
 * answers itself (none); answers in a fork of its few pages (fork); starts the smallest program there is (exec), which
 * is this one without arguments.  One process accepts, or with HOW fork+ or exec+ one for each of two processors.
 * Linked with musl, statically.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "driver.h"

static char *self;

static void answer(void)
{
	if (write(1, "hello\n", 6) != 6)
		_exit(1);
	_exit(0);
}

/* each makes a second process, and keeps both on a processor of their own. */
static void each(void)
{
	size_t cpu = fork() == 0;
	cpu_set_t m;

	if (cpu == 1)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&m);
	CPU_SET(cpu, &m);
	sched_setaffinity(0, sizeof m, &m);
}

static void call(char how, int fd)
{
	static char *none[1], *name[] = { "accept", NULL };

	if (how == 'n') {
		if (write(fd, "hello\n", 6) < 0)
			perror("write");
	} else if ((how == 'e' ? vfork() : fork()) == 0) {
		dup2(fd, 0);
		dup2(fd, 1);
		if (how == 'e')
			execve(self, name, none);
		answer();
	}
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int on = 1, fd, lfd;

	if (argc < 2)
		answer();
	if (argc != 4 || inet_pton(AF_INET, argv[2], &a.sin_addr) != 1) {
		fprintf(stderr, "usage: b_accept none|fork|fork+|exec|exec+ ADDR PORT\n");
		return 2;
	}
	a.sin_port = htons((unsigned short)atoi(argv[3]));
	lfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (lfd < 0 || bind(lfd, (struct sockaddr *)&a, sizeof a) < 0 || listen(lfd, 128) < 0)
		die("listen");
	signal(SIGCHLD, SIG_IGN);
	self = argv[0];
	if (strchr(argv[1], '+') != NULL)
		each();
	while ((fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		call(argv[1][0], fd);
	die("accept");
}
