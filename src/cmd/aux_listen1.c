/*
 * One address, one program.  Where the stack hands over its socket
 * (client/dial.h) a call costs an accept and a vfork here; the kernel reaps
 * the children unless -p has us count them.  A failed accept is the
 * caller's misfortune or a shortage that passes: it never ends the
 * listener.
 *
 * Two things make many calls cheap.  A program that is this very binary is
 * a fork that calls the command's main: an exec would give it nothing but
 * fresh copies of the pages it has.  That the path still names this binary
 * is asked at each call, as an exec would.  And when calls come fast there
 * is a process that accepts for each processor, bound to it, so that a call
 * wakes no other processor; what they start may run anywhere.  They end
 * with the listener.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/dial.h>
#include <ns/newns.h>
#include <os/clock.h>
#include <os/cpu.h>
#include <os/file.h>
#include <os/sockopt.h>
#include <os/spawn.h>
#include "cmds.h"
#include "tool.h"

enum {
	MAXOPTS = 16,
	PAUSE = 100 * 1000,
	BUSY = 32,  /* calls within one second that make it worth a process for each processor */
	MAXCPU = 4, /* of those processes */
};

static struct {
	bool once, verbose;
	i64 max;    /* programs at once, 0: no limit */
	i64 running;
	char *copt[MAXOPTS], *sopt[MAXOPTS];
	int ncopt, nsopt;
	const char *addr;
	char dir[DIALDIR]; /* of the announced conversation, "" if fd is a socket */
	int fd;
	char *path;        /* the program's file */
	char **argv;
	const Cmd *own;    /* path is our own binary, and this is what it would be */
	char **ownargv;
	FileInfo self;
	i64 second, calls; /* since that time */
	bool many;         /* there is a process for each processor */
	char remote[96];   /* remote=... in the environment */
} __attribute__((aligned(1024))) l; /* in one page, which a forked child and we each copy */

/* program finds the command's file once: in /bin, as Plan 9's does, then in $PATH, where Linux's own come first. */
static char *program(const char *name)
{
	char *file = mem_printf("/bin/%s", name);

	if (strchr(name, '/') != NULL)
		return mem_str(name);
	for (const char *p = getenv("PATH"); p != NULL && access(file, X_OK) < 0; p = *p != '\0' ? p : NULL) {
		size_t n = strcspn(p, ":");

		free(file);
		file = mem_printf("%.*s/%s", (int)n, p, name);
		p += n + (p[n] == ':');
	}
	return file;
}

/* know_own finds out whether the program is a command of this binary. */
static void know_own(void)
{
	l.ownargv = l.argv;
	l.own = cmds_own(&l.ownargv);
	if (l.own != NULL && file_stat("/proc/self/exe", &l.self) < 0)
		l.own = NULL;
}

static bool is_own(void)
{
	FileInfo f;

	return l.own != NULL && file_stat(l.path, &f) == 0 && f.dev == l.self.dev && f.ino == l.self.ino;
}

/* call_option does what an -o text asks for on a new conversation; a socket knows keepalive. */
static void call_option(int fd, const char *opt)
{
	char *f[2];
	autofree char *copy = mem_str(opt);
	int n = str_fields(copy, f, 2, " ");
	i64 ms = 30000;

	if (n < 1 || strcmp(f[0], "keepalive") != 0 || (n == 2 && str_int(f[1], 0, 1 << 30, &ms) < 0))
		tool_die("-o '%s': on a socket only keepalive [ms] is implemented", opt);
	if (sockopt_keepalive(fd, (int)ms) < 0 && l.verbose)
		tool_warn("%s", rerrstr());
}

/*
 * environment makes the variables that the program is told, $net, its conversation or network, and $remote, who calls:
 * once, and then only the text of remote changes.
 */
static void environment(void)
{
	const char *bang = strchr(l.addr, '!');
	autofree char *net = mem_strn(l.addr, bang != NULL ? (size_t)(bang - l.addr) : 0);

	setenv("net", l.dir[0] != '\0' ? l.dir : net, 1);
	str_cpy(l.remote, sizeof l.remote, "remote=");
	putenv(l.remote);
}

/* become_program is -1's: the caller gets this process. */
static void become_program(int fd)
{
	dup2(fd, 0);
	dup2(fd, 1);
	signal(SIGCHLD, SIG_DFL);
	execv(l.path, l.argv);
	tool_oopsdie("%s", l.path);
}

/* start runs the program and returns its pid, or -1. */
static int start(const Spawn *s)
{
	int argc = 0;
	pid_t pid;

	if (!is_own())
		return spawn(s);
	pid = spawn_fork(s);
	if (pid != 0)
		return pid;
	signal(SIGPIPE, SIG_IGN); /* as main does */
	cmds_title(l.argv, path_base(l.path));
	while (l.ownargv[argc] != NULL)
		argc++;
	exit(l.own->main(argc, l.ownargv));
}

