/*
 * tcp sink ADDR PORT             serve: read every connection to its end
 * tcp source ADDR PORT SECONDS   send 64 KiB writes; print bytes a second
 * tcp write PATH SECONDS         the same into an open file (a data file)
 * tcp fd SECONDS                 the same into descriptor 1; the rate goes to stderr
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

static int sink(const char *host, const char *port)
{
	struct sockaddr_in a = address(host, port);
	int on = 1, fd, lfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (lfd < 0 || bind(lfd, (struct sockaddr *)&a, sizeof a) < 0 || listen(lfd, 8) < 0)
		die("listen");
	while ((fd = accept(lfd, NULL, NULL)) >= 0) {
		while (read(fd, buf, sizeof buf) > 0)
			;
		close(fd);
	}
	die("accept");
}

static void pour(int fd, double seconds, FILE *out)
{
	double began = now(), total = 0;
	ssize_t n;

	while (now() - began < seconds) {
		if ((n = write(fd, buf, sizeof buf)) <= 0)
			die("write");
		total += (double)n;
	}
	fprintf(out, "%.4g\n", total / (now() - began));
}

static int source(const char *host, const char *port, double seconds)
{
	struct sockaddr_in a = address(host, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("connect");
	pour(fd, seconds, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "sink") == 0)
		return sink(argv[2], argv[3]);
	if (argc == 5 && strcmp(argv[1], "source") == 0)
		return source(argv[2], argv[3], atof(argv[4]));
	if (argc == 4 && strcmp(argv[1], "write") == 0) {
		int fd = open(argv[2], O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			die(argv[2]);
		pour(fd, atof(argv[3]), stdout);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "fd") == 0) {
		pour(1, atof(argv[2]), stderr);
		return 0;
	}
	fprintf(stderr, "usage: b_tcp sink ADDR PORT | source ADDR PORT SECONDS | write PATH SECONDS | fd SECONDS\n");
	return 2;
}
