#include <string.h>
#include <ns/ns.h>
#include "cmds.h"
#include "hostmount.h"

/* In a node a posted server is mounted by the kernel process; a dialled one, and all on a plain host, by ourselves. */
int cmd_mount(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strchr(argv[i], '!') != NULL)
			return hostmount(argc, argv);
	return ns_isnode() ? ns_cmd_mount(argc, argv) : hostmount(argc, argv);
}
