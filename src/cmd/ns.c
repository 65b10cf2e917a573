#include <ns/ns.h>
#include "cmds.h"

int cmd_ns(int argc, char **argv)
{
	return ns_cmd_ns(argc, argv);
}
