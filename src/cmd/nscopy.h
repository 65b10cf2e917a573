/* What nsdiff, addns, subns and cpns share. */
#ifndef CMD_NSCOPY_H
#define CMD_NSCOPY_H

#include <ns/graph.h>

/* nscopy_graph reads the name space of a process (digits), a file, or - for standard input; it does not return on failure. */
Graph *nscopy_graph(const char *what) must_use;

/* nscopy is the command name: goal makes of the target's and the model's name spaces what the target's shall be. */
int nscopy(int argc, char **argv, const char *usage, Graph *(*goal)(const Graph *target, const Graph *model));

#endif
