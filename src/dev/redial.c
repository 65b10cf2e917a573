/*
 * A mount of a post gets another connection when another descriptor is
 * posted under the name: a server that was started anew, or a call that was
 * made again.  One of an address is dialled by this process, in the net name
 * space that its first socket is in; the tool that mounted it made the first
 * call and asked cs, so the address is in digits.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/dial.h>
#include <os/at.h>
#include <os/io.h>
#include <os/netns.h>
#include "redial.h"

enum { DIALMS = 10000 };

typedef struct Way {
	Kern *k;
	char *name, *owner;
	char *post;   /* or */
	char *addr;
	int ns;	      /* where addr is dialled */
	u64 dev, ino; /* of the last post */
} Way;

static void end(void *arg)
{
	Way *w = arg;

	free(w->name);
	free(w->owner);
	free(w->post);
	free(w->addr);
	if (w->ns >= 0)
		close(w->ns);
	free(w);
}

static Client *posted(void *arg, const Client *old)
{
	Way *w = arg;
	Fid self = { .uid = w->owner };
	Req as = { .fid = &self };
	int fd = kern_posted(w->k, w->post, &as);
	Finfo fi;
	Client *c;

	if (fd < 0) {
		werrstr("/srv/%s: %s", w->post, rerrstr());
		return NULL;
	}
	if (at_stat(fd, "", &fi) < 0 || (fi.dev == w->dev && fi.ino == w->ino)) {
		close(fd);
		werrstr("/srv/%s: the server has ended the connection and nobody has posted another", w->post);
		return NULL;
	}
	c = mnt9p_client(fd, w->name, old, false);
	if (c != NULL) {
		w->dev = fi.dev;
		w->ino = fi.ino;
	}
	return c;
}

static int call(void *arg)
{
	const Way *w = arg;

	return dial(w->addr, DIALMS);
}

static Client *dialled(void *arg, const Client *old)
{
	Way *w = arg;
	int fd = netns_run(w->ns, call, w);

	return fd >= 0 ? mnt9p_client(fd, w->name, old, false) : NULL;
}

Redial redial_of(Kern *k, const Obj *o, u64 dev, u64 ino)
{
	Redial r = { 0 };
	int ns = str_prefix(o->src, DIALLED) ? netns_ofsocket(o->fd) : -1;
	Way *w;

	if (!str_prefix(o->src, "s/") && ns < 0)
		return r;
	w = mem_new(sizeof *w);
	*w = (Way){ .k = k, .name = mem_str(o->name), .owner = mem_str(o->owner), .ns = ns, .dev = dev, .ino = ino };
	if (ns < 0)
		w->post = mem_str(o->src + 2);
	else
		w->addr = mem_str(o->src + strlen(DIALLED));
	return (Redial){ .fn = ns < 0 ? posted : dialled, .end = end, .arg = w };
}
