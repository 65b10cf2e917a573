/*
 * calls ADDR PORT CLIENTS SECONDS: call a TCP listener that starts a program
 * per call, read until the program hangs up, call again; print how many
 * calls a second all clients together made.  Each call must bring a byte.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include "driver.h"

static struct sockaddr_in addr;
static double began, seconds;

static void call(void)
{
	char buf[256];
	ssize_t n, got = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		die("connect");
	while ((n = read(fd, buf, sizeof buf)) > 0)
		got += n;
	if (got == 0)
		die("a call without an answer");
	close(fd);
}

static void *client(void *arg)
{
	long n = 0;

	for (; now() - began < seconds; n++)
		call();
	return (void *)n;
}

int main(int argc, char **argv)
{
	pthread_t t[64];
	long total = 0;
	int n;

	if (argc != 5 || (n = atoi(argv[3])) < 1 || n > 64) {
		fprintf(stderr, "usage: b_calls ADDR PORT CLIENTS SECONDS\n");
		return 2;
	}
	addr.sin_family = AF_INET;
	addr.sin_port = htons((unsigned short)atoi(argv[2]));
	if (inet_pton(AF_INET, argv[1], &addr.sin_addr) != 1)
		die(argv[1]);
	seconds = atof(argv[4]);
	began = now();
	for (int i = 0; i < n; i++)
		if ((errno = pthread_create(&t[i], NULL, client, NULL)) != 0)
			die("thread");
	for (int i = 0; i < n; i++) {
		void *r;

		pthread_join(t[i], &r);
		total += (long)r;
	}
	rate((double)total, began);
	return 0;
}
