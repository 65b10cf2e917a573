/*
 * Writing /proc/N/ctl, note and notepg.
 */
#ifndef DEV_PROCCTL_H
#define DEV_PROCCTL_H

#include "kernpriv.h"

/* procctl_note sends process (pid, start), or with group its note group, a note of r's caller. */
int procctl_note(Kern *k, const Req *r, u32 pid, u64 start, bool group, const char *note) must_use;

/* procctl_write is .write for the ctl of process (pid, start): it answers r, now or when the process has stopped. */
void procctl_write(Req *r, u32 pid, u64 start);

/* procctl_cancel is .cancel for such a request. */
void procctl_cancel(Req *r);

#endif
