/*
 * A name space as a graph: what is bound where (the text of ns(1) or
 * /proc/N/ns), and what turns one into another.
 */
#ifndef NS_GRAPH_H
#define NS_GRAPH_H

#include <base/buf.h>
#include <base/u.h>

/* One line: bind or mount. */
typedef struct GraphLine {
	bool mount;
	int flags; /* MBEFORE, MAFTER, MCREATE, MCACHE, MNONE of ns.h */
	char *name, *point, *spec;
} GraphLine;

typedef struct Graph {
	GraphLine *l;
	int n;
} Graph;

/* graph_parse reads the text of a name space; comments and cd are left out; NULL with the line that is wrong. */
Graph *graph_parse(const char *text) must_use;

/* graph_free frees g; NULL is allowed. */
void graph_free(Graph *g);

/* graph_line appends l as it would be typed, without a newline. */
void graph_line(Buf *b, const GraphLine *l);

/* graph_union returns g with what model has and g has not; graph_common g without what model has not. */
Graph *graph_union(const Graph *g, const Graph *model) must_use;
Graph *graph_common(const Graph *g, const Graph *model) must_use;

/*
 * graph_restrict returns model as a goal for target that leaves some lines alone: those that skip says are taken from
 * target, not from model.
 */
Graph *graph_restrict(const Graph *model, const Graph *target, bool (*skip)(const char *line, void *arg),
		      void *arg) must_use;

/*
 * graph_diff appends the binds, mounts and unmounts that turn `from` into `to`, a line each, in an order that works;
 * nothing if they are the same.
 */
void graph_diff(Buf *b, const Graph *from, const Graph *to);

#endif
