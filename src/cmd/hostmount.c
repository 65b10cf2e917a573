/*
 * mount on a plain host.  A child dials, attaches, mounts and then serves in
 * the background; the parent waits to hear how that went.  Until the mount
 * is made ^C simply ends both; from then on a signal takes the mount away
 * first, so that no dead mount is left.
 */
#include "hostmount.h"
#include "tool.h"
#include <base/mem.h>
#include <base/str.h>
#include <client/client.h>
#include <client/dial.h>
#include <fcntl.h>
#include <fuse/fuse.h>
#include <ns/mnt.h>
#include <os/thread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "mount [-fonrs] [-C] [-A tree] [-t seconds] [-u user] addr dir [tree]";

typedef struct Opts {
	bool foreground, others, once, readonly, stream, cache;
	const char *uname, *aname, *addr;
	char *dir;   /* absolute */
	int seconds; /* for an answer */
} Opts;

typedef struct User {
	char *name;
	u32 uid, gid;
} User;

static User *users; /* whom a server's names stand for here; only if all ids are ours to show */
static size_t nusers;
static sigset_t sigs;

/* number is N of an address /fd/N, -1 for any other */
static int number(const char *addr)
{
	i64 n;

	return str_prefix(addr, "/fd/") && str_int(addr + 4, 0, INT32_MAX, &n) == 0 ? (int)n : -1;
}

static void flags(Opts *o, int argc, char **argv)
{
	Args a;
	int c;

	args_init(&a, argc, argv, usage);
	while ((c = args_flag(&a)) != 0)
		switch (c) {
		case 'A':
			o->aname = args_value(&a);
			break;
		case 'C':
			o->cache = true;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'n':
			o->once = true;
			break;
		case 'o':
			o->others = true;
			break;
		case 'r':
			o->readonly = true;
			break;
		case 's':
			o->stream = true;
			break;
		case 't':
			o->seconds = (int)args_number(&a, 1, 86400);
			break;
		case 'u':
			o->uname = args_value(&a);
			break;
		default:
			args_usage(&a);
		}
	if (a.argc < 2 || a.argc > 3 || (a.argc == 3 && o->aname != NULL))
		args_usage(&a);
	o->addr = a.argv[0];
	o->once |= number(o->addr) >= 0;
	if (a.argc == 3)
		o->aname = a.argv[2];
	if (fuse_checkdir(a.argv[1]) < 0)
		tool_die("%s", rerrstr());
	o->dir = realpath(a.argv[1], NULL);
	if (o->dir == NULL)
		tool_oopsdie("%s", a.argv[1]);
	if (o->others && geteuid() != 0)
		tool_die("-o: only root lets other users in");
}

/* adduser takes one line of /etc/passwd */
static void adduser(char *line)
{
	char *f[5];
	i64 uid, gid;

	if (str_fields(line, f, 5, ":") < 4 || str_int(f[2], 0, UINT32_MAX, &uid) < 0 ||
	    str_int(f[3], 0, UINT32_MAX, &gid) < 0)
		return;
	users = mem_grow(users, nusers + 1, sizeof *users);
	users[nusers++] = (User){mem_str(f[0]), (u32)uid, (u32)gid};
}

/* loadusers reads the table of users, unless this is a user name space that knows only some. */
static void loadusers(void)
{
	autofree char *map = io_slurp(AT_FDCWD, "/proc/self/uid_map", 4096, NULL);
	autofree char *text = io_slurp(AT_FDCWD, "/etc/passwd", 1 << 20, NULL);
	char *f[4], *save = NULL;

	if (geteuid() != 0 || map == NULL || text == NULL || str_fields(map, f, 4, " \n") != 3 ||
	    strcmp(f[2], "4294967295") != 0)
		return;
	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save))
		adduser(l);
}

static void owner(void *arg, const Dir *d, u32 *uid, u32 *gid)
{
	for (size_t i = 0; i < nusers; i++)
		if (strcmp(users[i].name, d->uid) == 0) {
			*uid = users[i].uid;
			*gid = users[i].gid;
			return;
		}
}

