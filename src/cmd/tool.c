#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <base/buf.h>
#include <base/mem.h>
#include <base/str.h>
#include <ns/ns.h>
#include "tool.h"

char tool_name[32] = "anthill";

void args_init(Args *a, int argc, char **argv, const char *usage)
{
	size_t n = strcspn(usage, " \n");

	signal(SIGPIPE, SIG_DFL);
	if (n >= sizeof tool_name)
		n = sizeof tool_name - 1;
	memcpy(tool_name, usage, n);
	tool_name[n] = 0;
	*a = (Args){ argc - 1, argv + 1, usage, NULL };
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		printf("usage: %s\n", usage);
		exit(tool_end(0));
	}
}

int args_flag(Args *a)
{
	if (a->p != NULL && *a->p != 0)
		return (u8)*a->p++;
	a->p = NULL;
	if (a->argc == 0 || a->argv[0][0] != '-' || a->argv[0][1] == 0)
		return 0;
	a->p = a->argv[0] + 1;
	a->argc--;
	a->argv++;
	if (strcmp(a->p, "-") == 0) {
		a->p = NULL;
		return 0;
	}
	return (u8)*a->p++;
}

char *args_value(Args *a)
{
	char *p = a->p;

	a->p = NULL;
	if (p != NULL && *p != 0)
		return p;
	if (a->argc == 0)
		args_usage(a);
	a->argc--;
	return *a->argv++;
}

i64 args_number(Args *a, i64 min, i64 max)
{
	i64 v;

	if (str_int(args_value(a), min, max, &v) < 0) {
		tool_warn("%s", rerrstr());
		args_usage(a);
	}
	return v;
}

void args_usage(const Args *a)
{
	fflush(stdout);
	fprintf(stderr, "usage: %s\n", a->usage);
	exit(2);
}

static void vwarn(const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", tool_name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void tool_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
}

void tool_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
	exit(1);
}

int tool_end(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		tool_oops("write");
		return 1;
	}
	return status;
}

/* idname looks id up in a file of name:password:id lines, without the C library's name services. */
static const char *idname(const char *file, u32 id, char *out, size_t n)
{
	autofree char *text = io_slurp(-100, file, 1 << 20, NULL);
	char want[16], *save = NULL;

	snprintf(out, n, "%u", id);
	snprintf(want, sizeof want, "%u", id);
	for (char *l = text != NULL ? strtok_r(text, "\n", &save) : NULL; l != NULL; l = strtok_r(NULL, "\n", &save)) {
		char *f[4];

		if (str_fields(l, f, 4, ":") >= 3 && (strcmp(f[2], want) == 0 || strcmp(f[1], want) == 0)) {
			snprintf(out, n, "%s", f[0]);
			break;
		}
	}
	return out;
}

const char *tool_user(u32 uid)
{
	static char name[64];
	static u32 last;

	if (name[0] == 0 || last != uid)
		idname("/etc/passwd", last = uid, name, sizeof name);
	return name;
}

const char *tool_group(u32 gid)
{
	static char name[64];
	static u32 last;

	if (name[0] == 0 || last != gid)
		idname("/etc/group", last = gid, name, sizeof name);
	return name;
}

char *tool_path(const char *name)
{
	return *name == '#' && ns_isnode() ? ns_path(name) : mem_str(name);
}

FILE *tool_input(const char *name)
{
	autofree char *path = tool_path(name);
	FILE *f = path == NULL ? NULL : strcmp(name, "-") == 0 ? stdin : fopen(path, "re");

	if (path == NULL)
		tool_warn("%s: %s", name, rerrstr());
	else if (f == NULL)
		tool_oops("%s", name);
	return f;
}

static void tick(int sig) { (void)sig; }

void tool_ticks(int ms)
{
	struct sigaction sa = { .sa_handler = tick };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct itimerspec t = { { ms / 1000, ms % 1000 * 1000000L }, { ms / 1000, ms % 1000 * 1000000L } };
	static timer_t timer;

	sigaction(SIGALRM, &sa, NULL);
	if (timer_create(CLOCK_MONOTONIC, &ev, &timer) < 0 || timer_settime(timer, 0, &t, NULL) < 0)
		tool_oopsdie("timer");
}
