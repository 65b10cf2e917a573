/*
 * MetaEntry (big-endian): magic4 version2 elem[s] entry4,
 * [9: gen4 mentry4 mgen4] qid8 [7: skipped 20] uid[s] gid[s] mid[s]
 * mtime4 mcount4 ctime4 atime4 mode4, options (tag1 len2 data).
 */
#include <stdlib.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include <venti/meta.h>

enum { EntryMagic = 0x1c4d9072 };
enum { OptPlan9 = 1, OptNT = 2, OptQidspace = 3, OptGen = 4 };

/* what is left to read; bad once something did not fit */
typedef struct Src {
	const u8 *p;
	size_t n;
	bool bad;
} Src;

static const u8 *get(Src *s, size_t n)
{
	static const u8 none[20];
	const u8 *p = s->p;

	if (s->bad || s->n < n) {
		s->bad = true;
		return none;
	}
	s->p += n;
	s->n -= n;
	return p;
}

static u64 be64(const u8 *p) { return (u64)be32(p) << 32 | be32(p + 4); }
static u8 get8(Src *s) { return get(s, 1)[0]; }
static u16 get16(Src *s) { return be16(get(s, 2)); }
static u32 get32(Src *s) { return be32(get(s, 4)); }
static u64 get64(Src *s) { return be64(get(s, 8)); }

static char *get_str(Src *s)
{
	size_t n = get16(s);

	if (s->bad || n > s->n || n > METANAME || memchr(s->p, 0, n) != NULL) {
		s->bad = true;
		return mem_str("");
	}
	return mem_strn((const char *)get(s, n), n);
}

static void get_option(Src *s, VacDir *d, int version)
{
	int tag = get8(s);
	size_t n = get16(s);
	const u8 *data = get(s, n);
	Src o = { data, n, s->bad };

	if (tag == OptPlan9 && version < 9) {
		o.bad |= d->plan9 || n != 12;
		d->plan9 = true;
		d->p9path = get64(&o);
		d->p9version = get32(&o);
		if (d->mcount == 0)
			d->mcount = d->p9version;
	} else if (tag == OptQidspace) {
		o.bad |= d->qidspace || n != 16;
		d->qidspace = true;
		d->qidoffset = get64(&o);
		d->qidmax = get64(&o);
	}
	s->bad |= o.bad;
}

static void get_dir(Src *s, VacDir *d, int version)
{
	d->elem = get_str(s);
	d->entry = get32(s);
	d->mentry = d->entry + 1;
	if (version == 9) {
		d->gen = get32(s);
		d->mentry = get32(s);
		d->mgen = get32(s);
	}
	d->qid = get64(s);
	if (version == 7)
		get(s, 20);
	d->uid = get_str(s);
	d->gid = get_str(s);
	d->mid = get_str(s);
	d->mtime = get32(s);
	d->mcount = get32(s);
	d->ctime = get32(s);
	d->atime = get32(s);
	d->mode = get32(s);
}

int vacdir_unpack(VacDir *d, const u8 *p, size_t n)
{
	Src s = { p, n, false };
	u32 magic = get32(&s);
	int version = get16(&s);

	*d = (VacDir){ 0 };
	if (s.bad || magic != EntryMagic)
		return werrstr("damaged meta entry: no magic number");
	if (version < 7 || version > 9)
		return werrstr("meta entry of version %d: only 7, 8 and 9 are known", version);
	get_dir(&s, d, version);
	while (!s.bad && s.n > 0)
		get_option(&s, d, version);
	if (!s.bad)
		return 0;
	vacdir_clear(d);
	return werrstr("damaged meta entry: a string or an option does not fit");
}

int vacdir_get(VacDir *d, const MetaBlock *mb, u32 i)
{
	MetaEntry me;

	*d = (VacDir){ 0 };
	return meta_entry(mb, i, &me) < 0 ? -1 : vacdir_unpack(d, mb->buf + me.off, me.n);
}

size_t vacdir_size(const VacDir *d, int version)
{
	size_t n = 4 + 2 + 4 + 8 + 5 * 4 + 4 * 2;

	n += strlen(d->elem) + strlen(d->uid) + strlen(d->gid) + strlen(d->mid);
	if (version == 9)
		n += 3 * 4;
	else if (d->plan9)
		n += 3 + 12;
	if (version < 9 && d->gen != 0)
		n += 3 + 4;
	return n + (d->qidspace ? 3 + 16 : 0);
}

static u8 *put16(u8 *p, size_t v) { return put_be16(p, (u16)v), p + 2; }
static u8 *put32(u8 *p, u32 v) { return put_be32(p, v), p + 4; }
static u8 *put64(u8 *p, u64 v) { return put32(put32(p, (u32)(v >> 32)), (u32)v); }

static u8 *put_str(u8 *p, const char *s)
{
	size_t n = strlen(s);

	p = put16(p, n);
	memcpy(p, s, n);
	return p + n;
}

static u8 *put_option(u8 *p, int tag, size_t n)
{
	*p = (u8)tag;
	return put16(p + 1, n);
}

static u8 *put_options(u8 *p, const VacDir *d, int version)
{
	if (d->plan9 && version < 9)
		p = put32(put64(put_option(p, OptPlan9, 12), d->p9path), d->p9version);
	if (d->qidspace)
		p = put64(put64(put_option(p, OptQidspace, 16), d->qidoffset), d->qidmax);
	if (d->gen != 0 && version < 9)
		p = put32(put_option(p, OptGen, 4), d->gen);
	return p;
}

void vacdir_pack(const VacDir *d, int version, u8 *p)
{
	p = put_str(put16(put32(p, EntryMagic), (size_t)version), d->elem);
	p = put32(p, d->entry);
	if (version == 9)
		p = put32(put32(put32(p, d->gen), d->mentry), d->mgen);
	p = put64(p, d->qid);
	p = put_str(put_str(put_str(p, d->uid), d->gid), d->mid);
	p = put32(put32(p, d->mtime), d->mcount);
	p = put32(put32(put32(p, d->ctime), d->atime), d->mode);
	put_options(p, d, version);
}

void vacdir_copy(VacDir *dst, const VacDir *src)
{
	*dst = *src;
	dst->elem = mem_str(src->elem);
	dst->uid = mem_str(src->uid);
	dst->gid = mem_str(src->gid);
	dst->mid = mem_str(src->mid);
}

void vacdir_clear(VacDir *d)
{
	free(d->elem);
	free(d->uid);
	free(d->gid);
	free(d->mid);
	*d = (VacDir){ 0 };
}

bool vacdir_goodname(const char *elem)
{
	return elem[0] != 0 && strcmp(elem, ".") != 0 && strcmp(elem, "..") != 0 && strchr(elem, '/') == NULL;
}
