/*
 * A turn's buffers: what came, the requests that wait to go to the Store
 * together, and their answers.
 */
#ifndef VENTID_WORK_H
#define VENTID_WORK_H

#include "impl.h"

enum {
	INMAX = 384 * 1024,
	OUTMAX = 768 * 1024,
	BATCH = 64,
	IOVS = 192,
	ANSWER = 320, /* bytes of any answer but a read's */
};

struct Work {
	Conn *c;
	u32 nin, off; /* bytes in in, and how many of them are done with */
	u32 nout;     /* bytes of out that are used */
	bool stuck;   /* the client takes no more answers now; c->out has the rest */
	bool gone;    /* it takes none any more */
	int sends;
	int niov;
	IoVec iov[IOVS]; /* what of out is to be sent */
	int kind;        /* MsgRead or MsgWrite, of the batch */
	int n;
	StoreReq req[BATCH];
	u8 tag[BATCH];
	u8 in[INMAX];
	u8 out[OUTMAX];
};

/* work_room returns where n bytes of answers go, having sent what is in the way; NULL when w is stuck or gone. */
u8 *work_room(Work *w, u32 n) must_use;

/* work_put has n bytes at p (in a room, after those before) sent; work_send runs the batch and sends all. */
void work_put(Work *w, u8 *p, u32 n);
void work_send(Work *w);

/* work_answer answers with a small message, work_error with an error; false when there is no room. */
bool work_answer(Work *w, const Msg *m) must_use;
bool work_error(Work *w, int tag, const char *text) must_use;

/* batch_request takes a request of a client that has said hello: false when there is no room for its answer. */
bool batch_request(Work *w, const Msg *m) must_use;

/* batch_run gives the gathered requests to the Store and puts their answers. */
void batch_run(Work *w);

#endif
