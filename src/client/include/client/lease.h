/*
 * The life of one DHCP lease, driven: client/dhcp.h is the state machine,
 * this the loop around it that ip/ipconfig (over Plan 9's udp) and `anthill
 * run` (over a socket) share.  How packets travel, how to wait and what an
 * address is given to is the caller's, as functions.
 */
#ifndef CLIENT_LEASE_H
#define CLIENT_LEASE_H

#include <base/u.h>
#include <client/dhcp.h>

enum { LEASETICK = 250, LEASENAP = 60 * 1000, LEASEAGAIN = 30 * 1000 }; /* ms */

typedef struct LeaseOps {
	const char *clock; /* a file for lease_now, or NULL */

	/* open starts a conversation from the client's port at local (NULL: there is no address yet), which close ends. */
	int (*open)(void *arg, const u8 *local);
	void (*close)(void *arg, int fd, const u8 *local);

	/* send sends a packet to dst from src (0.0.0.0: none); what goes wrong is its to tell, for the packet may be resent. */
	void (*send)(void *arg, int fd, const u8 *p, size_t n, const u8 dst[4], const u8 src[4]);

	/* recv waits LEASETICK for a packet of at most n bytes: its length, 0 for none, -1 when there will be no more. */
	long (*recv)(void *arg, int fd, u8 *p, size_t n);

	/* doze waits at most ms. */
	void (*doze)(void *arg, i64 ms);

	/* up configures what d->lease says; down, with the reason, takes that away again. */
	void (*up)(void *arg);
	void (*down)(void *arg, const char *why);
} LeaseOps;

/* lease_now returns milliseconds; file, unless NULL, holds seconds to add, by which tests live through a lease. */
i64 lease_now(const char *file);

/* lease_seek looks for a server until d->lease is filled, or -1 when none gives one after the usual tries or
 * open failed; may block for half a minute. */
int lease_seek(Dhcp *d, const LeaseOps *o, void *arg) must_use;

/* lease_watch keeps the lease, or with fresh seeks one first, and seeks anew when it is lost; it returns only when it has
 * one for ever. */
void lease_watch(Dhcp *d, bool fresh, const LeaseOps *o, void *arg);

#endif
