#ifndef CLIENT_NAME_H
#define CLIENT_NAME_H

#include <base/ip.h>

/* name_addrs finds at most max addresses of host and returns how many, or -1. */
int name_addrs(const char *host, Ip *ip, int max) must_use;

#endif
