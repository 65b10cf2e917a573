/*
 * A kernel process: the devices, on one FUSE file system.  It starts in the
 * net name space where the node's interfaces wait (they become #l) and has
 * a mount name space of its own, so that it never walks into what it serves.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <dev/dev.h>
#include <dev/ether.h>
#include <fuse/fuse.h>
#include <node/msg.h>
#include <node/node.h>
#include <os/errstr.h>
#include <os/io.h>
#include <os/netlink.h>
#include <os/netns.h>
#include <os/procinfo.h>
#include <os/spawn.h>
#include <os/thread.h>
#include <srv/conn.h>

enum { MaxOpen = 4096 }; /* by a user who is not the host owner: each may be a descriptor here */

typedef struct Kernel {
	Kern *k;
	Fuse *f;
	int ctl;
} Kernel;

static int oneether(Kern *k, const char *name, int ns)
{
	i64 n;

	if (!str_prefix(name, "ether") || str_int(name + 5, 0, 127, &n) < 0)
		return 0;
	return ether_add(k, (int)n, name, ns);
}

/* ethers makes #lN of every interface etherN in our net name space. */
static int ethers(Kern *k)
{
	autofd int ns = netns_self();
	Netlink *nl = ns < 0 ? NULL : netlink_open(-1);
	Iface *list = NULL;
	int n = nl ? netlink_links(nl, &list) : -1, r = n < 0 ? -1 : 0;

	for (int i = 0; i < n && r == 0; i++)
		r = oneether(k, list[i].name, ns);
	free(list);
	if (nl != NULL)
		netlink_close(nl);
	return r;
}

static void dump(Kernel *kp, int reply)
{
	autobuf Buf b = { 0 };

	fuse_dump(kp->f, &b);
	if (b.n > MsgMax - 64)
		b.p[MsgMax - 64] = '\0';
	msg_send(reply, NULL, 0, "text", b.n > 0 ? b.p : "  nothing\n", NULL);
}

/* chain appends what one line of fuse_dump, "TID CALL PATH MS", means if it is of process pid. */
static void chain(Kernel *kp, u32 pid, char *line, Buf *b)
{
	char *call = strchr(line, ' '), *path = call != NULL ? strchr(call + 1, ' ') : NULL;
	char *ms = path != NULL ? strrchr(path + 1, ' ') : NULL;
	u32 tid = (u32)strtoul(line, NULL, 10);
	u64 n;

	if (ms == NULL || (tid != pid && proc_leader(tid) != pid))
		return;
	*path++ = *ms++ = '\0';
	n = strtoull(ms, NULL, 10);
	buf_printf(b, "  it waits in%s of /#%s, for %llu.%llu s\n", call, path, (unsigned long long)n / 1000,
		   (unsigned long long)n % 1000 / 100);
	kern_explain(kp->k, pid, path, b);
}

/* explain tells what process pid waits for here, if anything. */
static void explain(Kernel *kp, u32 pid, int reply)
{
	autobuf Buf all = { 0 }, b = { 0 };
	char *save = NULL;

	fuse_dump(kp->f, &all);
	for (char *l = all.n > 0 ? strtok_r(all.p, "\n", &save) : NULL; l != NULL; l = strtok_r(NULL, "\n", &save))
		if (b.n < MsgMax / 2)
			chain(kp, pid, l, &b);
	if (b.n > 0)
		msg_send(reply, NULL, 0, "text", b.p, NULL);
}

/* questions answers init; init's end is ours. */
static void questions(void *arg)
{
	Kernel *kp = arg;
	Msg *m = msg_new();

	for (; msg_recv(kp->ctl, m) > 0; msg_close(m))
		if (msg_is(m, "dump", 0) && m->nfd > 0)
			dump(kp, m->fd[0]);
		else if (msg_is(m, "explain", 1) && m->nfd > 0)
			explain(kp, (u32)strtoul(m->w[1], NULL, 10), m->fd[0]);
	exit(0);
}

static int offer(Kernel *kp)
{
	/* not /dev/fuse: on the way there may be a union of the kernel process that died */
	int fd = open("/.dev/fuse", O_RDWR | O_CLOEXEC);
	autofd int mnt = -1;

	if (fd < 0)
		return os_werr("/.dev/fuse");
	fuse_setfd(kp->f, fd);
	mnt = fuse_mountfd(kp->f);
	return mnt < 0 ? -1 : msg_send(kp->ctl, &mnt, 1, "mount", NULL);
}

static void forget(void *arg, const char *dir, const char *name)
{
	fuse_forget(arg, dir, name);
}

static int start(Kernel *kp, const char *user, int store, int clean)
{
	FuseOpts o = { .uname = user, .source = "#", .allow_other = true, .ttl = 1u << 30, .maxopen = MaxOpen };

	if ((kp->k = kern_new(user, store)) == NULL || ethers(kp->k) < 0)
		return -1;
	kern_helper(kp->k, "/boot/anthill", clean);
	o.owner = kern_owner;
	o.refused = kern_refused;
	o.arg = kp->k;
	if ((kp->f = fuse_new(kern_root(kp->k), "", &o)) == NULL || offer(kp) < 0)
		return -1;
	kern_forgets(kp->k, forget, kp->f);
	return thread_start("questions", questions, kp);
}

int kernel_main(const char *user, int store, int ctl, int clean)
{
	Kernel *kp = mem_new(sizeof *kp);

	kp->ctl = ctl;
	os_errstr(NULL); /* that would be ourselves */
	proc_name("kernel");
	proc_manyfds();
	if (start(kp, user, store, clean) < 0) {
		msg_send(ctl, NULL, 0, "error", rerrstr(), NULL);
		return 1;
	}
	fuse_serve(kp->f);
	return 0;
}
