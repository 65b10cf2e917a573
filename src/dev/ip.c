/*
 * #I: the stacks.  ip.h has the essay.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/netns.h>
#include "ip.h"

const Proto *const ip_protos[NPROTO] = { &ip_tcp, &ip_udp, &ip_icmp, &ip_icmpv6, &ip_ipifc };

void ip_end(Srv *srv)
{
	Stack *s = srv->aux;

	for (int p = 0; p < NPROTO; p++) {
		for (int i = 0; i < s->tab[p].n; i++) {
			conv_shut(s->tab[p].c[i]);
			free(s->tab[p].c[i]->owner);
			free(s->tab[p].c[i]);
		}
		free(s->tab[p].c);
	}
	netlink_close(s->nl);
	netlink_close(s->diag);
	buf_free(&s->log.buf);
	if (s->ns >= 0)
		close(s->ns);
	if (s->ndb >= 0)
		close(s->ndb);
	free(s);
}

/* defaults sets a new stack up like Plan 9's: nothing happens by itself, ports for calls are high and random. */
static int defaults(void *arg)
{
	static const char *const set[][2] = {
		{ "net/ipv4/ip_local_port_range", "32768 65535" }, { "net/ipv4/conf/all/rp_filter", "0" },
		{ "net/ipv4/conf/default/rp_filter", "0" }, { "net/ipv6/conf/all/accept_ra", "0" },
		{ "net/ipv6/conf/default/accept_ra", "0" }, { "net/ipv6/conf/default/autoconf", "0" },
		{ "net/ipv6/conf/default/addr_gen_mode", "1" }, /* all would give the loopback its ::1 again */
		{ "net/ipv4/conf/all/arp_ignore", "1" }, { "net/ipv4/ip_default_ttl", "255" },
	};

	(void)arg;
	netns_defaults(set, (int)nelem(set));
	return 0;
}

int stack_ns(Stack *s)
{
	static Lock lk = LOCK_INIT(RankLeaf);

	lock(&lk);
	if (!s->set)
		netns_run(s->ns, defaults, NULL);
	s->set = true;
	unlock(&lk);
	return s->ns;
}

/* sockets opens what the stack asks its net name space with; ns -1: this thread's own. */
static int sockets(Stack *s, int ns)
{
	s->nl = netlink_open(ns);
	s->diag = s->nl != NULL ? netlink_opendiag(ns) : NULL;
	return s->diag != NULL ? 0 : -1;
}

/* born runs in the new net name space, so that all is done in one visit. */
static int born(void *arg)
{
	Stack *s = arg;

	s->ns = netns_self();
	if (s->ns < 0)
		return -1;
	/* calls to our own addresses need Linux's loopback, with no address of its own */
	return sockets(s, -1) < 0 ? -1 : netlink_loopback(s->nl);
}

/* keepndb finds the text of /net/ndb that an earlier kernel process left, or makes it anew and has it kept. */
static int keepndb(Stack *s)
{
	char key[16];

	snprintf(key, sizeof key, "ndb%d", s->n);
	s->ndb = kern_stored(s->k, key);
	if (s->ndb >= 0)
		return 0;
	s->ndb = io_memory("ndb");
	return s->ndb < 0 ? -1 : kern_store(s->k, key, s->ndb);
}

/* begin takes up the stack that an earlier kernel process left, or makes a new one. */
static int begin(Stack *s)
{
	char key[16];
	int rc;

	snprintf(key, sizeof key, "I%d", s->n);
	s->ns = kern_stored(s->k, key);
	if (s->ns >= 0) {
		rc = sockets(s, s->ns) < 0 || keepndb(s) < 0 ? -1 : 0;
		if (rc == 0)
			ifc_restore(s);
		s->set = conv_get(s, &ip_ipifc, 0) != NULL; /* what somebody has set since stays */
	} else {
		rc = netns_run(-1, born, s) < 0 || kern_store(s->k, key, s->ns) < 0 || keepndb(s) < 0 ? -1 : 0;
	}
	return rc < 0 ? werrstr("%s: %s", s->name, rerrstr()) : 0;
}

static Lock lk = LOCK_INIT(RankStacks);
static List stacks = LIST_INIT(stacks); /* all that were opened; protected by lk */

static Stack *find(Kern *k, int n)
{
	list_each (l, &stacks) {
		Stack *s = list_item(l, Stack, link);

		if (s->k == k && s->n == n)
			return s;
	}
	return NULL;
}

static Stack *make(Kern *k, int n)
{
	Stack *s = mem_new(sizeof *s);

	snprintf(s->name, sizeof s->name, "#I%d", n);
	srv_init(&s->srv, s->name, &ip_ops, s);
	list_init(&s->link);
	rendez_init(&s->log.z);
	s->k = k;
	s->n = n;
	s->ns = s->ndb = -1;
	if (begin(s) < 0) {
		srv_drop(&s->srv);
		return NULL;
	}
	list_add(&stacks, &s->link); /* with srv_init's reference: a stack lives until ip_closeall */
	return s;
}

/* get returns stack n with a reference. */
static Stack *get(Kern *k, int n)
{
	Stack *s;

	lock(&lk);
	s = find(k, n);
	if (s == NULL)
		s = make(k, n);
	if (s != NULL)
		srv_take(&s->srv);
	unlock(&lk);
	return s;
}

static Srv *opendev(Kern *k, const char *spec)
{
	u64 n = 0;
	Stack *s;

	if (spec[0] != '\0' && str_u64(spec, 10, IP_STACKS - 1, &n) < 0)
		return errnull(Enodev);
	s = get(k, (int)n);
	return s != NULL ? &s->srv : NULL;
}

int ip_netns(Kern *k, int n)
{
	Stack *s = n >= 0 && n < IP_STACKS ? get(k, n) : errnull(Enodev);
	int fd = s != NULL ? fcntl(stack_ns(s), F_DUPFD_CLOEXEC, 3) : -1;

	if (s == NULL)
		return -1;
	srv_drop(&s->srv);
	return fd < 0 ? os_werr("dup") : fd;
}

typedef struct Left {
	bool stack[IP_STACKS];
} Left;

static void left(void *arg, const char *key)
{
	u64 n;

	if (str_u64(key + 1, 10, IP_STACKS - 1, &n) == 0)
		((Left *)arg)->stack[n] = true;
}

void ip_restore(Kern *k)
{
	Left l = { { false } };

	kern_eachstored(k, "I", left, &l);
	for (int n = 0; n < IP_STACKS; n++)
		if (l.stack[n]) {
			Stack *s = get(k, n);

			if (s != NULL)
				srv_drop(&s->srv);
		}
}

void ip_closeall(Kern *k)
{
	lock(&lk);
	list_each (l, &stacks) {
		Stack *s = list_item(l, Stack, link);

		if (s->k == k) {
			list_del(&s->link);
			srv_drop(&s->srv);
		}
	}
	unlock(&lk);
}

const Dev dev_ip = { 'I', "ip", opendev };
