/* What the parser accepts can be searched for, and every pair is found again. */
#include <stdlib.h>
#include <base/ndb.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	Ndb *db = n < 65536 ? ndb_parse((const char *)data, n, "fuzz") : NULL;

	for (int i = 0; db != NULL && i < ndb_count(db); i++) {
		const NdbEntry *e = ndb_entry(db, i);

		if (e->npair == 0)
			abort();
		for (int j = 0; j < e->npair && j < 8; j++)
			if (ndb_get(e, e->pair[j].attr) == NULL ||
			    ndb_next(db, i - 1, e->pair[j].attr, e->pair[j].val) != i)
				abort();
	}
	ndb_free(db);
	return 0;
}
