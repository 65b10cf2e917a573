#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <srv/srv.h>

void req_readbuf(Req *r, const void *p, size_t n)
{
	u64 off = r->i.offset;

	r->o.count = 0;
	if (off < n) {
		size_t m = n - off;

		r->o.count = m < r->i.count ? (u32)m : r->i.count;
		memcpy(r->buf, (const char *)p + off, r->o.count);
	}
	req_ok(r);
}

void req_readstr(Req *r, const char *s)
{
	req_readbuf(r, s, strlen(s));
}

void req_readdir(Req *r, int (*gen)(Req *r, int i, Dir *d))
{
	Fid *f = r->fid;
	u32 n = 0;

	if (r->i.offset == 0)
		f->dirindex = 0;
	for (;; f->dirindex++) {
		Dir d = { 0 };
		u32 size;

		if (gen(r, f->dirindex, &d) < 0)
			break;
		size = dir_size(&d);
		if (size > r->i.count - n) {
			/* Linux's client asks once more for what is left of its buffer: like lib9p, no entry is no error */
			if (n == 0 && r->i.offset == 0) {
				req_err(r, Etoosmall);
				return;
			}
			break;
		}
		if (dir_encode(&d, (u8 *)r->buf + n, r->i.count - n) < 0) {
			req_fail(r);
			return;
		}
		n += size;
	}
	r->o.count = n;
	req_ok(r);
}

char *req_text(Req *r)
{
	u32 n = r->i.count;

	while (n > 0 && r->i.data[n - 1] == '\n')
		n--;
	if (memchr(r->i.data, '\0', n) != NULL)
		return errnull(Ebadarg);
	return mem_strn(r->i.data, n);
}
