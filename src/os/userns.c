#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/spawn.h>
#include <os/userns.h>

/*
 * Root's ranges start here: above what adduser (100000 up), systemd-nspawn
 * (0x00080000-0x6fffffff) and systemd's homes use, below 2^31.
 */
enum { RootBase = 0x70000000, RootRange = 0x10000, RootRanges = 0x0fff };

static void range(IdMap *m, u32 inside, u32 outside, u32 count)
{
	m->inside = inside;
	m->outside = outside;
	m->count = count;
}

bool host_root(void)
{
	autofree char *text = NULL;
	unsigned in, out, n;

	if (geteuid() != 0 || (text = io_slurp(AT_FDCWD, "/proc/self/uid_map", 65536, NULL)) == NULL)
		return false;
	return sscanf(text, "%u %u %u", &in, &out, &n) == 3 && in == 0 && out == 0 && n == 4294967295u;
}

void userns_single(UserMap *m)
{
	memset(m, 0, sizeof *m);
	range(&m->uid[0], 0, geteuid(), 1);
	range(&m->gid[0], 0, getegid(), 1);
	m->n = 1;
}

/* same reads one map of ours and maps its first range to itself. */
static void same(const char *path, IdMap *m)
{
	autofree char *text = io_slurp(AT_FDCWD, path, 65536, NULL);
	unsigned in, out, n;

	if (text == NULL || sscanf(text, "%u %u %u", &in, &out, &n) != 3) {
		in = 0;
		n = 1;
	}
	if (n == 1 && strchr(text ? text : "", '\n') != NULL) {
		unsigned in2, n2;

		/* 0 alone and then a range of subordinate ids */
		if (sscanf(strchr(text, '\n') + 1, "%u %u %u", &in2, &out, &n2) == 3 && in2 == in + 1)
			n += n2;
	}
	range(m, in, in, n);
}

void userns_same(UserMap *m)
{
	memset(m, 0, sizeof *m);
	same("/proc/self/uid_map", &m->uid[0]);
	same("/proc/self/gid_map", &m->gid[0]);
	m->n = 1;
}

/* mapped says whether a map of ours has id. */
static bool mapped(const char *path, u32 id)
{
	autofree char *text = io_slurp(AT_FDCWD, path, 65536, NULL);
	unsigned in, out, n;

	for (char *s = text; s != NULL && sscanf(s, "%u %u %u", &in, &out, &n) == 3;) {
		if (id - in < n)
			return true;
		s = strchr(s, '\n');
		s = s != NULL && s[1] != '\0' ? s + 1 : NULL;
	}
	return false;
}

bool userns_has(u32 id)
{
	return mapped("/proc/self/uid_map", id) && mapped("/proc/self/gid_map", id);
}

/* subid finds the first range that file grants to name or uid. */
static bool subid(const char *file, const char *name, u32 uid, IdMap *m)
{
	autofree char *text = io_slurp(AT_FDCWD, file, 1 << 20, NULL);
	autofree char *num = mem_printf("%u", uid);
	char *save = NULL, *f[4];

	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l != NULL; l = strtok_r(NULL, "\n", &save)) {
		u64 base, n;

		if (str_fields(l, f, 4, ":") != 3 || !(str_eq(f[0], name) || str_eq(f[0], num)))
			continue;
		if (str_u64(f[1], 10, UINT32_MAX, &base) < 0 || str_u64(f[2], 10, UINT32_MAX, &n) < 0 || n == 0)
			continue;
		range(m, 1, (u32)base, (u32)(n > 65535 ? 65535 : n));
		return true;
	}
	return false;
}

/* user gives the login name of our uid as /etc/passwd has it, owned by the caller, or NULL; no NSS in static binaries. */
static char *user(u32 uid)
{
	autofree char *text = io_slurp(AT_FDCWD, "/etc/passwd", 8 << 20, NULL);
	char *save = NULL, *f[4];

	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l != NULL; l = strtok_r(NULL, "\n", &save)) {
		u64 v;

		/* an empty field counts as none, so the password's x may be missing */
		if (str_fields(l, f, 4, ":") >= 3 && str_u64(f[2], 10, UINT32_MAX, &v) == 0 && v == uid)
			return mem_str(f[0]);
	}
	return NULL;
}

void userns_plan(UserMap *m, u32 seed)
{
	autofree char *name = NULL;

	if (host_root()) {
		memset(m, 0, sizeof *m);
		range(&m->uid[0], 0, RootBase + RootRange * (seed % RootRanges), RootRange);
		m->gid[0] = m->uid[0];
		m->n = 1;
		return;
	}
	userns_single(m);
	if (geteuid() == 0 || access("/usr/bin/newuidmap", X_OK) < 0 || access("/usr/bin/newgidmap", X_OK) < 0)
		return;
	name = user(geteuid());
	if (subid("/etc/subuid", name, geteuid(), &m->uid[1]) && subid("/etc/subgid", name, geteuid(), &m->gid[1])) {
		m->n = 2;
		m->helper = true;
	}
}

