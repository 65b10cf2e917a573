/* What graph.c and nsdiff.c share. */
#ifndef NS_POINTS_H
#define NS_POINTS_H

#include <ns/graph.h>

/* graph_same says whether a and b bring the same tree, wherever it goes in the union. */
bool graph_same(const GraphLine *a, const GraphLine *b);

/* graph_under says whether path is dir or below it; both are clean. */
bool graph_under(const char *dir, const char *path);

#endif
