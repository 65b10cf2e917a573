/*
 * The files of #I.  ip.h has the essay.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/packet.h>
#include "ip.h"

enum {
	Qroot, Qarp, Qbootp, Qndb, Qiproute, Qipselftab, Qlog, Qproto, Qclone, Qstats, Qconv,
	Qctl, Qdata, Qerr, Qlisten, Qlocal, Qremote, Qstatus, Qsnoop,
	Qnetns, /* in the root, not listed */
	NTOP = Qlog - Qarp + 1, NCONVFILE = Qstatus - Qctl + 1,
};

/* path of a qid: file[8] proto[8] conv[16] */
#define FILE_OF(q) ((int)((q).path & 0xFF))
#define PROTO_OF(q) ((int)((q).path >> 8 & 0xFF))
#define CONV_OF(q) ((int)((q).path >> 16 & 0xFFFF))

typedef struct IpFid {
	bool held;        /* counts as an open of its conversation */
	Buf text;         /* made at open */
	char tag[TAGLEN]; /* for routes added here */
	u64 logat;
	int fd;           /* of snoop */
} IpFid;

static const struct {
	const char *name;
	u32 mode;
	u32 flags; /* of a Fid */
} files[] = {
	[Qarp] = { "arp", 0664, 0 }, [Qbootp] = { "bootp", 0444, 0 }, [Qndb] = { "ndb", 0666, 0 },
	[Qiproute] = { "iproute", 0664, 0 }, [Qipselftab] = { "ipselftab", 0444, 0 }, [Qlog] = { "log", 0666, FidStream },
	[Qclone] = { "clone", 0666, FidFresh }, [Qstats] = { "stats", 0444, 0 }, [Qctl] = { "ctl", 0660, FidFresh },
	[Qdata] = { "data", 0660, FidStream }, [Qerr] = { "err", 0660, FidStream }, [Qlisten] = { "listen", 0660, FidFresh },
	[Qlocal] = { "local", 0444, 0 }, [Qremote] = { "remote", 0444, 0 }, [Qstatus] = { "status", 0444, 0 },
	[Qsnoop] = { "snoop", 0400, FidStream }, [Qnetns] = { "netns", 0660, FidFresh },
};

static Stack *stack(const Fid *f)
{
	return f->srv->aux;
}

static Conv *conv(const Fid *f)
{
	return conv_get(stack(f), ip_protos[PROTO_OF(f->qid)], CONV_OF(f->qid));
}

const char *ip_who(Stack *s, Req *r)
{
	return r->caller.pid != 0 ? kern_user(s->k, r->caller.uid) : r->fid->uid;
}

static Qid mkqid(Stack *s, int file, int proto, int x)
{
	bool dir = file == Qroot || file == Qproto || file == Qconv;

	return (Qid){ .path = (u64)x << 16 | (u64)proto << 8 | (u64)file, .type = dir ? QTDIR : QTFILE,
		      .vers = file == Qndb ? s->ndbvers : 0 };
}

static void become(Fid *f, Qid q)
{
	f->qid = q;
	f->flags = (q.type & QTDIR) != 0 ? FILE_OF(q) != Qproto ? FidStatic : 0 : files[FILE_OF(q)].flags;
}

void ip_became(Fid *f, Conv *c)
{
	for (int i = 0; i < NPROTO; i++)
		if (ip_protos[i] == c->p)
			become(f, mkqid(c->st, Qctl, i, c->x));
	((IpFid *)f->aux)->held = true;
}

static void fillfile(Stack *s, Qid q, Dir *d)
{
	int file = FILE_OF(q);
	Conv *c = file >= Qctl && file <= Qsnoop ? conv_get(s, ip_protos[PROTO_OF(q)], CONV_OF(q)) : NULL;

	d->name = files[file].name;
	d->mode = files[file].mode;
	if (file == Qndb)
		d->length = io_size(s->ndb);
	if (c != NULL) {
		d->uid = c->owner;
		if (file <= Qlisten)
			d->mode = c->perm;
	}
}

static void fill(Stack *s, Qid q, Dir *d)
{
	static _Thread_local char name[16];

	*d = (Dir){ .qid = q, .name = name, .mode = DMDIR | 0555, .uid = "network", .gid = "network", .muid = "network" };
	d->atime = d->mtime = (u32)clock_wall();
	switch (FILE_OF(q)) {
	case Qroot:
		d->name = s->name;
		break;
	case Qproto:
		d->name = ip_protos[PROTO_OF(q)]->name;
		break;
	case Qconv:
		snprintf(name, sizeof name, "%d", CONV_OF(q));
		d->uid = conv_get(s, ip_protos[PROTO_OF(q)], CONV_OF(q))->owner;
		break;
	default:
		fillfile(s, q, d);
	}
}

