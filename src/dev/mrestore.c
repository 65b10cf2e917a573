/*
 * The table of mount objects of the last kernel process, made again from what init kept of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/io.h>
#include "mobjpriv.h"

static Layer *restored_layer(Mobj *t, Layer **known, int *nknown, u32 id)
{
	autofree char *key = mem_printf("M/l/%u", id);
	Layer *l;
	int fd;

	for (int i = 0; i < *nknown; i++)
		if (known[i]->id == id)
			return known[i];
	fd = kern_stored(t->k, key);
	if (fd < 0)
		return NULL;
	l = layer_make(t->k, id, fd);
	if (l == NULL) {
		close(fd);
		return NULL;
	}
	known[(*nknown)++] = l;
	if (id > t->layers)
		t->layers = id;
	return l;
}

static void restore_member(Mobj *t, Obj *o, char **w, int n, Layer **known, int *nknown)
{
	Layer *l = NULL;
	bool native = strcmp(w[2], "layer") == 0;

	if (native)
		l = restored_layer(t, known, nknown, (u32)strtoul(w[3], NULL, 10));
	if (native && l == NULL)
		return;
	if (l != NULL)
		ref_take(&l->ref);
	o->m = mem_grow(o->m, (size_t)o->n + 1, sizeof *o->m);
	o->m[o->n++] = (Omem){ l, native ? NULL : mem_str(w[3]), strchr(w[1], 'c') != NULL, strchr(w[1], 'B') != NULL,
			       mem_str(w[4]), n > 5 ? mem_str(w[5]) : NULL, strchr(w[1], 'u') != NULL };
}

static Obj *restore_obj(Mobj *t, char **w, int n)
{
	Obj *o;
	int kind = obj_kind(w[0]);

	if (kind < 0 || n < 2 || (kind == ObjMount && n != 6))
		return NULL;
	o = obj_new(kind, kern_hostowner(t->k));
	o->id = (u32)strtoul(w[1], NULL, 10);
	if (kind == ObjMount) {
		autofree char *key = mem_printf("M/f/%u", o->id);

		o->flags = mem_str(w[2]);
		o->src = mem_str(w[3]);
		o->aname = mem_str(w[4]);
		o->name = mem_str(w[5]);
		if (!str_prefix(o->src, "s/"))
			o->fd = kern_stored(t->k, key);
	}
	o->born = clock_ms();
	if (o->id > t->ids)
		t->ids = o->id;
	list_add(&t->objs, &o->link);
	t->nobj++;
	return o;
}

static void restore_line(Mobj *t, char *line, Obj **last, Layer **known, int *nknown)
{
	char *w[8];
	int n = str_tokens(line, w, nelem(w));
	Obj *o;

	if (n == 7 && strcmp(w[0], "bind") == 0) {
		if (mobj_bind(t, w, 6, (u32)strtoul(w[6], NULL, 10)) < 0)
			errset(Enone);
		return;
	}
	if ((n == 5 || n == 6) && strcmp(w[0], "m") == 0 && *last != NULL) {
		restore_member(t, *last, w, n, known, nknown);
		return;
	}
	if (n == 3 && strcmp(w[0], "owner") == 0 && *last != NULL) {
		free((*last)->owner);
		(*last)->owner = mem_str(w[2]);
		return;
	}
	o = n > 0 ? restore_obj(t, w, n) : NULL;
	if (o != NULL)
		*last = o;
}

void mrestore_run(Mobj *t)
{
	autofd int fd = kern_stored(t->k, "M/table");
	autobuf Buf b = { 0 };
	char *line, *save_ = NULL;
	Obj *last = NULL;
	Layer **known;
	int nknown = 0, kept = 0;
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = pread(fd, buf_room(&b, 65536), 65536, (off_t)b.n)) > 0)
		b.n += (size_t)n;
	buf_ch(&b, '\n');
	for (size_t i = 0; i < b.n; i++)
		kept += b.p[i] == '\n';
	known = mem_array((size_t)kept + 1, sizeof *known);
	for (line = strtok_r(b.p, "\n", &save_); line != NULL; line = strtok_r(NULL, "\n", &save_))
		restore_line(t, line, &last, known, &nknown);
	for (int i = 0; i < nknown; i++)
		layer_drop(known[i]);
	free(known);
	t->live = t->nobj;
}
