/*
 * What the commands around grids share (grid.c).
 */
#ifndef CMD_GRIDCMD_H
#define CMD_GRIDCMD_H

#include <stdarg.h>
#include <base/buf.h>

/* gridcmd_links tells node/ which commands a node's /bin has. */
void gridcmd_links(void);

/* gridcmd_dial connects to a grid (NULL: the only one); it does not return if there is none. */
int gridcmd_dial(const char *grid);

/* gridcmd_ask is grid_ask with the words as arguments, NULL-ended. */
int gridcmd_ask(int sock, Buf *b, const int *fd, int nfd, ...) __attribute__((sentinel));

#endif
