#include <string.h>
#include <base/err.h>
#include <ns/group.h>
#include <ns/ns.h>
#include <os/io.h>
#include <os/mount.h>
#include <os/spawn.h>
#include "clean.h"

static int new_names(void)
{
	return proc_unshare(CloneMnt) < 0 || mount_private() < 0 ? -1 : 0;
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
		return werrstr("rfork m: forbidding # names is not implemented");
	case 'V':
		return werrstr("rfork V: a private /srv is not implemented");
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
