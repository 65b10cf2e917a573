/*
 * To add a message: its number in msg.h and one row here.
 *
 * A read's count is two bytes, or four if it does not fit in them: the length
 * of the message tells which.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <venti/msg.h>

typedef enum Kind { KEnd, KU8, KType, KPad, KStr, KBytes, KScore, KCount, KData } Kind;

typedef struct Field {
	Kind kind;
	size_t off, noff;
	const char *name;
} Field;

typedef struct Row {
	const char *name;
	Field f[7]; /* ends with KEnd */
} Row;

typedef struct Span {
	u8 *p, *end;
} Span;

#define F(kind, field) { kind, offsetof(Msg, field), 0, #field }
#define N(kind, field, n) { kind, offsetof(Msg, field), offsetof(Msg, n), #field }
#define PAD(n) { KPad, n, 0, NULL }

static const Row rows[] = {
	[MsgError] = { "Rerror", { F(KStr, text) } },
	[MsgPing] = { "Tping", { { KEnd } } },
	[MSG_R(MsgPing)] = { "Rping", { { KEnd } } },
	[MsgHello] = { "Thello",
		       { F(KStr, text), F(KStr, uid), F(KU8, strength), N(KBytes, cryptos, ncryptos),
			 N(KBytes, codecs, ncodecs) } },
	[MSG_R(MsgHello)] = { "Rhello", { F(KStr, text), F(KU8, crypto), F(KU8, codec) } },
	[MsgGoodbye] = { "Tgoodbye", { { KEnd } } },
	[MsgRead] = { "Tread", { F(KScore, score), F(KType, blocktype), PAD(1), F(KCount, count) } },
	[MSG_R(MsgRead)] = { "Rread", { N(KData, data, n) } },
	[MsgWrite] = { "Twrite", { F(KType, blocktype), PAD(3), N(KData, data, n) } },
	[MSG_R(MsgWrite)] = { "Rwrite", { F(KScore, score) } },
	[MsgSync] = { "Tsync", { { KEnd } } },
	[MSG_R(MsgSync)] = { "Rsync", { { KEnd } } },
};

static u32 lenfield(int vers) { return vers == Vers02 ? 2 : 4; }
static const u8 *u8at(const Msg *m, size_t off) { return (const u8 *)m + off; }
static const void *ptrat(const Msg *m, size_t off) { return *(const void *const *)(const void *)((const u8 *)m + off); }

const char *msg_name(int type)
{
	return type > 0 && (size_t)type < nelem(rows) ? rows[type].name : NULL;
}

static const Row *row(int type)
{
	if (msg_name(type) != NULL)
		return &rows[type];
	werrstr("unknown venti message type %d", type);
	return NULL;
}

i64 msg_frame(int vers, const u8 *p, size_t n)
{
	u32 head = lenfield(vers), len;

	if (n < head)
		return 0;
	len = head == 2 ? be16(p) : be32(p);
	if (len < 2 || len > MSGMAX)
		return werrstr("venti message of %u bytes, between 2 and %d are allowed", len, MSGMAX);
	return (i64)head + len;
}

static size_t strsize(const char *s) { return 2 + (s != NULL ? strlen(s) : 0); }

/* field_size returns the bytes of one field of m */
static size_t field_size(const Field *d, const Msg *m)
{
	switch (d->kind) {
	case KU8:
	case KType:
		return 1;
	case KPad:
		return d->off;
	case KStr:
		return strsize(ptrat(m, d->off));
	case KBytes:
		return 1 + (size_t)*u8at(m, d->noff);
	case KScore:
		return SCORE;
	case KCount:
		return m->count > 0xffff ? 4 : 2;
	case KData:
		return m->n;
	case KEnd:
		break;
	}
	return 0;
}

u32 msg_size(int vers, const Msg *m)
{
	const Row *r = row(m->type);
	size_t sum = 2;

	if (r == NULL)
		return 0;
	for (const Field *d = r->f; d->kind != KEnd; d++) {
		size_t n = field_size(d, m);

		if (d->kind == KStr && n > 2 + MSGSTR) {
			werrstr("%s: %s of more than %d bytes", r->name, d->name, MSGSTR);
			return 0;
		}
		sum += n;
	}
	if (sum > MSGMAX) {
		werrstr("%s of %zu bytes is larger than %d", r->name, sum, MSGMAX);
		return 0;
	}
	return lenfield(vers) + (u32)sum;
}

static u8 *put_bytes(u8 *p, const void *from, size_t n)
{
	if (n > 0)
		memcpy(p, from, n);
	return p + n;
}

/* put writes one field at p, which has room for it, and returns where the next goes */
static u8 *put(const Field *d, const Msg *m, u8 *p)
{
	size_t n = field_size(d, m);

	switch (d->kind) {
	case KU8:
	case KType:
		*p = *u8at(m, d->off);
		break;
	case KPad:
		memset(p, 0, n);
		break;
	case KStr:
		put_be16(p, (u16)(n - 2));
		return put_bytes(p + 2, ptrat(m, d->off), n - 2);
	case KBytes:
		*p = (u8)(n - 1);
		return put_bytes(p + 1, ptrat(m, d->off), n - 1);
	case KScore:
		memcpy(p, u8at(m, d->off), SCORE);
		break;
	case KCount:
		if (n == 2)
			put_be16(p, (u16)m->count);
		else
			put_be32(p, m->count);
		break;
	case KData:
		return put_bytes(p, m->data, n);
	case KEnd:
		break;
	}
	return p + n;
}

