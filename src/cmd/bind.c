#include <ns/ns.h>
#include "cmds.h"

/* Outside rc these change the name space of nobody but themselves, unless they share it with who started them. */

int cmd_bind(int argc, char **argv)
{
	return ns_cmd_bind(argc, argv);
}
