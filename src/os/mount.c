/*
 * The mount calls are made by number: musl has no wrappers for them, and
 * glibc's headers for them clash with the kernel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/mount.h>
#include <os/thread.h>

enum { /* linux/mount.h */
	OpenTreeClone = 1,
	OpenTreeCloexec = O_CLOEXEC,
	AtEmptyPath = 0x1000,
	AtRecursive = 0x8000,
	AtSymlinkNofollow = 0x100,
	MoveFEmptyPath = 4,
	MoveTEmptyPath = 0x40,
	MoveBeneathBit = 0x200,
	FsCloexec = 1,
	FsSetFlag = 0,
	FsSetString = 1,
	FsCmdCreate = 6,
	AttrRdonly = 1,
	AttrNosuid = 2,
	AttrNodev = 4,
	AttrNoexec = 8,
	PropPrivate = 1 << 18,
	PropShared = 1 << 20,
};

typedef struct Attr { /* struct mount_attr */
	u64 set, clr, propagation, userns;
} Attr;

int mount_tree(int dirfd, const char *path, int flags)
{
	unsigned int f = OpenTreeCloexec;
	long fd;

	if (path == NULL || *path == '\0')
		f |= AtEmptyPath;
	if (flags & TreeClone)
		f |= OpenTreeClone;
	if ((flags & (TreeClone | TreeRecursive)) == (TreeClone | TreeRecursive))
		f |= AtRecursive;
	if (flags & TreeNofollow)
		f |= AtSymlinkNofollow;
	fd = syscall(SYS_open_tree, dirfd, path ? path : "", f);
	return fd < 0 ? os_werr("%s", path ? path : "open_tree") : (int)fd;
}

int mount_move(int from, const char *frompath, int to, const char *topath, int flags)
{
	unsigned int f = 0;

	if (frompath == NULL || *frompath == '\0')
		f |= MoveFEmptyPath;
	if (topath == NULL || *topath == '\0')
		f |= MoveTEmptyPath;
	if (flags & MoveBeneath)
		f |= MoveBeneathBit;
	if (syscall(SYS_move_mount, from, frompath ? frompath : "", to, topath ? topath : "", f) == 0)
		return 0;
	if (errno == EINVAL && (flags & MoveBeneath))
		return errset(Enotimpl);
	return os_werr("mount on %s", topath ? topath : "a descriptor");
}

static u64 attrbits(int attrs)
{
	return (attrs & MountRdonly ? AttrRdonly : 0) | (attrs & MountNosuid ? AttrNosuid : 0) |
	       (attrs & MountNodev ? AttrNodev : 0) | (attrs & MountNoexec ? AttrNoexec : 0);
}

/* fslog appends what the kernel says about a failed mount to the error. */
static int fslog(int fs, const char *fstype, int no)
{
	char msg[ERRMAX];
	ssize_t n = read(fs, msg, sizeof msg - 1);

	errno = no;
	os_werr("new %s file system", fstype);
	if (n > 2) {
		msg[n] = '\0';
		msg[strcspn(msg, "\n")] = '\0';
		werrstr("%s (%s)", rerrstr(), msg[1] == ' ' ? msg + 2 : msg);
	}
	return -1;
}

static long fsset(int fs, unsigned int cmd, const char *key, const char *val)
{
	return syscall(SYS_fsconfig, fs, cmd, key, val, 0);
}

/* fsopts gives "a=b,c" to the file system that is being made. */
static int fsopts(int fs, const char *opts)
{
	autofree char *copy = mem_str(opts);
	char *save = NULL;

	for (char *o = copy ? strtok_r(copy, ",", &save) : NULL; o != NULL; o = strtok_r(NULL, ",", &save)) {
		char *v = strchr(o, '=');

		if (v != NULL)
			*v++ = '\0';
		if (fsset(fs, v ? FsSetString : FsSetFlag, o, v) < 0)
			return -1;
	}
	return 0;
}

int mount_new(const char *fstype, const char *source, const char *opts, int attrs)
{
	autofd int fs = (int)syscall(SYS_fsopen, fstype, FsCloexec);
	long fd;

	if (fs < 0)
		return os_werr("file system type %s", fstype);
	if ((source && fsset(fs, FsSetString, "source", source) < 0) || fsopts(fs, opts) < 0 ||
	    fsset(fs, FsCmdCreate, NULL, NULL) < 0)
		return fslog(fs, fstype, errno);
	fd = syscall(SYS_fsmount, fs, FsCloexec, attrbits(attrs));
	return fd < 0 ? fslog(fs, fstype, errno) : (int)fd;
}

