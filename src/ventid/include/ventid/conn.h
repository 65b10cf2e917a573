/*
 * One client of a venti server: the state machine between its socket and
 * the Store.  One thread at a time may use a Conn.
 */
#ifndef VENTID_CONN_H
#define VENTID_CONN_H

#include <ventid/ventid.h>

typedef struct Conn Conn;
typedef struct Work Work; /* a thread's buffers, that the Conns it serves share */

typedef enum ConnNext {
	ConnIn,  /* call again when the client has sent something */
	ConnOut, /* when it has taken some of its answers */
	ConnNow, /* when the others have had their turn */
	ConnEnd, /* it is over */
} ConnNext;

Work *work_new(void) must_use;
void work_free(Work *w);

/* conn_new begins with a client on a non-blocking stream socket, owned by the Conn; refused: it will be told why not. */
Conn *conn_new(Ventid *v, int fd, bool refused) must_use;

/* conn_turn takes what the client has sent, answers it, and says what to wait for; blocks in the Store only. */
ConnNext conn_turn(Conn *c, Work *w) must_use;

/* conn_free hangs up. */
void conn_free(Conn *c);

#endif
