#include <stdlib.h>
#include <base/err.h>
#include <base/mem.h>
#include "connpriv.h"

enum { FIDMAX = 1 << 20 };

static u32 hash(u32 id)
{
	return id * 2654435761u;
}

static u32 find(FidTab *t, u32 id)
{
	u32 i = hash(id);

	for (;; i++) {
		Fid *f = t->slot[i & (t->cap - 1)];

		if (f == NULL || f->id == id)
			return i & (t->cap - 1);
	}
}

static void grow(FidTab *t)
{
	FidTab old = *t;

	t->cap = old.cap ? old.cap * 2 : 16;
	t->slot = mem_array(t->cap, sizeof t->slot[0]);
	for (u32 i = 0; i < old.cap; i++)
		if (old.slot[i] != NULL)
			t->slot[find(t, old.slot[i]->id)] = old.slot[i];
	free(old.slot);
}

int fids_put(FidTab *t, Fid *f)
{
	u32 i;

	if (t->n >= FIDMAX)
		return errset(Ebusy);
	if (t->n * 2 >= t->cap)
		grow(t);
	i = find(t, f->id);
	if (t->slot[i] != NULL)
		return errset(Edupfid);
	t->slot[i] = f;
	t->n++;
	return 0;
}

Fid *fids_get(FidTab *t, u32 id)
{
	return t->cap == 0 ? NULL : t->slot[find(t, id)];
}

/* close up the run behind a freed slot, so that every search still ends at its fid */
static void closeup(FidTab *t, u32 hole)
{
	for (u32 i = (hole + 1) & (t->cap - 1); t->slot[i] != NULL; i = (i + 1) & (t->cap - 1)) {
		Fid *f = t->slot[i];

		t->slot[i] = NULL;
		t->slot[find(t, f->id)] = f;
	}
}

Fid *fids_del(FidTab *t, u32 id)
{
	u32 i;
	Fid *f;

	if (t->cap == 0)
		return NULL;
	i = find(t, id);
	f = t->slot[i];
	if (f == NULL)
		return NULL;
	t->slot[i] = NULL;
	t->n--;
	closeup(t, i);
	return f;
}

Fid *fids_any(FidTab *t)
{
	for (u32 i = 0; i < t->cap; i++)
		if (t->slot[i] != NULL)
			return fids_del(t, t->slot[i]->id);
	free(t->slot);
	*t = (FidTab){ 0 };
	return NULL;
}
