/*
 * rc, with what this binary has to offer it: in a node's name space the
 * builtins that change it, # names and the environment group.
 */
#include <stdlib.h>
#include <base/err.h>
#include <ns/group.h>
#include <ns/ns.h>
#include <rc/rc.h>
#include "cmds.h"

static bool apart; /* the group is another user's: environ has to do */

static int load(void (*var)(const char *name, const char *value, size_t n))
{
	if (group_each(var) == 0)
		return 0;
	apart = errcode(rerrstr()) == Eperm;
	return apart ? 0 : -1;
}

static int put(const char *name, const char *value, size_t n)
{
	return apart ? 0 : group_put(name, value, n);
}

static int sync_(void)
{
	return apart ? 0 : group_sync();
}

static int drop(const char *name)
{
	return apart ? 0 : group_remove(name);
}

static int newgroup(const char *letters)
{
	if (ns_rfork(letters) < 0)
		return -1;
	for (; *letters != '\0'; letters++)
		if (*letters == 'e' || *letters == 'E')
			apart = false;
	return 0;
}

static const RcBuiltin builtins[] = {
	{ "bind", ns_cmd_bind },
	{ "mount", ns_cmd_mount },
	{ "unmount", ns_cmd_unmount },
	{ "ns", ns_cmd_ns },
	{ NULL, NULL },
};

/* Linux programs use the stack that is at /net when they are started. */
static void mounted(void)
{
	ns_net("/net");
}

static const RcHooks node = {
	.builtins = builtins,
	.env_load = load,
	.env_put = put,
	.env_sync = sync_,
	.env_remove = drop,
	.rfork = newgroup,
	.path = ns_path,
	.defpath = "/bin:/rc/bin:/usr/bin:/usr/sbin:.",
	.mounted = mounted,
	.follow_mounts = true,
};

int cmd_rc(int argc, char **argv)
{
	return rc_main(argc, argv, ns_isnode() ? &node : NULL);
}
