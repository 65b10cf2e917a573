/*
 * A string s[n] is decoded where it lies: its bytes move down over the
 * second byte of the count, which makes room for the NUL behind them.
 */
#include <inttypes.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/str.h>
#include <base/utf.h>
#include "field.h"

enum { QIDSZ = 13, DUMPMAX = 64 };

/* copy moves n bytes; n may be 0 with NULL pointers */
static void copy(void *to, const void *from, size_t n)
{
	if (n > 0)
		memcpy(to, from, n);
}

static const void *at(const Field *f, const void *st)
{
	return (const char *)st + f->off;
}

static u32 count(const Field *f, const void *st)
{
	const char *p = (const char *)st + f->cnt;
	u16 n;
	u32 m;

	if (f->kind == KData) {
		memcpy(&m, p, sizeof m);
		return m;
	}
	memcpy(&n, p, sizeof n);
	return n;
}

static i64 str_size(const Field *f, const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;

	if (n > 0xFFFF)
		return werrstr("%s of %zu bytes is too long for 9P", f->name, n);
	return (i64)n + 2;
}

static i64 names_size(const Field *f, const char *const *s, u32 n)
{
	i64 sum = 0;

	for (u32 i = 0; i < n; i++) {
		i64 k = str_size(f, s[i]);

		if (k < 0)
			return -1;
		sum += k;
	}
	return sum;
}

i64 field_size(const Field *f, const void *st)
{
	u32 n;

	switch ((FieldKind)f->kind) {
	case KEnd:
		return 0;
	case KU8:
		return 1;
	case KU16:
		return 2;
	case KU32:
	case KFid:
	case KPerm:
		return 4;
	case KU64:
		return 8;
	case KQid:
		return QIDSZ;
	case KStr:
	case KText:
		return str_size(f, *(const char *const *)at(f, st));
	case KData:
	case KStat:
		return count(f, st);
	case KNames:
	case KQids:
		n = count(f, st);
		if (n > MAXWELEM)
			return werrstr("%u walk elements are more than %d", n, MAXWELEM);
		return f->kind == KQids ? QIDSZ * (i64)n : names_size(f, at(f, st), n);
	}
	return 0;
}

static void put_int(Span *w, u64 v, int n)
{
	for (int i = 0; i < n; i++)
		*w->p++ = (u8)(v >> 8 * i);
}

/* textual replaces what is not UTF-8 by question marks */
static void textual(char *s, size_t n)
{
	Rune r;

	for (size_t i = 0; i < n;) {
		int len = utf_get(&r, s + i, n - i);

		if (r == Runeerror && len == 1)
			s[i] = '?';
		i += (size_t)len;
	}
}

static int put_str(const Field *f, const char *s, Span *w)
{
	size_t n = s != NULL ? strlen(s) : 0;

	put_int(w, n, 2);
	copy(w->p, s, n);
	if (f->kind == KText)
		textual((char *)w->p, n);
	else if (!utf_valid((char *)w->p, n))
		return werrstr("bad string in %s: not UTF-8", f->name);
	w->p += n;
	return 0;
}

static void put_qid(const Qid *q, Span *w)
{
	put_int(w, q->type, 1);
	put_int(w, q->vers, 4);
	put_int(w, q->path, 8);
}

static void put_bytes(const void *p, u32 n, Span *w)
{
	copy(w->p, p, n);
	w->p += n;
}

int field_put(const Field *f, const void *st, Span *w)
{
	const void *p = at(f, st);

	switch ((FieldKind)f->kind) {
	case KEnd:
		break;
	case KU8:
		put_int(w, *(const u8 *)p, 1);
		break;
	case KU16:
		put_int(w, *(const u16 *)p, 2);
		break;
	case KU32:
	case KFid:
	case KPerm:
		put_int(w, *(const u32 *)p, 4);
		break;
	case KU64:
		put_int(w, *(const u64 *)p, 8);
		break;
	case KQid:
		put_qid(p, w);
		break;
	case KStr:
	case KText:
		return put_str(f, *(const char *const *)p, w);
	case KData:
		put_bytes(*(char *const *)p, count(f, st), w);
		break;
	case KStat:
		put_bytes(*(u8 *const *)p, count(f, st), w);
		break;
	case KNames:
		for (u32 i = 0; i < count(f, st); i++)
			if (put_str(f, ((const char *const *)p)[i], w) < 0)
				return -1;
		break;
	case KQids:
		for (u32 i = 0; i < count(f, st); i++)
			put_qid((const Qid *)p + i, w);
		break;
	}
	return 0;
}

/* need takes n bytes from r */
static u8 *need(const Field *f, Span *r, size_t n)
{
	u8 *p = r->p;

	if ((size_t)(r->end - p) < n) {
		werrstr("too short for %s", f->name);
		return NULL;
	}
	r->p += n;
	return p;
}

static int get_str(const Field *f, const char **s, Span *r)
{
	u8 *p = need(f, r, 2);
	u16 n;

	if (p == NULL)
		return -1;
	n = le16(p);
	if (need(f, r, n) == NULL)
		return -1;
	memmove(p + 1, p + 2, n);
	p[n + 1] = '\0';
	*s = (const char *)p + 1;
	if (!utf_valid(*s, n))
		return werrstr("bad string in %s", f->name);
	return 0;
}

