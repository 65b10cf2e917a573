#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/ndb.h>
#include <client/dial.h>
#include <fcntl.h>
#include <os/clock.h>
#include <os/io.h>
#include "impl.h"

enum { MINUTE = 60 * 1000, NDBMAX = 16 << 20, PORT = 17034 };

/* fromndb finds venti=host in one file of the database */
static char *fromndb(const char *file)
{
	size_t n;
	autofree char *text = io_slurp(AT_FDCWD, file, NDBMAX, &n);
	Ndb *db = text != NULL ? ndb_parse(text, n, file) : NULL;
	int i = db != NULL ? ndb_next(db, -1, "venti", NULL) : -1;
	char *host = i >= 0 ? mem_str(ndb_get(ndb_entry(db, i), "venti")) : NULL;

	if (db != NULL)
		ndb_free(db);
	return host;
}

char *venti_addr(const char *addr)
{
	autofree char *host = NULL;

	if (addr == NULL)
		addr = getenv("venti");
	if ((addr == NULL || addr[0] == '\0') && access("/net/cs", F_OK) == 0)
		addr = "$venti";
	if (addr == NULL || addr[0] == '\0') {
		host = fromndb("/lib/ndb/local");
		if (host == NULL)
			host = fromndb("/lib/ndb/common");
		addr = host;
	}
	if (addr == NULL) {
		werrstr("no venti is known: name one with -h or $venti, or as venti=host in /lib/ndb/local");
		return NULL;
	}
	return dial_addr(addr, "tcp", "17034");
}

static Venti *make(const char *addr, const VentiOpts *o)
{
	Venti *v = mem_new(sizeof *v);

	if (o != NULL)
		v->o = *o;
	if (v->o.deadline_ms == 0)
		v->o.deadline_ms = MINUTE;
	if (v->o.versions == 0)
		v->o.versions = VersAll;
	v->nconn = v->o.conns < 1 ? 1 : v->o.conns > MAXCONNS ? MAXCONNS : v->o.conns;
	v->conn = mem_array((size_t)v->nconn, sizeof v->conn[0]);
	v->addr = mem_str(addr);
	v->name = mem_str(addr != NULL ? addr : "venti");
	lock_init(&v->lk, RankLeaf);
	for (int i = 0; i < v->nconn; i++)
		vconn_init(&v->conn[i], v);
	return v;
}

/* first connects v's first connection, by fd or by dialling */
static Venti *first(Venti *v, int fd)
{
	VConn *c = &v->conn[0];
	i64 deadline = v->o.deadline_ms < 0 ? INT64_MAX : clock_ms() + v->o.deadline_ms;
	int rc;

	lock(&c->lk);
	rc = fd >= 0 ? vconn_open(c, fd, deadline) : vreq_connect(c, deadline);
	c->stats.connected = rc == 0;
	unlock(&c->lk);
	if (rc == 0)
		return v;
	venti_close(v);
	return NULL;
}

Venti *venti_dial(const char *addr, const VentiOpts *o)
{
	autofree char *full = venti_addr(addr);

	return full != NULL ? first(make(full, o), -1) : NULL;
}

Venti *venti_fd(int fd, const VentiOpts *o)
{
	VentiOpts one = o != NULL ? *o : (VentiOpts){ 0 };

	one.conns = 1;
	return first(make(NULL, &one), fd);
}

void venti_close(Venti *v)
{
	Msg m = { .type = MsgGoodbye };
	u8 head[MSGSMALL];

	if (v == NULL)
		return;
	for (int i = 0; i < v->nconn; i++) {
		VConn *c = &v->conn[i];
		int n = c->broken ? 0 : msg_encode(c->vers, &m, head, sizeof head);

		if (n > 0 && io_sendv(c->fd, &(IoVec){ head, (size_t)n }, 1, c->socket) < 0)
			c->broken = true; /* it has hung up before us */
		vconn_end(c);
	}
	free(v->conn);
	free(v->unsynced);
	free(v->addr);
	free(v->name);
	free(v);
}

const char *venti_name(const Venti *v) { return v->name; }

static int ask(Venti *v, VReq *r)
{
	vreq_start(v, &r, 1);
	return vreq_wait(v, r);
}

long venti_read(Venti *v, const Score *s, int type, void *p, u32 n)
{
	VReq r = { .op = MsgRead, .score = *s, .type = (u8)type, .p = p, .n = n };

	return ask(v, &r) < 0 ? -1 : (long)r.n;
}

int venti_write(Venti *v, Score *s, int type, const void *p, u32 n)
{
	VReq r = { .op = MsgWrite, .type = (u8)type, .p = (void *)(uintptr_t)p, .n = n };
	int rc = ask(v, &r);

	*s = r.score;
	return rc;
}

int venti_ping(Venti *v)
{
	VReq r = { .op = MsgPing };

	return ask(v, &r);
}

void venti_stats(Venti *v, VentiStats *s)
{
	memset(s, 0, sizeof *s);
	for (int i = 0; i < v->nconn; i++) {
		VConn *c = &v->conn[i];

		lock(&c->lk);
		s->reads += c->stats.reads;
		s->writes += c->stats.writes;
		s->syncs += c->stats.syncs;
		s->readbytes += c->stats.readbytes;
		s->writebytes += c->stats.writebytes;
		s->redials += c->stats.redials;
		s->resent += c->stats.resent;
		s->timeouts += c->stats.timeouts;
		s->errors += c->stats.errors;
		s->inflight += c->stats.inflight;
		s->connected += !c->broken;
		unlock(&c->lk);
	}
}
