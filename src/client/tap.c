#include <stdlib.h>
#include <string.h>
#include <base/buf.h>
#include <base/lock.h>
#include <base/mem.h>
#include <base/ref.h>
#include <client/tap.h>
#include <os/clock.h>

enum { TAPMAX = 128 * 1024 }; /* bytes; twice as many now and then */

struct Tap {
	Ref ref;
	bool on; /* atomic */
	Lock lk; /* protects text */
	Buf text;
};

Tap *tap_new(void)
{
	Tap *t = mem_new(sizeof *t);

	ref_init(&t->ref, "Tap");
	lock_init(&t->lk, RankLeaf);
	return t;
}

Tap *tap_take(Tap *t)
{
	if (t != NULL)
		ref_take(&t->ref);
	return t;
}

void tap_drop(Tap *t)
{
	if (t == NULL || !ref_drop(&t->ref))
		return;
	buf_free(&t->text);
	free(t);
}

void tap_set(Tap *t, bool on)
{
	__atomic_store_n(&t->on, on, __ATOMIC_RELAXED);
}

void tap_clear(Tap *t)
{
	lock(&t->lk);
	buf_free(&t->text);
	t->text = (Buf){ 0 };
	unlock(&t->lk);
}

/* trim forgets the older half, whole lines. */
static void trim(Buf *b)
{
	char *nl = memchr(b->p + b->n - TAPMAX, '\n', TAPMAX);

	buf_cut(b, nl != NULL ? (size_t)(nl + 1 - b->p) : b->n);
}

void tap_put(Tap *t, const char *way, const Fcall *f)
{
	i64 now;

	if (!__atomic_load_n(&t->on, __ATOMIC_RELAXED))
		return;
	now = clock_wallns() / 1000000;
	lock(&t->lk);
	buf_printf(&t->text, "%lld.%03d %s ", (long long)(now / 1000), (int)(now % 1000), way);
	fcall_brief(&t->text, f);
	buf_ch(&t->text, '\n');
	if (t->text.n > 2 * TAPMAX)
		trim(&t->text);
	unlock(&t->lk);
}

char *tap_text(Tap *t)
{
	char *s;

	lock(&t->lk);
	s = mem_strn(t->text.n > 0 ? t->text.p : "", t->text.n);
	unlock(&t->lk);
	return s;
}
