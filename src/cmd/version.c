#include <stdio.h>
#include "cmds.h"

int cmd_version(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		fprintf(stderr, "usage: anthill version\n");
		return 2;
	}
	printf("anthill 0.1\n");
	return 0;
}
