/*
 * files OP SECONDS PATH: repeat one operation on a file; print how many a
 * second.  OP is open (and close), read (open, read 64 bytes, close), stat.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "driver.h"

static void once(char op, const char *path)
{
	char buf[64];
	struct stat st;
	int fd;

	if (op == 's') {
		if (stat(path, &st) < 0)
			die(path);
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (op == 'r' && read(fd, buf, sizeof buf) < 0))
		die(path);
	close(fd);
}

int main(int argc, char **argv)
{
	double began, seconds;
	int n = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: b_files open|read|stat SECONDS PATH\n");
		return 2;
	}
	seconds = atof(argv[2]);
	for (began = now(); now() - began < seconds; n++)
		once(argv[1][0], argv[3]);
	rate(n, began);
	return 0;
}
