/*
 * Processes with name spaces of their own, that do as they are told.
 */
#ifndef WORKER_H
#define WORKER_H

#include <base/buf.h>

enum { WORKERS = 6, ANSWER = 1 << 17 };

/* worker_start makes the first process, number 0, in this process's name space, and the sockets to all. */
void worker_start(void);

/*
 * worker_do has worker w do one thing and returns the answer, valid until the next call: "" for success, "!why" for an
 * error, else a text.  Things (words between tabs):
 *	bind FLAGS NAME OLD / mount FLAGS SERVER OLD / unmount NAME OLD (NAME may be empty)
 *	fork W: a copy of the worker with a name space of its own becomes worker W / end
 *	create PATH TEXT / mkdir PATH / write PATH TEXT / remove PATH / rmdir PATH / rename PATH NEWPATH
 *	keep I PATH: opens it / kept I: what it reads
 *	dump / ns / line LINE: one line of ns's output
 */
const char *worker_do(int w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
