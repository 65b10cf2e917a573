#include <inttypes.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <ninep/ninep.h>
#include "field.h"

#define F(kind, field) { kind, offsetof(Dir, field), 0, #field }

/* stat(5), after its size[2] */
static const Field fields[] = {
	F(KU16, type), F(KU32, dev), F(KQid, qid), F(KPerm, mode), F(KU32, atime), F(KU32, mtime),
	F(KU64, length), F(KStr, name), F(KStr, uid), F(KStr, gid), F(KStr, muid),
};

static i64 size(const Dir *d)
{
	i64 sum = 2;

	for (size_t i = 0; i < nelem(fields); i++) {
		i64 n = field_size(&fields[i], d);

		if (n < 0)
			return -1;
		sum += n;
	}
	return sum <= 0xFFFF ? sum : werrstr("stat record of %lld bytes is too large", (long long)sum);
}

u32 dir_size(const Dir *d)
{
	i64 n = size(d);

	return n < 0 ? 0 : (u32)n;
}

int dir_encode(const Dir *d, u8 *buf, u32 n)
{
	i64 len = size(d);
	Span w = { buf + 2, buf + n };

	if (len < 0)
		return -1;
	if (len > n)
		return werrstr("stat record of %lld bytes does not fit in %u", (long long)len, n);
	put_le16(buf, (u16)(len - 2));
	for (size_t i = 0; i < nelem(fields); i++)
		if (field_put(&fields[i], d, &w) < 0)
			return werrstr("stat record: %s", rerrstr());
	return (int)len;
}

int dir_decode(u8 *buf, u32 n, Dir *d)
{
	u32 len = n >= 2 ? le16(buf) + 2u : 0;
	Span r = { buf + 2, buf + len };

	if (len == 0 || len > n)
		return werrstr("stat record is cut short: %u of %u bytes", n, len);
	memset(d, 0, sizeof *d);
	for (size_t i = 0; i < nelem(fields); i++)
		if (field_get(&fields[i], d, &r) < 0)
			return werrstr("stat record: %s", rerrstr());
	if (r.p != r.end)
		return werrstr("stat record: %d bytes too many", (int)(r.end - r.p));
	return (int)len;
}

void dir_null(Dir *d)
{
	memset(d, 0xFF, sizeof *d);
	d->qid = (Qid){ .path = UINT64_MAX, .vers = UINT32_MAX, .type = 0xFF };
	d->name = d->uid = d->gid = d->muid = "";
}

char *dir_mode(char *s, u32 mode)
{
	static const char rwx[] = "rwxrwxrwx";

	s[0] = mode & DMDIR ? 'd' : mode & DMAUTH ? 'A' : mode & DMAPPEND ? 'a' : '-';
	s[1] = mode & DMEXCL ? 'l' : mode & DMTMP ? 't' : '-';
	for (int i = 0; i < 9; i++)
		s[2 + i] = mode & (1u << (8 - i)) ? rwx[i] : '-';
	s[11] = '\0';
	return s;
}

/* text stands in for a string that was never set */
static const char *text(const char *s)
{
	return s != NULL ? s : "";
}

void dir_print(Buf *b, const Dir *d)
{
	char mode[DIRMODESZ];

	buf_printf(b, "[%s] ", text(d->muid));
	field_print_qid(b, &d->qid);
	buf_printf(b, " %s %c %u %s %s %" PRIu64 " %u '%s'", dir_mode(mode, d->mode),
		   d->type > ' ' && d->type < 0x7F ? (char)d->type : '?', d->dev, text(d->uid), text(d->gid),
		   d->length, d->mtime, text(d->name));
}
