#include "cmds.h"
#include "nscopy.h"

int cmd_addns(int argc, char **argv)
{
	return nscopy(argc, argv, "addns [-rt] [-x pattern] [-o pattern] model target", graph_union);
}