/* entry gives the qid of the i'th entry of directory dir; false at the end. */
static bool entry(Stack *s, Qid dir, int i, Qid *q)
{
	int p = PROTO_OF(dir);

	switch (FILE_OF(dir)) {
	case Qroot:
		*q = i < NPROTO ? mkqid(s, Qproto, i, 0) : mkqid(s, Qarp + i - NPROTO, 0, 0);
		return i < NPROTO + NTOP;
	case Qproto:
		*q = i < 2 ? mkqid(s, Qclone + i, p, 0) : mkqid(s, Qconv, p, i - 2);
		return i < 2 + s->tab[p].n;
	case Qconv:
		*q = mkqid(s, Qctl + i, p, CONV_OF(dir));
		return i < NCONVFILE + ip_protos[p]->snoop;
	}
	return false;
}

static int gen(Req *r, int i, Dir *d)
{
	Stack *s = r->srv->aux;
	Qid q;

	if (!entry(s, r->fid->qid, i, &q))
		return -1;
	fill(s, q, d);
	return 0;
}

static IpFid *newfid(void)
{
	IpFid *x = mem_new(sizeof *x);

	x->fd = -1;
	(void)!str_cpy(x->tag, sizeof x->tag, "none");
	return x;
}

static void ip_attach(Req *r)
{
	if (r->i.aname != NULL && r->i.aname[0] != '\0') {
		req_err(r, Ebadarg);
		return;
	}
	r->fid->aux = newfid();
	become(r->fid, mkqid(r->srv->aux, Qroot, 0, 0));
	req_ok(r);
}

static int ip_clone(Req *r, Fid *from, Fid *to)
{
	(void)r;
	to->aux = newfid();
	memcpy(((IpFid *)to->aux)->tag, ((IpFid *)from->aux)->tag, TAGLEN);
	return 0;
}

static int ip_walk1(Req *r, Fid *f, const char *name)
{
	Stack *s = stack(f);
	u64 x;
	Dir d;
	Qid q;

	(void)r;
	if (strcmp(name, "..") == 0) {
		become(f, FILE_OF(f->qid) == Qconv ? mkqid(s, Qproto, PROTO_OF(f->qid), 0) : mkqid(s, Qroot, 0, 0));
		return 0;
	}
	if (FILE_OF(f->qid) == Qproto && name[0] >= '0' && name[0] <= '9') {
		if (str_u64(name, 10, UINT16_MAX, &x) < 0 || (int)x >= s->tab[PROTO_OF(f->qid)].n ||
		    (name[0] == '0' && name[1] != '\0'))
			return errset(Enonexist);
		become(f, mkqid(s, Qconv, PROTO_OF(f->qid), (int)x));
		return 0;
	}
	for (int i = 0; (FILE_OF(f->qid) != Qproto || i < 2) && entry(s, f->qid, i, &q); i++) {
		fill(s, q, &d);
		if (strcmp(d.name, name) == 0) {
			become(f, q);
			return 0;
		}
	}
	if (FILE_OF(f->qid) == Qroot && strcmp(name, "netns") == 0) {
		become(f, mkqid(s, Qnetns, 0, 0));
		return 0;
	}
	return errset(Enonexist);
}

static void ip_stat(Req *r)
{
	fill(r->srv->aux, r->fid->qid, &r->d);
	req_ok(r);
}

static void ends(Conv *c, bool local, Buf *b)
{
	char ip[IPTEXT];

	if (local && c->p->local != NULL)
		c->p->local(c, b);
	else
		buf_printf(b, "%s!%d\n", ip_print(local ? &c->laddr : &c->raddr, ip), local ? c->lport : c->rport);
}

/* maketext fills a generated file when it is opened. */
static int maketext(Stack *s, Fid *f)
{
	Buf *b = &((IpFid *)f->aux)->text;

	switch (FILE_OF(f->qid)) {
	case Qarp:
		return arp_text(s, b);
	case Qiproute:
		return route_text(s, b);
	case Qipselftab:
		return self_text(s, b);
	case Qstats:
		return ip_protos[PROTO_OF(f->qid)]->stats(s, b);
	case Qlocal:
	case Qremote:
		ends(conv(f), FILE_OF(f->qid) == Qlocal, b);
		break;
	case Qstatus:
		conv(f)->p->state(conv(f), b);
		break;
	}
	return 0;
}

