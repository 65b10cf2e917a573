/*
 * Logs in memory, for /log: each the last lines of something, in a ring of
 * bytes.  "server" has what clients did wrong, "store" what an administrator
 * should know, which goes to standard error too, "rpc" every request, when
 * that is asked for.
 */
#ifndef VENTID_LOG_H
#define VENTID_LOG_H

#include <base/buf.h>
#include <base/lock.h>

typedef enum LogName { LogServer, LogStore, LogRpc, NLOG } LogName;

enum { LOGSIZE = 64 * 1024 };

typedef struct Logs {
	Lock lock; /* everything below */
	char *ring[NLOG];
	u64 n[NLOG]; /* bytes ever written */
	bool debug;  /* all go to standard error; never changed once there are threads */
} Logs;

void log_init(Logs *l);
void log_free(Logs *l);

/* log_add adds a line with the date in front. */
void log_add(Logs *l, LogName which, const char *fmt, ...) printf_like(3, 4);

/* log_text appends the whole lines there are; log_find finds a log by name, -1 if there is none. */
void log_text(Logs *l, LogName which, Buf *b);
const char *log_name(LogName which);
int log_find(const char *name) must_use;

#endif