/* redial dials; it is also how the mount heals */
static Client *redial(void *arg, const Client *old)
{
	const Opts *o = arg;
	ClientOpts co = {.name = o->addr, .msize = MSIZEMAX, .deadline_ms = o->seconds * 1000};
	autofree char *addr = dial_addr(o->addr, "tcp", "9fs");
	int fd = number(o->addr);

	if (fd >= 0) {
		fd = io_dup(fd); /* 0 to 2 become /dev/null */
		return fd < 0 ? (werrstr("%s: %s", o->addr, rerrstr()), NULL) : client_new(fd, fd, &co);
	}
	return client_dial(addr, &co);
}

/* attach dials and makes the connection's two ends meet; NULL with the reason. */
static Fuse *attach(Opts *o)
{
	MntOpts mo = {.deadline = o->seconds * 1000,
		      .stream = o->stream,
		      .cache = o->cache,
		      .redial = {.fn = o->once ? NULL : redial, .arg = o}};
	FuseOpts fo = {.uname = o->uname,
		       .source = o->addr,
		       .owner = owner,
		       .allow_other = o->others,
		       .readonly = o->readonly,
		       .qidino = true,
		       .deadline = o->seconds * 1000};
	Client *c = redial(o, NULL);
	Srv *s;
	Fuse *f;

	if (c == NULL)
		return NULL;
	s = mnt_new(c, &mo);
	f = fuse_new(s, o->aname, &fo);
	if (f == NULL)
		werrstr("%s: attach: %s", o->addr, rerrstr());
	srv_drop(s);
	client_drop(c);
	return f;
}

static void onsignal(void *arg)
{
	int sig;

	sigwait(&sigs, &sig);
	if (fuse_unmount(arg) < 0)
		tool_warn("%s", rerrstr());
	_exit(0);
}

/* quiet lets go of the terminal and whatever else was the caller's. */
static void quiet(void)
{
	int fd = open("/dev/null", O_RDWR);

	setsid();
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	if (chdir("/") < 0)
		_exit(1);
}

/* serve does everything; report is where the parent waits for a byte. */
static int serve(Opts *o, int report)
{
	Fuse *f = attach(o);

	sigemptyset(&sigs);
	sigaddset(&sigs, SIGINT);
	sigaddset(&sigs, SIGTERM);
	sigaddset(&sigs, SIGHUP);
	sigprocmask(SIG_BLOCK, &sigs, NULL);
	if (f == NULL || fuse_mount(f, o->dir) < 0 || thread_start("signals", onsignal, o->dir) < 0)
		tool_die("%s", rerrstr());
	if (report >= 0) {
		quiet();
		if (write(report, "", 1) != 1 || close(report) < 0)
			return 1;
	}
	fuse_serve(f);
	return 0;
}

int hostmount(int argc, char **argv)
{
	Opts o = {.seconds = 30, .uname = getenv("USER")};
	int p[2];
	char ok;

	flags(&o, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	loadusers();
	if (o.uname == NULL || o.uname[0] == '\0')
		o.uname = tool_user(getuid());
	if (o.foreground)
		return serve(&o, -1);
	if (pipe2(p, O_CLOEXEC) < 0)
		tool_oopsdie("pipe");
	switch (fork()) {
	case -1:
		tool_oopsdie("fork");
	case 0:
		close(p[0]);
		return serve(&o, p[1]);
	}
	close(p[1]);
	return io_readn(p[0], &ok, 1) == 1 ? 0 : 1; /* the child has said why */
}

int hostunmount(int argc, char **argv)
{
	Args a;

	args_init(&a, argc, argv, "unmount dir");
	if (args_flag(&a) != 0 || a.argc != 1)
		args_usage(&a);
	if (fuse_unmount(a.argv[0]) < 0)
		tool_die("%s", rerrstr());
	return 0;
}
