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
#include <os/io.h>
#include "sh.h"

Sh sh;

static const char usage[] =
	"usage: rc [-srdiIlxebpvVn] [-c command] [-m initial] [file [arg ...]]";

/* What every rc does first; rc -m FILE reads FILE instead. */
static const char rcmain[] =
	"if(~ $#home 0) home=/\n"
	"if(~ $#ifs 0) ifs=' \t\n'\n"
	"switch($#prompt){\n"
	"case 0; prompt=('% ' '\t')\n"
	"case 1; prompt=($prompt '\t')\n"
	"}\n"
	"if(flag p) path=/bin\n"
	"if(~ $#path 0) path=(. /bin /usr/bin /usr/local/bin)\n"
	"fn sigexit\n"
	"if(flag l){\n"
	"	. -q /rc/lib/rcmain.local\n"
	"	. -q $home/lib/profile\n"
	"}\n"
	"if(! ~ $#cflag 0){\n"
	"	status=''\n"
	"	eval $cflag\n"
	"}\n"
	"if not if(flag i){\n"
	"	status=''\n"
	"	if(! ~ $#* 0) . $*\n"
	"	. -i /dev/fd/0\n"
	"}\n"
	"if not if(~ $#* 0) . /dev/fd/0\n"
	"if not{\n"
	"	status=''\n"
	"	. $*\n"
	"}\n";

void sh_say(int fd, const Buf *b)
{
	fd = step_map(fd);
	if (fd >= 0 && b->n > 0)
		(void)!io_writen(fd, b->p, b->n);
}

static void say(const char *fmt, va_list ap)
{
	autobuf Buf b = { 0 };
	va_list aq;
	int n;

	va_copy(aq, ap);
	n = vsnprintf(NULL, 0, fmt, aq);
	va_end(aq);
	if (n < 0)
		return;
	vsnprintf(buf_room(&b, (size_t)n), (size_t)n + 1, fmt, ap);
	b.n = (size_t)n;
	buf_ch(&b, '\n');
	sh_say(2, &b);
}

void sh_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

/* where appends the place of the command being run. */
static void where(Buf *b)
{
	if (sh.unit == NULL || strcmp(sh.unit->file, "rcmain") == 0)
		buf_str(b, "rc");
	else
		buf_printf(b, "%s:%d", sh.unit->file, sh.line);
}

Flow sh_fail(const char *fmt, ...)
{
	autobuf Buf b = { 0 };
	char s[ERRMAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof s, fmt, ap);
	va_end(ap);
	where(&b);
	sh_err("%s: %s", buf_text(&b), s);
	status_set("error");
	return Fail;
}

Flow sh_failed(const char *what)
{
	autobuf Buf b = { 0 };

	where(&b);
	sh_err("%s: %s: %s", buf_text(&b), what, rerrstr());
	status_set(rerrstr());
	return Fail;
}

int sh_exit(void)
{
	Var *v = var_find("sigexit");
	int code;

	if (!sh.sub && v != NULL && v->fn != NULL) {
		autofree char *status = mem_str(status_get());
		Value *star = sh.star->val;
		Fn *fn = v->fn;

		if (star != NULL)
			star->ref++;
		fn->ref++; /* once only: it is gone while it runs */
		if (fn_call(v, star, 0) != Quit)
			status_set(status);
		fn_drop(fn);
	}
	env_update();
	code = status_code();
	if (sh.sub && code != 0)
		child_leave(status_get());
	return code;
}

/* ---- following mounts ---- */

static int mountinfo = -1;
static bool elsewhere; /* this is another name space than the last time */

void sh_followstop(void)
{
	elsewhere = true;
	if (mountinfo >= 0)
		close(mountinfo);
	mountinfo = -1;
}