static int writemap(int pid, const char *file, const IdMap *m, int n)
{
	autofree char *path = mem_printf("/proc/%d/%s", pid, file);
	autobuf Buf b = { 0 };
	autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

	for (int i = 0; i < n; i++)
		buf_printf(&b, "%u %u %u\n", m[i].inside, m[i].outside, m[i].count);
	if (fd < 0 || write(fd, buf_text(&b), b.n) != (ssize_t)b.n)
		return os_werr("%s", path);
	return 0;
}

/* helper runs newuidmap or newgidmap. */
static int helper(const char *prog, int pid, const IdMap *m, int n)
{
	char num[8][16], *argv[10];
	int k = 0, null, status;
	Spawn s = { .path = prog, .argv = argv };

	snprintf(num[0], sizeof num[0], "%d", pid);
	argv[k++] = (char *)(uintptr_t)prog;
	argv[k++] = num[0];
	for (int i = 0; i < n; i++) {
		const u32 v[3] = { m[i].inside, m[i].outside, m[i].count };

		for (int j = 0; j < 3; j++, k++) {
			snprintf(num[k - 1], sizeof num[0], "%u", v[j]);
			argv[k] = num[k - 1];
		}
	}
	argv[k] = NULL;
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
		return os_werr("/dev/null");
	s.fd[0] = s.fd[1] = s.fd[2] = null;
	s.nfd = 3;
	k = spawn(&s);
	close(null);
	if (k < 0 || waitpid(k, &status, 0) < 0)
		return -1;
	return status == 0 ? 0 : werrstr("%s failed", prog);
}

int userns_map(int pid, UserMap *m)
{
	autofree char *path = mem_printf("/proc/%d/setgroups", pid);

	if (m->helper && helper("/usr/bin/newuidmap", pid, m->uid, m->n) == 0) {
		if (helper("/usr/bin/newgidmap", pid, m->gid, m->n) == 0)
			return 0;
		/* the uids are written for good: one gid will do */
		m->n = 1;
	} else if (m->helper)
		userns_single(m);
	else if (writemap(pid, "uid_map", m->uid, m->n) < 0)
		return -1;
	if (m->helper && m->n == 1 && writemap(pid, "uid_map", m->uid, 1) < 0 && errno != EPERM)
		return -1;
	if (writemap(pid, "gid_map", m->gid, m->n) == 0)
		return 0;
	/* without privilege over the groups outside, setgroups has to be given up first */
	if (io_spit(path, "deny", 4, 0) < 0 && errno != EPERM)
		return -1;
	return writemap(pid, "gid_map", m->gid, m->n);
}

int userns_become(void)
{
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return os_werr("setgroups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return os_werr("become uid 0 of the name space");
	/* the change made our files in /proc root's of the host: we map the ids of our children by them */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return os_werr("prctl");
	return 0;
}

static bool sysctl(const char *path, long *v)
{
	autofree char *text = io_slurp(AT_FDCWD, path, 64, NULL);

	if (text == NULL)
		return false;
	*v = strtol(text, NULL, 10);
	return true;
}

/* tryuser makes and leaves a user name space in a child; 0 or errno. */
static int tryuser(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == 0 ? 0 : errno & 0xff);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static void checkuser(Buf *b)
{
	int no = tryuser();
	long v;

	if (no == 0)
		return;
	buf_printf(b, "user name spaces are not allowed here: %s\n", strerror(no));
	if (sysctl("/proc/sys/user/max_user_namespaces", &v) && v == 0)
		buf_str(b, "  fix: sysctl -w user.max_user_namespaces=10000\n");
	else if (sysctl("/proc/sys/kernel/unprivileged_userns_clone", &v) && v == 0)
		buf_str(b, "  fix: sysctl -w kernel.unprivileged_userns_clone=1\n");
	else if (sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &v) && v != 0)
		buf_str(b, "  fix: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give this program an "
			   "AppArmor profile that has `userns,`\n");
	else
		buf_str(b, "  fix: allow clone and unshare with CLONE_NEWUSER (a container's seccomp profile, "
			   "perhaps)\n");
}

static void checkapparmor(Buf *b)
{
	long v;

	/* Ubuntu 24.04: unshare works, but without any capability inside */
	if (geteuid() != 0 && sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &v) && v != 0)
		buf_str(b, "AppArmor restricts user name spaces of unprivileged users\n"
			   "  fix: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give this program an "
			   "AppArmor profile that has `userns,`\n");
}

static void checkdev(Buf *b, const char *path, const char *module)
{
	autofd int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return;
	buf_printf(b, "%s cannot be opened: %s\n", path, strerror(errno));
	if (errno == EACCES || errno == EPERM)
		buf_printf(b, "  fix: chmod 666 %s\n", path);
	else
		buf_printf(b, "  fix: modprobe %s\n", module);
}

int host_check(Buf *b)
{
	size_t n = b->n;
	struct utsname u;
	int major = 0, minor = 0;

	if (uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	    (major < 6 || (major == 6 && minor < 1)))
		buf_printf(b, "Linux %s is too old\n  fix: Linux 6.1 or newer\n", u.release);
	checkuser(b);
	checkapparmor(b);
	checkdev(b, "/dev/fuse", "fuse");
	return b->n == n ? 0 : werrstr("this host cannot run grids");
}
