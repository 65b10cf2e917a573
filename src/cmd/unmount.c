#include "cmds.h"
#include "hostmount.h"

int cmd_unmount(int argc, char **argv)
{
	return hostunmount(argc, argv);
}
