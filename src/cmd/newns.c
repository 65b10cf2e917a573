#include "cmds.h"

/* newns is what ANTS calls it. */
int cmd_newns(int argc, char **argv)
{
	return cmd_auth_newns(argc, argv);
}
