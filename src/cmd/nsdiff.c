#include "cmds.h"
#include "nscopy.h"
#include "tool.h"

int cmd_nsdiff(int argc, char **argv)
{
	autobuf Buf b = { 0 };
	Graph *from, *to;
	Args a;

	args_init(&a, argc, argv, "nsdiff from to");
	if (args_flag(&a) != 0 || a.argc != 2)
		args_usage(&a);
	from = nscopy_graph(a.argv[0]);
	to = nscopy_graph(a.argv[1]);
	graph_diff(&b, from, to);
	graph_free(from);
	graph_free(to);
	fputs(buf_text(&b), stdout);
	return tool_end(b.n > 0 ? 1 : 0);
}