static int opensnoop(Req *r)
{
	Stack *s = r->srv->aux;
	Conv *c = conv(r->fid);
	IpFid *x = r->fid->aux;

	if (r->i.mode != OREAD || (!str_eq(ip_who(s, r), c->owner) && !kern_isowner(s->k, r)))
		return errset(Eperm);
	if (c->ifc.medium[0] == '\0')
		return werrstr("interface not bound");
	x->fd = packet_open(stack_ns(s), c->ifc.index, 0);
	return x->fd < 0 ? -1 : 0;
}

static int openclone(Req *r)
{
	Stack *s = r->srv->aux;
	Conv *c = conv_new(s, ip_protos[PROTO_OF(r->fid->qid)], ip_who(s, r));

	if (c == NULL)
		return -1;
	ip_became(r->fid, c);
	return 0;
}

static int openconv(Req *r)
{
	if (conv_open(r, conv(r->fid)) < 0)
		return -1;
	((IpFid *)r->fid->aux)->held = true;
	return 0;
}

static int openndb(Stack *s, Req *r)
{
	if (r->i.mode == OREAD)
		return 0;
	if (!kern_isowner(s->k, r))
		return errset(Eperm);
	if ((r->i.mode & OTRUNC) != 0) {
		s->ndbvers++;
		return ftruncate(s->ndb, 0) < 0 ? os_werr("ndb") : 0;
	}
	return 0;
}

/* openfile opens all that do not wait. */
static int openfile(Stack *s, Req *r)
{
	switch (FILE_OF(r->fid->qid)) {
	case Qclone:
		return openclone(r);
	case Qctl:
	case Qdata:
	case Qerr:
		return openconv(r);
	case Qsnoop:
		return opensnoop(r);
	case Qndb:
		return openndb(s, r);
	case Qnetns:
		return kern_isowner(s->k, r) ? 0 : errset(Eperm);
	case Qlog:
		return r->i.mode == OREAD || kern_isowner(s->k, r) ? 0 : errset(Eperm);
	case Qarp:
	case Qiproute:
		if (r->i.mode != OREAD && !kern_isowner(s->k, r))
			return errset(Eperm);
		return maketext(s, r->fid);
	}
	return r->i.mode != OREAD ? errset(Eperm) : maketext(s, r->fid);
}

static void ip_open(Req *r)
{
	if (FILE_OF(r->fid->qid) == Qlisten)
		conv_listening(r, conv(r->fid));
	else if (openfile(r->srv->aux, r) < 0)
		req_fail(r);
	else
		req_ok(r);
}

static void readndb(Req *r, Stack *s)
{
	ssize_t n = pread(s->ndb, r->buf, r->i.count, (off_t)(r->i.offset > NDBMAX ? NDBMAX : r->i.offset));

	r->o.count = n > 0 ? (u32)n : 0;
	req_ok(r);
}

static void writendb(Req *r, Stack *s)
{
	u64 size = io_size(s->ndb), off = r->i.offset;

	if (off > size || off + r->i.count > NDBMAX) {
		werrstr("ndb holds at most %d bytes, without gaps", NDBMAX);
		req_fail(r);
		return;
	}
	if (pwrite(s->ndb, r->i.data, r->i.count, (off_t)off) != (ssize_t)r->i.count) {
		req_err(r, Eio);
		return;
	}
	s->ndbvers++;
	r->o.count = r->i.count;
	req_ok(r);
}

/* readsnoop answers with one IP packet of the interface. */
static void readsnoop(Req *r, IpFid *x)
{
	autofree u8 *p = mem_new(PACKET_MAX);
	ssize_t n;

	while ((n = packet_recv(x->fd, p, PACKET_MAX)) >= 0) {
		int type = n > PACKET_HEAD ? p[12] << 8 | p[13] : 0;

		if (type != 0x800 && type != 0x86DD)
			continue;
		n -= PACKET_HEAD;
		r->o.count = (u32)n < r->i.count ? (u32)n : r->i.count;
		memcpy(r->buf, p + PACKET_HEAD, r->o.count);
		req_ok(r);
		return;
	}
	if (n == PACKET_AGAIN)
		req_poll(r, x->fd, POLLIN, -1);
	else
		req_fail(r);
}

static void ip_read(Req *r)
{
	Stack *s = r->srv->aux;
	IpFid *x = r->fid->aux;
	char num[16];

	if ((r->fid->qid.type & QTDIR) != 0) {
		req_readdir(r, gen);
		return;
	}
	switch (FILE_OF(r->fid->qid)) {
	case Qctl:
		snprintf(num, sizeof num, "%d", CONV_OF(r->fid->qid));
		req_readstr(r, num);
		break;
	case Qdata:
		conv(r->fid)->p->read(r, conv(r->fid));
		break;
	case Qerr:
		conv_readerr(r, conv(r->fid));
		break;
	case Qndb:
		readndb(r, s);
		break;
	case Qlog:
		log_read(r, s, &x->logat);
		break;
	case Qsnoop:
		readsnoop(r, x);
		break;
	default:
		req_readbuf(r, buf_text(&x->text), x->text.n);
	}
}

