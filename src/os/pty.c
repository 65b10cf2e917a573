#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/pty.h>

enum { TiocGptPeer = 0x5441 }; /* TIOCGPTPEER of asm-generic/ioctls.h */

int pty_new(const char *ptmx, int *master, int *slave)
{
	int m = open(ptmx, O_RDWR | O_NOCTTY | O_CLOEXEC), zero = 0;

	if (m < 0)
		return os_werr("%s", ptmx);
	if (ioctl(m, TIOCSPTLCK, &zero) < 0 || (*slave = ioctl(m, TiocGptPeer, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
		os_werr("pseudo-terminal");
		close(m);
		return -1;
	}
	*master = m;
	return 0;
}

void *tty_raw(int fd)
{
	struct termios *old = mem_new(sizeof *old), t;

	if (tcgetattr(fd, old) < 0) {
		free(old);
		return NULL;
	}
	t = *old;
	cfmakeraw(&t);
	tcsetattr(fd, TCSADRAIN, &t);
	return old;
}

void tty_restore(int fd, void *saved)
{
	if (saved == NULL)
		return;
	tcsetattr(fd, TCSADRAIN, saved);
	free(saved);
}

int tty_size(int fd, u32 *rows, u32 *cols)
{
	struct winsize w;

	if (ioctl(fd, TIOCGWINSZ, &w) < 0)
		return os_werr("terminal size");
	*rows = w.ws_row;
	*cols = w.ws_col;
	return 0;
}

int tty_setsize(int fd, u32 rows, u32 cols)
{
	struct winsize w = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

	return ioctl(fd, TIOCSWINSZ, &w) < 0 ? os_werr("terminal size") : 0;
}
