/*
 * The stage: a tmpfs with everything a node is built from.  It is mounted
 * in a private mount name space over the directory that holds the grids'
 * state, which hides that from nodes and hosts too.  Root of the host makes
 * it before the grid's user name space exists: device nodes work then, and
 * programs under a directory that only root may enter can still be read.
 *
 *	bin/   anthill, ants, rc  rc/   our scripts      dev/   null zero ... fuse net/tun
 *	root/  where roots are put together
 *
 * The programs are copies: building anew does not disturb a grid.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/at.h>
#include <os/io.h>
#include <os/mount.h>
#include <os/userns.h>
#include "root.h"

typedef struct DevNode {
	const char *name;
	u32 major, minor;
	bool needed;
} DevNode;

static const DevNode devs[] = {
	{ "null", 1, 3, true },	   { "zero", 1, 5, true },    { "full", 1, 7, true },  { "random", 1, 8, true },
	{ "urandom", 1, 9, true }, { "tty", 5, 0, true },     { "fuse", 10, 229, true }, { "net/tun", 10, 200, false },
};

typedef struct Copy {
	int from, to, rc;
} Copy;

static int copyfile(int from, const char *name, int to, const char *toname, u32 mode)
{
	autofd int in = openat(from, name, O_RDONLY | O_CLOEXEC);
	autofd int out = openat(to, toname, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (in < 0 || out < 0)
		return os_werr("copy %s", name);
	return io_copy(in, out, INT64_MAX) < 0 ? werrstr("copy %s: %s", name, rerrstr()) : at_chmod(to, toname, mode);
}

/*
 * loaded returns how many bytes of a static program Linux maps, and in *h its first ones without a word of what follows
 * them: half of a program is for debuggers, who have the original.  0 if it is not such a program.
 */
static u64 loaded(int fd, Elf64_Ehdr *h)
{
	u64 end = 0;

	if (pread(fd, h, sizeof *h, 0) != sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_phentsize != sizeof(Elf64_Phdr))
		return 0;
	for (u64 i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr p;

		if (pread(fd, &p, sizeof p, (off_t)(h->e_phoff + i * sizeof p)) != sizeof p || p.p_type == PT_INTERP)
			return 0;
		if (p.p_offset + p.p_filesz > end)
			end = p.p_offset + p.p_filesz;
	}
	h->e_shoff = 0;
	h->e_shnum = h->e_shstrndx = 0;
	return end;
}