/* Linux does not follow mounts at the current directory: it is entered again by its name. */
void sh_follow(void)
{
	struct pollfd p = { .events = POLLPRI };
	char *dir;

	if (!sh.hooks->follow_mounts)
		return;
	if (mountinfo < 0)
		mountinfo = child_high(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
	p.fd = mountinfo;
	if (mountinfo < 0 || (poll(&p, 1, 0) <= 0 && !elsewhere) || ((p.revents & (POLLPRI | POLLERR)) == 0 && !elsewhere))
		return;
	elsewhere = false;
	dir = getcwd(NULL, 0);
	if (dir != NULL && dir[0] == '/')
		(void)!chdir(dir);
	free(dir);
	if (sh.hooks->mounted != NULL)
		sh.hooks->mounted();
}

/* ---- start ---- */

/* flags takes the options out of argv; the index of the first argument, -1 after a usage error. */
static int flags(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		const char *s = argv[i] + 1;

		if (strcmp(s, "-") == 0)
			return i + 1;
		for (; *s != '\0'; s++) {
			if (strchr("srdiIlxebpvVncm", *s) == NULL) {
				sh_err("rc: unknown flag -%c\n%s", *s, usage);
				return -1;
			}
			sh.flag[(u8)*s] = true;
			if (*s != 'c' && *s != 'm')
				continue;
			if (s[1] == '\0' && i + 1 >= argc) {
				sh_err("rc: -%c needs an argument\n%s", *s, usage);
				return -1;
			}
			*(*s == 'c' ? &sh.cflag : &sh.mflag) = s[1] != '\0' ? (char *)(uintptr_t)s + 1 : argv[++i];
			break;
		}
		if (sh.cflag != NULL)
			return i + 1; /* as in Plan 9, the command is the last flag */
	}
	return i;
}

static void builtins_init(void)
{
	for (const Builtin *b = builtins; b->name != NULL; b++)
		var_get(b->name)->builtin = b;
	for (const RcBuiltin *h = sh.hooks->builtins; h != NULL && h->name != NULL; h++)
		var_get(h->name)->hook = h;
}

static void variables(int argc, char **argv)
{
	char pid[16];

	sh.star = var_get("*");
	sh.nullfd = sh.before = -1;
	sh.status = var_get("status");
	sh.ifs = var_get("ifs");
	sh.path = var_get("path");
	sh.prompt = var_get("prompt");
	builtins_init();
	env_start();
	if (sh.hooks->mounted != NULL)
		sh.hooks->mounted();
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	var_set1("pid", pid);
	var_set1("rcname", sh.name);
	var_set(var_get("cflag"), sh.cflag != NULL ? value_new(&sh.cflag, 1) : NULL);
	var_set(sh.star, value_new(argv, argc));
	var_set1("0", argc > 0 ? argv[0] : sh.name);
	status_set("");
}

static Flow start(void)
{
	int fd;

	if (sh.mflag == NULL)
		return interp_text(rcmain, "rcmain", Tail | Cond);
	fd = sh_open(sh.mflag, O_RDONLY);
	if (fd < 0)
		return sh_failed(sh.mflag);
	return interp_fd(fd, sh.mflag, false, true, true, Tail | Cond);
}

static int check(int n, char **file_)
{
	int bad = n == 0 ? interp_check(NULL) : 0;

	for (int i = 0; i < n; i++)
		bad |= interp_check(file_[i]);
	return bad;
}

int rc_main(int argc, char **argv, const RcHooks *hooks)
{
	static const RcHooks none;
	int i, code;

	sh.hooks = hooks != NULL ? hooks : &none;
	sh.name = argv[0];
	signal(SIGPIPE, SIG_DFL);
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		printf("%s\n", usage);
		return 0;
	}
	i = flags(argc, argv);
	if (i < 0)
		return 2;
	if (argv[0][0] == '-')
		sh.flag['l'] = true;
	if (sh.flag['I'])
		sh.flag['i'] = false;
	else if (i >= argc && sh.cflag == NULL && isatty(0))
		sh.flag['i'] = true;
	if (sh.flag['n'])
		return check(argc - i, argv + i);
	child_share();
	note_init();
	variables(argc - i, argv + i);
	(void)start();
	code = sh_exit();
	if (note_died() != 0 && !sh.flag['i'])
		note_default(note_died());
	return code;
}
