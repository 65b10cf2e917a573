#include <ns/ns.h>
#include "cmds.h"
#include "hostmount.h"

int cmd_unmount(int argc, char **argv)
{
	return ns_isnode() ? ns_cmd_unmount(argc, argv) : hostunmount(argc, argv);
}
