#ifndef CLIENT_NAME_H
#define CLIENT_NAME_H

#include <base/u.h>

/* name_addrs finds at most max addresses of host and returns how many, or -1. */
int name_addrs(const char *host, u8 (*ip)[16], int max) must_use;

#endif
