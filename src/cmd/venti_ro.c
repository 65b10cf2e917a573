/*
 * venti/ro: a venti that reads from another one and takes no writes.  The
 * server is the usual one, over a Store whose blocks are the other's; a batch
 * of reads is on the way together.
 */
#include <signal.h>
#include <stdlib.h>
#include <base/mem.h>
#include <os/spawn.h>
#include <arena/store.h>
#include <ventid/ventid.h>
#include "cmds.h"
#include "tool.h"
#include "ventitool.h"

enum { ADDRS = 16, CONNS = 4, BATCH = 64 };

typedef struct RoStore {
	Store store;
	Venti *v;
} RoStore;

static void read_some(RoStore *s, StoreReq *q, int n)
{
	VReq r[BATCH], *p[BATCH];

	for (int i = 0; i < n; i++) {
		r[i] = (VReq){ .op = MsgRead, .type = (u8)q[i].type, .score = q[i].score, .p = q[i].p, .n = q[i].n };
		p[i] = &r[i];
	}
	vreq_start(s->v, p, n);
	for (int i = 0; i < n; i++) {
		if (vreq_wait(s->v, &r[i]) < 0)
			store_fail(&q[i], "%s", rerrstr());
		else
			q[i].n = r[i].n;
	}
}

static void ro_read(Store *st, StoreReq *q, int n)
{
	for (int i = 0; i < n; i += BATCH)
		read_some((RoStore *)st, q + i, n - i < BATCH ? n - i : BATCH);
}

static void ro_write(Store *st, StoreReq *q, int n)
{
	for (int i = 0; i < n; i++)
		store_fail(&q[i], "read only");
}

static int ro_sync(Store *st) { return 0; }

static void ro_stats(Store *st, Buf *json)
{
	VentiStats s;

	venti_stats(((RoStore *)st)->v, &s);
	buf_printf(json, "\"reads\":%llu,\"readbytes\":%llu,\"redials\":%llu,\"errors\":%llu", (unsigned long long)s.reads,
		(unsigned long long)s.readbytes, (unsigned long long)s.redials, (unsigned long long)s.errors);
}

static void ro_close(Store *st) { venti_close(((RoStore *)st)->v); }

static const StoreOps ops = { .read = ro_read, .write = ro_write, .sync = ro_sync, .stats = ro_stats, .close = ro_close };

static void serve(Ventid *v)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (ventid_start(v) < 0)
		tool_die("%s", rerrstr());
	sigwait(&set, &sig);
	ventid_stop(v);
}

int cmd_venti_ro(int argc, char **argv)
{
	const char *addr[ADDRS] = { "tcp!*!venti" }, *host = NULL, *http = NULL;
	RoStore s = { .store = { .op = &ops, .name = "venti" } };
	VentidOpts o = { .store = &s.store, .readonly = true };
	int naddr = 0;
	Ventid *v;
	Args a;

	args_init(&a, argc, argv, "venti/ro [-v] [-a address] ... [-h address] [-H httpaddress]");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'a':
			if (naddr == ADDRS)
				tool_die("-a: more than %d addresses", ADDRS);
			addr[naddr++] = args_value(&a);
			break;
		case 'h': host = args_value(&a); break;
		case 'H': http = args_value(&a); break;
		case 'v': o.logging = o.debug = true; break;
		default: args_usage(&a);
		}
	if (a.argc != 0)
		args_usage(&a);
	s.v = ventitool_dial(host, CONNS);
	v = ventid_new(&o);
	for (int i = 0; v != NULL && (i < naddr || i == 0); i++)
		if (ventid_listen(v, addr[i]) < 0)
			tool_die("%s", rerrstr());
	if (v == NULL || (http != NULL && ventid_http(v, http) < 0))
		tool_die("%s", rerrstr());
	serve(v);
	store_close(&s.store);
	return 0;
}
