#include <stdlib.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <client/dial.h>
#include <os/io.h>
#include <os/sock.h>
#include "tap.h"

enum { HANG = 20000 };

static void ports(void)
{
	is_int(dial_port("tcp", "9fs"), 564, "9fs");
	is_int(dial_port("tcp", "17019"), 17019, "a number");
	is_int(dial_port("tcp", "65536"), -1, "a number too large");
	is_int(dial_port("tcp", "nonsense-service"), -1, "an unknown service");
}

static void names(void)
{
	static const char *want[][2] = {
		{ "host", "tcp!host!9fs" }, { "tcp!host", "tcp!host!9fs" }, { "tcp!host!17", "tcp!host!17" },
		{ "/run/x", "unix!/run/x" }, { "unix!/run/x", "unix!/run/x" }, { "/net.alt/tcp!h!1", "/net.alt/tcp!h!1" },
	};

	for (size_t i = 0; i < nelem(want); i++) {
		autofree char *s = dial_addr(want[i][0], "tcp", "9fs");

		is_str(s, want[i][1], "'%s' is completed", want[i][0]);
	}
}

static void refused(const char *addr, const char *why)
{
	int fd = dial(addr, HANG);

	if (!ok(fd < 0 && strstr(rerrstr(), why) != NULL, "dial %s: %s", addr, why))
		printf("# %d %s\n", fd, rerrstr());
	if (fd >= 0)
		close(fd);
}

/* talk dials addr, takes the call on lfd and says hello */
static void talk(const char *addr, int lfd, const char *who)
{
	char from[64] = "", buf[5];
	autofd int fd = dial(addr, HANG);
	autofd int got = fd >= 0 ? dial_accept(lfd, "", from, sizeof from) : -1;

	if (!ok(fd >= 0 && got >= 0, "%s answers: %s", addr, rerrstr()))
		return;
	ok(strncmp(from, who, strlen(who)) == 0, "the caller is %s", from);
	ok(io_writen(fd, "hello", 5) == 0 && io_readn(got, buf, 5) == 5 && memcmp(buf, "hello", 5) == 0, "bytes pass");
}

static void sockets(void)
{
	char dir[DIALDIR] = "x";
	autofd int lfd = announce("tcp!127.0.0.1!0", dir);
	autofree char *addr = mem_printf("tcp!127.1!%d", sock_port(lfd)), *byname = NULL;

	if (!ok(lfd >= 0, "announce: %s", rerrstr()))
		return;
	is_str(dir, "", "a Linux socket has no directory");
	talk(addr, lfd, "127.0.0.1!");
	byname = mem_printf("net!localhost!%d", sock_port(lfd));
	talk(byname, lfd, "127.0.0.1!");
	close(lfd);
	lfd = -1;
	refused(addr, "connection refused");
	refused("tcp!no-such-host.invalid!9fs", "unknown host");
	refused("tcp!127.1!nonsense-service", "unknown service");
	refused("tcp!127.1", "the service is missing");
	refused("127.1", "net!host!service is wanted");
	refused("il!127.1!9fs", "unknown network 'il'");
	refused("/nonexistent/tcp!h!9fs", "/nonexistent/tcp/clone");
}

static void unixes(void)
{
	char tmp[] = "/tmp/dialXXXXXX";
	autofree char *path = NULL, *addr = NULL;
	int lfd;

	if (mkdtemp(tmp) == NULL)
		return;
	path = mem_printf("%s/s", tmp);
	addr = mem_printf("unix!%s", path);
	lfd = announce(addr, NULL);
	ok(lfd >= 0, "a unix socket: %s", rerrstr());
	talk(addr, lfd, "unix");
	ok(announce(addr, NULL) < 0, "its name is taken while somebody listens");
	close(lfd);
	refused(addr, "connection refused");
	lfd = announce(addr, NULL);
	ok(lfd >= 0, "and free when nobody does: %s", rerrstr());
	close(lfd);
	unlink(path);
	rmdir(tmp);
}

int main(void)
{
	ports();
	names();
	sockets();
	unixes();
	return done();
}
