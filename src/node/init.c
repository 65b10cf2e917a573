/*
 * Process 1 of a node or host.  It is forked by the supervisor with the name
 * spaces already made, waits until its ids are mapped, builds the root, and
 * then does nothing but reap, watch the kernel processes and start what it
 * is told to.  It has one thread and never touches a file that a kernel
 * process serves, so nothing in the node can stop it.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/group.h>
#include <ns/ns.h>
#include <os/clock.h>
#include <os/errstr.h>
#include <os/io.h>
#include <os/mount.h>
#include <os/netns.h>
#include <os/pty.h>
#include <os/spawn.h>
#include <os/userns.h>
#include "kproc.h"
#include "root.h"

enum { UserMs = 10000 };

void init_say(Init *in, const char *fmt, ...)
{
	autobuf Buf b = { 0 };
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	buf_printf(&b, "%s\n", line);
	if (in->say < 0 || write(in->say, b.p, b.n) < 0)
		return;
}

static int fail(Init *in)
{
	msg_send(in->sup, NULL, 0, "error", rerrstr(), NULL);
	return 1;
}

/* envname returns the length of NAME in NAME=VALUE. */
static size_t envname(const char *s)
{
	return strcspn(s, "=");
}

static void envadd(char **env, int *n, const char *s)
{
	for (int i = 0; i < *n; i++)
		if (envname(env[i]) == envname(s) && strncmp(env[i], s, envname(s)) == 0) {
			free(env[i]);
			env[i] = mem_str(s);
			return;
		}
	env[(*n)++] = mem_str(s);
}

char **init_env(const Init *in, char *const *more, int n)
{
	char **env = mem_array((size_t)(in->nenv + n + 1), sizeof *env);
	int k = 0;

	/* a host's program has the environment of who started it, if there is any */
	for (int i = 0; i < in->nenv && !(in->m->host && n > 0); i++)
		envadd(env, &k, in->env[i]);
	for (int i = 0; i < n; i++)
		if (strchr(more[i], '=') != NULL)
			envadd(env, &k, more[i]);
	return env;
}

void init_freeenv(char **env)
{
	for (char **p = env; *p != NULL; p++)
		free(*p);
	free(env);
}

