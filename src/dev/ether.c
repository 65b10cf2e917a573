/*
 * #l: which Linux interfaces are ether devices, and where they are.  An
 * interface goes to a stack and comes back by moving between net name
 * spaces; conversations (packet sockets) are opened anew where it went.
 * What survives the kernel process: the interface itself, and on it the
 * alias that ip.c writes when it binds it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <dev/ip.h>
#include <os/io.h>
#include <os/netns.h>
#include "ether.h"

static Lock lk = LOCK_INIT(RankDev);
static List ethers = LIST_INIT(ethers); /* protected by lk; an Ether stays while its Srv has references */

static Ether *find(Kern *k, int n)
{
	list_each (l, &ethers) {
		Ether *e = list_item(l, Ether, link);

		if (e->k == k && e->n == n && !e->gone)
			return e;
	}
	return errnull(Enodev);
}

/* take finds the device called path and takes a reference (on its Srv). */
static Ether *take(Kern *k, const char *path)
{
	int dev, n;
	char end;
	Ether *e;

	if (sscanf(path, "l%d/ether%d%c", &dev, &n, &end) != 2 || dev != n) {
		werrstr("%s is not an ether device", path);
		return NULL;
	}
	lock(&lk);
	e = find(k, n);
	if (e != NULL)
		srv_take(&e->srv);
	unlock(&lk);
	return e;
}

static int dupfd(int fd)
{
	int d = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return d < 0 ? os_werr("dup") : d;
}

int ether_link(Ether *e, Iface *i)
{
	Netlink *nl = e->gone || e->ns < 0 ? errnull(Eshutdown) : netlink_open(e->ns);
	int rc = nl != NULL ? netlink_link(nl, e->name, i) : -1;

	netlink_close(nl);
	return rc;
}

/* goes records that the interface is in ns under name now. */
static int goes(Ether *e, int ns, const char *name, bool bound)
{
	int d = dupfd(ns);

	if (d < 0)
		return -1;
	if (e->ns >= 0)
		close(e->ns);
	e->ns = d;
	e->bound = bound;
	(void)!str_cpy(e->name, sizeof e->name, name);
	etherctl_reopen(e);
	return 0;
}

static Ether *make(Kern *k, int n, const char *ifname, int home)
{
	Ether *e = mem_new(sizeof *e);

	srv_init(&e->srv, "#l", &ether_ops, e);
	lock_init(&e->lk, RankEther);
	e->k = k;
	e->n = n;
	e->home = home;
	e->ns = -1;
	(void)!str_cpy(e->homename, sizeof e->homename, ifname);
	for (int i = 0; i < NCONV; i++)
		e->conv[i].fd = -1;
	return e;
}

int ether_add(Kern *k, int n, const char *ifname, int ns)
{
	int home = dupfd(ns);
	Ether *e, *old;
	Iface i;

	if (home < 0)
		return -1;
	if (n < 0 || strlen(ifname) >= IFNAMELEN) {
		close(home);
		return errset(Ebadarg);
	}
	e = make(k, n, ifname, home);
	lock(&lk);
	old = find(k, n);
	if (old == NULL) {
		list_add(&ethers, &e->link);
		lock(&e->lk);
		(void)!goes(e, home, ifname, false);
		if (ether_link(e, &i) == 0) {
			e->mtu = i.mtu;
		} else { /* it may be in a stack: ether_found will say */
			close(e->ns);
			e->ns = -1;
		}
		unlock(&e->lk);
	}
	unlock(&lk);
	if (old == NULL)
		return 0;
	list_init(&e->link);
	srv_drop(&e->srv);
	return werrstr("ether%d: %s", n, errtext(Eexist));
}

void ether_drop(Kern *k, int n)
{
	Ether *e;

	lock(&lk);
	e = find(k, n);
	if (e != NULL) {
		list_del(&e->link);
		lock(&e->lk);
		e->gone = true;
		etherctl_reopen(e);
		unlock(&e->lk);
	}
	unlock(&lk);
	if (e != NULL)
		srv_drop(&e->srv);
}

/* move takes the interface from where it is to ns, as name, and undoes what a stack set. */
static int move(Ether *e, int ns, const char *name)
{
	Netlink *nl = netlink_open(e->ns);
	int rc = nl != NULL ? netlink_up(nl, e->name, false) : -1;

	if (rc == 0 && e->bound && (netlink_alias(nl, e->name, "") < 0 || (e->mtu != 0 && netlink_mtu(nl, e->name, e->mtu) < 0)))
		rc = -1;
	if (rc == 0 && !netns_same(e->ns, ns))
		rc = netlink_move(nl, e->name, ns, name);
	netlink_close(nl);
	return rc;
}

static int bindto(Ether *e, int ns, Iface *i)
{
	char name[IFNAMELEN];

	if (e->gone || e->ns < 0)
		return errset(Eshutdown);
	if (e->bound)
		return werrstr("ether%d: %s", e->n, errtext(Einuse));
	snprintf(name, sizeof name, "ether%d", e->n);
	if (move(e, ns, name) < 0 || goes(e, ns, name, true) < 0)
		return -1;
	return ether_link(e, i);
}

int ether_bind(Kern *k, const char *path, int ns, Iface *i)
{
	Ether *e = take(k, path);
	int rc;

	if (e == NULL)
		return -1;
	lock(&e->lk);
	rc = bindto(e, ns, i);
	unlock(&e->lk);
	srv_drop(&e->srv);
	return rc;
}

int ether_unbind(Kern *k, const char *path)
{
	Ether *e = take(k, path);
	int rc;

	if (e == NULL)
		return -1;
	lock(&e->lk);
	rc = !e->bound || e->gone ? errset(Eshutdown) : move(e, e->home, e->homename);
	if (rc == 0)
		rc = goes(e, e->home, e->homename, false);
	unlock(&e->lk);
	srv_drop(&e->srv);
	return rc;
}

/* unknown makes a device that no ether_add named, because its interface was in a stack then. */
static void unknown(Kern *k, const char *path)
{
	autofd int home = netns_self();
	char name[IFNAMELEN];
	int n;

	if (home < 0 || sscanf(path, "l%d/", &n) != 1)
		return;
	snprintf(name, sizeof name, "ether%d", n);
	(void)!ether_add(k, n, name, home);
}

void ether_found(Kern *k, const char *path, int ns, const char *ifname)
{
	Ether *e = take(k, path);

	if (e == NULL) {
		unknown(k, path);
		e = take(k, path);
	}
	if (e == NULL)
		return;
	lock(&e->lk);
	if (!e->bound)
		(void)!goes(e, ns, ifname, true);
	unlock(&e->lk);
	srv_drop(&e->srv);
}

static Ether *takenumber(Kern *k, int n)
{
	char path[ETHERPATH];

	snprintf(path, sizeof path, "l%d/ether%d", n, n);
	return take(k, path);
}

static Srv *opendev(Kern *k, const char *spec)
{
	u64 n = 0;
	Ether *e;

	if (spec[0] != '\0' && str_u64(spec, 10, 1 << 16, &n) < 0)
		return errnull(Enodev);
	e = takenumber(k, (int)n);
	if (e == NULL) { /* or does an earlier process's stack have it? */
		ip_restore(k);
		e = takenumber(k, (int)n);
	}
	return e != NULL ? &e->srv : NULL;
}

const Dev dev_ether = { 'l', "ether", opendev };