int mount_attr(int dirfd, const char *path, int attrs)
{
	Attr a = { .set = attrbits(attrs), .clr = attrs & MountWritable ? AttrRdonly : 0 };
	unsigned int f = attrs & MountRecursive ? AtRecursive : 0;

	if (path == NULL || *path == '\0')
		f |= AtEmptyPath;
	if (syscall(SYS_mount_setattr, dirfd, path ? path : "", f, &a, sizeof a) < 0)
		return os_werr("mount attributes of %s", path ? path : "a descriptor");
	return 0;
}

int mount_share(int dirfd, const char *path, int how)
{
	Attr a = { .propagation = how & ShareOn ? PropShared : PropPrivate };
	unsigned int f = how & MountRecursive ? AtRecursive : 0;

	if (path == NULL || *path == '\0')
		f |= AtEmptyPath;
	if (syscall(SYS_mount_setattr, dirfd, path ? path : "", f, &a, sizeof a) < 0)
		return os_werr("propagation of %s", path ? path : "a descriptor");
	return 0;
}

int mount_bind(const char *src, const char *dst, int attrs)
{
	autofd int fd = mount_tree(AT_FDCWD, src, TreeClone | TreeRecursive);

	if (fd < 0)
		return -1;
	if (attrs != 0 && mount_attr(fd, NULL, attrs | MountRecursive) < 0)
		return werrstr("bind %s: %s", src, rerrstr());
	return mount_move(fd, NULL, AT_FDCWD, dst, 0);
}

int mount_fs(const char *fstype, const char *source, const char *dst, const char *opts, int attrs)
{
	autofd int fd = mount_new(fstype, source, opts, attrs);

	return fd < 0 ? -1 : mount_move(fd, NULL, AT_FDCWD, dst, 0);
}

int mount_private(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return os_werr("make the mounts private");
	return 0;
}

int mount_off(const char *path, int flags)
{
	int f = (flags & UnmountForce ? MNT_FORCE : 0) | (flags & UnmountNow ? 0 : MNT_DETACH);

	if (umount2(path, f) < 0)
		return os_werr("unmount %s", path);
	return 0;
}

int mount_pivot(const char *newroot)
{
	if (chdir(newroot) < 0)
		return os_werr("%s", newroot);
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return os_werr("pivot_root %s", newroot);
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return os_werr("leave the old root");
	return 0;
}

int mount_pivotfd(int root)
{
	char at[2];
	bool top = getcwd(at, sizeof at) != NULL; /* else it is longer than "/" */
	int cwd = top ? -1 : open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), rc = -1;

	if (fchdir(root) < 0)
		os_werr("the new root");
	else if (syscall(SYS_pivot_root, ".", ".") < 0)
		os_werr("pivot_root");
	else if (umount2(".", MNT_DETACH) < 0)
		os_werr("leave the old root");
	else
		rc = 0;
	if (cwd < 0 ? chdir("/") < 0 : fchdir(cwd) < 0)
		rc = os_werr("the working directory");
	if (cwd >= 0)
		close(cwd);
	return rc;
}

/* unescape undoes the \ooo of mountinfo in place. */
static char *unescape(char *s)
{
	char *d = s;

	for (const char *p = s; *p != '\0'; d++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' &&
		    p[3] <= '7') {
			*d = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else
			*d = *p++;
	}
	*d = '\0';
	return s;
}

/*
 * parseline splits one line:
 * id parent major:minor root point attrs [tag ...] - fstype source opts
 */