/* firstenv makes the node's environment: plan9.ini's names, and what programs expect. */
static void firstenv(Init *in)
{
	const Ini *ini = &in->m->ini;
	const char *user = ini_get(ini, "user"), *term = getenv("TERM");
	int n = 0;

	in->env = mem_array((size_t)ini->n + 16, sizeof *in->env);
	if (in->m->host) {
		envadd(in->env, &n, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
		envadd(in->env, &n, "HOME=/");
		in->nenv = n;
		return;
	}
	if (user == NULL || !grid_goodname(user))
		user = "glenda";
	in->env[n++] = mem_str("PATH=/usr/bin:/bin:/usr/sbin:/sbin");
	in->env[n++] = mem_printf("HOME=/usr/%s", user);
	in->env[n++] = mem_printf("home=/usr/%s", user);
	in->env[n++] = mem_printf("user=%s", user);
	in->env[n++] = mem_printf("USER=%s", user);
	in->env[n++] = mem_printf("sysname=%s", in->m->name);
	in->env[n++] = mem_printf("TERM=%s", term ? term : "dumb");
	in->env[n++] = mem_str(GROUP_FIRST);
	in->env[n++] = mem_str("objtype=amd64");
	in->env[n++] = mem_str("cputype=amd64");
	for (int i = 0; i < ini->n; i++) {
		autofree char *s = mem_printf("%s=%s", ini->v[i].name, ini->v[i].val);

		envadd(in->env, &n, s);
	}
	in->nenv = n;
}

/* find looks for a program where a node's own are, as rc would: ip/ping too; NULL leaves it to PATH. */
static char *find(const Init *in, const char *name)
{
	static const char *const dirs[] = { "/bin", "/rc/bin" };

	if (in->m->host || *name == '/' || str_prefix(name, "./") || str_prefix(name, "../"))
		return NULL;
	for (size_t i = 0; i < nelem(dirs); i++) {
		char *path = mem_printf("%s/%s", dirs[i], name);

		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static void bindings(Buf *b);

/* awaituser waits until the users' kernel process has its files where init puts them. */
static int awaituser(const Kproc *k)
{
	for (int ms = 0; ms < UserMs; ms += 5) {
		Mounts *t = mounts_read("/.proc", 0);
		bool there = t != NULL && mounts_top(t, k->point) != NULL;

		mounts_free(t);
		if (there)
			return 0;
		poll(NULL, 0, 5);
	}
	return werrstr("the users' kernel process has not started in %d s", UserMs / 1000);
}

/* forget unmounts, the last first, all that is served by the boot name space's kernel process. */
static int forget(const Kproc *boot)
{
	Mounts *t = mounts_read("/.proc", 0);

	for (int i = t ? t->n - 1 : -1; i >= 0; i--)
		if (t->m[i].major == boot->major && t->m[i].minor == boot->minor && mount_off(t->m[i].point, 0) < 0) {
			mounts_free(t);
			return -1;
		}
	mounts_free(t);
	return t ? 0 : -1;
}

/* enteruser gives the calling process a name space of its own on the users' kernel process, with nothing of the other. */
static int enteruser(Init *in)
{
	static char rc[] = "/bin/rc", c[] = "-c";
	const Kproc *k = in->kproc[1];
	autobuf Buf b = { 0 };
	char *argv[4] = { rc, c, NULL };
	Spawn s = { .argv = argv, .env = in->env, .cwd = "/" };
	autofd int root = -1;

	if (awaituser(k) < 0 || mount_unshare() < 0 || forget(in->kproc[0]) < 0)
		return -1;
	root = mount_tree(AT_FDCWD, k->point, TreeClone);
	if (root < 0 || mount_move(root, NULL, AT_FDCWD, "/#", 0) < 0)
		return -1;
	bindings(&b);
	argv[2] = b.p;
	if (spawn(&s) < 0)
		return -1;
	proc_reap(true);
	return 0;
}

pid_t init_spawn(Init *in, Spawn *s, int stat, bool user)
{
	autofree char *path = NULL;
	pid_t pid;
	int ctl;
	bool ask;

	if (user && in->kproc[1] == NULL && kproc_start(in, 1, NULL) < 0)
		return -1;
	ask = hostdhcp_wanted(in, &ctl);
	pid = proc_clone(0, NULL);
	if (pid != 0) {
		if (ask && ctl >= 0)
			close(ctl);
		return pid;
	}
	/* from here on files that a kernel process serves may keep us waiting, but no longer init */
	path = find(in, s->argv[0]);
	s->path = path;
	if (s->cwd != NULL && access(s->cwd, X_OK) < 0)
		s->cwd = "/";
	if ((!ask || hostdhcp_take(in, ctl, s) == 0) && (!user || enteruser(in) == 0) && (in->m->host || (ns_net("/net"), true)) && spawn_here(s) == 0)
		_exit(0);
	if (stat >= 0)
		msg_send(stat, NULL, 0, "error", rerrstr(), NULL);
	else
		init_say(in, "init: %s", rerrstr());
	_exit(127);
}

/* runconsole starts a program on the console. */
static void runconsole(Init *in, char **argv)
{
	char **env = init_env(in, NULL, 0);
	Spawn s = { .argv = argv, .env = env, .cwd = "/", .nfd = 3, .flags = SpawnTty };

	s.fd[0] = s.fd[1] = s.fd[2] = in->tty;
	in->console = init_spawn(in, &s, -1, false);
	if (in->console < 0) {
		init_say(in, "init: %s", rerrstr());
		in->console = 0;
	}
	in->consoles++;
	in->consince = clock_ms();
	init_freeenv(env);
}

/* bootventi is the command that starts the venti that plan9.ini asks for, "" if it asks for none. */
static const char *bootventi(Init *in)
{
	const Ini *ini = &in->m->ini;

	return ini_get(ini, "venti") != NULL || ini_get(ini, "startventi") != NULL ? ". /rc/bin/startventi\n" : "";
}

/* boot runs the node's script and then a shell on the console; only the shell after the first has gone. */
static void boot(Init *in)
{
	static char rc[] = "/bin/rc", sh[] = "/bin/sh";
	const char *cmd = ini_get(&in->m->ini, "bootcmd");
	bool isrc = access(rc, X_OK) == 0;
	char *argv[4] = { isrc ? rc : sh, NULL }, c[] = "-c", i[] = "-i";
	autofree char *text = NULL;

	if (in->m->script != NULL)
		text = mem_printf(". /rc/bin/boot.script\n%sexec %s -i", bootventi(in), argv[0]);
	else if ((cmd != NULL && *cmd != '\0') || *bootventi(in) != '\0')
		text = mem_printf("%s\n%sexec %s -i", cmd != NULL ? cmd : "", bootventi(in), argv[0]);
	if (in->consoles > 0)
		init_say(in, "init: the console's program has ended; starting %s", argv[0]);
	if (text != NULL && in->consoles == 0) {
		argv[1] = c;
		argv[2] = text;
	} else
		argv[1] = i;
	runconsole(in, argv);
}

static void hostcmd(Init *in)
{
	static char sh[] = "/bin/sh", c[] = "-c";
	char *argv[4] = { sh, c, in->m->cmd, NULL };

	if (in->m->cmd != NULL)
		runconsole(in, argv);
}

static void bootagain(void *arg, int fd, int events)
{
	boot(arg);
}

static void consolegone(Init *in, int status)
{
	char buf[64];

	in->console = 0;
	if (in->m->host) {
		init_say(in, "%s: %s", in->m->name, status ? proc_status(status, buf, sizeof buf) : "ended");
		msg_send(in->sup, NULL, 0, "ended", status ? proc_status(status, buf, sizeof buf) : "exit 0", NULL);
		return;
	}
	/* a shell that ends at once must not keep us from all else */
	in->wait = clock_ms() - in->consince > 2000 ? 0 : in->wait == 0 ? 500 : in->wait > 10000 ? 20000 : 2 * in->wait;
	loop_after(in->loop, in->wait, bootagain, in);
}

static void booted(Init *in)
{
	msg_send(in->sup, NULL, 0, "booted", NULL);
	boot(in);
}

/* setting adds the rc command that puts one name of plan9.ini into #ec. */
static void setting(Buf *b, const IniVar *v)
{
	autofree char *file = mem_printf("/#/ec/%s", v->name);

	buf_str(b, "echo -n ");
	str_quote(b, v->val);
	buf_str(b, " >");
	str_quote(b, file);
	buf_ch(b, '\n');
}

/* bindings is the rc script that puts the usual devices in their places. */
static void bindings(Buf *b)
{
	buf_str(b, "bind -a '#c' /dev\nbind '#d' /fd\nbind -c '#e' /env\nbind -a '#ec' /env\nbind -c '#s' /srv\n");
}

/*
 * ready: the devices are there.  A program puts the usual ones in their places, for init itself stays away from files
 * that a kernel process serves.
 */
static void ready(Kproc *k)
{
	static char rc[] = "/bin/rc", c[] = "-c";
	Init *in = k->in;
	autobuf Buf b = { 0 };
	char *argv[4] = { rc, c, NULL };

	if (in->bound)
		return;
	in->bound = true;
	bindings(&b);
	for (int i = 0; i < in->m->ini.n; i++)
		setting(&b, &in->m->ini.v[i]);
	argv[2] = b.p;
	runconsole(in, argv);
	in->binder = in->console;
	in->consoles = 0;
	if (in->console == 0)
		booted(in);
}

static void children(void *arg, int fd, int events)
{
	Init *in = arg;
	int status;
	pid_t pid;

	while (sig_next(fd) > 0)
		;
	while ((pid = proc_ended(&status)) > 0) {
		if (pid == in->binder) {
			in->binder = in->console = 0;
			booted(in);
		} else if (pid == in->console)
			consolegone(in, status);
		else if (!task_reap(in, pid, status) && !kproc_reap(in, pid, status))
			continue; /* somebody's orphan */
	}
}

static void fromsup(void *arg, int fd, int events)
{
	Init *in = arg;
	Msg *m = in->msg;
	int r = msg_recv(fd, m);

	if (r <= 0 || msg_is(m, "halt", 0))
		loop_stop(in->loop, 0);
	else if (msg_is(m, "exec", 4))
		task_exec(in, m);
	else if (msg_is(m, "why", 0)) {
		int reply = msg_take(m, 0);

		if (reply >= 0 && m->n > 1)
			why_follow(in, (u32)strtoul(m->w[1], NULL, 10), reply);
		else if (reply >= 0)
			why_tell(in, reply);
	}
	/* now and not at the next message: somebody waits for the end of a pipe */
	msg_close(m);
}

/* expect waits for one message at start. */
static int expect(Init *in, const char *word)
{
	int r = msg_recv(in->sup, in->msg);

	if (r == 0)
		return errset(Ehungup);
	return r < 0 ? -1 : msg_is(in->msg, word, 0) ? 0 : errset(Ebadarg);
}

static int console(Init *in)
{
	int master, r;
	char path[64];

	if (pty_new(in->m->host ? "/dev/ptmx" : "/.dev/pts/ptmx", &master, &in->tty) < 0)
		return -1;
	snprintf(path, sizeof path, "%s/self/fd/%d", in->m->host ? "/proc" : "/.proc", in->tty);
	in->say = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	r = msg_send(in->sup, &master, 1, "console", NULL);
	close(master);
	return r;
}

/* keep_clean goes on in a copy of the name space as it is now, so that nothing changes this one. */
static int keep_clean(Init *in)
{
	in->clean = mount_ns("/.proc", (u32)getpid());
	return in->clean < 0 ? -1 : mount_unshare();
}

/* setup runs until the node is ready to boot. */
static int setup(Init *in)
{
	static const int sigs[] = { SIGCHLD, 0 };
	const Machine *m = in->m;
	const char *sysname = ini_get(&m->ini, "sysname");

	if (expect(in, "go") < 0 || userns_become() < 0 || proc_hostname(sysname ? sysname : m->name) < 0)
		return -1;
	if ((in->sig = sig_fd(sigs)) < 0)
		return -1;
	in->hw = m->host ? netns_self() : netns_new();
	if (in->hw < 0 || msg_send(in->sup, &in->hw, 1, "net", NULL) < 0)
		return -1;
	if ((m->host ? root_host : root_node)(m, in->o.base) < 0 || console(in) < 0)
		return -1;
	if (!m->host && keep_clean(in) < 0)
		return -1;
	return expect(in, "go");
}

int init_main(const InitOpts *o)
{
	Init *in = mem_new(sizeof *in);
	int status;

	in->o = *o;
	in->m = o->m;
	in->sup = o->sup;
	in->tty = in->say = in->hw = in->sig = in->lease = in->clean = -1;
	msg_nowait();
	in->loop = loop_new();
	in->msg = msg_new();
	list_init(&in->tasks);
	list_init(&in->store);
	os_errstr(NULL); /* never wait for a kernel process */
	proc_name("init");
	proc_manyfds();
	if (setup(in) < 0)
		return fail(in);
	firstenv(in);
	loop_add(in->loop, in->sig, POLLIN, children, in);
	loop_add(in->loop, in->sup, POLLIN, fromsup, in);
	if (in->m->host) {
		msg_send(in->sup, NULL, 0, "booted", NULL);
		hostcmd(in);
	} else if (kproc_start(in, 0, ready) < 0)
		return fail(in);
	status = loop_run(in->loop);
	hostdhcp_end(in);
	return status;
}
