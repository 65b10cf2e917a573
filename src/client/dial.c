#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/dial.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/sock.h>
#include <os/stream.h>
#include "name.h"

enum { MAXADDR = 256, MAXADDRS = 8, MINUTE = 60 * 1000, SOCKWAIT = 5000 };

typedef struct Addr {
	char text[MAXADDR]; /* the fields point into it */
	const char *mtpt;   /* NULL if none was given */
	const char *net, *host, *service; /* service is NULL if there is none */
} Addr;

char *dial_addr(const char *addr, const char *net, const char *service)
{
	const char *bang = strchr(addr, '!');

	if (bang == NULL && addr[0] == '/')
		return mem_printf("unix!%s", addr);
	if (bang == NULL)
		return mem_printf("%s!%s!%s", net, addr, service);
	if (strchr(bang + 1, '!') != NULL || str_prefix(addr, "unix!"))
		return mem_str(addr);
	return mem_printf("%s!%s", addr, service);
}

/* parse takes addr apart */
static int parse(Addr *a, const char *addr)
{
	char *bang, *slash;

	memset(a, 0, sizeof *a);
	if (str_cpy(a->text, sizeof a->text, addr) < 0)
		return -1;
	bang = strchr(a->text, '!');
	if (bang == NULL || bang[1] == '\0')
		return werrstr("bad address: net!host!service is wanted");
	*bang = '\0';
	a->net = a->text;
	a->host = bang + 1;
	slash = strrchr(a->text, '/');
	if (slash != NULL) {
		*slash = '\0';
		a->mtpt = slash == a->text ? "/" : a->text;
		a->net = slash + 1;
	}
	if (strcmp(a->net, "unix") == 0)
		return 0;
	bang = strrchr(a->host, '!');
	if (bang == NULL || bang[1] == '\0')
		return werrstr("bad address: the service is missing");
	*bang = '\0';
	a->service = bang + 1;
	return 0;
}

/* netdir returns the directory of Plan 9's network files that a is to be looked for in, NULL if sockets are */
static const char *netdir(const Addr *a)
{
	const char *dir = a->mtpt != NULL ? a->mtpt : "/net";
	char clone[MAXADDR + 16];

	if (a->mtpt != NULL)
		return dir;
	snprintf(clone, sizeof clone, "%s/%s/clone", dir, strcmp(a->net, "net") == 0 ? "tcp" : a->net);
	return access(clone, F_OK) == 0 ? dir : NULL;
}

static int isudp(const Addr *a, bool *udp)
{
	*udp = strcmp(a->net, "udp") == 0;
	if (*udp || strcmp(a->net, "tcp") == 0 || strcmp(a->net, "net") == 0)
		return 0;
	return werrstr("unknown network '%s': tcp, udp, net and unix are known here", a->net);
}

/* dial_sock dials with Linux sockets */
static int dial_sock(const Addr *a, int ms)
{
	Ip ip[MAXADDRS];
	bool udp;
	int n, port, fd = -1;
	i64 end = clock_ms() + ms;

	if (strcmp(a->net, "unix") == 0)
		return sock_unixdial(a->host, ms);
	if (isudp(a, &udp) < 0 || (port = dial_port(udp ? "udp" : "tcp", a->service)) < 0)
		return -1;
	n = name_addrs(a->host, ip, MAXADDRS);
	for (int i = 0; i < n && fd < 0; i++) {
		int left = ms < 0 ? -1 : end > clock_ms() ? (int)(end - clock_ms()) : 0;

		fd = sock_connect(ip[i].b, port, udp, left);
	}
	return fd;
}

/* command writes a control message to a ctl file */
static int command(int ctl, const char *fmt, const char *arg)
{
	char msg[MAXADDR + 32];
	int n = snprintf(msg, sizeof msg, fmt, arg);

	return write(ctl, msg, (size_t)n) == n ? 0 : os_werr("%s", msg);
}

/* number reads a conversation's number from its ctl file */
static int number(int ctl)
{
	char text[32];
	ssize_t n = read(ctl, text, sizeof text - 1);

	if (n <= 0)
		return n < 0 ? os_werr("clone") : werrstr("clone: no conversation");
	text[n] = '\0';
	return atoi(text);
}

/* takesock asks for the socket behind ctl; -1 if the stack cannot give it */
static int takesock(int ctl)
{
	char num[16], byte;
	int pair[2], fd[IoFds], n = 0;
	struct pollfd p;

	if (stream_pair(pair) < 0)
		return -1;
	snprintf(num, sizeof num, "%d", pair[1]);
	p = (struct pollfd){ pair[0], POLLIN, 0 };
	if (command(ctl, "sock %s", num) == 0 && poll(&p, 1, SOCKWAIT) > 0 &&
	    io_recvfds(pair[0], &byte, 1, fd, &n) >= 0)
		while (n > 1)
			close(fd[--n]);
	close(pair[0]);
	close(pair[1]);
	if (n != 1)
		return -1;
	sock_nodelay(fd[0]);
	return fd[0];
}

