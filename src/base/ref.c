/*
 * The ledger: one counter per kind of thing, in a small table that is only
 * ever added to.  Kinds are constant strings, compared by text because two
 * files may spell the same kind.
 */
#include <stdio.h>
#include <string.h>
#include <base/lock.h>
#include <base/ref.h>

enum { NKIND = 64 };

static struct {
	const char *kind;
	long n; /* atomic */
} ledger[NKIND];
static Lock lk = LOCK_INIT(RankLeaf + 1); /* protects the adding of kinds */

static long *slot(const char *kind)
{
	for (int i = 0; i < NKIND; i++) {
		const char *k = __atomic_load_n(&ledger[i].kind, __ATOMIC_ACQUIRE);

		if (k == NULL) {
			lock(&lk);
			if (ledger[i].kind == NULL)
				__atomic_store_n(&ledger[i].kind, kind, __ATOMIC_RELEASE);
			k = ledger[i].kind;
			unlock(&lk);
		}
		if (k == kind || strcmp(k, kind) == 0)
			return &ledger[i].n;
	}
	return NULL;
}

static void count(const char *kind, int by)
{
	long *n = slot(kind);

	if (n != NULL)
		__atomic_add_fetch(n, by, __ATOMIC_RELAXED);
}

void ref_init(Ref *r, const char *kind)
{
	r->n = 1;
	r->kind = kind;
	count(kind, 1);
}

void ref_take(Ref *r)
{
	__atomic_add_fetch(&r->n, 1, __ATOMIC_RELAXED);
}

bool ref_drop(Ref *r)
{
	if (__atomic_sub_fetch(&r->n, 1, __ATOMIC_ACQ_REL) > 0)
		return false;
	count(r->kind, -1);
	return true;
}

long ref_live(const char *kind)
{
	long sum = 0;

	for (int i = 0; i < NKIND && ledger[i].kind != NULL; i++)
		if (kind == NULL || strcmp(ledger[i].kind, kind) == 0)
			sum += __atomic_load_n(&ledger[i].n, __ATOMIC_RELAXED);
	return sum;
}

long ref_report(int fd)
{
	for (int i = 0; i < NKIND && ledger[i].kind != NULL; i++)
		if (ledger[i].n != 0)
			dprintf(fd, "%s %ld\n", ledger[i].kind, ledger[i].n);
	return ref_live(NULL);
}
