/*
 * Terminals: pseudo-terminals of a devpts instance, raw mode, sizes.
 */
#ifndef OS_PTY_H
#define OS_PTY_H

#include <base/u.h>

/* pty_new makes a pair from the multiplexor at ptmx ("/dev/ptmx"); both descriptors are the caller's. */
int pty_new(const char *ptmx, int *master, int *slave) must_use;

/* tty_raw puts terminal fd in raw mode and returns what tty_restore (which frees it) needs, NULL if fd is no terminal. */
void *tty_raw(int fd) must_use;
void tty_restore(int fd, void *saved);

/* tty_size reads the size of terminal fd, tty_setsize sets it (which signals its foreground programs). */
int tty_size(int fd, u32 *rows, u32 *cols) must_use;
int tty_setsize(int fd, u32 rows, u32 cols) must_use;

#endif
