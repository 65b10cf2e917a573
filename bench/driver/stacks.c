/*
 * stacks N: make N net name spaces with a loopback interface that is up, and keep them: the floor of a stack.  Prints
 * how many a second.
 */
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "driver.h"

static void stack(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s;

	if (unshare(CLONE_NEWNET) < 0 || open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) < 0)
		die("net name space");
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &lo) < 0)
		die("lo");
	close(s);
}

int main(int argc, char **argv)
{
	int n = argc == 2 ? atoi(argv[1]) : 0;
	double began = now();

	if (n < 1) {
		fprintf(stderr, "usage: b_stacks N\n");
		return 2;
	}
	for (int i = 0; i < n; i++)
		stack();
	rate(n, began);
	return 0;
}
