/*
 * Net name spaces.  A thread that may not come back to the net name space
 * it is in (a process in a child user name space may enter its stacks, but
 * perhaps not return to where it was started) has another one made for each
 * visit.
 */
#ifndef OS_NETNS_H
#define OS_NETNS_H

#include <base/u.h>

/* netns_new makes a net name space (its loopback is down) and returns a descriptor for it, owned by the caller. */
int netns_new(void) must_use;

/* netns_self returns a descriptor for the calling thread's net name space; netns_of for that of process pid. */
int netns_self(void) must_use;
int netns_of(int pid) must_use;

/* netns_ofsocket returns a descriptor for the net name space that a socket is in. */
int netns_ofsocket(int sock) must_use;

/* netns_enter takes the calling thread into net name space ns for good. */
int netns_enter(int ns) must_use;

/* netns_run calls fn(arg) in net name space ns (-1: a new one), perhaps in a thread of its own, and returns what fn did and its
 * error string. */
int netns_run(int ns, int (*fn)(void *arg), void *arg);

/* netns_socket makes a close-on-exec socket in ns (-1: the caller's own). */
int netns_socket(int ns, int domain, int type, int proto) must_use;

/* netns_slurp reads a file of /proc/net ("snmp") as ns has it, owned by the caller; netns_sysctl sets "net/ipv4/x" in ns. */
char *netns_slurp(int ns, const char *name) must_use;
int netns_sysctl(int ns, const char *name, const char *value) must_use;

/* netns_defaults sets n of them ({ name, value }) where the calling thread is; those the host does not have are left out. */
void netns_defaults(const char *const set[][2], int n);

/* netns_same says whether two descriptors are for the same net name space. */
bool netns_same(int a, int b);

#endif
