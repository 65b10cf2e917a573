#include "cmds.h"
#include "hostmount.h"

int cmd_mount(int argc, char **argv)
{
	return hostmount(argc, argv);
}
