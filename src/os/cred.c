/*
 * setfsuid(2) and raw setgroups(2) are per thread on Linux; the C library's
 * setgroups would change every thread, so the system call is made directly.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/cred.h>
#include <os/io.h>
#include <os/procinfo.h>

enum { MAXGROUPS = 256 };

/* whom the thread acts as of itself: processes that act as others stay who they are from their start */
static __thread bool known;
static __thread u32 owneuid, ownegid;

static __thread u32 own[MAXGROUPS];
static __thread int nown;

static int groupsof(u32 pid, u32 *g)
{
	char *s = proc_field(pid, "Groups"), *p = s, *end;
	int n = 0;

	while (p != NULL && n < MAXGROUPS) {
		unsigned long v = strtoul(p, &end, 10);

		if (end == p)
			break;
		g[n++] = (u32)v;
		p = end;
	}
	free(s);
	return n;
}

int cred_assume(Cred *c, u32 pid, u32 uid, u32 gid)
{
	u32 g[MAXGROUPS];
	int n;

	if (!known) {
		owneuid = geteuid();
		ownegid = getegid();
		known = true;
	}
	c->changed = uid != owneuid || gid != ownegid;
	if (!c->changed)
		return 0;
	n = pid != 0 ? groupsof(pid, g) : 0;
	nown = (int)syscall(SYS_getgroups, MAXGROUPS, own);
	if (nown < 0)
		nown = 0;
	/* a name space that forbids setgroups has one user only, whose groups these already are */
	if (syscall(SYS_setgroups, n, g) < 0 && errno != EPERM)
		return os_werr("setgroups");
	setfsgid(gid);
	setfsuid(uid);
	if (setfsuid((uid_t)-1) != (int)uid || setfsgid((gid_t)-1) != (int)gid) {
		cred_resume(c);
		return errset(Eperm);
	}
	return 0;
}

void cred_resume(Cred *c)
{
	if (!c->changed)
		return;
	setfsuid(geteuid());
	setfsgid(getegid());
	if (syscall(SYS_setgroups, nown, own) < 0)
		nown = 0;
	c->changed = false;
}

/* capsof reads the capabilities that are in force for process pid. */
static int capsof(u32 pid, u64 *caps)
{
	autofree char *s = proc_field(pid, "CapEff");

	return s != NULL && str_u64(s, 16, UINT64_MAX, caps) == 0 ? 0 : errset(Enoproc);
}

/* limit keeps of the capabilities in force those in caps. */
static int limit(u64 caps)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d) < 0)
		return os_werr("capget");
	for (int i = 0; i < 2; i++) {
		d[i].permitted &= (u32)(caps >> 32 * i);
		d[i].effective = d[i].permitted;
		d[i].inheritable = 0;
	}
	return syscall(SYS_capset, &h, d) < 0 ? os_werr("capset") : 0;
}

int cred_become(u32 pid)
{
	u32 g[MAXGROUPS], uid = proc_uid(pid), gid;
	autofree char *s = proc_field(pid, "Gid");
	int n = groupsof(pid, g);
	u64 caps;

	if (uid == UINT32_MAX || s == NULL || capsof(pid, &caps) < 0)
		return errset(Enoproc);
	gid = (u32)strtoul(s, NULL, 10);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return os_werr("prctl");
	if (syscall(SYS_setgroups, n, g) < 0 && errno != EPERM)
		return os_werr("setgroups");
	if (syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
		return os_werr("become user %u", uid);
	return limit(caps);
}
