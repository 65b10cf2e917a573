#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/io.h>
#include <os/procinfo.h>
#include <os/wchan.h>

typedef struct Call {
	long nr;
	const char *name;
	int path; /* the argument that is a path, -1: none */
	int fd;   /* the one that is a descriptor */
} Call;

static const Call calls[] = {
	{ SYS_read, "read", -1, 0 },	     { SYS_write, "write", -1, 0 },	  { SYS_pread64, "read", -1, 0 },
	{ SYS_pwrite64, "write", -1, 0 },    { SYS_readv, "read", -1, 0 },	  { SYS_writev, "write", -1, 0 },
	{ SYS_openat, "open", 1, -1 },	     { SYS_getdents64, "list", -1, 0 },	  { SYS_fstat, "stat", -1, 0 },
	{ SYS_newfstatat, "stat", 1, -1 },   { SYS_statx, "stat", 1, -1 },	  { SYS_execve, "exec", 0, -1 },
	{ SYS_chdir, "chdir", 0, -1 },	     { SYS_faccessat, "access", 1, -1 },  { SYS_mkdirat, "mkdir", 1, -1 },
	{ SYS_unlinkat, "remove", 1, -1 },   { SYS_renameat2, "rename", 1, -1 },  { SYS_open_tree, "open_tree", 1, -1 },
	{ SYS_mount_setattr, "mount", 1, -1 }, { SYS_umount2, "unmount", 0, -1 }, { SYS_ftruncate, "truncate", -1, 0 },
	{ SYS_close, "close", -1, 0 },	     { SYS_fsync, "sync", -1, 0 },
#ifdef SYS_open
	{ SYS_open, "open", 0, -1 },	     { SYS_stat, "stat", 0, -1 },	  { SYS_lstat, "stat", 0, -1 },
	{ SYS_access, "access", 0, -1 },     { SYS_mkdir, "mkdir", 0, -1 },	  { SYS_unlink, "remove", 0, -1 },
	{ SYS_rename, "rename", 0, -1 },     { SYS_poll, "poll", -1, -1 },
#endif
};

/* peek reads a string of process pid. */
static void peek(u32 pid, unsigned long addr, Buf *b)
{
	char text[256];
	int fd = proc_open(pid, "mem", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, (off_t)addr);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	buf_printf(b, " of %s", text);
}

static void describe(u32 pid, const Call *c, const unsigned long *arg, Buf *b)
{
	buf_str(b, c->name);
	if (c->path >= 0)
		peek(pid, arg[c->path], b);
	else if (c->fd >= 0) {
		autofree char *name = mem_printf("fd/%lu", arg[c->fd]);
		autofree char *file = proc_link(pid, name);

		buf_printf(b, " of %s", file ? file : name);
	}
}

bool wchan_fuse(u32 pid, Buf *what)
{
	autofree char *wchan = proc_slurp(pid, "wchan", NULL), *sc = NULL;
	unsigned long arg[6];
	long nr;

	if (wchan == NULL || (strstr(wchan, "fuse") == NULL && strcmp(wchan, "request_wait_answer") != 0))
		return false;
	sc = proc_slurp(pid, "syscall", NULL);
	if (sc == NULL || sscanf(sc, "%ld %lx %lx %lx %lx %lx %lx", &nr, &arg[0], &arg[1], &arg[2], &arg[3], &arg[4],
				 &arg[5]) != 7) {
		buf_str(what, "a call");
		return true;
	}
	for (size_t i = 0; i < nelem(calls); i++)
		if (calls[i].nr == nr) {
			describe(pid, &calls[i], arg, what);
			return true;
		}
	buf_printf(what, "system call %ld", nr);
	return true;
}
