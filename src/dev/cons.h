/*
 * The files of #c that are not terminals: their texts (owned by the caller) and what is done with what is written to
 * them, for the table in cons.c.
 */
#ifndef DEV_CONS_H
#define DEV_CONS_H

#include <base/buf.h>
#include "kernpriv.h"

/* cons_number appends v as cons(3) has it: 11 digits and a blank, or 21 and a blank. */
void cons_number(Buf *b, u64 v);

char *config_text(Kern *k, Req *r);
char *cputime_text(Kern *k, Req *r);
char *domain_text(Kern *k, Req *r);
char *drivers_text(Kern *k, Req *r);
char *owner_text(Kern *k, Req *r);
char *pgrpid_text(Kern *k, Req *r);
char *pid_text(Kern *k, Req *r);
char *ppid_text(Kern *k, Req *r);
char *swap_text(Kern *k, Req *r);
char *sysname_text(Kern *k, Req *r);
char *sysstat_text(Kern *k, Req *r);
char *time_text(Kern *k, Req *r);
char *user_text(Kern *k, Req *r);
char *version_text(Kern *k, Req *r);

int bintime_write(Kern *k, Req *r);
int domain_write(Kern *k, Req *r);
int drivers_write(Kern *k, Req *r);
int mordor_write(Kern *k, Req *r);
int null_write(Kern *k, Req *r);
int owner_write(Kern *k, Req *r);
int reboot_write(Kern *k, Req *r);
int swap_write(Kern *k, Req *r);
int sysname_write(Kern *k, Req *r);
int sysstat_write(Kern *k, Req *r);
int time_write(Kern *k, Req *r);
int user_write(Kern *k, Req *r);

#endif
