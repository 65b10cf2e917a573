/*
 * A node's root is a tmpfs of its own.  Every top-level directory is a mount
 * of its own too, because a union on / is made by moving the mounts below
 * it.  Device nodes, the real procfs and what is used of the host's /etc are
 * at names with a dot, reached by symbolic links: a union over /dev or /etc
 * then serves links, never a device.
 *
 *	/bin /boot                 our commands are links to /boot/anthill and /boot/ants
 *	/rc /lib                   our scripts and databases; /lib also links to the host's libraries
 *	/usr                       the host's, read-only, and the user's home
 *	/etc                       our own passwd, group, hosts ...; links to the host's ld.so.cache ...
 *	/.dev /.proc /.etc         device nodes, the real procfs, the host's /etc
 *	/dev                       links into /.dev
 *	/# /.user                  the kernel process of the boot name space; the users'
 *	/net /net.alt /n /srv /env /fd /root /tmp /run      empty
 *	/mnt                       directories to mount on that Plan 9's scripts expect: term, wsys, cpunote, exportfs
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <node/node.h>
#include <os/at.h>
#include <os/io.h>
#include <os/mount.h>
#include "root.h"

static const NodeCmd *cmds;

void node_commands(const NodeCmd *c)
{
	cmds = c;
}

static int mkdirs(int root, const char *path)
{
	autofree char *p = mem_str(path);

	for (char *s = strchr(p, '/'); s != NULL; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (at_mkdir(root, p, 0755) < 0 && errcode(rerrstr()) != Eexist)
			return werrstr("mkdir %s: %s", p, rerrstr());
		*s = '/';
	}
	return 0;
}

static int linkto(int root, const char *target, const char *name)
{
	if (symlinkat(target, root, name) < 0)
		return os_werr("link %s", name);
	return 0;
}

static int writefile(int root, const char *name, const char *text, u32 mode)
{
	autofd int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	return fd < 0 ? os_werr("%s", name) : io_writen(fd, text, strlen(text));
}

/* topdirs makes the top-level directories, each a mount. */
static int topdirs(int root, const char *at)
{
	static const char *const dirs[] = {
		"bin", "boot", "rc", "lib", "usr", "etc", "dev", "net", "net.alt", "mnt", "n", "srv", "env", "fd",
		"root", "tmp", "run", "proc",
	};
	static const char *const mnt[] = { "mnt/term/dev/", "mnt/wsys/", "mnt/cpunote/", "mnt/exportfs/" };
	static const char *const plain[] = { "#", ".user", ".dev", ".proc", ".etc" };

	for (size_t i = 0; i < nelem(plain); i++)
		if (at_mkdir(root, plain[i], 0755) < 0)
			return werrstr("/%s: %s", plain[i], rerrstr());
	for (size_t i = 0; i < nelem(dirs); i++) {
		autofree char *path = mem_printf("%s/%s", at, dirs[i]);

		if (at_mkdir(root, dirs[i], 0755) < 0 || mount_bind(path, path, 0) < 0)
			return werrstr("/%s: %s", dirs[i], rerrstr());
	}
	for (size_t i = 0; i < nelem(mnt); i++)
		if (mkdirs(root, mnt[i]) < 0)
			return -1;
	return at_chmod(root, "tmp", 01777);
}

static int bindat(const char *at, const char *src, const char *dst, int attrs)
{
	autofree char *path = mem_printf("%s/%s", at, dst);

	return mount_bind(src, path, attrs);
}

/* bindhost binds the host's directory path, read-only for good: stage_lock. */
static int bindhost(const char *base, const char *at, const char *path, const char *dst)
{
	autofree char *src = mem_printf("%s/host%s", base, path);

	return bindat(at, src, dst, MountRdonly | MountNosuid);
}

static int fsat(const char *at, const char *fstype, const char *dst, const char *opts)
{
	autofree char *path = mem_printf("%s/%s", at, dst);

	return mount_fs(fstype, fstype, path, opts, strcmp(fstype, "devpts") ? MountNosuid | MountNodev : MountNosuid);
}

