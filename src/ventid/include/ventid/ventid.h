/*
 * A venti server, venti(8): the protocol on any number of listening
 * addresses, HTTP for people and monitors, on top of a Store.
 *
 * A few threads wait in one epoll set.  The one that is woken reads what a
 * connection's socket has, gives all complete requests to the Store in
 * batches, answers with one write and waits again: no request is handed to
 * another thread.  A Store may block; before a thread enters it, it makes
 * sure that another waits for the next connection.
 */
#ifndef VENTID_VENTID_H
#define VENTID_VENTID_H

#include <arena/store.h>
#include <base/u.h>

typedef struct Ventid Ventid;

typedef struct VentidOpts {
	Store *store; /* stays the caller's */
	bool readonly;
	bool logging;        /* every request goes into the log "rpc" */
	bool debug;          /* logs go to standard error too */
	const char *webroot; /* files for other URLs, NULL: none */
	int maxconns;        /* 0: VENTID_CONNS */
} VentidOpts;

enum { VENTID_CONNS = 8192 };

/* ventid_new makes a server that listens nowhere yet; NULL with an error. */
Ventid *ventid_new(const VentidOpts *o) must_use;

/* ventid_listen announces the venti service at a dial string, ventid_http its HTTP service; may block for names. */
int ventid_listen(Ventid *v, const char *addr) must_use;
int ventid_http(Ventid *v, const char *addr) must_use;

/* ventid_start begins to serve (it makes threads, so no fork after it). */
int ventid_start(Ventid *v) must_use;

/* ventid_news adds a line to the log of what an administrator should know, which goes to standard error too. */
void ventid_news(Ventid *v, const char *text);

/* ventid_stop takes no more requests, waits until those that were taken are answered, and frees v. */
void ventid_stop(Ventid *v);

#endif