static int encode(int vers, const Msg *m, u8 *p, size_t n, bool withdata)
{
	const Row *r = row(m->type);
	u32 total = msg_size(vers, m), head = lenfield(vers), len = withdata ? total : total - m->n;

	if (total == 0)
		return -1;
	if (len > n)
		return werrstr("%s of %u bytes does not fit in %zu", r->name, len, n);
	if (head == 2)
		put_be16(p, (u16)(total - head));
	else
		put_be32(p, total - head);
	p += head;
	*p++ = m->type;
	*p++ = m->tag;
	for (const Field *d = r->f; d->kind != KEnd; d++)
		if (withdata || d->kind != KData)
			p = put(d, m, p);
	return (int)len;
}

int msg_encode(int vers, const Msg *m, u8 *p, size_t n) { return encode(vers, m, p, n, true); }

int msg_head(int vers, const Msg *m, u8 *p, size_t n)
{
	if (m->type != MsgWrite && m->type != MSG_R(MsgRead))
		return werrstr("msg_head: %s has no data", msg_name(m->type));
	return encode(vers, m, p, n, false);
}

/* get_str takes a string, moves it over its length field and ends it with a NUL */
static int get_str(Span *r, const char **s)
{
	u32 n;

	if (r->end - r->p < 2)
		return -1;
	n = be16(r->p);
	if (n > MSGSTR || n > r->end - r->p - 2 || memchr(r->p + 2, 0, n) != NULL)
		return -1;
	memmove(r->p, r->p + 2, n);
	r->p[n] = 0;
	*s = (const char *)r->p;
	r->p += 2 + n;
	return 0;
}

static int get_bytes(Span *r, u8 *n, const u8 **b)
{
	if (r->p == r->end || *r->p > r->end - r->p - 1)
		return -1;
	*n = *r->p;
	*b = r->p + 1;
	r->p += 1 + *n;
	return 0;
}

/* take copies n bytes if there are so many */
static int take(Span *r, void *to, size_t n)
{
	if ((size_t)(r->end - r->p) < n)
		return -1;
	if (to != NULL)
		memcpy(to, r->p, n);
	r->p += n;
	return 0;
}

static int get_count(Span *r, u32 *count)
{
	if (r->end - r->p == 4)
		*count = be32(r->p);
	else if (r->end - r->p == 2)
		*count = be16(r->p);
	else
		return -1;
	r->p = r->end;
	return 0;
}

static int get(const Field *d, Msg *m, Span *r)
{
	u8 *at = (u8 *)m + d->off;

	switch (d->kind) {
	case KU8:
	case KType:
		return take(r, at, 1);
	case KPad:
		return take(r, NULL, d->off);
	case KStr:
		return get_str(r, (const char **)(void *)at);
	case KBytes:
		return get_bytes(r, (u8 *)m + d->noff, (const u8 **)(void *)at);
	case KScore:
		return take(r, at, SCORE);
	case KCount:
		return get_count(r, &m->count);
	case KData:
		m->data = r->p;
		m->n = (u32)(r->end - r->p);
		r->p = r->end;
		break;
	case KEnd:
		break;
	}
	return 0;
}

int msg_decode(int vers, u8 *p, size_t n, Msg *m)
{
	u32 head = lenfield(vers);
	i64 len = msg_frame(vers, p, n);
	const Row *row_;
	Span r;

	memset(m, 0, sizeof *m);
	if (len < 0)
		return -1;
	if (len == 0 || (size_t)len != n)
		return werrstr("venti frame of %zu bytes says its size is %" PRIi64, n, len);
	m->type = p[head];
	m->tag = p[head + 1];
	row_ = row(m->type);
	if (row_ == NULL)
		return -1;
	r = (Span){ p + head + 2, p + n };
	for (const Field *d = row_->f; d->kind != KEnd; d++)
		if (get(d, m, &r) < 0)
			return werrstr("%s: %s is cut short, too long or not text", row_->name, d->name != NULL ? d->name : "it");
	if (r.p != r.end)
		return werrstr("%s: %zd bytes too many", row_->name, (ssize_t)(r.end - r.p));
	return 0;
}

static void print_text(Buf *b, const char *s)
{
	buf_ch(b, '\'');
	for (; s != NULL && *s != '\0'; s++)
		buf_ch(b, (u8)*s < ' ' || *s == 0x7f ? '?' : *s);
	buf_ch(b, '\'');
}

static void print_field(Buf *b, const Field *d, const Msg *m)
{
	char hex[SCORETEXT];

	if (d->kind != KPad && d->kind != KScore)
		buf_printf(b, " %s ", d->kind == KType ? "type" : d->name);
	switch (d->kind) {
	case KU8:
	case KType:
		buf_printf(b, "%d", *u8at(m, d->off));
		break;
	case KStr:
		print_text(b, ptrat(m, d->off));
		break;
	case KBytes:
		buf_printf(b, "%d", *u8at(m, d->noff));
		break;
	case KScore:
		buf_printf(b, " %s", score_print(&m->score, hex));
		break;
	case KCount:
		buf_printf(b, "%u", m->count);
		break;
	case KData:
		buf_printf(b, "%u", m->n);
		break;
	case KPad:
	case KEnd:
		break;
	}
}

void msg_print(Buf *b, const Msg *m)
{
	const Row *r = row(m->type);

	if (r == NULL) {
		buf_printf(b, "message of type %d tag %d", m->type, m->tag);
		return;
	}
	buf_printf(b, "%s tag %d", r->name, m->tag);
	for (const Field *d = r->f; d->kind != KEnd; d++)
		print_field(b, d, m);
}
