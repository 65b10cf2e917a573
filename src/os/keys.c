#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/keys.h>

struct Keys {
	struct termios t;
};

Keys *keys_start(int fd)
{
	Keys *k = mem_new(sizeof *k);
	struct termios t;

	if (tcgetattr(fd, &k->t) < 0) {
		os_werr("terminal");
		free(k);
		return NULL;
	}
	t = k->t;
	t.c_iflag &= (tcflag_t)~(INLCR | IGNCR | IXON);
	t.c_iflag |= ICRNL;
	t.c_lflag &= (tcflag_t)~(ICANON | ECHO | IEXTEN);
	t.c_lflag |= ISIG;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSADRAIN, &t) < 0) {
		os_werr("terminal");
		free(k);
		return NULL;
	}
	return k;
}

bool keys_wait(int fd, volatile int *stop)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	sigset_t all, old;
	int n = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	while (n == 0 && !*stop) {
		n = ppoll(&p, 1, NULL, &old);
		if (n < 0 && errno == EINTR)
			n = 0;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return !*stop;
}

void keys_stop(int fd, Keys *k)
{
	if (k == NULL)
		return;
	tcsetattr(fd, TCSADRAIN, &k->t);
	free(k);
}

int keys_width(int fd)
{
	struct winsize w;

	return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

void keys_front(int fd)
{
	pid_t now = tcgetpgrp(fd), mine = getpgrp();
	sigset_t set, old;

	if (now < 0 || now == mine)
		return;
	/* a group in the background that changes this is stopped, unless it does not listen */
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &old);
	tcsetpgrp(fd, mine);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

bool keys_isfront(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}
