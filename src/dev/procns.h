/*
 * Writing /proc/N/ns.
 */
#ifndef DEV_PROCNS_H
#define DEV_PROCNS_H

#include "kernpriv.h"

/* procns_may checks that r's caller may change the name space of process pid: its user, if that is not none, and the host
 * owner may. */
int procns_may(Kern *k, const Req *r, u32 pid) must_use;

/* procns_write is .write for the name space of process (pid, start): it answers r, now or once the change is made. */
void procns_write(Kern *k, Req *r, u32 pid, u64 start);

/* procns_cancel is .cancel for such a request. */
void procns_cancel(Req *r);

#endif
