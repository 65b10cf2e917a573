/*
 * To add a message: its number in ninep.h, one row here, a vector in
 * t/vectors/9p/messages.txt.
 */
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <ninep/ninep.h>
#include "field.h"

enum { HDRSZ = 7 }; /* size[4] type[1] tag[2] */

typedef struct Msg {
	const char *name;
	Field f[7]; /* ends with KEnd */
} Msg;

#define F(kind, field) { kind, offsetof(Fcall, field), 0, #field }
#define N(kind, field, n) { kind, offsetof(Fcall, field), offsetof(Fcall, n), #field }
#define M(type, ...) [type - Tversion] = { #type, { __VA_ARGS__ } }

/* intro(5) */
static const Msg msgs[Tmax - Tversion] = {
	M(Tversion, F(KU32, msize), F(KStr, version)),
	M(Rversion, F(KU32, msize), F(KStr, version)),
	M(Tauth, F(KFid, afid), F(KStr, uname), F(KStr, aname)),
	M(Rauth, F(KQid, qid)),
	M(Tattach, F(KFid, fid), F(KFid, afid), F(KStr, uname), F(KStr, aname)),
	M(Rattach, F(KQid, qid)),
	M(Rerror, F(KText, ename)),
	M(Tflush, F(KU16, oldtag)),
	M(Rflush),
	M(Twalk, F(KFid, fid), F(KFid, newfid), F(KU16, nwname), N(KNames, wname, nwname)),
	M(Rwalk, F(KU16, nwqid), N(KQids, wqid, nwqid)),
	M(Topen, F(KFid, fid), F(KU8, mode)),
	M(Ropen, F(KQid, qid), F(KU32, iounit)),
	M(Tcreate, F(KFid, fid), F(KStr, name), F(KPerm, perm), F(KU8, mode)),
	M(Rcreate, F(KQid, qid), F(KU32, iounit)),
	M(Tread, F(KFid, fid), F(KU64, offset), F(KU32, count)),
	M(Rread, F(KU32, count), N(KData, data, count)),
	M(Twrite, F(KFid, fid), F(KU64, offset), F(KU32, count), N(KData, data, count)),
	M(Rwrite, F(KU32, count)),
	M(Tclunk, F(KFid, fid)),
	M(Rclunk),
	M(Tremove, F(KFid, fid)),
	M(Rremove),
	M(Tstat, F(KFid, fid)),
	M(Rstat, F(KU16, nstat), N(KStat, stat, nstat)),
	M(Twstat, F(KFid, fid), F(KU16, nstat), N(KStat, stat, nstat)),
	M(Rwstat),
};

const char *fcall_name(int type)
{
	return type >= Tversion && type < Tmax ? msgs[type - Tversion].name : NULL;
}

static const Msg *msg(int type)
{
	if (fcall_name(type) == NULL) {
		werrstr("unknown 9P message type %d", type);
		return NULL;
	}
	return &msgs[type - Tversion];
}

/* size is fcall_size with -1 and errstr for what cannot be sent */
static i64 size(const Msg *m, const Fcall *f)
{
	i64 sum = HDRSZ;

	for (const Field *d = m->f; d->kind != KEnd; d++) {
		i64 n = field_size(d, f);

		if (n < 0)
			return -1;
		sum += n;
	}
	return sum <= INT32_MAX ? sum : werrstr("%s of %lld bytes is too large", m->name, (long long)sum);
}

u32 fcall_size(const Fcall *f)
{
	const Msg *m = msg(f->type);
	i64 n = m != NULL ? size(m, f) : -1;

	return n < 0 ? 0 : (u32)n;
}

/* encode writes the whole message, or all but the data; it returns how much it wrote */
static int encode(const Fcall *f, u8 *buf, u32 n, bool withdata)
{
	const Msg *m = msg(f->type);
	i64 total = m != NULL ? size(m, f) : -1;
	i64 len = withdata ? total : total - f->count;
	Span w = { buf + HDRSZ, buf + n };

	if (total < 0)
		return -1;
	if (len > n)
		return werrstr("%s of %lld bytes does not fit in %u", m->name, (long long)len, n);
	put_le32(buf, (u32)total);
	buf[4] = f->type;
	put_le16(buf + 5, f->tag);
	for (const Field *d = m->f; d->kind != KEnd; d++)
		if ((withdata || d->kind != KData) && field_put(d, f, &w) < 0)
			return werrstr("%s: %s", m->name, rerrstr());
	return (int)len;
}

int fcall_encode(const Fcall *f, u8 *buf, u32 n)
{
	return encode(f, buf, n, true);
}

int fcall_head(const Fcall *f, u8 *buf, u32 n)
{
	if (f->type != Twrite && f->type != Rread)
		return errset(Ebadarg);
	return encode(f, buf, n, false);
}

int fcall_decode(u8 *buf, u32 n, Fcall *f)
{
	const Msg *m;
	u32 len = n >= HDRSZ ? le32(buf) : 0;
	Span r = { buf + HDRSZ, buf + len };

	if (len < HDRSZ || len > n || len > INT32_MAX)
		return werrstr("9P message of %u bytes says its size is %u", n, n >= 4 ? le32(buf) : 0);
	memset(f, 0, sizeof *f);
	f->type = buf[4];
	f->tag = le16(buf + 5);
	m = msg(f->type);
	if (m == NULL)
		return -1;
	for (const Field *d = m->f; d->kind != KEnd; d++)
		if (field_get(d, f, &r) < 0)
			return werrstr("%s: %s", m->name, rerrstr());
	if (r.p != r.end)
		return werrstr("%s: %d bytes too many", m->name, (int)(r.end - r.p));
	return (int)len;
}

static void print(Buf *b, const Fcall *f, bool brief)
{
	const char *name = fcall_name(f->type);

	if (name == NULL) {
		buf_printf(b, "type %u tag %u", f->type, f->tag);
		return;
	}
	buf_printf(b, "%s tag %u", name, f->tag);
	for (const Field *d = msgs[f->type - Tversion].f; d->kind != KEnd; d++)
		if (!brief || (d->kind != KData && d->kind != KStat))
			field_print(b, d, f);
}

void fcall_print(Buf *b, const Fcall *f)
{
	print(b, f, false);
}

void fcall_brief(Buf *b, const Fcall *f)
{
	print(b, f, true);
}
