/*
 * What clients of a grid ask of its supervisor; msg.h has the messages.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/local.h>
#include "unit.h"

typedef struct Conn {
	Sup *s;
	int fd;
} Conn;

static void finish(Conn *c)
{
	loop_del(c->s->loop, c->fd);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static void answer(Conn *c, int status, const char *err)
{
	char num[16];

	snprintf(num, sizeof num, "%d", status);
	msg_send(c->fd, NULL, 0, "end", num, err, NULL);
}

static const char *statename(const Unit *u)
{
	static const char *const names[] = { "starting", "up", "ended", "failed" };

	return names[u->state];
}

/* ps: name, kind, state, pid (in the grid), clients on the console, why */
static void ps(Conn *c)
{
	autobuf Buf b = { 0 };

	list_each(k, &c->s->units) {
		const Unit *u = list_item(k, Unit, link);

		buf_printf(&b, "%s %s %s %d %d:%s\n", u->m->name, u->oneshot ? "run" : u->m->host ? "host" : "node",
			   statename(u), (int)u->pid, u->con ? console_clients(u->con) : 0, u->why);
	}
	if (b.n > 0)
		msg_send(c->fd, NULL, 0, "text", b.p, NULL);
	answer(c, 0, NULL);
}

static void segments(Conn *c)
{
	autobuf Buf b = { 0 };

	for (int i = 0; i < c->s->g->nseg; i++)
		buf_printf(&b, "%s %u\n", c->s->g->seg[i].name, c->s->g->seg[i].mtu);
	if (b.n > 0)
		msg_send(c->fd, NULL, 0, "text", b.p, NULL);
	answer(c, 0, NULL);
}

static bool console(Conn *c, const char *name)
{
	Unit *u = unit_find(c->s, name);

	if (u == NULL || u->con == NULL) {
		answer(c, 1, u ? "it has no console yet" : rerrstr());
		return false;
	}
	msg_send(c->fd, NULL, 0, "ok", NULL);
	loop_del(c->s->loop, c->fd);
	console_attach(u->con, c->fd);
	free(c);
	return true;
}

/* refuse answers on the stat socket that came along, for that is where the client listens. */
static void refuse(Msg *m)
{
	autofree char *why = mem_str(rerrstr());

	if (m->nfd > 0)
		msg_send(m->fd[0], NULL, 0, "error", why, NULL);
}

/* exec NAME FLAGS CWD NARG ... */
static void exec(Conn *c, Msg *m)
{
	Unit *u = unit_find(c->s, m->w[1]);

	if (u == NULL || m->nfd < 4) {
		refuse(m);
		return;
	}
	m->w[1] = m->w[0];
	if (unit_exec(u, &m->w[1], m->n - 1, m->fd) < 0)
		refuse(m);
}

static Machine *newhost(Sup *s, Msg *m)
{
	Machine *h = mem_new(sizeof *h);
	int seg = 0;

	h->name = mem_printf("run%d", s->serial + 1);
	h->host = true;
	h->writable = strchr(m->w[4], 'w') != NULL;
	h->addr = *m->w[2] && strcmp(m->w[2], "none") != 0 ? mem_str(m->w[2]) : NULL;
	h->gw = *m->w[3] ? mem_str(m->w[3]) : NULL;
	if (*m->w[1] == '\0' && s->g->nseg != 1)
		werrstr("grid %s has %d segments: say which (-s)", s->g->name, s->g->nseg);
	else if ((seg = *m->w[1] ? grid_segment(s->g, m->w[1]) : 0) >= 0 && grid_hostaddr(h) == 0) {
		h->ether[0].segment = seg;
		h->nether = 1;
		if (*m->w[2] == '\0')
			h->dhcp = mem_str(s->g->seg[seg].name);
		grid_mac(h->ether[0].mac, s->g->name, h->name, 0);
		return h;
	}
	free(h->name);
	free(h->addr);
	free(h->gw);
	free(h);
	return NULL;
}

/* run SEGMENT ADDR GW FLAGS CWD NARG ARG... ENV... becomes a host of its own that ends with its program */
static void run(Conn *c, Msg *m)
{
	Machine *h = m->nfd < 4 ? NULL : newhost(c->s, m);
	Unit *u = h ? unit_start(c->s, h, true) : NULL;
	static char word[] = "exec";

	if (u == NULL) {
		refuse(m);
		return;
	}
	u->nexec = m->n - 3;
	u->exec = mem_array((size_t)u->nexec, sizeof *u->exec);
	u->exec[0] = mem_str(word);
	for (int i = 1; i < u->nexec; i++)
		u->exec[i] = mem_str(m->w[i + 3]);
	for (int i = 0; i < 4; i++)
		u->fd[i] = msg_take(m, i);
}

/* why NAME [PID] + reply: init answers there */
static void why(Conn *c, Msg *m)
{
	Unit *u = unit_find(c->s, m->w[1]);

	if (u == NULL)
		answer(c, 1, rerrstr());
	else if (u->state != UnitUp || u->m->host || m->nfd < 1 || msg_send(u->sock, m->fd, 1, "why", m->n > 2 ? m->w[2] : NULL, NULL) < 0)
		answer(c, 1, u->m->host ? "a host has no kernel process" : "it is not up");
	else
		answer(c, 0, NULL);
}

static void request(void *arg, int fd, int events)
{
	Conn *c = arg;
	Msg *m = c->s->msg;

	if (msg_recv(fd, m) <= 0) {
		finish(c);
		return;
	}
	if (msg_is(m, "ps", 0))
		ps(c);
	else if (msg_is(m, "segments", 0))
		segments(c);
	else if (msg_is(m, "down", 0)) {
		c->s->down = true;
		loop_stop(c->s->loop, 0);
	} else if (msg_is(m, "console", 1))
		console(c, m->w[1]);
	else if (msg_is(m, "exec", 5))
		exec(c, m);
	else if (msg_is(m, "run", 7))
		run(c, m);
	else if (msg_is(m, "why", 1))
		why(c, m);
	else
		answer(c, 1, "the grid does not know this request");
	/* now and not at the next message: somebody waits for the end of a pipe */
	msg_close(m);
}

void ctl_accept(void *arg, int lfd, int events)
{
	Sup *s = arg;
	u32 uid;
	Conn *c;
	int fd = local_accept(lfd, &uid);

	if (fd < 0)
		return;
	if (io_nonblock(fd, true) < 0) { /* a client that does not read its answers is not waited for */
		close(fd);
		return;
	}
	c = mem_new(sizeof *c);
	c->s = s;
	c->fd = fd;
	loop_add(s->loop, fd, POLLIN, request, c);
}
