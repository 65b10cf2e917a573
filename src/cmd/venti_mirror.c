/*
 * venti/mirror: one or several ventis that have what the arenas of this one
 * have, and a log of the roots that were seen to be whole on them.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>
#include <arena/conf.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/thread.h>
#include "cmds.h"
#include "tool.h"
#include "ventimirror.h"
#include "ventitool.h"
#include "ventiwalk.h"

enum { HOSTS = 32 };

static const char usage[] = "venti/mirror [-1v] [-f file] [-i seconds] conf host ...\n"
			    "\tventi/mirror -l [-f file] conf host ...\n"
			    "\tventi/mirror -n name=score [-f file] host ...";

static struct {
	bool once, list, verbose;
	const char *file, *root;
	int seconds;
} flag = { .file = "venti.mirror", .seconds = 10 };

static volatile sig_atomic_t stopped;
static Lock lk = LOCK_INIT(RankLeaf);
static int failed; /* hosts; protected by lk */

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static bool stop(void) { return stopped != 0; }

/* a pause that a signal ends */
static void pause_s(int s)
{
	for (int i = 0; i < s * 10 && !stopped; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

static int one_round(Mirror *m)
{
	u64 blocks = m->blocks, bytes = m->bytes;
	VentiOpts o = { .conns = 2 };
	Venti *v = venti_dial(m->host, &o);
	int rc = v != NULL ? mirror_round(m, v) : -1;

	if (rc < 0)
		tool_warn("%s: %s", m->host, rerrstr());
	else if (m->verbose || flag.once)
		fprintf(stderr, "%s: %" PRIu64 " blocks of %" PRIu64 " bytes sent, %" PRIu64 " bytes behind\n", m->host, m->blocks - blocks,
			m->bytes - bytes, m->behind);
	venti_close(v);
	return rc;
}

static void mirror(void *arg)
{
	Mirror *m = arg;
	int rc;

	for (;;) {
		rc = one_round(m);
		if (flag.once || stopped)
			break;
		pause_s(flag.seconds);
		if (stopped)
			break;
	}
	lock(&lk);
	failed += rc < 0 || m->bad > 0;
	unlock(&lk);
}

static int follow(Mirror *m, int n)
{
	pthread_t th[HOSTS];

	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	for (int i = 0; i < n; i++)
		if (thread_new(&th[i], "mirror", mirror, &m[i]) < 0)
			tool_die("%s", rerrstr());
	for (int i = 0; i < n; i++)
		thread_join(th[i]);
	return failed > 0;
}

static int list(Mirror *m, int n)
{
	u64 behind;
	int status = 0;

	for (int i = 0; i < n; i++) {
		if (mirror_behind(&m[i], &behind) < 0)
			tool_die("%s", rerrstr());
		printf("%s: %" PRIu64 " bytes behind\n", m[i].host, behind);
		status |= behind > 0;
	}
	return status;
}

/* verify reads all of a root on a mirror */
static int verify(const char *host, const Score *s, VentiWalk *w)
{
	VentiOpts o = { .conns = 2 };
	Venti *v = venti_dial(host, &o);
	static u8 buf[BLOCKMAX];
	long n;
	int type = v != NULL ? ventitool_find(v, s, buf, &n) : -1;
	int rc = type < 0 ? -1 : ventiwalk_tree(v, s, type, w);

	venti_close(v);
	return rc;
}

/* named reads a root on every mirror and writes a line of the log */
static int named(char *arg, char **host, int n)
{
	autofree char *file = mem_printf("%s.roots", flag.file);
	autobuf Buf good = { 0 }, line = { 0 };
	char *eq = strchr(arg, '='), hex[SCORETEXT], when[32];
	VentiWalk w = { 0 }, most = { 0 };
	time_t now = clock_wall();
	struct tm tm;
	Score s;
	int bad = 0;
	autofd int fd = -1;

	if (eq == NULL || eq == arg)
		tool_die("-n %s: name=score is wanted", arg);
	*eq = '\0';
	s = ventitool_score(eq + 1);
	for (int i = 0; i < n; i++) {
		if (verify(host[i], &s, &w) < 0) {
			tool_warn("%s: %s", host[i], rerrstr());
			bad++;
			continue;
		}
		most = w;
		buf_ch(&good, ' ');
		str_quote(&good, host[i]);
	}
	if (strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm)) == 0)
		when[0] = '\0';
	buf_printf(&line, "%s ", when);
	str_quote(&line, arg);
	buf_printf(&line, " %s %" PRIu64 " %" PRIu64 "%s\n", score_print(&s, hex), most.blocks, most.bytes, buf_text(&good));
	fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || io_writen(fd, line.p, line.n) < 0 || fsync(fd) < 0)
		tool_oopsdie("%s", file);
	printf("%s", buf_text(&line));
	return bad > 0;
}

static void flags(Args *a)
{
	for (int c; (c = args_flag(a)) != 0;)
		switch (c) {
		case '1':
			flag.once = true;
			break;
		case 'f':
			flag.file = args_value(a);
			break;
		case 'i':
			flag.seconds = (int)args_number(a, 1, 86400);
			break;
		case 'l':
			flag.list = true;
			break;
		case 'n':
			flag.root = args_value(a);
			break;
		case 'v':
			flag.verbose = true;
			break;
		default:
			args_usage(a);
		}
	if (a->argc < (flag.root != NULL ? 1 : 2) || a->argc > HOSTS)
		args_usage(a);
}

int cmd_venti_mirror(int argc, char **argv)
{
	Mirror m[HOSTS] = { 0 };
	Places places;
	VtConf *conf;
	int status;
	Args a;

	args_init(&a, argc, argv, usage);
	flags(&a);
	if (flag.root != NULL)
		return tool_end(named((char *)(uintptr_t)flag.root, a.argv, a.argc));
	conf = conf_read(a.argv[0]);
	if (conf == NULL || places_load(&places, flag.file) < 0)
		tool_die("%s", rerrstr());
	if (conf->narenas == 0)
		tool_die("%s names no arenas", a.argv[0]);
	for (int i = 1; i < a.argc; i++)
		m[i - 1] = (Mirror){ .host = a.argv[i], .places = &places, .part = conf->arenas, .npart = conf->narenas,
				     .verbose = flag.verbose, .stop = stop };
	status = flag.list ? list(m, a.argc - 1) : follow(m, a.argc - 1);
	places_free(&places);
	conf_free(conf);
	return tool_end(status);
}
