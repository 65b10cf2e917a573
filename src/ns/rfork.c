#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <ns/group.h>
#include <ns/mtab.h>
#include <ns/ns.h>
#include <os/child.h>
#include <os/confine.h>
#include <os/io.h>
#include <os/mount.h>
#include <os/spawn.h>
#include "clean.h"

static int new_names(void)
{
	return proc_unshare(CloneMnt) < 0 || mount_private() < 0 ? -1 : 0;
}

/*
 * no_mounts: a name space of its own (a process cannot take from others that share its name space what it gives up itself)
 * with the few devices that RFNOMNT leaves, where nothing is mounted any more.
 */
static int no_mounts(void)
{
	autofd int devs = -1;

	if (new_names() < 0)
		return -1;
	if (!mtab_narrow(0)) {
		devs = mount_tree(AT_FDCWD, MTAB_DEVS "/" MTAB_NARROW, TreeClone);
		if (devs < 0 || mount_off(MTAB_DEVS, 0) < 0 || mount_move(devs, NULL, AT_FDCWD, MTAB_DEVS, 0) < 0)
			return -1;
	}
	return confine_mounts();
}

/*
 * own_srv: a name space of its own where /srv is a board of its own (srv(3)).  The board lasts while its lease is open: in
 * this process and in all that it starts.
 */
static int own_srv(void)
{
	int lease = child_high(open(MTAB_DEVS "/s/clone", O_RDONLY | O_CLOEXEC));
	char id[24], name[32];
	ssize_t n;

	if (lease < 0)
		return os_werr(MTAB_DEVS "/s/clone");
	n = io_readn(lease, id, sizeof id - 1);
	id[n > 0 ? n : 0] = '\0';
	snprintf(name, sizeof name, "#s/%s", id);
	if (n <= 0 || io_inherit(lease) < 0 || new_names() < 0 || ns_bind(name, "/srv", MCREATE) < 0) {
		close(lease);
		return -1;
	}
	return 0;
}

/* one does what one letter asks (rc(1), fork(2)). */
static int one(int c)
{
	switch (c) {
	case 'n':
		return new_names();
	case 'N':
		return clean_names();
	case 'e':
		return group_env(false);
	case 'E':
		return group_env(true);
	case 's':
		return group_note();
	case 'f':
		return 0; /* every Linux process has its own descriptors */
	case 'F':
		group_closed();
		return proc_closefds(3);
	case 'm':
		return no_mounts();
	case 'V':
		return own_srv();
	}
	return werrstr("rfork: no flag '%c'", c);
}

int ns_rfork(const char *letters)
{
	for (const char *p = *letters != '\0' ? letters : "ens"; *p != '\0'; p++)
		if (one(*p) < 0)
			return -1;
	return 0;
}
