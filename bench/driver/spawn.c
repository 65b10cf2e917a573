/* spawn SECONDS CMD [ARG ...]: run CMD again and again, one at a time; print how many a second. */
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include "driver.h"

extern char **environ;

int main(int argc, char **argv)
{
	double began, seconds;
	int n = 0, status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: b_spawn SECONDS CMD [ARG ...]\n");
		return 2;
	}
	seconds = atof(argv[1]);
	for (began = now(); now() - began < seconds; n++) {
		if ((errno = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ)) != 0)
			die(argv[2]);
		if (waitpid(pid, &status, 0) < 0)
			die("wait");
		if (status != 0) {
			fprintf(stderr, "%s: status %x\n", argv[2], (unsigned)status);
			return 1;
		}
	}
	rate(n, began);
	return 0;
}