/* lines hands a write to fn, line by line: a script may write several messages at once. */
static void lines(Req *r, Stack *s, int (*fn)(Stack *s, IpFid *x, char **f, int n))
{
	autofree char *text = req_text(r);
	char *f[MAXFIELDS], *save = NULL;
	int rc = text != NULL ? 0 : -1, done = 0;

	for (char *l = rc == 0 ? strtok_r(text, "\n", &save) : NULL; l != NULL && rc == 0; l = strtok_r(NULL, "\n", &save)) {
		int n = str_tokens(l, f, MAXFIELDS);

		done += n > 0;
		if (n > 0)
			rc = fn(s, r->fid->aux, f, n);
	}
	if (rc == 0 && done == 0)
		rc = werrstr("short control request");
	r->o.count = r->i.count;
	if (rc < 0)
		req_fail(r);
	else
		req_ok(r);
}

static int doroute(Stack *s, IpFid *x, char **f, int n)
{
	return route_write(s, f, n, x->tag);
}

static int doarp(Stack *s, IpFid *x, char **f, int n)
{
	(void)x;
	return arp_write(s, f, n);
}

static int dolog(Stack *s, IpFid *x, char **f, int n)
{
	(void)x;
	return log_write(s, f, n);
}

/* netns: "FD" gives the stack's net name space away over a unix socket of the caller's, for Linux programs. */
static void writenetns(Req *r, Stack *s)
{
	autofree char *text = req_text(r);
	autofd int to = -1;
	i64 fd;

	if (r->caller.pid == 0) {
		werrstr("netns: the caller is on another machine");
	} else if (!kern_isowner(s->k, r)) {
		errset(Eperm);
	} else if (text != NULL && str_int(text, 0, INT32_MAX, &fd) == 0) {
		to = kern_takefd(r->caller.pid, (int)fd);
		if (to >= 0 && ipsock_give(to, stack_ns(s)) == 0) {
			r->o.count = r->i.count;
			req_ok(r);
			return;
		}
	}
	req_fail(r);
}

static void ip_write(Req *r)
{
	Stack *s = r->srv->aux;

	switch (FILE_OF(r->fid->qid)) {
	case Qctl:
		conv_ctl(r, conv(r->fid));
		break;
	case Qdata:
		conv(r->fid)->p->write(r, conv(r->fid));
		break;
	case Qndb:
		writendb(r, s);
		break;
	case Qiproute:
		lines(r, s, doroute);
		break;
	case Qarp:
		lines(r, s, doarp);
		break;
	case Qlog:
		lines(r, s, dolog);
		break;
	case Qnetns:
		writenetns(r, s);
		break;
	default:
		req_err(r, Eperm);
	}
}

/* wstat gives a conversation to another user or changes who may open it. */
static void ip_wstat(Req *r)
{
	Stack *s = r->srv->aux;
	int file = FILE_OF(r->fid->qid);
	Conv *c = file == Qctl || file == Qdata ? conv(r->fid) : NULL;
	Dir no;

	dir_null(&no);
	if (c == NULL || (!str_eq(ip_who(s, r), c->owner) && !kern_isowner(s->k, r))) {
		req_err(r, Eperm);
		return;
	}
	if (r->d.uid != NULL && r->d.uid[0] != '\0') {
		if (!kern_isowner(s->k, r) && !str_eq(r->d.uid, ip_who(s, r))) {
			req_err(r, Eperm);
			return;
		}
		free(c->owner);
		c->owner = mem_str(r->d.uid);
	}
	if (r->d.mode != no.mode)
		c->perm = r->d.mode & 0666;
	req_ok(r);
}

static void ip_cancel(Req *r)
{
	int file = FILE_OF(r->fid->qid);

	if (file >= Qctl)
		conv_cancel(r, conv(r->fid));
}

static void ip_clunk(Fid *f)
{
	IpFid *x = f->aux;

	if (x->held)
		conv_release(conv(f));
	if (x->fd >= 0)
		close(x->fd);
	buf_free(&x->text);
	free(x);
}

const SrvOps ip_ops = {
	.attach = ip_attach, .walk1 = ip_walk1, .clone = ip_clone, .open = ip_open, .read = ip_read, .write = ip_write,
	.stat = ip_stat, .wstat = ip_wstat, .cancel = ip_cancel, .clunk = ip_clunk, .end = ip_end,
};
