/*
 * The 9P front: a Srv on a byte stream.
 */
#ifndef SRV_CONN_H
#define SRV_CONN_H

#include <base/buf.h>
#include <srv/srv.h>

typedef struct ConnOpts {
	u32 msize;      /* the largest to grant; 0: 64 KiB + IOHDRSZ */
	int maxreqs;    /* requests in flight at once; 0: 512 */
	int maxthreads; /* threads a connection may have blocked; 0: 16 */
	bool trace;     /* print every message on file descriptor 2 */
} ConnOpts;

/* conn_serve speaks 9P for s on rfd and wfd (may be equal, both stay open) until the peer hangs up; may block for ever. */
int conn_serve(Srv *s, int rfd, int wfd, const ConnOpts *o);

/* conn_listen accepts on lfd for ever, a thread a connection; it returns when conn_stop is called or lfd fails. */
int conn_listen(Srv *s, int lfd, const ConnOpts *o);

/* conn_stop ends every conn_listen and conn_serve of s: no more accepts, requests flushed, connections closed. */
void conn_stop(Srv *s);

/* req_dump appends a line for each request in flight in this process: pid, message, server, file, milliseconds, wait. */
void req_dump(Buf *b);

#endif
