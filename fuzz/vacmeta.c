/* A meta block that unpacks: its entries that unpack pack again to what unpacks to the same, and can take one more. */
#include <stdlib.h>
#include <string.h>
#include <venti/meta.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void again(const VacDir *d)
{
	static u8 p[8 * METANAME];
	VacDir e;

	vacdir_pack(d, 9, p);
	if (vacdir_unpack(&e, p, vacdir_size(d, 9)) < 0 || strcmp(e.elem, d->elem) != 0 || strcmp(e.mid, d->mid) != 0 ||
	    e.mode != d->mode || e.qid != d->qid || e.qidmax != d->qidmax)
		abort();
	vacdir_clear(&e);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	u8 *buf;
	MetaBlock mb;
	VacDir d;

	if (n > 9000)
		return 0;
	buf = malloc(n + 1);
	memcpy(buf, data, n);
	if (meta_unpack(&mb, buf, n) == 0 && mb.buf != NULL)
		for (u32 i = 0; i < mb.n; i++)
			if (vacdir_get(&d, &mb, i) == 0) {
				MetaEntry me;
				u32 at;

				again(&d);
				(void)!meta_search(&mb, d.elem, &at, &me);
				if (mb.n < 100 && vacdir_size(&d, METAVERS) < 4000)
					(void)!meta_change(&mb, &d);
				vacdir_clear(&d);
			}
	free(buf);
	return 0;
}
