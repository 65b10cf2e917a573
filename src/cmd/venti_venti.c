/*
 * venti(8): the server.  Without -s or -d a child serves, and this process
 * ends when the child is ready for calls or has failed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arena/arenas.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/clock.h>
#include <os/child.h>
#include <os/spawn.h>
#include <ventid/ventid.h>
#include "cmds.h"
#include "tool.h"
#include "ventiheal.h"

enum { ADDRS = 16, DEFMEM = 21 << 20 };

typedef struct Flags {
	const char *addr[ADDRS];
	int naddr;
	const char *conf, *http, *webroot;
	u64 mem, bcmem, icmem; /* 0: not given */
	u64 ram;               /* -M: blocks in memory only */
	int pct;
	bool debug, logging, readonly, stay;
} Flags;

static VentiHeal mirrors;
static Ventid *server; /* set before there are threads that could have news */

static u64 size(Args *a)
{
	u64 v;

	if (conf_size(args_value(a), &v) < 0)
		tool_die("%s", rerrstr());
	return v;
}

static void flags(Args *a, Flags *f)
{
	for (int c; (c = args_flag(a)) != 0;)
		switch (c) {
		case 'a':
			if (f->naddr == ADDRS)
				tool_die("-a: more than %d addresses", ADDRS);
			f->addr[f->naddr++] = args_value(a);
			break;
		case 'B':
			f->bcmem = size(a);
			break;
		case 'c':
			f->conf = args_value(a);
			break;
		case 'C':
			f->mem = size(a);
			break;
		case 'd':
			f->debug = f->stay = true;
			break;
		case 'h':
			f->http = args_value(a);
			break;
		case 'I':
			f->icmem = size(a);
			break;
		case 'L':
			f->logging = true;
			break;
		case 'm':
			f->pct = (int)args_number(a, 1, 99);
			break;
		case 'M':
			f->ram = size(a);
			break;
		case 'r':
			f->readonly = true;
			break;
		case 's':
			f->stay = true;
			break;
		case 'w': /* writes are always gathered */
			break;
		case 'W':
			f->webroot = args_value(a);
			break;
		default:
			args_usage(a);
		}
	if (a->argc > 0)
		args_usage(a);
}

/* say prints a piece of the line of progress. */
static void say(const char *fmt, ...) printf_like(1, 2);
static void say(const char *fmt, ...)
{
	va_list arg;

	va_start(arg, fmt);
	vfprintf(stderr, fmt, arg);
	va_end(arg);
	fflush(stderr);
}

/* commas writes n as 12,345,678 to s[32]. */
static char *commas(u64 n, char *s)
{
	char digits[32];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), k = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			s[k++] = ',';
		s[k++] = digits[i];
	}
	s[k] = '\0';
	return s;
}

static void began(void)
{
	time_t now = (time_t)clock_wall();
	char date[32];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof date, "%Y/%m%d %H:%M:%S", &tm);
	say("%s venti: ", date);
}

static void failed(const char *what)
{
	say("\nventi: %s: %s\n", what, rerrstr());
	exit(1);
}

/* memfree is the memory that could be had now, 64 MB where Linux does not say. */
static u64 memfree(void)
{
	autofree char *text = io_slurp(AT_FDCWD, "/proc/meminfo", 65536, NULL);
	const char *s = text != NULL ? strstr(text, "MemAvailable:") : NULL;

	return s != NULL ? strtoull(s + strlen("MemAvailable:"), NULL, 10) << 10 : 64 << 20;
}

/* budget decides about memory: -m, else the flags, else the configuration, else about 64 MB. */
static void budget(const Flags *f, VtConf *c)
{
	u64 share = memfree() / 100 * (u64)f->pct;

	c->mem = f->mem != 0 ? f->mem : c->mem;
	c->bcmem = f->bcmem != 0 ? f->bcmem : c->bcmem;
	c->icmem = f->icmem != 0 ? f->icmem : c->icmem;
	if (c->mem == 0 && c->bcmem == 0) {
		c->mem = DEFMEM;
		c->bcmem = 2 * DEFMEM;
	}
	if (f->pct == 0)
		return;
	c->icmem = share / 2;
	c->mem = share / 6;
	c->bcmem = share / 3;
}

static void news(void *arg, const char *text)
{
	if (server != NULL)
		ventid_news(server, text);
	else
		say("%s\nventi: ", text);
}

