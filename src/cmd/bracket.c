#include <stdio.h>
#include <string.h>
#include "cmds.h"

/* [ is test with a ] at the end. */
int cmd_bracket(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[argc - 1], "]") != 0) {
		fprintf(stderr, "[: no ] at the end\n");
		return 2;
	}
	argv[argc - 1] = NULL;
	return cmd_test(argc - 1, argv);
}
