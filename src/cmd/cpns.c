#include "cmds.h"
#include "nscopy.h"

/* same is the model itself: graph_common of it with itself. */
static Graph *same(const Graph *target, const Graph *model)
{
	return graph_common(model, model);
}

int cmd_cpns(int argc, char **argv)
{
	return nscopy(argc, argv, "cpns [-rt] [-x pattern] [-o pattern] model target", same);
}