/* data opens the conversation's data file */
static int data(const char *dir)
{
	autofree char *path = mem_printf("%s/data", dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0 ? fd : os_werr("%s", path);
}

/* conversation opens a clone file, tells it cmd (a format) with addr, and fills in its directory; returns the ctl */
static int conversation(const char *clone, const char *cmd, const char *addr, char dir[DIALDIR])
{
	int ctl = open(clone, O_RDWR | O_CLOEXEC), n;

	if (ctl < 0)
		return os_werr("%s", clone);
	n = number(ctl);
	if (n < 0 || snprintf(dir, DIALDIR, "%.*s/%d", (int)(strrchr(clone, '/') - clone), clone, n) >= DIALDIR ||
	    command(ctl, cmd, addr) < 0) {
		close(ctl);
		return -1;
	}
	return ctl;
}

/* called makes one call: connect, then the socket or the data file */
static int called(const char *clone, const char *addr)
{
	char dir[DIALDIR];
	int ctl = conversation(clone, "connect %s", addr, dir), fd;

	if (ctl < 0)
		return -1;
	fd = takesock(ctl);
	if (fd < 0)
		fd = data(dir);
	close(ctl);
	return fd;
}

typedef int Each(void *arg, const char *clone, const char *addr);

/* uncs does without cs: it calls fn with a's own words */
static int uncs(const char *dir, const Addr *a, Each *fn, void *arg)
{
	const char *net = strcmp(a->net, "net") == 0 ? "tcp" : a->net;
	bool any = strcmp(a->host, "*") == 0;
	int port = dial_port(net, a->service);
	autofree char *clone = mem_printf("%s/%s/clone", dir, net);
	autofree char *addr = mem_printf("%s%s%d", any ? "" : a->host, any ? "" : "!", port);

	return port < 0 ? -1 : fn(arg, clone, addr);
}

/* translate asks cs in dir for clone files and addresses, and calls fn with each until one gives a descriptor */
static int translate(const char *dir, const Addr *a, Each *fn, void *arg)
{
	autofree char *path = mem_printf("%s/cs", dir);
	autofd int cs = open(path, O_RDWR | O_CLOEXEC);
	char line[2 * MAXADDR], *addr;
	int fd = -1;
	ssize_t n;

	if (cs < 0)
		return uncs(dir, a, fn, arg);
	n = snprintf(line, sizeof line, "%s!%s!%s", a->net, a->host, a->service);
	if (write(cs, line, (size_t)n) != n)
		return os_werr("cs: translate %s", line);
	werrstr("cs knows no way there");
	lseek(cs, 0, SEEK_SET);
	while (fd < 0 && (n = read(cs, line, sizeof line - 1)) > 0) { /* a line a read */
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		addr = strchr(line, ' ');
		if (addr != NULL) {
			*addr++ = '\0';
			fd = fn(arg, line, addr);
		}
	}
	return fd;
}

static int call1(void *arg, const char *clone, const char *addr)
{
	(void)arg;
	return called(clone, addr);
}

int dial(const char *addr, int ms)
{
	const char *dir;
	Addr a;
	int fd = -1;

	if (parse(&a, addr) == 0) {
		dir = a.service != NULL ? netdir(&a) : NULL;
		fd = dir != NULL ? translate(dir, &a, call1, NULL) : dial_sock(&a, ms == 0 ? MINUTE : ms);
	}
	return fd >= 0 ? fd : werrstr("dial %s: %s", addr, rerrstr());
}

static int announce_sock(const Addr *a)
{
	Ip ip;
	bool udp, any = strcmp(a->host, "*") == 0;
	int port;

	if (strcmp(a->net, "unix") == 0)
		return sock_unixlisten(a->host);
	if (isudp(a, &udp) < 0 || (port = dial_port(udp ? "udp" : "tcp", a->service)) < 0)
		return -1;
	if (!any && name_addrs(a->host, &ip, 1) < 0)
		return -1;
	return sock_listen(any ? NULL : ip.b, port, udp);
}

/*
 * announce1 announces one address; the socket if it can be had, else the ctl
 * with *dir set.  With the socket, the ctl stays open as long as the process
 * lives: so /net goes on showing who listens.
 */
static int announce1(void *arg, const char *clone, const char *addr)
{
	char *dir = arg, own[DIALDIR];
	int ctl = conversation(clone, "announce %s", addr, dir != NULL ? dir : own), fd;

	if (ctl < 0)
		return -1;
	fd = takesock(ctl);
	if (fd < 0 && dir != NULL)
		return ctl;
	if (fd >= 0 && dir != NULL)
		dir[0] = '\0';
	if (fd < 0) {
		werrstr("%s: this network gives no sockets", clone);
		close(ctl);
	}
	return fd;
}

int announce(const char *addr, char dir[DIALDIR])
{
	const char *net;
	Addr a;
	int fd = -1;

	if (dir != NULL)
		dir[0] = '\0';
	if (parse(&a, addr) == 0) {
		net = a.service != NULL ? netdir(&a) : NULL;
		fd = net != NULL ? translate(net, &a, announce1, dir) : announce_sock(&a);
	}
	return fd >= 0 ? fd : werrstr("announce %s: %s", addr, rerrstr());
}

/* caller reads who called from a conversation's remote file */
static void caller(const char *dir, char *from, size_t n)
{
	autofree char *path = mem_printf("%s/remote", dir);
	autofree char *text = io_slurp(AT_FDCWD, path, MAXADDR, NULL);

	snprintf(from, n, "%.*s", text != NULL ? (int)strcspn(text, "\n") : 1, text != NULL ? text : "?");
}

/* answer opens the conversation that listen (a ctl file of it) has for us */
static int answer(int ctl, const char *dir, char *from, size_t n)
{
	int num = number(ctl), fd;
	autofree char *call = mem_printf("%.*s/%d", (int)(strrchr(dir, '/') - dir), dir, num);

	if (num < 0)
		return -1;
	if (from != NULL)
		caller(call, from, n);
	fd = takesock(ctl);
	return fd >= 0 ? fd : data(call);
}

int dial_accept(int fd, const char *dir, char *from, size_t n)
{
	autofree char *path = NULL;
	autofd int ctl = -1;

	if (dir == NULL || dir[0] == '\0')
		return sock_accept(fd, from, n);
	path = mem_printf("%s/listen", dir);
	ctl = open(path, O_RDWR | O_CLOEXEC);
	return ctl >= 0 ? answer(ctl, dir, from, n) : os_werr("%s", path);
}
