/*
 * 9P trees as mount objects.  Every mount of one posted descriptor shares
 * one client: which it is, is told by the device and inode of the socket.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/mnt.h>
#include <os/at.h>
#include <os/io.h>
#include <srv/call.h>
#include "redial.h"

enum { ATTACHMS = 60000 };

typedef struct Known {
	Link link;
	u64 dev, ino;
	Client *client;
} Known;

static Lock lk = LOCK_INIT(RankMnt); /* protects known */
static List known = LIST_INIT(known);

/* lookup returns the client on (dev, ino) with a reference, forgetting broken ones; lk is held. */
static Client *lookup(u64 dev, u64 ino)
{
	Client *c = NULL;

	list_each (l, &known) {
		Known *e = list_item(l, Known, link);

		if (client_broken(e->client)) {
			list_del(l);
			client_drop(e->client);
			free(e);
		} else if (e->dev == dev && e->ino == ino) {
			c = client_take(e->client);
		}
	}
	return c;
}

Client *mnt9p_client(int fd, const char *name, const Client *old, bool again)
{
	ClientOpts o = { .name = name, .taken_over = again };
	Client *c, *other;
	Known *e;
	Finfo fi;

	if (at_stat(fd, "", &fi) < 0) {
		close(fd);
		return NULL;
	}
	lock(&lk);
	c = lookup(fi.dev, fi.ino);
	unlock(&lk);
	if (c != NULL) {
		close(fd);
		return c;
	}
	o.tap = old != NULL ? tap_take(client_tap(old)) : tap_new();
	c = client_new(fd, fd, &o);
	tap_drop(o.tap);
	if (c == NULL)
		return NULL;
	lock(&lk);
	other = lookup(fi.dev, fi.ino);
	if (other == NULL) {
		e = mem_new(sizeof *e);
		*e = (Known){ .dev = fi.dev, .ino = fi.ino, .client = client_take(c) };
		list_add(&known, &e->link);
	}
	unlock(&lk);
	if (other == NULL)
		return c;
	client_drop(c);
	return other;
}

Fid *mnt9p_root(Kern *k, Obj *o, const Req *r)
{
	const char *user = kern_caller(k, r);
	MntOpts mo = {
		.uname = strchr(o->flags, 'N') != NULL ? "none" : user,
		.aname = o->aname,
		.cache = strchr(o->flags, 'C') != NULL,
	};
	int fd = str_prefix(o->src, "s/") ? kern_posted(k, o->src + 2, r) : io_dup(o->fd);
	Finfo fi = { 0 };
	Client *c;
	Srv *s;
	Fid *f;

	if (fd < 0)
		return NULL;
	if (at_isfuse(fd)) {
		close(fd);
		werrstr("%s: is a file of a mounted server: mount needs a pipe or a socket", o->name);
		return NULL;
	}
	if (at_stat(fd, "", &fi) < 0)
		fi.ino = 0;
	mo.redial = redial_of(k, o, fi.dev, fi.ino);
	c = mnt9p_client(fd, o->name, NULL, o->born != INT64_MIN);
	/* the connection of a mount of the last kernel process may have ended meanwhile */
	if (c == NULL && mo.redial.fn != NULL && o->born != INT64_MIN)
		return mnt_away(o->name, &mo, mo.uname, o->aname);
	if (c == NULL) {
		if (mo.redial.end != NULL)
			mo.redial.end(mo.redial.arg);
		return NULL;
	}
	s = mnt_new(c, &mo);
	client_drop(c);
	f = call_attach(s, mo.uname, o->aname, &r->caller, ATTACHMS);
	srv_drop(s);
	return f;
}
