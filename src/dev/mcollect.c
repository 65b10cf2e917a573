/*
 * What is freed of the mount objects, and when: see mobj.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mtab.h>
#include <os/clock.h>
#include <os/procinfo.h>
#include <os/thread.h>
#include <srv/later.h>
#include "mobjpriv.h"

enum {
	YOUNGMS = 300000, /* for what was restored: init renews the mounts meanwhile */
	SETTLEMS = 1000,  /* between collections, and twenty times what the last one took */
	SCANSHARE = 20,
	IDLEMS = 20000,
	MAXNS = 4096,
};

static bool member_of(const Obj *o, u32 id)
{
	char pre[24];
	size_t n = (size_t)snprintf(pre, sizeof pre, "M/%u", id);

	for (int i = 0; i < o->n; i++)
		if (o->m[i].path != NULL && strncmp(o->m[i].path, pre, n) == 0 &&
		    (o->m[i].path[n] == '\0' || o->m[i].path[n] == '/'))
			return true;
	return false;
}

typedef struct Scan {
	Mobj *t;
	char *ns[MAXNS];
	int n;
	bool full;
} Scan;

static void mark_mount(Mobj *t, const Mount *m)
{
	char dev[32];
	bool ours;

	snprintf(dev, sizeof dev, "%u:%u", m->major, m->minor);
	ours = strcmp(dev, t->dev) == 0;
	if (ours && str_prefix(m->root, "/M/")) {
		Obj *o = mobj_get(t, (u32)strtoul(m->root + 3, NULL, 10));

		if (o != NULL)
			o->seen = true;
	}
	list_each (l, &t->binds) {
		Bind *j = list_item(l, Bind, link);

		if (strcmp(j->point, m->point) == 0 && strcmp(j->root, m->root) == 0 &&
		    strcmp(j->dev, ours ? "#" : dev) == 0)
			j->seen = true;
	}
}

/* unread: the table of pid, whose name space is the last of s, could not be read. */
static void unread(Scan *s, u32 pid)
{
	autofree char *ns = proc_link(pid, "ns/mnt");

	if (ns != NULL)
		s->full = true; /* what it shows is not known: nothing may go */
	else
		free(s->ns[--s->n]); /* it has ended; another process may show the same name space */
}

static void scan_process(void *arg, u32 pid)
{
	Scan *s = arg;
	char *ns = proc_link(pid, "ns/mnt");
	Mounts *t;

	if (ns == NULL)
		return;
	for (int i = 0; i < s->n; i++)
		if (strcmp(s->ns[i], ns) == 0) {
			free(ns);
			return;
		}
	if (s->n == MAXNS) {
		s->full = true;
		free(ns);
		return;
	}
	s->ns[s->n++] = ns;
	t = mtab_read(pid);
	if (t == NULL) {
		unread(s, pid);
		return;
	}
	for (int i = 0; i < t->n; i++)
		mark_mount(s->t, &t->m[i]);
	mounts_free(t);
}

static void sweep(Mobj *t)
{
	i64 old = clock_ms() - YOUNGMS;

	list_each (l, &t->objs) {
		Obj *o = list_item(l, Obj, link);

		if (o->seen || o->held > 0 || o->born > old)
			list_each (m, &t->objs)
				if (member_of(o, list_item(m, Obj, link)->id))
					list_item(m, Obj, link)->seen = true;
	}
	list_each (l, &t->objs) {
		Obj *o = list_item(l, Obj, link);

		if (!o->seen && o->held == 0 && o->born <= old)
			mobj_forget(t, o);
	}
	list_each (l, &t->binds) {
		Bind *j = list_item(l, Bind, link);

		if (!j->seen && j->born <= old) {
			bind_free(j);
			t->nbind--;
		}
	}
}

/* collect frees what no mount table shows, if there may be much of it, or now; t->lk is held. */
void mcollect_run(Mobj *t, bool now)
{
	Scan s = { .t = t };

	if (!now && t->nobj < 2 * t->live + 16 && t->nbind < 2 * t->liveb + 64)
		return;
	list_each (l, &t->objs)
		list_item(l, Obj, link)->seen = false;
	list_each (l, &t->binds)
		list_item(l, Bind, link)->seen = false;
	if (t->dev[0] != '\0' && proc_each(scan_process, &s) == 0 && !s.full)
		sweep(t);
	for (int i = 0; i < s.n; i++)
		free(s.ns[i]);
	t->live = t->nobj;
	t->liveb = t->nbind;
}

void mobj_letgo(Mobj *t, u32 id)
{
	Obj *o;

	lock(&t->lk);
	o = mobj_get(t, id);
	if (o != NULL && o->held > 0)
		o->held--;
	t->dirty = true;
	unlock(&t->lk);
}

typedef struct Gone {
	Kern *k;
	u32 *id;
	int n;
} Gone;

static void tell_gone(void *arg)
{
	Gone *g = arg;

	for (int i = 0; i < g->n; i++) {
		autofree char *name = mem_printf("%u", g->id[i]);

		g->k->forgets(g->k->forgetarg, "M", name);
	}
	free(g->id);
	free(g);
}

/* let_go has Linux forget the names of objects that are gone, whose directories it would hold for as long as it likes. */
static void let_go(Mobj *t)
{
	Gone *g;

	if (t->ngone == 0 || t->k->forgets == NULL)
		return;
	g = mem_new(sizeof *g);
	*g = (Gone){ t->k, t->gone, t->ngone };
	t->gone = NULL;
	t->ngone = 0;
	if (thread_start("forget", tell_gone, g) < 0) {
		free(g->id);
		free(g);
	}
}

void mobj_tick(Kern *k)
{
	Mobj *t = k->mnt;
	i64 now = clock_ms();

	if (t == NULL)
		return;
	later_begin(); /* roots go when the table is free again: they may take any lock */
	lock(&t->lk);
	/* an unmount, or the end of a name space, tells nobody */
	if (now >= t->next && (t->dirty || (t->nobj > 0 && now >= t->next + IDLEMS))) {
		int had = t->nobj + t->nbind;

		t->dirty = false;
		mcollect_run(t, true);
		t->next = clock_ms() + SETTLEMS + SCANSHARE * (clock_ms() - now);
		if (had != t->nobj + t->nbind && mobj_save(t) < 0)
			dprintf(2, "kernel: %s\n", rerrstr());
	}
	let_go(t);
	unlock(&t->lk);
	later_end();
}
