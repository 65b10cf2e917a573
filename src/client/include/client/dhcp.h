/*
 * The client's half of DHCP (RFC 2131, 2132): packets and the life of one
 * lease, without a socket and without a clock.  The caller owns both: it
 * sends what dhcp_packet builds when it is told DhcpSend, gives packets to
 * dhcp_input and the time (any milliseconds that do not go back) to
 * dhcp_timer when dhcp_next is due.
 *
 *	Selecting --offer--> Requesting --ack--> Bound --T1--> Renewing --T2--> Rebinding --expiry--> Init
 *
 * A packet is foreign bytes: every length in it is checked before use.
 */
#ifndef CLIENT_DHCP_H
#define CLIENT_DHCP_H

#include <base/buf.h>
#include <base/u.h>

enum {
	DHCPMAX = 548,      /* bytes of a request: fixed part and options padded, as some servers want */
	DHCPRESENDS = 5,    /* of a discover or request before giving up */
	DHCPMINLEASE = 300, /* seconds, for a server that names no lease */
};
#define DHCPFOREVER 0xffffffffu

typedef enum DhcpState { DhcpInit, DhcpSelecting, DhcpRequesting, DhcpBound, DhcpRenewing, DhcpRebinding } DhcpState;

/* what the caller is to do after dhcp_input or dhcp_timer */
typedef enum DhcpEvent {
	DhcpNothing,
	DhcpSend,   /* send dhcp_packet */
	DhcpGot,    /* a lease: configure d->lease (again, if it is a renewal) */
	DhcpFailed, /* no server answered, or it refused: d->state is DhcpInit */
	DhcpLost,   /* the lease has run out or was taken back: remove the address */
} DhcpEvent;

typedef struct DhcpLease {
	u8 addr[4], mask[4], router[4], server[4];
	u8 dns[8][4], ntp[8][4], fs[2][4], auth[2][4];
	int ndns, nntp, nfs, nauth;
	char host[256], domain[256], search[256]; /* clean names, search separated by blanks */
	u32 secs, t1, t2;                         /* the lease, when to renew, when to rebind; secs may be DHCPFOREVER */
} DhcpLease;

typedef struct Dhcp {
	/* set by the caller after dhcp_init */
	u8 hwaddr[16];
	int hwlen, hwtype;
	u8 cid[64];
	int ncid;
	char host[64];   /* sent if not "" */
	char vendor[64]; /* vendor class; "" asks generic options only */

	u8 want[64]; /* options asked for; those after the standard ones end in dhcp_ndb */
	int nwant;
	DhcpState state;
	u32 xid;
	i64 start;    /* when the exchange began */
	i64 sent;     /* when the request was sent that the lease counts from */
	i64 deadline; /* -1: none */
	int resends;
	DhcpLease lease;
	u8 offered[4], offserver[4];
	u32 offsecs;
	u8 opt[1500]; /* the last ack's options */
	size_t nopt;
} Dhcp;

/* dhcp_init clears d and asks for the standard options. */
void dhcp_init(Dhcp *d);

/* dhcp_want asks for one more option by its ndb name ("tftp"); -1 if there is no such option or no room. */
int dhcp_want(Dhcp *d, const char *name) must_use;

/* dhcp_start begins the search for a server; xid is random.  The caller sends. */
void dhcp_start(Dhcp *d, i64 now, u32 xid);

/* dhcp_packet builds the packet that d's state calls for in p[DHCPMAX], sets where it goes, and returns its length. */
size_t dhcp_packet(const Dhcp *d, i64 now, u8 *p, u8 dst[4]);

/* dhcp_release builds a release of the lease in p[DHCPMAX] for dst and returns its length. */
size_t dhcp_release(const Dhcp *d, u8 *p, u8 dst[4]);

/* dhcp_input takes a packet that came; packets for others or nonsense give DhcpNothing. */
DhcpEvent dhcp_input(Dhcp *d, i64 now, const u8 *p, size_t n);

/* dhcp_timer is called when dhcp_next has passed. */
DhcpEvent dhcp_timer(Dhcp *d, i64 now);

/* dhcp_next returns when dhcp_timer wants to be called, -1: never. */
i64 dhcp_next(const Dhcp *d);

/* dhcp_ndb appends "\tname=value\n" lines of the options that dhcp_want added. */
void dhcp_ndb(const Dhcp *d, Buf *b);

#endif
