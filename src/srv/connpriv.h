/*
 * A 9P connection: conn.c reads and dispatches, answer.c makes the answers,
 * out.c sends them, fids.c keeps the numbers.
 */
#ifndef SRV_CONNPRIV_H
#define SRV_CONNPRIV_H

#include <srv/conn.h>
#include <srv/crew.h>
#include "engine.h"

typedef struct FidTab {
	Fid **slot; /* open addressing, by Fid.id */
	u32 n, cap; /* cap is a power of 2 */
} FidTab;

typedef struct CReq CReq;

typedef struct Conn {
	Srv *srv;
	int rfd, wfd;
	bool socket;     /* rfd == wfd is a socket: recv and send */
	ConnOpts o;
	u32 msize;       /* granted; 0 before Tversion.  The reader's */
	u8 *in;          /* room for incap bytes, nin of them read, of which from is the next message.  The reader's */
	u32 incap, nin, from;
	CReq *sparereq; /* a request to be used again; atomic */
	u8 *spare;       /* an input buffer that came back; atomic */
	int stopfd;      /* raised to end a reader that is not on a socket */
	Crew *crew;
	Link all;        /* in the list of connections, under its lock */

	Lock lk;         /* protects all below to the next line */
	Cond idle;       /* nreq became 0 */
	FidTab fids;
	List reqs;       /* in flight, by CReq.r.link */
	int nreq;
	size_t bytes;    /* of reply buffers in flight */

	Lock olk;        /* protects all below */
	List out;        /* answered CReqs by r.link, in order */
	u32 sent;        /* bytes of the first that went out */
	bool waiting;    /* the reader waits for input, or output for room: who queues a reply sends it */
	bool sending;    /* somebody is about to send */
	Cond quiet;      /* sending became false */
	bool broken;
	Later send;
	Park room;       /* waits for room in the peer's buffers */
} Conn;

enum {
	RREADHEAD = 11,   /* size[4] Rread tag[2] count[4] */
	SMALL = 8 * 1024, /* a larger message is not copied */
	TINY = 128,       /* a smaller one needs no memory of its own */
};

/* one request of a connection and the bytes of its message and its answer */
struct CReq {
	Req r;
	Conn *c;
	u8 *msg;     /* its message, owned; big: it is a Conn's input buffer */
	bool big;
	u8 *reply;   /* the answer encoded, nreply bytes; owned, with room for cap */
	u32 nreply, cap;
	u32 room;    /* bytes reserved in Conn.bytes */
	u8 tiny[TINY];
};

/* fids_put enters f, NULL-free; -1 (Edupfid, Ebusy) if its number is in use or there are too many. */
int fids_put(FidTab *t, Fid *f) must_use;
Fid *fids_get(FidTab *t, u32 id);
Fid *fids_del(FidTab *t, u32 id);
/* fids_any removes any Fid and returns it, NULL when there is none. */
Fid *fids_any(FidTab *t);

/* out_init and out_end begin and end the sending side; out_end waits for whoever is sending. */
void out_init(Conn *c);
void out_end(Conn *c);

/* out_add queues an answered request; out_flush sends what is queued, from the reader before it waits. */
void out_add(CReq *q);
void out_flush(Conn *c);

/* answer_done is every CReq's .done; answer_error puts the thread's error string in q's answer. */
void answer_done(Req *r);
void answer_error(CReq *q);
void answer_refuse(CReq *q, Err e);

/* answer_flushes sends an Rflush for each Tflush in the list. */
void answer_flushes(Conn *c, List *flushes);

/* trace_fcall prints f on file descriptor 2. */
void trace_fcall(const Fcall *f);

/* listen_stop ends every conn_listen of s and waits until they have returned. */
void listen_stop(Srv *s);

/* creq_new makes a CReq with the message of size bytes that is next in the input. */
CReq *creq_new(Conn *c, u32 size) must_use;

/* creq_room makes room for a reply of n bytes; what was in the buffer is lost if it grows. */
int creq_room(CReq *q, u32 n) must_use;

/* creq_free frees a request whose answer was sent or dropped; creq_end what a connection keeps for the next. */
void creq_free(CReq *q);
void creq_end(Conn *c);

#endif
