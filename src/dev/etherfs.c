/*
 * The files of #l: etherN/{clone,addr,stats,ifstats} and conversations
 * 0 to 7, ether(3).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/packet.h>
#include "ether.h"

enum { Qroot, Qether, Qclone, Qaddr, Qstats, Qifstats, Qconv, Qdata, Qctl, Qcstats, Qtype, Qcifstats };
enum { HEADERS = 64 }; /* bytes of a frame for headersonly and type -2 */

/* path of a qid: file[8] conv[8] */
#define FILE_OF(q) ((int)((q).path & 0xFF))
#define CONV_OF(q) ((int)((q).path >> 8))

typedef struct EFid {
	bool held; /* counts as an open of its conversation */
	Buf text;  /* made at open */
} EFid;

static const struct {
	const char *name;
	u32 mode;
} files[] = {
	[Qclone] = { "clone", 0666 }, [Qaddr] = { "addr", 0444 }, [Qstats] = { "stats", 0444 },
	[Qifstats] = { "ifstats", 0444 }, [Qdata] = { "data", 0660 }, [Qctl] = { "ctl", 0660 },
	[Qcstats] = { "stats", 0444 }, [Qtype] = { "type", 0444 }, [Qcifstats] = { "ifstats", 0444 },
};

static Qid mkqid(int file, int conv)
{
	bool dir = file == Qroot || file == Qether || file == Qconv;

	return (Qid){ .path = (u64)conv << 8 | (u64)file, .type = dir ? QTDIR : QTFILE };
}

static Ether *ether(const Fid *f)
{
	return f->srv->aux;
}

static EtherConv *conv(const Fid *f)
{
	return &ether(f)->conv[CONV_OF(f->qid)];
}

static void fill(Fid *f, Qid q, Dir *d)
{
	static _Thread_local char name[16];
	Ether *e = ether(f);
	const EtherConv *c = &e->conv[CONV_OF(q)];
	int file = FILE_OF(q);

	*d = (Dir){ .qid = q, .uid = kern_hostowner(e->k), .name = name, .mode = DMDIR | 0555 };
	d->gid = d->muid = d->uid;
	if ((q.type & QTDIR) == 0) {
		d->name = files[file].name;
		d->mode = files[file].mode;
	} else if (file == Qconv) {
		snprintf(name, sizeof name, "%d", CONV_OF(q));
	} else {
		snprintf(name, sizeof name, file == Qroot ? "#l%d" : "ether%d", e->n);
	}
	if ((file == Qdata || file == Qctl || file == Qconv) && c->owner != NULL) {
		d->uid = d->gid = c->owner;
		if (file != Qconv)
			d->mode = c->perm;
	}
}

/* entry gives the qid of the i'th entry of directory dir; false at the end. */
static bool entry(Fid *f, Qid dir, int i, Qid *q)
{
	Ether *e = ether(f);

	switch (FILE_OF(dir)) {
	case Qroot:
		*q = mkqid(Qether, 0);
		return i == 0;
	case Qether:
		if (i < Qconv - Qclone) {
			*q = mkqid(Qclone + i, 0);
			return true;
		}
		for (int n = 0, left = i - (Qconv - Qclone); n < NCONV; n++)
			if (e->conv[n].made && left-- == 0) {
				*q = mkqid(Qconv, n);
				return true;
			}
		return false;
	case Qconv:
		*q = mkqid(Qdata + i, CONV_OF(dir));
		return i <= Qcifstats - Qdata;
	}
	return false;
}

static int gen(Req *r, int i, Dir *d)
{
	Qid q;

	if (!entry(r->fid, r->fid->qid, i, &q))
		return -1;
	fill(r->fid, q, d);
	return 0;
}

static void become(Fid *f, Qid q)
{
	int file = FILE_OF(q);

	f->qid = q;
	f->flags = file == Qclone || file == Qctl ? FidFresh : file == Qdata ? FidStream : 0;
}

static void ether_attach(Req *r)
{
	if (r->i.aname != NULL && r->i.aname[0] != '\0') {
		req_err(r, Ebadarg);
		return;
	}
	r->fid->aux = mem_new(sizeof(EFid));
	become(r->fid, mkqid(Qroot, 0));
	req_ok(r);
}

static int ether_clone(Req *r, Fid *from, Fid *to)
{
	(void)r;
	(void)from;
	to->aux = mem_new(sizeof(EFid));
	return 0;
}