static Store *open_store(const Flags *f, VtConf **conf)
{
	autofree char *path = tool_path(f->conf != NULL ? f->conf : "venti.conf");
	ArenasOpt o = { .readonly = f->readonly, .log = news };
	char num[3][32];
	ArenasTotal t;
	Store *s;

	*conf = NULL;
	if (f->ram != 0) {
		say("memory...");
		return memstore_new(f->ram);
	}
	say("conf...");
	if (path == NULL || (*conf = conf_read(path)) == NULL)
		failed("can't init server");
	budget(f, *conf);
	mirrors = (VentiHeal){ (*conf)->mirror, (*conf)->nmirror };
	if (mirrors.n > 0) {
		o.heal = ventiheal_fetch;
		o.arg = &mirrors;
	}
	s = arenas_open(*conf, &o);
	if (s == NULL)
		failed("can't init server");
	arenas_total(s, &t);
	say("venti/venti: mem %s bcmem %s icmem %s...", commas((*conf)->mem, num[0]), commas((*conf)->bcmem, num[1]),
		commas((*conf)->icmem != 0 ? (*conf)->icmem : t.indexbytes, num[2]));
	return s;
}

static void announce_all(Ventid *v, const Flags *f, const VtConf *c)
{
	const char *one = c != NULL && c->addr != NULL ? c->addr : "tcp!*!venti";
	int n = f->naddr > 0 ? f->naddr : 1;

	for (int i = 0; i < n; i++) {
		const char *addr = f->naddr > 0 ? f->addr[i] : one;

		say("announce %s...", addr);
		if (ventid_listen(v, addr) < 0)
			failed("can't announce");
	}
}

static void caches(Store *s)
{
	ArenasTotal t;
	char num[2][32];

	if (strcmp(s->name, "arenas") != 0)
		return;
	arenas_total(s, &t);
	say("icache %s bytes = %s entries; %llu scache\n", commas(t.indexbytes, num[0]), commas(t.slots, num[1]),
		(unsigned long long)t.active);
}

static Ventid *prepare(const Flags *f, Store *s, const VtConf *c)
{
	const char *http = f->http != NULL ? f->http : c != NULL ? c->httpaddr : NULL;
	VentidOpts o = { .store = s, .readonly = f->readonly, .logging = f->logging || f->debug, .debug = f->debug };
	Ventid *v;

	o.webroot = f->webroot != NULL ? f->webroot : c != NULL ? c->webroot : NULL;
	v = ventid_new(&o);
	if (v == NULL)
		failed("can't init server");
	if (http != NULL) {
		say("httpd %s...", http);
		if (ventid_http(v, http) < 0)
			say("warning: can't start http server: %s...", rerrstr());
	}
	say("init...");
	caches(s);
	say("sync...");
	if (!f->readonly && store_sync(s) < 0)
		failed("can't sync server");
	announce_all(v, f, c);
	return v;
}

/* serve is the server's life; ready is told (a byte) when calls are taken, unless it is -1. */
static int serve(const Flags *f, int ready)
{
	sigset_t set;
	VtConf *conf;
	Store *s;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	proc_manyfds();
	began();
	s = open_store(f, &conf);
	server = prepare(f, s, conf);
	if (ventid_start(server) < 0)
		failed("can't serve");
	say("serving.\n");
	if (ready >= 0) {
		(void)!write(ready, "", 1);
		close(ready);
	}
	sigwait(&set, &sig);
	ventid_stop(server);
	server = NULL;
	store_close(s);
	conf_free(conf);
	return 0;
}

static int background(const Flags *f)
{
	int p[2], null, pid;
	char byte;

	if (child_pipe(p, false) < 0)
		tool_die("%s", rerrstr());
	pid = fork();
	if (pid < 0)
		tool_oopsdie("fork");
	if (pid > 0) {
		close(p[1]);
		return io_readn(p[0], &byte, 1) == 1 ? 0 : 1;
	}
	close(p[0]);
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
	}
	return serve(f, p[1]);
}

int cmd_venti_venti(int argc, char **argv)
{
	Flags f = { 0 };
	Args a;

	args_init(&a, argc, argv,
		"venti/venti [-Ldrsw] [-a address] ... [-B blockcachesize] [-c config] [-C cachesize] [-h httpaddress]\n"
		"                   [-I icachesize] [-m %mem] [-M size] [-W webroot]");
	flags(&a, &f);
	return f.stay ? serve(&f, -1) : background(&f);
}