/* programs links a name in /bin for each of our commands, and the host's shells, which scripts ask for by name. */
static int programs(int root)
{
	static const char *const shells[] = { "sh", "bash", "dash" };

	for (const NodeCmd *c = cmds; c != NULL && c->name != NULL; c++) {
		autofree char *name = mem_printf("bin/%s", c->name);

		if (mkdirs(root, name) < 0 || linkto(root, c->small ? "/boot/ants" : "/boot/anthill", name) < 0)
			return -1;
	}
	for (size_t i = 0; i < nelem(shells); i++) {
		autofree char *host = mem_printf("/usr/bin/%s", shells[i]), *name = mem_printf("bin/%s", shells[i]);

		if (access(host, X_OK) == 0 && faccessat(root, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    linkto(root, host, name) < 0)
			return -1;
	}
	return linkto(root, "usr/sbin", "sbin");
}

typedef struct Each {
	int root;
	const char *at, *base, *user;
	int rc;
} Each;

static void liblink(void *arg, const char *name)
{
	Each *e = arg;
	autofree char *to = mem_printf("/usr/lib/%s", name), *from = mem_printf("lib/%s", name);

	/* a name that our own scripts have is ours */
	if (e->rc == 0 && faccessat(e->root, from, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		e->rc = linkto(e->root, to, from);
}

/* usrentry puts one entry of the host's /usr into the node's: a directory as a read-only bind, a link as a link. */
static void usrentry(void *arg, const char *name)
{
	Each *e = arg;
	autofree char *src = mem_printf("/usr/%s", name), *dst = mem_printf("usr/%s", name);
	Finfo fi;

	if (e->rc < 0 || at_stat(AT_FDCWD, src, &fi) < 0)
		return;
	if (at_islink(&fi)) {
		autofree char *to = at_readlink(AT_FDCWD, src);

		e->rc = to ? linkto(e->root, to, dst) : -1;
	} else if (at_isdir(&fi) && strcmp(name, e->user) != 0) {
		e->rc = at_mkdir(e->root, dst, 0755) < 0 ? werrstr("/%s: %s", dst, rerrstr()) :
							   bindhost(e->base, e->at, src, dst);
	}
}

static int eachof(const char *dir, void (*fn)(void *arg, const char *name), Each *e)
{
	autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return 0; /* the host has none */
	return at_list(fd, fn, e) < 0 ? -1 : e->rc;
}

static int hosttrees(int root, const char *at, const char *base, const char *user)
{
	Each e = { .root = root, .at = at, .base = base, .user = user };
	Finfo fi;

	if (eachof("/usr", usrentry, &e) < 0 || eachof("/usr/lib", liblink, &e) < 0)
		return -1;
	if (at_stat(AT_FDCWD, "/lib64", &fi) < 0)
		return 0;
	if (at_islink(&fi))
		return linkto(root, "usr/lib64", "lib64");
	return at_mkdir(root, "lib64", 0755) < 0 ? -1 : bindhost(base, at, "/lib64", "lib64");
}

/* ours says whether a path is, or is below, a directory that the node makes itself. */
static bool ours(int root, const char *path)
{
	autofree char *top = mem_str(path + 1);

	top[strcspn(top, "/")] = '\0';
	return faccessat(root, top, F_OK, AT_SYMLINK_NOFOLLOW) == 0 && strcmp(top, "usr") != 0;
}

/*
 * hostdir shows a directory of the host at its own name, read-only.  A new top-level directory is a mount, as all are;
 * /usr may get more.
 */
static int hostdir(int root, const char *at, const char *base, const char *path)
{
	autofree char *inside = mem_printf("%s/", path + 1);
	autofree char *top = mem_printf("%s/%.*s", at, (int)strcspn(path + 1, "/"), path + 1);

	if (access(top, F_OK) < 0 && (at_mkdir(AT_FDCWD, top, 0755) < 0 || mount_bind(top, top, 0) < 0))
		return werrstr("%s: %s", path, rerrstr());
	return mkdirs(root, inside) < 0 ? -1 : bindhost(base, at, path, path + 1);
}

static int checkdir(int root, const char *path)
{
	Finfo fi;

	if (*path != '/' || path[1] == '\0' || strstr(path, "//") != NULL || strstr(path, "/.") != NULL)
		return werrstr("'%s' is not an absolute path of a directory, or has a name with a dot first", path);
	if (at_stat(AT_FDCWD, path, &fi) < 0 || !at_isdir(&fi))
		return werrstr("'%s' is no directory of the host", path);
	return ours(root, path) ? werrstr("'%s' would hide, or be in, a directory of the node's own", path) : 0;
}

static int hostdirs(const Ini *ini, int root, const char *at, const char *base)
{
	const char *list = ini_get(ini, "hostdirs");
	autofree char *text = mem_str(list != NULL ? list : "");
	char *f[64];
	int n = str_fields(text, f, nelem(f), " \t");

	for (int i = 0; i < n; i++)
		if (checkdir(root, f[i]) < 0)
			return werrstr("hostdirs: %s", rerrstr());
	for (int i = 0; i < n; i++)
		if (hostdir(root, at, base, f[i]) < 0)
			return werrstr("hostdirs: %s", rerrstr());
	return 0;
}

static int etc(int root, const char *at, const char *base, const char *user, const char *sysname)
{
	static const char *const links[] = {
		"ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld-musl-x86_64.path", "ssl", "ca-certificates", "pki",
		"alternatives", "localtime", "timezone", "mime.types", "magic", "terminfo", "inputrc", "fonts",
		"services", "protocols", "rpc", "ethertypes", "iproute2", "os-release", "debian_version", "perl",
		"python3", "java-17-openjdk", "nginx", "lighttpd", "bash.bashrc", "profile", "security", "pam.d",
	};
	autofree char *passwd = mem_printf("%s:x:0:0:%s:/usr/%s:/bin/rc\nroot:x:0:0:root:/usr/%s:/bin/sh\n"
					   "none:x:65534:65534:none:/:/bin/rc\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
					   user, user, user, user);
	autofree char *hosts = mem_printf("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s\n", sysname);

	for (size_t i = 0; i < nelem(links); i++) {
		autofree char *to = mem_printf("/.etc/%s", links[i]), *host = mem_printf("/etc/%s", links[i]);
		autofree char *name = mem_printf("etc/%s", links[i]);

		if (access(host, F_OK) == 0 && linkto(root, to, name) < 0)
			return -1;
	}
	if (writefile(root, "etc/passwd", passwd, 0644) < 0 || writefile(root, "etc/hosts", hosts, 0644) < 0 ||
	    writefile(root, "etc/group", "root:x:0:\nnone:x:65534:\nnogroup:x:65534:\n", 0644) < 0 ||
	    writefile(root, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n", 0644) < 0 ||
	    writefile(root, "etc/hostname", sysname, 0644) < 0 || writefile(root, "etc/resolv.conf", "", 0644) < 0)
		return -1;
	return bindhost(base, at, "/etc", ".etc");
}

static int devices(int root, const char *at, const char *base)
{
	static const char *const names[] = { "null", "zero", "full", "random", "urandom", "tty", "fuse", "net", "pts", "shm",
					     "fd", "stdin", "stdout", "stderr", "ptmx" };
	autofree char *dev = mem_printf("%s/dev", base);

	if (bindat(at, dev, ".dev", MountNosuid) < 0)
		return -1;
	for (size_t i = 0; i < nelem(names); i++) {
		autofree char *to = mem_printf("/.dev/%s", names[i]), *name = mem_printf("dev/%s", names[i]);

		if (linkto(root, to, name) < 0)
			return -1;
	}
	if (fsat(at, "devpts", ".dev/pts", "newinstance,ptmxmode=0666,mode=620") < 0)
		return -1;
	return fsat(at, "tmpfs", ".dev/shm", "mode=1777,size=16m");
}

/* scripts copies our rc tree: bin and lib to /rc, the rest to /lib. */
static void rcentry(void *arg, const char *name)
{
	Each *e = arg;
	autofree char *to = NULL;
	autofd int from = -1;

	if (e->rc < 0 || *name == '.')
		return;
	from = openat(AT_FDCWD, e->at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = mem_printf(strcmp(name, "bin") == 0 || strcmp(name, "lib") == 0 ? "rc/%s" : "lib/%s", name);
	e->rc = root_copy(from, name, e->root, to);
}

static int scripts(int root, const char *base)
{
	autofree char *rc = mem_printf("%s/rc", base);
	Each e = { .root = root, .at = rc };

	if (at_mkdir(root, "rc/bin", 0755) < 0 || at_mkdir(root, "rc/lib", 0755) < 0 || at_mkdir(root, "lib/ndb", 0755) < 0)
		return werrstr("/rc: %s", rerrstr());
	return eachof(rc, rcentry, &e);
}

static int home(int root, const char *user)
{
	static const char *const dirs[] = { "", "/lib", "/tmp", "/bin", "/bin/rc" };

	for (size_t i = 0; i < nelem(dirs); i++) {
		autofree char *d = mem_printf("usr/%s%s", user, dirs[i]);

		if (at_mkdir(root, d, 0755) < 0)
			return werrstr("/%s: %s", d, rerrstr());
	}
	return 0;
}

static int fillnode(const Machine *m, int root, const char *at, const char *base)
{
	const char *user = ini_get(&m->ini, "user"), *sysname = ini_get(&m->ini, "sysname");
	autofree char *bin = mem_printf("%s/bin", base);

	if (user == NULL || !grid_goodname(user))
		user = "glenda";
	if (topdirs(root, at) < 0 || home(root, user) < 0 || scripts(root, base) < 0 || hosttrees(root, at, base, user) < 0 ||
	    hostdirs(&m->ini, root, at, base) < 0 ||
	    etc(root, at, base, user, sysname ? sysname : m->name) < 0 || devices(root, at, base) < 0 ||
	    bindat(at, bin, "boot", MountRdonly | MountNosuid) < 0 || programs(root) < 0)
		return -1;
	if (fsat(at, "proc", "proc", NULL) < 0 || fsat(at, "proc", ".proc", NULL) < 0)
		return werrstr("%s (is something mounted over parts of this system's /proc?)", rerrstr());
	return m->script ? writefile(root, "rc/bin/boot.script", m->script, 0755) : 0;
}

int root_node(const Machine *m, const char *base)
{
	autofree char *at = mem_printf("%s/root", base);
	autofree char *opts = mem_printf("mode=755,size=%llu", (unsigned long long)m->mem);
	autofd int root = -1;

	if (mount_private() < 0 || mount_fs("tmpfs", m->name, at, opts, MountNosuid | MountNodev) < 0)
		return -1;
	root = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return os_werr("%s", at);
	if (fillnode(m, root, at, base) < 0)
		return werrstr("root of %s: %s", m->name, rerrstr());
	return mount_pivot(at);
}

int root_reproc(const char *path)
{
	return mount_fs("proc", "proc", path, NULL, MountNosuid | MountNodev | MountNoexec);
}

/*
 * A host sees the host system's files, read-only unless it is writable, with
 * /tmp, /run, /dev and /proc of its own.
 */
int root_host(const Machine *m, const char *base)
{
	static const char *const hidden[] = { "tmp", "run", "var/lib/misc", "dev/shm" };
	autofree char *at = mem_printf("%s/root", base), *dev = mem_printf("%s/dev", base);
	autofree char *host = mem_printf("%s/host", base);

	if (mount_private() < 0 || mount_bind(m->writable ? "/" : host, at, m->writable ? 0 : MountRdonly | MountNosuid) < 0)
		return -1;
	if (bindat(at, dev, "dev", 0) < 0 || fsat(at, "devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=620") < 0 ||
	    fsat(at, "proc", "proc", NULL) < 0)
		return -1;
	for (size_t i = m->writable ? 2 : 0; i < nelem(hidden); i++) {
		autofree char *path = mem_printf("%s/%s", at, hidden[i]);

		if (access(path, F_OK) == 0 && fsat(at, "tmpfs", hidden[i], i == 1 ? "mode=755" : "mode=1777") < 0)
			return -1;
	}
	return mount_pivot(at);
}
