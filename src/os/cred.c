/*
 * setfsuid(2) and raw setgroups(2) are per thread on Linux; the C library's
 * setgroups would change every thread, so the system call is made directly.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <base/err.h>
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
