/*
 * 9P2000: intro(5) and the sections after it.  An Fcall is one message,
 * taken apart; a Dir is one stat(5) record.  One table in fcall.c says
 * which fields each message has, in order; encode, decode, size and print
 * are loops over it.
 */
#ifndef NINEP_NINEP_H
#define NINEP_NINEP_H

#include <base/buf.h>
#include <base/u.h>

#define VERSION9P "9P2000"

enum {
	MAXWELEM = 16,   /* names in one Twalk */
	IOHDRSZ = 24,    /* the most a Twrite or Rread adds around its data */
	NOTAG = 0xFFFF,
	MSIZEMIN = 256,
	MSIZEMAX = 1 << 20,
	STATFIXED = 49,  /* bytes of a stat record with four empty strings, size[2] included */
	DIRMODESZ = 12,  /* bytes of dir_mode's text */
};
#define NOFID 0xFFFFFFFFu

enum {
	Tversion = 100, Rversion, Tauth, Rauth, Tattach, Rattach, Terror, Rerror, Tflush, Rflush, Twalk, Rwalk,
	Topen, Ropen, Tcreate, Rcreate, Tread, Rread, Twrite, Rwrite, Tclunk, Rclunk, Tremove, Rremove,
	Tstat, Rstat, Twstat, Rwstat, Tmax,
};

/* QTSYMLINK is for our own fronts (FUSE shows it as a symbolic link; its contents are the target): never on the wire */
enum {
	QTDIR = 0x80, QTAPPEND = 0x40, QTEXCL = 0x20, QTMOUNT = 0x10, QTAUTH = 0x08, QTTMP = 0x04, QTSYMLINK = 0x02, QTFILE = 0
};
#define DMDIR 0x80000000u
#define DMAPPEND 0x40000000u
#define DMEXCL 0x20000000u
#define DMMOUNT 0x10000000u
#define DMAUTH 0x08000000u
#define DMTMP 0x04000000u
#define DMSYMLINK 0x02000000u
enum { OREAD = 0, OWRITE = 1, ORDWR = 2, OEXEC = 3, OTRUNC = 16, ORCLOSE = 64 };

typedef struct Qid {
	u64 path;
	u32 vers;
	u8 type;
} Qid;

/* Strings are never NULL in a decoded Dir; in one to be sent NULL counts as "". */
typedef struct Dir {
	u16 type;
	u32 dev;
	Qid qid;
	u32 mode, atime, mtime; /* seconds since 1970 */
	u64 length;             /* bytes */
	const char *name, *uid, *gid, *muid;
} Dir;

typedef struct Fcall {
	u8 type;
	u16 tag;
	u32 fid, newfid, afid;
	u32 msize;   /* Tversion, Rversion */
	const char *version;
	u16 oldtag;  /* Tflush */
	const char *ename; /* Rerror */
	const char *uname, *aname;
	Qid qid;     /* Rattach Ropen Rcreate; Rauth's aqid */
	u32 iounit;
	u8 mode;
	u32 perm;
	const char *name; /* Tcreate */
	u16 nwname, nwqid;
	const char *wname[MAXWELEM];
	Qid wqid[MAXWELEM];
	u64 offset;
	u32 count;   /* bytes of data, or asked for */
	char *data;  /* Twrite, Rread: not owned */
	u16 nstat;
	u8 *stat;    /* Rstat, Twstat: an encoded Dir, not owned */
} Fcall;

/* fcall_size returns the bytes f takes on the wire, 0 for an unknown type. */
u32 fcall_size(const Fcall *f);

/*
 * fcall_encode writes f to buf[n] and returns its size, or -1 if it does not
 * fit or cannot be sent (errstr): a string is too long or not UTF-8.  An
 * Rerror's text is always sendable: its bad bytes become question marks.
 */
int fcall_encode(const Fcall *f, u8 *buf, u32 n) must_use;

/* fcall_head writes all of a Twrite or Rread but the data itself: the caller sends f->data[f->count] after it. */
int fcall_head(const Fcall *f, u8 *buf, u32 n) must_use;

/*
 * fcall_decode takes the message at buf[n] apart and returns its size, or -1
 * with the reason.  buf is changed (strings get a NUL) and must outlive f.
 */
int fcall_decode(u8 *buf, u32 n, Fcall *f) must_use;

/* fcall_print appends f as text, the way 9P traces are written (Topen tag 3 fid 7 mode 0). */
void fcall_print(Buf *b, const Fcall *f);

/* fcall_brief is fcall_print without data and stat records: only how many bytes they have. */
void fcall_brief(Buf *b, const Fcall *f);

/* fcall_name returns the name of a message type ("Topen"), NULL if there is none. */
const char *fcall_name(int type);

/* dir_size returns the bytes d takes as a stat record, its size[2] included. */
u32 dir_size(const Dir *d);

/* dir_encode writes d to buf[n] and returns its size, or -1 if it does not fit (errstr). */
int dir_encode(const Dir *d, u8 *buf, u32 n) must_use;

/* dir_decode reads one record from buf[n], which is changed and must outlive d; it returns its size or -1. */
int dir_decode(u8 *buf, u32 n, Dir *d) must_use;

/* dir_null fills d with "don't touch" values, for wstat(5). */
void dir_null(Dir *d);

/* dir_mode writes mode as ls(1) shows it, d-rwxr-xr-x, to s[DIRMODESZ] and returns s. */
char *dir_mode(char *s, u32 mode);

/* dir_print appends d as one line, ls -lqm like, the time in seconds. */
void dir_print(Buf *b, const Dir *d);

#endif
