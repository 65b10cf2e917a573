/*
 * For tests of #I and #l from inside: three stacks, the first two joined by a
 * pair, in a user and net name space of the test's own.
 */
#ifndef T_IPFILE_H
#define T_IPFILE_H

#include <stdarg.h>
#include <stdlib.h>
#include <base/err.h>
#include <base/mem.h>
#include <dev/ether.h>
#include <dev/ip.h>
#include <os/netns.h>
#include <srv/call.h>
#include "stack.h"
#include "tap.h"

enum { MS = 20000 };

static Kern *k;
static Caller me;
static Fid *root[3]; /* of #I0, #I1, #I2 */

/* at returns a Fid for "tcp/0/ctl" below dir, not opened */
static Fid *at(Fid *dir, const char *fmt, ...)
{
	char path[128], *save = NULL;
	const char *e[8];
	va_list ap;
	int n = 0;

	va_start(ap, fmt);
	vsnprintf(path, sizeof path, fmt, ap);
	va_end(ap);
	for (char *p = strtok_r(path, "/", &save); p != NULL && n < 8; p = strtok_r(NULL, "/", &save))
		e[n++] = p;
	return call_walk(dir, n, e, &me, MS);
}

static Fid *openat_(Fid *dir, int mode, const char *path)
{
	Fid *f = at(dir, "%s", path);

	if (f != NULL && call_open(f, mode, &me, MS) < 0) {
		fid_drop(f);
		return NULL;
	}
	return f;
}

/* text returns all of a file, "" if it cannot be read; the last result is kept */
static const char *text(Fid *dir, const char *fmt, ...)
{
	static char buf[32768];
	char path[128];
	va_list ap;
	long n = 0, m = -1;
	Fid *f;

	va_start(ap, fmt);
	vsnprintf(path, sizeof path, fmt, ap);
	va_end(ap);
	f = openat_(dir, OREAD, path);
	while (f != NULL && (m = call_read(f, buf + n, (u32)(sizeof buf - 1 - (size_t)n), (u64)n, &me, MS)) > 0)
		n += m;
	fid_drop(f);
	buf[n] = '\0';
	return buf;
}

static int put(Fid *f, const char *fmt, ...)
{
	char msg[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	return f != NULL && call_write(f, msg, (u32)strlen(msg), 0, &me, MS) == (long)strlen(msg) ? 0 : -1;
}

static int putfile(Fid *dir, const char *path, const char *msg)
{
	Fid *f = openat_(dir, OWRITE, path);
	int rc = put(f, "%s", msg);

	fid_drop(f);
	return rc;
}

/* clone opens a conversation and returns its ctl; *n is its number */
static Fid *clone_(Fid *dir, const char *proto, int *n)
{
	char path[32], num[16] = "";
	Fid *f;

	snprintf(path, sizeof path, "%s/clone", proto);
	f = openat_(dir, ORDWR, path);
	if (f != NULL && call_read(f, num, sizeof num - 1, 0, &me, MS) > 0)
		*n = atoi(num);
	return f;
}

static Fid *data(Fid *dir, const char *proto, int n)
{
	char path[32];

	snprintf(path, sizeof path, "%s/%d/data", proto, n);
	return openat_(dir, ORDWR, path);
}

static int has(const char *s, const char *part)
{
	int yes = s != NULL && strstr(s, part) != NULL;

	if (!yes)
		printf("# '%s' is not in:\n# %s\n", part, s != NULL ? s : "(null)");
	return yes;
}

/* accepted opens listen of conversation n and returns the new conversation's ctl; *nc is its number */
static Fid *accepted(Fid *dir, const char *proto, int n, int *nc)
{
	char path[32], num[16] = "";
	Fid *f;

	snprintf(path, sizeof path, "%s/%d/listen", proto, n);
	f = openat_(dir, ORDWR, path);
	if (f != NULL && call_read(f, num, sizeof num - 1, 0, &me, MS) > 0)
		*nc = atoi(num);
	return f;
}

static Fid *ifc[3]; /* the ctls of interfaces 0 of the stacks */
static Netlink *hwlink; /* to hw */
static int hw;      /* the net name space where ether devices wait */

/* ip_up makes the stacks; false if this host forbids it, or after a failed test */
static int ip_up(void)
{
	const u8 mac[MACLEN] = { 2, 0, 0, 0, 0, 0xa0 };

	if (stack_alone() < 0) {
		skip("this host forbids user name spaces");
		return 0;
	}
	me = (Caller){ .pid = (u32)getpid(), .uid = getuid(), .gid = getgid() };
	k = kern_new("glenda", -1);
	hw = netns_new();
	hwlink = netlink_open(hw);
	if (!ok(netlink_veth(hwlink, "e0", mac, "e1", -1, NULL) == 0, "a pair: %s", rerrstr()))
		return 0;
	ok(ether_add(k, 0, "e0", hw) == 0 && ether_add(k, 1, "e1", hw) == 0, "two ether devices: %s", rerrstr());
	for (int i = 0; i < 3; i++)
		root[i] = kern_attach(k, i == 0 ? "I0" : i == 1 ? "I1" : "I2", "glenda", &me);
	return ok(root[0] != NULL && root[1] != NULL && root[2] != NULL, "three stacks: %s", rerrstr());
}

/* ip_down gives them up. */
static void ip_down(void)
{
	for (int i = 0; i < 3; i++)
		fid_drop(root[i]);
	ip_closeall(k);
	ether_drop(k, 0);
	ether_drop(k, 1);
}

#endif