static void serve(int fd, const char *from)
{
	Spawn s = { .path = l.path, .argv = l.argv, .fd = { fd, fd, 2 }, .nfd = 3, .flags = SpawnGroup };

	if (l.many)
		s.flags |= SpawnAnyCpu;
	for (int i = 0; i < l.ncopt; i++)
		call_option(fd, l.copt[i]);
	if (l.verbose) {
		printf("incoming call for %s from %s\n", l.addr, from);
		fflush(stdout);
	}
	str_cpy(strchr(l.remote, '=') + 1, sizeof l.remote - 7, from);
	if (l.once)
		become_program(fd);
	if (start(&s) < 0)
		tool_warn("%s: %s", from, rerrstr());
	else
		l.running++;
}

/* limit waits until one more program may run. */
static void limit(void)
{
	while (l.running > 0 && proc_reap(l.running >= l.max) > 0)
		l.running--;
}

static void loop(void);

static void listening(void)
{
	l.fd = announce(l.addr, l.dir);
	if (l.fd < 0)
		tool_die("announce %s: %s", l.addr, rerrstr());
	if (l.nsopt > 0 && l.dir[0] == '\0')
		tool_die("-O is not implemented on a socket: it wants the stack's ctl file");
	for (int i = 0; i < l.nsopt; i++)
		if (write(l.fd, l.sopt[i], strlen(l.sopt[i])) < 0)
			tool_oops("%s: can't write '%s'", l.addr, l.sopt[i]);
}

/* helper is a process that accepts on cpu; it is the calling one in the child. */
static void helper(int cpu)
{
	pid_t parent = getpid();

	if (fork() != 0)
		return; /* one less is no harm */
	if (proc_deathsig(SIGKILL) < 0 || getppid() != parent)
		_exit(0);
	cpu_only(cpu);
	loop();
	_exit(0);
}

/* busy counts the calls, and has other processors help when they come fast. */
static void busy(void)
{
	i64 now = clock_ms();
	int cpu[MAXCPU], n;

	if (now - l.second > 1000) {
		l.second = now;
		l.calls = 0;
	}
	if (++l.calls < BUSY || l.many)
		return;
	l.many = true;
	n = cpu_list(cpu, MAXCPU);
	for (int i = 1; i < n; i++)
		helper(cpu[i]);
	if (n > 1)
		cpu_only(cpu[0]);
}

static void loop(void)
{
	char from[80];
	int fails = 0;

	for (;;) {
		int fd;

		if (l.max > 0)
			limit();
		fd = dial_accept(l.fd, l.dir[0] != '\0' ? l.dir : NULL, from, sizeof from);
		if (fd < 0) {
			if (fails++ == 0 || l.verbose)
				tool_warn("accept %s: %s", l.addr, rerrstr());
			if (strstr(rerrstr(), errtext(Ebadusefd)) != NULL || strstr(rerrstr(), errtext(Eshutdown)) != NULL)
				tool_die("%s is gone", l.addr);
			usleep(PAUSE);
			continue;
		}
		fails = 0;
		serve(fd, from);
		close(fd);
		if (l.max <= 0 && l.dir[0] == '\0')
			busy();
	}
}

static void option(char **list, int *n, char *v)
{
	if (*n == MAXOPTS)
		tool_die("too many options");
	list[(*n)++] = v;
}

/* namespace makes the programs' name space from a file; the announcement stays that of the old one. */
static void namespace(const char *file)
{
	const NewNs o = { .who = "newns" };
	const char *user = getenv("user");

	if (newns_make(&o, user != NULL && *user != '\0' ? user : tool_user(getuid()), file) < 0)
		tool_die("-n %s: %s", file, rerrstr());
	l.path = program(l.argv[0]);
}

int cmd_aux_listen1(int argc, char **argv)
{
	const char *ns = NULL;
	Args a;
	int k;

	args_init(&a, argc, argv, "aux/listen1 [-1tv] [-p max] [-n namespace] [-o msg] [-O msg] address cmd [arg ...]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case '1':
			l.once = true;
			break;
		case 't': /* there is no other user to become yet */
			break;
		case 'v':
			l.verbose = true;
			break;
		case 'p':
			l.max = args_number(&a, INT32_MIN, INT32_MAX);
			break;
		case 'n':
			ns = args_value(&a);
			break;
		case 'o':
			option(l.copt, &l.ncopt, args_value(&a));
			break;
		case 'O':
			option(l.sopt, &l.nsopt, args_value(&a));
			break;
		default:
			args_usage(&a);
		}
	if (a.argc < 2)
		args_usage(&a);
	l.addr = a.argv[0];
	l.argv = a.argv + 1;
	l.path = program(l.argv[0]);
	if (access(l.path, X_OK) < 0)
		tool_oopsdie("%s", l.argv[0]);
	know_own();
	signal(SIGPIPE, SIG_IGN);
	if (l.max <= 0)
		signal(SIGCHLD, SIG_IGN);
	listening();
	if (ns != NULL)
		namespace(ns);
	environment();
	loop();
	return 0;
}