static int ether_walk1(Req *r, Fid *f, const char *name)
{
	Dir d;
	Qid q;

	(void)r;
	if (strcmp(name, "..") == 0) {
		become(f, mkqid(FILE_OF(f->qid) == Qconv ? Qether : Qroot, 0));
		return 0;
	}
	for (int i = 0; entry(f, f->qid, i, &q); i++) {
		fill(f, q, &d);
		if (strcmp(d.name, name) == 0) {
			become(f, q);
			return 0;
		}
	}
	return errset(Enonexist);
}

static void ether_stat(Req *r)
{
	fill(r->fid, r->fid->qid, &r->d);
	req_ok(r);
}

/* statstext is what stats shows, netif's lines. */
static int statstext(Ether *e, Buf *b)
{
	char mac[MACTEXT];
	Iface i;

	if (ether_link(e, &i) < 0)
		return -1;
	buf_printf(b, "in: %llu\nlink: %d\nout: %llu\ncrc errs: %llu\noverflows: %llu\nsoft overflows: %llu\n"
		      "framing errs: %llu\nbuffer errs: 0\noutput errs: %llu\nprom: %d\nmbps: 0\naddr: %s\n",
		   (unsigned long long)i.in, i.running, (unsigned long long)i.out, (unsigned long long)i.crc,
		   (unsigned long long)i.overflow, (unsigned long long)i.indrop, (unsigned long long)i.frame,
		   (unsigned long long)i.outerr, e->nprom, mac_print(i.mac, mac));
	return 0;
}

static int ifstatstext(Ether *e, Buf *b)
{
	Iface i;

	if (ether_link(e, &i) < 0)
		return -1;
	buf_printf(b, "type: %s\nmtu: %u\nup: %d\nbound: %d\nbytes in: %llu\nbytes out: %llu\nin errs: %llu\n",
		   i.kind[0] != '\0' ? i.kind : "hardware", i.mtu, i.up, e->bound, (unsigned long long)i.inbytes,
		   (unsigned long long)i.outbytes, (unsigned long long)i.inerr);
	return 0;
}

static int addrtext(Ether *e, Buf *b)
{
	char mac[MACTEXT];
	Iface i;

	if (ether_link(e, &i) < 0)
		return -1;
	buf_str(b, mac_print(i.mac, mac));
	return 0;
}

/* maketext fills a generated file when it is opened. */
static int maketext(Fid *f)
{
	Ether *e = ether(f);
	Buf *b = &((EFid *)f->aux)->text;
	int rc = 0;

	lock(&e->lk);
	switch (FILE_OF(f->qid)) {
	case Qaddr:
		rc = addrtext(e, b);
		break;
	case Qstats:
	case Qcstats:
		rc = statstext(e, b);
		break;
	case Qifstats:
	case Qcifstats:
		rc = ifstatstext(e, b);
		break;
	case Qtype:
		buf_printf(b, "%11d ", conv(f)->type);
		break;
	}
	unlock(&e->lk);
	return rc;
}

static const char *who(Ether *e, Req *r)
{
	return r->caller.pid != 0 ? kern_user(e->k, r->caller.uid) : r->fid->uid;
}

static int own(EtherConv *c, Req *r)
{
	Ether *e = r->srv->aux;

	if (c->inuse == 0) {
		free(c->owner);
		c->owner = mem_str(who(e, r));
		c->perm = 0660;
	}
	return kern_may(e->k, r, c->owner, c->perm, r->i.mode);
}

static int openclone(Req *r)
{
	Ether *e = r->srv->aux;

	for (int i = 0; i < NCONV; i++)
		if (e->conv[i].inuse == 0) {
			become(r->fid, mkqid(Qctl, i));
			return 0;
		}
	return errset(Enofreedev);
}

static void ether_open(Req *r)
{
	EFid *x = r->fid->aux;
	int file = FILE_OF(r->fid->qid);

	if (file == Qclone && openclone(r) < 0) {
		req_fail(r);
		return;
	}
	file = FILE_OF(r->fid->qid);
	if (file == Qctl || file == Qdata) {
		EtherConv *c = conv(r->fid);

		if (own(c, r) < 0) {
			req_fail(r);
			return;
		}
		c->inuse++;
		c->made = x->held = true;
	} else if (r->i.mode != OREAD) {
		req_err(r, Eperm);
		return;
	} else if (maketext(r->fid) < 0) {
		req_fail(r);
		return;
	}
	req_ok(r);
}

