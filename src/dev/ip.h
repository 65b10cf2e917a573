/*
 * What the files of #I share.
 *
 * A Stack is one Linux net name space presented as Plan 9's /net, ip(3).  It
 * is a serial Srv: everything below is protected by its Srv's lock, and no
 * operation blocks (netlink is local and quick).  A Conv is a numbered
 * conversation of a Proto; its slot, once used, stays, so directories keep
 * their nodes.  What must survive the kernel process is outside of it: the
 * name space and ndb in the fd store, bound interfaces by an alias on the
 * interface ("anthill ipifc 0 ether l0/ether0 /net/ether0").
 */
#ifndef IPPRIV_H
#define IPPRIV_H

#include <dev/ip.h>
#include <os/ipsock.h>
#include <os/netlink.h>

enum { IP_STACKS = 128, NDBMAX = 32 * 1024, MAXFIELDS = 16, TAGLEN = 5, NTAG = 64 };

typedef struct Stack Stack;
typedef struct Conv Conv;

typedef enum ConvState { ConvIdle, ConvConnecting, ConvConnected, ConvAnnounced, ConvHungup } ConvState;

/* what a ctl message may answer besides 0 and -1 (errstr) */
enum { PARKED = 1 };

typedef struct Proto {
	const char *name;
	int max;       /* conversations */
	int kind;      /* IpKind, -1 for ipifc */
	bool snoop;    /* conversations have a snoop file */
	int (*connect)(Req *r, Conv *c, char **f, int n);  /* 0, -1 or PARKED: then it is called again with f NULL */
	int (*announce)(Conv *c, char **f, int n);
	int (*bind)(Req *r, Conv *c, char **f, int n);
	int (*ctl)(Req *r, Conv *c, char **f, int n);      /* what is not common */
	void (*state)(Conv *c, Buf *b);
	void (*local)(Conv *c, Buf *b);                    /* NULL: address!port */
	void (*listen)(Req *r, Conv *c);                   /* NULL: "not announced" */
	void (*read)(Req *r, Conv *c);
	void (*write)(Req *r, Conv *c);
	void (*close)(Conv *c);                            /* besides the socket */
	int (*stats)(Stack *s, Buf *b);
} Proto;

extern const Proto ip_tcp, ip_udp, ip_icmp, ip_icmpv6, ip_ipifc;

/* a conversation that is an interface */
typedef struct Ifc {
	char medium[16];     /* "" while unbound */
	char path[64];       /* as given to bind */
	char dev[24];        /* "l0/ether0" for ether, else "" */
	char name[IFNAMELEN];
	int index;
	int head;            /* bytes of the medium's header, which Plan 9's mtu counts */
	bool acceptall;      /* has the null address */
	bool recvra;
	bool forward;
} Ifc;

/* a datagram that waits for the new call it began */
typedef struct Early {
	Link link;
	u32 n;
	char data[];
} Early;

struct Conv {
	Stack *st;
	const Proto *p;
	int x;
	int inuse;        /* opens of ctl, data, err; parked opens of listen; 1 for a bound interface */
	ConvState state;
	char *owner;
	u32 perm;
	int fd;           /* the socket, -1 */
	bool handed;      /* a program has it; cookie and the addresses are what is left */
	u64 cookie;
	Ip laddr, raddr;
	u16 lport, rport;
	int ttl, tos;     /* -1: the system's */
	bool headers, ignoreadvice;
	char err[ERRMAX]; /* for the err file */
	Rendez errz;      /* readers of err */
	Req *writer;      /* has part of a write done: others wait */
	Rendez writez;
	List early;       /* of Early */
	Ifc ifc;
};

typedef struct ConvTab {
	Conv **c;
	int n;
} ConvTab;

enum { NPROTO = 5 };
extern const Proto *const ip_protos[NPROTO];

