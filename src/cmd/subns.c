#include "cmds.h"
#include "nscopy.h"

int cmd_subns(int argc, char **argv)
{
	return nscopy(argc, argv, "subns [-rt] [-x pattern] [-o pattern] model target", graph_common);
}
