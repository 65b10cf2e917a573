/*
 * memfs SOCKET [LIE]: the test tree by 9P on a unix socket.  With LIE a
 * plain server that answers every message after Tversion and Tattach wrongly.
 */
#include "unit/memsrv.h"
#include <signal.h>
#include <srv/conn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int announce(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	return bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 8) < 0 ? -1 : fd;
}

static int lie(int lfd)
{
	static u8 m[1 << 16];
	int fd = accept(lfd, NULL, NULL);
	ssize_t n;

	while ((n = read(fd, m, sizeof m)) >= 7) {
		if (m[4] == Tversion || m[4] == Tattach) {
			static const u8 qid[13] = {QTDIR};

			m[4]++;
			if (m[4] == Rattach) {
				memcpy(m + 7, qid, sizeof qid);
				m[0] = 20;
				n = 20;
			}
		} else {
			m[4] = Rwrite; /* never what was asked */
		}
		if (write(fd, m, (size_t)n) != n)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static Srv srv;
	int lfd;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 2 || (lfd = announce(argv[1])) < 0) {
		perror("memfs");
		return 1;
	}
	if (argc > 2)
		return lie(lfd);
	memsrv_begin(&srv);
	return conn_listen(&srv, lfd, NULL) < 0;
}