static int copyprogram(int from, const char *name, int to)
{
	autofd int in = openat(from, name, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr h;
	u64 end = in < 0 ? 0 : loaded(in, &h);
	autofd int out = -1;

	if (end < sizeof h || end > INT64_MAX)
		return copyfile(from, name, to, name, 0755);
	out = openat(to, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		return os_werr("copy %s", name);
	if (io_copy(in, out, (i64)end) < 0)
		return werrstr("copy %s: %s", name, rerrstr());
	if (pwrite(out, &h, sizeof h, 0) != sizeof h)
		return os_werr("write %s", name);
	return at_chmod(to, name, 0755);
}

static void copyentry(void *arg, const char *name)
{
	Copy *c = arg;

	if (c->rc == 0 && *name != '.')
		c->rc = root_copy(c->from, name, c->to, name);
}

static int copydir(int fromdir, const char *from, int todir, const char *to)
{
	autofd int f = openat(fromdir, from, O_RDONLY | O_DIRECTORY | O_CLOEXEC), t = -1;
	Copy c = { .from = f };

	if (f < 0)
		return os_werr("copy %s", from);
	if (at_mkdir(todir, to, 0755) < 0 && errcode(rerrstr()) != Eexist)
		return werrstr("mkdir %s: %s", to, rerrstr());
	c.to = t = openat(todir, to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t < 0)
		return os_werr("copy to %s", to);
	return at_list(f, copyentry, &c) < 0 ? -1 : c.rc;
}

int root_copy(int fromdir, const char *from, int todir, const char *to)
{
	Finfo fi;

	if (at_stat(fromdir, from, &fi) < 0)
		return werrstr("%s: %s", from, rerrstr());
	if (at_isfile(&fi))
		return copyfile(fromdir, from, todir, to, fi.mode & 0111 ? 0755 : 0644);
	return at_isdir(&fi) ? copydir(fromdir, from, todir, to) : 0;
}

/* findrc looks for our scripts: $ANTHILL_RC, DIR/../share/anthill/rc (installed), or rc in a directory above (built). */
static char *findrc(const char *bin)
{
	const char *env = getenv("ANTHILL_RC");
	char *dir = mem_str(bin), *p, *slash;

	if (env != NULL && *env != '\0') {
		free(dir);
		return mem_str(env);
	}
	for (int up = 0; up < 6 && (slash = strrchr(dir, '/')) != NULL; up++) {
		*slash = '\0';
		p = mem_printf("%s/share/anthill/rc", dir);
		if (access(p, R_OK) < 0) {
			free(p);
			p = mem_printf("%s/rc/ndb", dir);
			if (access(p, R_OK) == 0)
				*strrchr(p, '/') = '\0';
		}
		if (access(p, R_OK) == 0) {
			free(dir);
			return p;
		}
		free(p);
	}
	free(dir);
	return NULL;
}

int stage_programs(char **bin, char **rc)
{
	char *self = at_readlink(AT_FDCWD, "/proc/self/exe");

	if (self == NULL)
		return werrstr("/proc/self/exe: %s", rerrstr());
	*strrchr(self, '/') = '\0';
	*bin = self;
	*rc = findrc(self);
	if (*rc == NULL) {
		werrstr("no rc scripts (share/anthill/rc or rc) near %s; ANTHILL_RC can say where they are", self);
		free(self);
		*bin = NULL;
		return -1;
	}
	return 0;
}

/* bindnode puts the host's device node at dst, for those who cannot make one. */
static int bindnode(const char *src, const char *dst)
{
	if (io_spit(dst, "", 0, 0644) < 0)
		return -1;
	return mount_bind(src, dst, 0);
}

static int links(int fd)
{
	static const char *const links[][2] = {
		{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
	};

	for (size_t i = 0; i < nelem(links); i++)
		if (symlinkat(links[i][1], fd, links[i][0]) < 0)
			return os_werr("link %s", links[i][0]);
	return 0;
}

static int makedevs(const char *dir, bool make)
{
	autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || at_mkdir(fd, "net", 0755) < 0 || at_mkdir(fd, "pts", 0755) < 0 || at_mkdir(fd, "shm", 01777) < 0)
		return os_werr("%s", dir);
	for (size_t i = 0; i < nelem(devs); i++) {
		const DevNode *d = &devs[i];
		autofree char *src = mem_printf("/dev/%s", d->name), *dst = mem_printf("%s/%s", dir, d->name);

		if (make ? mount_devnode(fd, d->name, d->major, d->minor) < 0 : bindnode(src, dst) < 0) {
			if (d->needed)
				return werrstr("device %s: %s", d->name, rerrstr());
			unlink(dst);
		}
	}
	return links(fd);
}

static int copyprograms(int stage)
{
	autofree char *bin = NULL, *rc = NULL;
	autofd int from = -1, to = -1;

	if (stage_programs(&bin, &rc) < 0)
		return -1;
	from = open(bin, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = openat(stage, "bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copyprogram(from, "anthill", to) < 0 || copyprogram(from, "ants", to) < 0)
		return werrstr("%s: %s", bin, rerrstr());
	/* ANTS's scripts begin with #!/boot/rc */
	if (symlinkat("ants", to, "rc") < 0)
		return os_werr("link rc");
	return root_copy(AT_FDCWD, rc, stage, "rc") < 0 ? -1 : 0;
}

int stage_make(const char *base)
{
	static const char *const dirs[] = { "bin", "rc", "dev", "root", "host" };
	autofree char *dev = mem_printf("%s/dev", base);
	autofd int fd = -1;

	/* the copies are read through paths that the mount would hide if they were below base */
	fd = mount_new("tmpfs", "anthill", "mode=755", MountNosuid);
	if (fd < 0)
		return -1;
	for (size_t i = 0; i < nelem(dirs); i++)
		if (at_mkdir(fd, dirs[i], 0755) < 0)
			return werrstr("stage: %s", rerrstr());
	if (copyprograms(fd) < 0 || mount_move(fd, NULL, AT_FDCWD, base, 0) < 0)
		return -1;
	return makedevs(dev, host_root());
}

/*
 * A node's root owns its mount name space, so it could make a mount of its own making writable again, and for an ordinary
 * user's grid it is that user.  A mount that was read-only when another user name space took it over stays so, with all
 * that is bound from it: hence these are made here, and nodes take what they show of the host from base/host.
 */
int stage_lock(const char *base)
{
	static const char *const own[] = { "bin", "rc", "dev" };
	autofree char *host = mem_printf("%s/host", base);

	if (mount_bind("/", host, MountRdonly | MountNosuid) < 0)
		return -1;
	for (size_t i = 0; i < nelem(own); i++) {
		autofree char *dir = mem_printf("%s/%s", base, own[i]);

		if (mount_bind(dir, dir, MountRdonly | MountNosuid) < 0)
			return -1;
	}
	return 0;
}

bool stage_there(const char *base)
{
	autofree char *bin = mem_printf("%s/bin/anthill", base);

	return access(bin, X_OK) == 0;
}
