/*
 * Layers: the native directories in unions, kept by init as "M/l/ID".
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <ns/local.h>
#include <os/at.h>
#include "mobjpriv.h"

void layer_drop(Layer *l)
{
	autofree char *key = NULL;

	if (l == NULL || !ref_drop(&l->ref))
		return;
	key = mem_printf("M/l/%u", l->id);
	kern_unstore(l->k, key);
	srv_drop(l->srv);
	free(l);
}

Layer *layer_make(Kern *k, u32 id, int fd)
{
	Layer *l;
	Finfo fi;
	Srv *s;

	if (at_stat(fd, "", &fi) < 0)
		return NULL;
	s = local_new(fd, LocalCaller | (at_foreign(fd) ? LocalMayWait : 0));
	if (s == NULL)
		return NULL;
	l = mem_new(sizeof *l);
	ref_init(&l->ref, "Layer");
	*l = (Layer){ l->ref, k, id, fd, s, at_foreign(fd), fi.dev, fi.ino };
	return l;
}

/* layer_new makes a kept layer of directory fd, which it owns. */
Layer *layer_new(Mobj *t, int fd)
{
	autofree char *key = NULL;
	Layer *l;
	u32 id;

	lock(&t->lk);
	id = ++t->layers;
	unlock(&t->lk);
	key = mem_printf("M/l/%u", id);
	if (at_isfuse(fd)) {
		Finfo fi;
		char dev[32];

		if (at_stat(fd, "", &fi) == 0) {
			at_devname(fi.dev, dev, sizeof dev);
			if (strcmp(dev, t->dev) == 0) {
				close(fd);
				werrstr("a directory of /# must be named by its path");
				return NULL;
			}
		}
	}
	if (kern_store(t->k, key, fd) < 0) {
		close(fd);
		return NULL;
	}
	l = layer_make(t->k, id, fd);
	if (l == NULL)
		close(fd);
	return l;
}

void omem_free(Omem *m)
{
	layer_drop(m->layer);
	free(m->path);
	free(m->name);
	free(m->group);
}