static int get_qid(const Field *f, Qid *q, Span *r)
{
	const u8 *p = need(f, r, QIDSZ);

	if (p == NULL)
		return -1;
	*q = (Qid){ .type = p[0], .vers = le32(p + 1), .path = le64(p + 5) };
	return 0;
}

static int get_elems(const Field *f, void *p, u32 n, Span *r)
{
	if (n > MAXWELEM)
		return werrstr("%u walk elements are more than %d", n, MAXWELEM);
	for (u32 i = 0; i < n; i++)
		if ((f->kind == KNames ? get_str(f, (const char **)p + i, r) : get_qid(f, (Qid *)p + i, r)) < 0)
			return -1;
	return 0;
}

static int get_bytes(const Field *f, void *st, Span *r)
{
	u8 *bytes = need(f, r, count(f, st));
	char *p = (char *)st + f->off;

	if (bytes == NULL)
		return -1;
	if (f->kind == KData)
		*(char **)(void *)p = (char *)bytes;
	else
		*(u8 **)(void *)p = bytes;
	return 0;
}

static int get_int(const Field *f, void *p, Span *r)
{
	const u8 *b = need(f, r, f->kind == KU8 ? 1 : f->kind == KU16 ? 2 : f->kind == KU64 ? 8 : 4);

	if (b == NULL)
		return -1;
	if (f->kind == KU8)
		*(u8 *)p = b[0];
	else if (f->kind == KU16)
		*(u16 *)p = le16(b);
	else if (f->kind == KU64)
		*(u64 *)p = le64(b);
	else
		*(u32 *)p = le32(b);
	return 0;
}

int field_get(const Field *f, void *st, Span *r)
{
	void *p = (char *)st + f->off;

	switch ((FieldKind)f->kind) {
	case KStr:
	case KText:
		return get_str(f, p, r);
	case KQid:
		return get_qid(f, p, r);
	case KData:
	case KStat:
		return get_bytes(f, st, r);
	case KNames:
	case KQids:
		return get_elems(f, p, count(f, st), r);
	case KEnd:
		return 0;
	default:
		return get_int(f, p, r);
	}
}

void field_print_qid(Buf *b, const Qid *q)
{
	buf_printf(b, "(%016" PRIx64 " %u %s%s%s%s)", q->path, q->vers, q->type & QTDIR ? "d" : "",
		   q->type & QTAPPEND ? "a" : "", q->type & QTEXCL ? "l" : "", q->type & QTAUTH ? "A" : "");
}

static bool printable(const u8 *p, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if ((p[i] < ' ' && p[i] != '\n' && p[i] != '\t') || p[i] >= 0x7F)
			return false;
	return true;
}

/* print_data appends the beginning of p[n], as text with \n and \t or in hexadecimal */
static void print_data(Buf *b, const u8 *p, u32 n)
{
	u32 some = n < DUMPMAX ? n : DUMPMAX;
	bool text = printable(p, some);

	buf_ch(b, '\'');
	for (u32 i = 0; i < some; i++)
		if (!text)
			buf_printf(b, "%02x", p[i]);
		else if (p[i] < ' ')
			buf_str(b, p[i] == '\n' ? "\\n" : "\\t");
		else
			buf_ch(b, p[i]);
	buf_str(b, some < n ? "'..." : "'");
}

static void print_stat(Buf *b, const u8 *p, u32 n)
{
	u8 own[0xFFFF];
	Dir d;

	copy(own, p, n);
	if (dir_decode(own, n, &d) == (int)n)
		dir_print(b, &d);
	else
		print_data(b, p, n);
}

static void print_elems(Buf *b, const Field *f, const void *p, u32 n)
{
	for (u32 i = 0; i < n && i < MAXWELEM; i++) {
		buf_printf(b, " %u:", i);
		if (f->kind == KNames)
			buf_str(b, ((const char *const *)p)[i]);
		else
			field_print_qid(b, (const Qid *)p + i);
	}
}

static void print_value(Buf *b, const Field *f, const void *st)
{
	const void *p = at(f, st);
	const char *s;
	char perm[DIRMODESZ];

	switch ((FieldKind)f->kind) {
	case KU8:
		buf_printf(b, "%u", *(const u8 *)p);
		break;
	case KU16:
		buf_printf(b, "%u", *(const u16 *)p);
		break;
	case KU32:
		buf_printf(b, "%u", *(const u32 *)p);
		break;
	case KU64:
		buf_printf(b, "%" PRIu64, *(const u64 *)p);
		break;
	case KFid:
		buf_printf(b, "%" PRId64, *(const u32 *)p == NOFID ? (i64)-1 : (i64) * (const u32 *)p);
		break;
	case KPerm:
		buf_str(b, dir_mode(perm, *(const u32 *)p));
		break;
	case KQid:
		field_print_qid(b, p);
		break;
	case KStr:
	case KText:
		s = *(const char *const *)p;
		buf_printf(b, "'%s'", s != NULL ? s : "");
		break;
	case KData:
		print_data(b, *(u8 *const *)p, count(f, st));
		break;
	case KStat:
		print_stat(b, *(u8 *const *)p, count(f, st));
		break;
	default:
		break;
	}
}

void field_print(Buf *b, const Field *f, const void *st)
{
	if (f->kind == KNames || f->kind == KQids) {
		print_elems(b, f, at(f, st), count(f, st));
		return;
	}
	if (f->kind == KData || f->kind == KStat)
		buf_ch(b, ' ');
	else
		buf_printf(b, " %s ", f->name);
	print_value(b, f, st);
}
