#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <base/err.h>
#include <base/str.h>
#include <os/io.h>
#include <os/netns.h>
#include <os/thread.h>

enum { PROCMAX = 256 * 1024 };

typedef struct Visit {
	int ns; /* -1: a new one */
	int (*fn)(void *arg);
	void *arg;
	int rc;
	char err[ERRMAX];
} Visit;

static int enter(int ns)
{
	if (ns >= 0 && setns(ns, CLONE_NEWNET) < 0)
		return os_werr("enter a net name space");
	if (ns < 0 && unshare(CLONE_NEWNET) < 0)
		return errno == ENOSPC ? werrstr("net name spaces are used up: raise user.max_net_namespaces (sysctl)")
				       : os_werr("make a net name space");
	return 0;
}

static void visit(void *p)
{
	Visit *v = p;

	v->rc = enter(v->ns) < 0 ? -1 : v->fn(v->arg);
	if (v->rc < 0)
		snprintf(v->err, sizeof v->err, "%s", rerrstr());
}

static int openself(void *arg)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	(void)arg;
	return fd < 0 ? os_werr("/proc/thread-self/ns/net") : fd;
}

/* excursion makes the visit in this thread, if it has the right to come back; false: it has not. */
static bool excursion(Visit *v)
{
	autofd int home = openself(NULL);

	if (home < 0 || setns(home, CLONE_NEWNET) < 0)
		return false;
	v->rc = enter(v->ns) < 0 ? -1 : v->fn(v->arg);
	if (setns(home, CLONE_NEWNET) < 0)
		abort(); /* it was allowed a moment ago; going on in the wrong stack would be worse */
	return true;
}

int netns_ofsocket(int sock)
{
	int fd = ioctl(sock, SIOCGSKNS);

	return fd < 0 ? os_werr("a socket's net name space") : fd;
}

int netns_run(int ns, int (*fn)(void *arg), void *arg)
{
	Visit v = { .ns = ns, .fn = fn, .arg = arg };
	pthread_t t;

	if (excursion(&v))
		return v.rc;
	if (thread_new(&t, "netns", visit, &v) < 0)
		return -1;
	thread_join(t);
	if (v.rc < 0)
		werrstr("%s", v.err);
	return v.rc;
}

int netns_new(void)
{
	return netns_run(-1, openself, NULL);
}

int netns_self(void)
{
	return openself(NULL);
}

int netns_of(int pid)
{
	char path[40];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? os_werr("%s", path) : fd;
}

static int makesocket(void *arg)
{
	const int *a = arg;
	int fd = socket(a[0], a[1] | SOCK_CLOEXEC, a[2]);

	return fd < 0 ? os_werr("socket") : fd;
}

int netns_socket(int ns, int domain, int type, int proto)
{
	int a[3] = { domain, type, proto };

	return ns < 0 ? makesocket(a) : netns_run(ns, makesocket, a);
}

typedef struct File {
	const char *name, *value;
	char *text;
} File;

static int slurp(void *arg)
{
	File *f = arg;
	char path[64];

	snprintf(path, sizeof path, "/proc/thread-self/net/%s", f->name);
	f->text = io_slurp(AT_FDCWD, path, PROCMAX, NULL);
	return f->text != NULL ? 0 : -1;
}

char *netns_slurp(int ns, const char *name)
{
	File f = { .name = name };

	return netns_run(ns, slurp, &f) < 0 ? NULL : f.text;
}

typedef struct Settings {
	const char *const (*set)[2];
	int n;
} Settings;

static int set1(int sys, const char *name, const char *value)
{
	autofd int fd = openat(sys, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return os_werr("set %s", name);
	return 0;
}

static int setall(void *arg)
{
	const Settings *t = arg;
	autofd int sys = open("/proc/sys", O_PATH | O_CLOEXEC);

	for (int i = 0; i < t->n; i++)
		if (set1(sys, t->set[i][0], t->set[i][1]) < 0)
			return -1;
	return 0;
}

int netns_sysctl(int ns, const char *name, const char *value)
{
	const char *const set[][2] = { { name, value } };
	Settings t = { set, 1 };

	return netns_run(ns, setall, &t);
}

void netns_defaults(const char *const set[][2], int n)
{
	/* the look-up of net is slow: Linux has one of that name for each net name space, in one hash chain */
	autofd int net = open("/proc/sys/net", O_PATH | O_CLOEXEC);

	for (int i = 0; i < n; i++)
		if (set1(net, set[i][0] + strlen("net/"), set[i][1]) < 0)
			continue; /* the host does not have it */
}

bool netns_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int netns_enter(int ns)
{
	return setns(ns, CLONE_NEWNET) < 0 ? os_werr("enter a net name space") : 0;
}
