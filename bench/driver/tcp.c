/*
 * tcp serve ADDR PORT SECONDS      pour 64 KiB writes into each connection for so long, then hang up
 * tcp pour SECONDS                 the same into descriptor 1
 * tcp drain ADDR PORT              connect, read to the end; print bytes a second
 * tcp sink ADDR PORT               serve: read each connection to its end
 * tcp source ADDR PORT SECONDS     connect and pour; print bytes a second
 * tcp data NET ADDR PORT SECONDS   the same through the data file of a Plan 9 /net tree
 * tcp echo ADDR PORT               serve: send back what comes, one call at a time
 * tcp ping ADDR PORT SECONDS       connect, send a byte and wait for it, again and again; print how often a second
 * tcp pingdata NET ADDR PORT SECONDS  the same through the data file
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include "driver.h"

static char buf[65536];

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)) };

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		die(host);
	return a;
}

/* server returns a descriptor that listens. */
static int server(const char *host, const char *port)
{
	struct sockaddr_in a = address(host, port);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 8) < 0)
		die("listen");
	return fd;
}

static int caller(const char *host, const char *port)
{
	struct sockaddr_in a = address(host, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("connect");
	return fd;
}

/* pour writes for so many seconds and returns the bytes a second. */
static double pour(int fd, double seconds)
{
	double began = now(), total = 0;
	ssize_t n;

	while (now() - began < seconds) {
		if ((n = write(fd, buf, sizeof buf)) <= 0)
			die("write");
		total += (double)n;
	}
	return total / (now() - began);
}

static double drain(int fd)
{
	double began = now(), total = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) > 0)
		total += (double)n;
	return total / (now() - began);
}

static void nodelay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void echo(int fd)
{
	ssize_t n;

	nodelay(fd);
	while ((n = read(fd, buf, sizeof buf)) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return;
}

static double ping(int fd, double seconds)
{
	double began = now(), total = 0;
	char c = 'x';

	for (; now() - began < seconds; total++)
		if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
			die("ping");
	return total / (now() - began);
}

/* conversation connects through a Plan 9 /net tree and returns the data file, leaving ctl open. */
static int conversation(const char *net, const char *host, const char *port)
{
	char path[300], num[32], msg[100];
	int ctl, fd;
	ssize_t n;

	snprintf(path, sizeof path, "%s/tcp/clone", net);
	if ((ctl = open(path, O_RDWR)) < 0 || (n = read(ctl, num, sizeof num - 1)) <= 0)
		die(path);
	num[n] = '\0';
	snprintf(msg, sizeof msg, "connect %s!%s", host, port);
	if (write(ctl, msg, strlen(msg)) < 0)
		die(msg);
	snprintf(path, sizeof path, "%s/tcp/%d/data", net, atoi(num));
	if ((fd = open(path, O_RDWR)) < 0)
		die(path);
	return fd;
}

int main(int argc, char **argv)
{
	const char *op = argc > 2 ? argv[1] : "";
	int fd, lfd;

	signal(SIGPIPE, SIG_IGN);
	if (strcmp(op, "serve") == 0 && argc == 5) {
		for (lfd = server(argv[2], argv[3]); (fd = accept(lfd, NULL, NULL)) >= 0; close(fd))
			pour(fd, atof(argv[4]));
	} else if (strcmp(op, "sink") == 0 && argc == 4) {
		for (lfd = server(argv[2], argv[3]); (fd = accept(lfd, NULL, NULL)) >= 0; close(fd))
			drain(fd);
	} else if (strcmp(op, "echo") == 0 && argc == 4) {
		for (lfd = server(argv[2], argv[3]); (fd = accept(lfd, NULL, NULL)) >= 0; close(fd))
			echo(fd);
	} else if (strcmp(op, "ping") == 0 && argc == 5) {
		nodelay(fd = caller(argv[2], argv[3]));
		printf("%.4g\n", ping(fd, atof(argv[4])));
		return 0;
	} else if (strcmp(op, "pingdata") == 0 && argc == 6) {
		printf("%.4g\n", ping(conversation(argv[2], argv[3], argv[4]), atof(argv[5])));
		return 0;
	} else if (strcmp(op, "pour") == 0 && argc == 3) {
		pour(1, atof(argv[2]));
		return 0;
	} else if (strcmp(op, "drain") == 0 && argc == 4) {
		printf("%.4g\n", drain(caller(argv[2], argv[3])));
		return 0;
	} else if (strcmp(op, "source") == 0 && argc == 5) {
		printf("%.4g\n", pour(caller(argv[2], argv[3]), atof(argv[4])));
		return 0;
	} else if (strcmp(op, "data") == 0 && argc == 6) {
		printf("%.4g\n", pour(conversation(argv[2], argv[3], argv[4]), atof(argv[5])));
		return 0;
	}
	fprintf(stderr, "usage: b_tcp serve|pour|drain|sink|source|data|echo|ping|pingdata ...\n");
	return 2;
}
