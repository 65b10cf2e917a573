/*
 * A Field is one field of a message or stat record: how it looks on the
 * wire and where it is in the C struct.  Fcall and Dir are tables of them.
 */
#ifndef NINEP_FIELD_H
#define NINEP_FIELD_H

#include <base/buf.h>
#include <base/u.h>
#include <ninep/ninep.h>

typedef enum FieldKind {
	KEnd,
	KU8,
	KU16,
	KU32,
	KU64,
	KFid,   /* u32, printed with NOFID as -1 */
	KPerm,  /* u32, printed as d-rwxr-xr-x */
	KStr,   /* n[2] s[n] => const char * */
	KText,  /* KStr that is always sendable: bad UTF-8 goes out as ? */
	KQid,   /* type[1] vers[4] path[8] => Qid */
	KData,  /* u32 count of bytes => char * */
	KStat,  /* u16 count of bytes => u8 * */
	KNames, /* u16 count of KStr => const char *[MAXWELEM] */
	KQids,  /* u16 count of KQid => Qid[MAXWELEM] */
} FieldKind;

typedef struct Field {
	u8 kind;
	u16 off;     /* in the struct */
	u16 cnt;     /* where the count of a KData, KStat, KNames or KQids is: an earlier field */
	const char *name;
} Field;

/* the bytes being written or read */
typedef struct Span {
	u8 *p, *end;
} Span;

/* field_size returns the bytes f of struct st takes, or -1 if it cannot be sent (errstr). */
i64 field_size(const Field *f, const void *st) must_use;

/* field_put writes f of st to w, where there is room; -1 if it cannot be sent. */
int field_put(const Field *f, const void *st, Span *w) must_use;

/* field_get reads f from r, in place, into st; -1 if it is not well formed. */
int field_get(const Field *f, void *st, Span *r) must_use;

/* field_print appends " name value". */
void field_print(Buf *b, const Field *f, const void *st);

/* field_print_qid appends (path vers type). */
void field_print_qid(Buf *b, const Qid *q);

#endif