static void writectl(Req *r)
{
	Ether *e = r->srv->aux;
	autofree char *text = req_text(r);
	int rc = -1;

	if (text != NULL) {
		lock(&e->lk);
		rc = etherctl(e, conv(r->fid), text);
		unlock(&e->lk);
	}
	r->o.count = r->i.count;
	if (rc < 0)
		req_fail(r);
	else
		req_ok(r);
}

/* sendframe sends data as a frame from this device, unless bridged. */
static ssize_t sendframe(Ether *e, EtherConv *c, const char *data, u32 n)
{
	autofree u8 *p = NULL;
	Iface i;

	if (c->fd < 0)
		return errset(c->type != 0 ? Eshutdown : Ebadusefd);
	if (n < PACKET_HEAD)
		return errset(Etoosmall);
	if (n > PACKET_MAX)
		return errset(Etoobig);
	if (c->bridge)
		return packet_send(c->fd, (const u8 *)data, n);
	if (ether_link(e, &i) < 0)
		return -1;
	p = mem_try(n);
	if (p == NULL)
		return -1;
	memcpy(p, data, n);
	memcpy(p + MACLEN, i.mac, MACLEN);
	return packet_send(c->fd, p, n);
}

static void writedata(Req *r)
{
	Ether *e = r->srv->aux;
	EtherConv *c = conv(r->fid);
	ssize_t n;

	lock(&e->lk);
	n = sendframe(e, c, r->i.data, r->i.count);
	if (n == PACKET_AGAIN)
		req_poll(r, c->fd, POLLOUT, -1);
	unlock(&e->lk);
	if (n == PACKET_AGAIN)
		return;
	r->o.count = r->i.count;
	if (n < 0)
		req_fail(r);
	else
		req_ok(r);
}

static void ether_write(Req *r)
{
	switch (FILE_OF(r->fid->qid)) {
	case Qctl:
		writectl(r);
		break;
	case Qdata:
		writedata(r);
		break;
	default:
		req_err(r, Eperm);
	}
}

static ssize_t recvframe(EtherConv *c, char *buf, u32 room)
{
	if (c->fd < 0)
		return errset(c->type != 0 ? Eshutdown : Ebadusefd);
	if ((c->headersonly || c->type == -2) && room > HEADERS)
		room = HEADERS;
	return packet_recv(c->fd, (u8 *)buf, room);
}

static void readdata(Req *r)
{
	Ether *e = r->srv->aux;
	EtherConv *c = conv(r->fid);
	ssize_t n;

	lock(&e->lk); /* the descriptor may not change before the request is parked on it */
	n = recvframe(c, r->buf, r->i.count);
	if (n == PACKET_AGAIN)
		req_poll(r, c->fd, POLLIN, -1);
	unlock(&e->lk);
	if (n == PACKET_AGAIN)
		return;
	r->o.count = n < 0 ? 0 : (u32)n;
	if (n < 0)
		req_fail(r);
	else
		req_ok(r);
}

static void ether_read(Req *r)
{
	EFid *x = r->fid->aux;
	char num[16];

	if ((r->fid->qid.type & QTDIR) != 0) {
		req_readdir(r, gen);
		return;
	}
	switch (FILE_OF(r->fid->qid)) {
	case Qdata:
		readdata(r);
		break;
	case Qctl:
		snprintf(num, sizeof num, "%11d ", CONV_OF(r->fid->qid));
		req_readstr(r, num);
		break;
	default:
		req_readstr(r, buf_text(&x->text));
	}
}

static void ether_clunk(Fid *f)
{
	EFid *x = f->aux;

	if (x->held)
		etherctl_release(ether(f), conv(f));
	buf_free(&x->text);
	free(x);
}

static void ether_end(Srv *s)
{
	Ether *e = s->aux;

	for (int i = 0; i < NCONV; i++) {
		etherctl_shut(&e->conv[i]);
		free(e->conv[i].owner);
	}
	if (e->ns >= 0)
		close(e->ns);
	close(e->home);
	free(e);
}

const SrvOps ether_ops = {
	.attach = ether_attach, .walk1 = ether_walk1, .clone = ether_clone, .open = ether_open, .read = ether_read,
	.write = ether_write, .stat = ether_stat, .clunk = ether_clunk, .end = ether_end,
};