static int parseline(char *line, Mount *m)
{
	char *save = NULL, *f[6], *end, *t;

	for (int i = 0; i < 6; i++)
		if ((f[i] = strtok_r(i == 0 ? line : NULL, " ", &save)) == NULL)
			return -1;
	do
		t = strtok_r(NULL, " ", &save);
	while (t != NULL && strcmp(t, "-") != 0);
	m->id = (int)strtol(f[0], NULL, 10);
	m->parent = (int)strtol(f[1], NULL, 10);
	m->major = (u32)strtoul(f[2], &end, 10);
	if (*end != ':')
		return -1;
	m->minor = (u32)strtoul(end + 1, NULL, 10);
	m->root = unescape(f[3]);
	m->point = unescape(f[4]);
	m->attrs = f[5];
	m->fstype = t ? strtok_r(NULL, " ", &save) : NULL;
	if (m->fstype == NULL)
		return -1;
	/* an empty source leaves two blanks together, which strtok would skip */
	if (*save == ' ') {
		m->source = "";
		save++;
	} else if ((t = strtok_r(NULL, " ", &save)) != NULL)
		m->source = unescape(t);
	else
		return -1;
	t = strtok_r(NULL, " ", &save);
	m->opts = t ? t : "";
	return 0;
}

Mounts *mounts_parse(const char *text)
{
	Mounts *t = mem_new(sizeof *t);
	int cap = 0;
	char *next;

	t->text = mem_str(text);
	for (char *line = t->text; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (t->n == cap)
			t->m = mem_grow(t->m, (size_t)(cap = 2 * cap + 32), sizeof *t->m);
		if (parseline(line, &t->m[t->n]) < 0) {
			werrstr("mount table: line %d makes no sense", t->n + 1);
			mounts_free(t);
			return NULL;
		}
		t->n++;
	}
	return t;
}

Mounts *mounts_read(const char *proc, u32 pid)
{
	autofree char *path = pid ? mem_printf("%s/%u/mountinfo", proc, pid) :
				    mem_printf("%s/thread-self/mountinfo", proc);
	autofree char *text = io_slurp(AT_FDCWD, path, 64 << 20, NULL);

	return text ? mounts_parse(text) : NULL;
}

/* hides says whether b, at the same point as a, lies on top of it. */
static bool hides(const Mounts *t, const Mount *b, const Mount *a)
{
	for (int depth = 0; depth < t->n && b != NULL; depth++) {
		const Mount *up = NULL;

		if (b->parent == a->id)
			return true;
		for (int i = 0; i < t->n; i++)
			if (t->m[i].id == b->parent && strcmp(t->m[i].point, a->point) == 0)
				up = &t->m[i];
		b = up;
	}
	return false;
}

const Mount *mounts_top(const Mounts *t, const char *point)
{
	const Mount *top = NULL;

	for (int i = 0; i < t->n; i++)
		if (strcmp(t->m[i].point, point) == 0 && (top == NULL || !hides(t, top, &t->m[i])))
			top = &t->m[i];
	return top;
}

void mounts_free(Mounts *t)
{
	if (t == NULL)
		return;
	free(t->m);
	free(t->text);
	free(t);
}

int mount_ns(const char *proc, u32 pid)
{
	autofree char *path = mem_printf("%s/%u/ns/mnt", proc, pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? os_werr("%s", path) : fd;
}

u64 mount_nsid(int nsfd)
{
	struct stat st;

	return fstat(nsfd, &st) < 0 ? 0 : (u64)st.st_ino;
}

typedef struct Within {
	int nsfd, rc;
	int (*fn)(void *arg);
	void *arg;
	char err[ERRMAX];
} Within;

static void within(void *p)
{
	Within *w = p;

	if (unshare(CLONE_FS) < 0)
		w->rc = os_werr("unshare");
	else if (setns(w->nsfd, CLONE_NEWNS) < 0)
		w->rc = os_werr("enter the mount name space");
	else
		w->rc = w->fn(w->arg);
	if (w->rc < 0)
		str_cpy(w->err, sizeof w->err, rerrstr());
}

int mount_within(int nsfd, int (*fn)(void *arg), void *arg)
{
	Within w = { .nsfd = nsfd, .fn = fn, .arg = arg };
	pthread_t t;

	if (thread_new(&t, "mountns", within, &w) < 0)
		return -1;
	thread_join(t);
	return w.rc < 0 ? werrstr("%s", w.err) : w.rc;
}

int mount_unshare(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return os_werr("new mount name space");
	return mount_private();
}

int mount_devnode(int dirfd, const char *name, u32 major, u32 minor)
{
	/* the mode is given twice, as the umask may take some of it */
	if (mknodat(dirfd, name, S_IFCHR | 0666, makedev(major, minor)) < 0 || fchmodat(dirfd, name, 0666, 0) < 0)
		return os_werr("device node %s", name);
	return 0;
}