struct Stack {
	Link link;
	Srv srv;
	Kern *k;
	int n;
	char name[8];       /* "#I0" */
	int ns;             /* see stack_ns */
	bool set;           /* the defaults of ns are Plan 9's */
	Netlink *nl, *diag;
	ConvTab tab[NPROTO];
	int ndb;            /* a memory file */
	u32 ndbvers;
	u16 nextport;       /* of the restricted ones */
	bool trip;
	char tag[NTAG][TAGLEN]; /* route tags that have an origin number of ours */
	struct {
		Buf buf;    /* the last LOGMAX bytes */
		u64 end;    /* offset of its end in all that was logged */
		u32 mask;
		Ip only;
		bool hasonly;
		Rendez z;
	} log;
};

typedef enum IpLog { LogIp = 1, LogFs = 2, LogTcp = 4, LogIcmp = 8, LogUdp = 16 } IpLog;

/* ip.c */
void ip_end(Srv *srv);

/*
 * stack_ns returns the net name space, for whoever makes sockets or interfaces in it or changes its settings: the first
 * use has it set up like Plan 9's stacks, a third of the time that one takes.
 */
int stack_ns(Stack *s);

/* ipfs.c: the operations; who asks */
extern const SrvOps ip_ops;
/* ip_became makes f, which was opened as listen, the open ctl of c, whose one use becomes its. */
void ip_became(Fid *f, Conv *c);
const char *ip_who(Stack *s, Req *r);

/* ipconv.c */
Conv *conv_new(Stack *s, const Proto *p, const char *owner) must_use; /* with one use; NULL: Enofreedev */
Conv *conv_get(Stack *s, const Proto *p, int x);                     /* NULL if there was never one */
Conv *conv_slot(Stack *s, const Proto *p, int x, const char *owner) must_use; /* number x, for a restart */
int conv_open(Req *r, Conv *c) must_use;                             /* one use more, if r may */
void conv_release(Conv *c);                                          /* one use less */
void conv_ctl(Req *r, Conv *c);
void conv_listening(Req *r, Conv *c);
void conv_readerr(Req *r, Conv *c);
void conv_shut(Conv *c);                                             /* closes the socket; who waits looks again */
void conv_hangup(Conv *c, const char *why);                          /* and no more comes */
void conv_adopt(Conv *c, int fd);                                    /* fd becomes c's socket: connected */
void conv_fault(Req *r, Conv *c);                                    /* answers r with the error string, kept for err */
bool conv_usable(Req *r, Conv *c) must_use;                          /* false: r was answered */
void conv_cancel(Req *r, Conv *c);

/* ipaddr.c: ctl's addresses and the common connect and announce */
int conv_socket(Conv *c, const Ip *like) must_use;
int conv_stdconnect(Req *r, Conv *c, char **f, int n) must_use;
int conv_stdannounce(Conv *c, char **f, int n) must_use;
int conv_stdbind(Req *r, Conv *c, char **f, int n) must_use;
int conv_remote(const char *s, Ip *ip, u16 *port, bool *restricted) must_use;
int conv_localport(const char *s, Ip *ip, u16 *port) must_use;
bool stack_localfor(Stack *s, const Ip *to, Ip *from);

/* ipifc.c */
Conv *ifc_byindex(Stack *s, int index);
Conv *ifc_byip(Stack *s, const Ip *ip);       /* the interface that has address ip */
bool ifc_addron(Stack *s, int index, const Ip *to, Ip *ip); /* an address of the interface, the one nearest to to */
Conv *ifc_forbroadcast(Stack *s, const Ip *from);
void ifc_restore(Stack *s);

/* iproute.c: text from the kernel, and changes */
int route_text(Stack *s, Buf *b) must_use;
int route_write(Stack *s, char **f, int n, char *tag) must_use;
int arp_text(Stack *s, Buf *b) must_use;
int arp_write(Stack *s, char **f, int n) must_use;
int self_text(Stack *s, Buf *b) must_use;

/* ipstats.c */
int stats_ip(Stack *s, Buf *b);
int stats_tcp(Stack *s, Buf *b);
int stats_udp(Stack *s, Buf *b);
int stats_icmp(Stack *s, Buf *b);
int stats_icmpv6(Stack *s, Buf *b);

/* iplog.c */
void iplog(Stack *s, IpLog what, const Ip *about, const char *fmt, ...) printf_like(4, 5);
int log_write(Stack *s, char **f, int n) must_use;
void log_read(Req *r, Stack *s, u64 *at);

#endif
