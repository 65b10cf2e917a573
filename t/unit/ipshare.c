/*
 * #I and #l driven from inside: what goes over from one process to another,
 * from one stack to another and from one kernel process to the next.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include <base/bytes.h>
#include <os/io.h>
#include "ipfile.h"

enum { NLISTEN = 500 };

static void addresses(void)
{
	static const char *const add[] = { "add 10.0.0.1 /24", "add 10.0.0.2 /24", "add 127.1 255.0.0.0" };
	static const char *const bind[] = { "bind ether #l0/ether0", "bind ether #l1/ether1", "bind loopback /dev/null" };
	int n;

	for (int i = 0; i < 3; i++) {
		ifc[i] = clone_(root[i], "ipifc", &n);
		ok(put(ifc[i], "%s", bind[i]) == 0 && put(ifc[i], "%s", add[i]) == 0, "%s, %s: %s", bind[i], add[i], rerrstr());
	}
	ok(put(ifc[2], "add 10.0.0.1 /32") == 0, "#I2 has the address of #I0 too: %s", rerrstr());
}

static void alone(void)
{
	int c = -1, a = -1;
	Fid *lc = clone_(root[2], "tcp", &a), *cc = clone_(root[0], "tcp", &c);

	ok(put(lc, "announce 10.0.0.1!77") == 0, "#I2 announces on the address #I0 has too");
	is_int(put(cc, "connect 10.0.0.1!77"), -1, "which #I0 does not see");
	is_str(rerrstr(), "connection refused", "it asks itself");
	fid_drop(cc);
	cc = clone_(root[2], "tcp", &c);
	ok(put(cc, "connect 10.0.0.1!77") == 0, "#I2 itself does: %s", rerrstr());
	fid_drop(cc);
	fid_drop(lc);
}

/* requests that wait, without threads */
typedef struct Wait {
	Req r;
	char err[ERRMAX];
	int done; /* atomic: 1 good, 2 failed */
} Wait;

static void waited(Req *r)
{
	Wait *w = container_of(r, Wait, r);

	snprintf(w->err, sizeof w->err, "%s", r->o.type == Rerror ? r->ename : "");
	__atomic_store_n(&w->done, r->o.type == Rerror ? 2 : 1, __ATOMIC_RELEASE);
}

static void startopen(Wait *w, Fid *f)
{
	memset(w, 0, sizeof *w);
	req_init(&w->r);
	w->r.i.type = Topen;
	w->r.i.mode = ORDWR;
	w->r.fid = f;
	w->r.caller = me;
	w->r.done = waited;
	req_dispatch(&w->r);
}

static int count(Wait *w, int n, int done)
{
	int c = 0;

	for (int i = 0; i < n; i++)
		c += __atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE) == done;
	return c;
}

static int threads(void)
{
	char *s = io_slurp(-100, "/proc/self/status", 16384, NULL), *p = s != NULL ? strstr(s, "Threads:") : NULL;
	int n = p != NULL ? atoi(p + 8) : -1;

	free(s);
	return n;
}

static void many(void)
{
	Wait *w = mem_array(NLISTEN, sizeof *w);
	Fid **f = mem_array(NLISTEN, sizeof *f);
	int a = -1, c = -1, before = threads(), flushed = 0;
	Fid *lc = clone_(root[1], "tcp", &a), *cc = clone_(root[0], "tcp", &c);

	ok(put(lc, "announce *!11") == 0, "announce");
	for (int i = 0; i < NLISTEN; i++) {
		f[i] = at(root[1], "tcp/%d/listen", a);
		startopen(&w[i], f[i]);
	}
	is_int(count(w, NLISTEN, 0), NLISTEN, "%d opens of listen wait", NLISTEN);
	ok(threads() <= before + 2, "without threads: %d before, %d now", before, threads());
	ok(put(cc, "connect 10.0.0.2!11") == 0, "a call");
	for (int i = 0; i < 1000 && count(w, NLISTEN, 1) == 0; i++)
		usleep(10000);
	is_int(count(w, NLISTEN, 1), 1, "one of them has it");
	is_int(count(w, NLISTEN, 2), 0, "none failed");
	for (int i = 0; i < NLISTEN; i++)
		if (__atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE) == 0) {
			while (!req_flush(&w[i].r) && __atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE) == 0)
				usleep(100); /* it was looking at the socket just now */
			if (__atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE) == 0)
				req_interrupt(&w[i].r);
			flushed += strcmp(w[i].err, "interrupted") == 0;
		}
	is_int(flushed, NLISTEN - 1, "the others are flushed");
	for (int i = 0; i < NLISTEN; i++)
		fid_drop(f[i]);
	fid_drop(cc);
	fid_drop(lc);
	lc = clone_(root[1], "tcp", &a);
	ok(put(lc, "announce *!11") == 0, "the port is free again: %s", rerrstr());
	fid_drop(lc);
	free(f);
	free(w);
}

static void handover(void)
{
	int sp[2], a = -1, c = -1, n = -1, got[16], ngot = 0, lsp[2];
	Fid *lc = clone_(root[1], "tcp", &a), *cc = clone_(root[0], "tcp", &c), *nc, *nd;
	char buf[64];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sp) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, lsp) < 0)
		abort();
	ok(put(lc, "announce *!13") == 0 && put(cc, "connect 10.0.0.2!13") == 0, "a connection");
	nc = accepted(root[1], "tcp", a, &n);
	nd = data(root[1], "tcp", n);
	ok(put(cc, "sock %d", sp[1]) == 0, "sock: %s", rerrstr());
	is_int(io_recvfds(sp[0], buf, sizeof buf, got, &ngot), 1, "one byte comes");
	is_int(ngot, 1, "with a descriptor");
	ok(write(got[0], "direct", 6) == 6 && call_read(nd, buf, sizeof buf, 0, &me, MS) == 6, "the socket works");
	ok(has(text(root[0], "tcp/%d/status", c), "Established"), "status still tells");
	ok(has(text(root[0], "tcp/%d/remote", c), "10.0.0.2!13"), "and remote");
	is_int(put(cc, "hangup"), -1, "what needs the socket is refused: %s", rerrstr());
	close(got[0]);
	is_int(call_read(nd, buf, sizeof buf, 0, &me, MS), 0, "when the program closes it the peer reads the end");
	fid_drop(nd);
	fid_drop(nc);
	fid_drop(cc);
	ok(put(lc, "sock %d", lsp[1]) == 0 && io_recvfds(lsp[0], buf, sizeof buf, got, &ngot) == 1 && ngot == 1, "a listener is handed over: %s", rerrstr());
	ok(has(text(root[1], "tcp/%d/status", a), "Listen"), "it still listens");
	cc = clone_(root[0], "tcp", &c);
	ok(put(cc, "connect 10.0.0.2!13") == 0, "it takes calls");
	n = accept(got[0], NULL, NULL);
	nc = clone_(root[1], "tcp", &a);
	ok(put(nc, "adopt %d", n) == 0, "the accepted socket becomes a conversation: %s", rerrstr());
	ok(has(text(root[1], "tcp/%d/local", a), "10.0.0.2!13"), "with its addresses");
	is_int(put(nc, "adopt %d", n), -1, "once");
	fid_drop(nc);
	close(n);
	close(got[0]);
	fid_drop(cc);
	fid_drop(lc);
	cc = clone_(root[0], "tcp", &c);
	is_int(put(cc, "connect 10.0.0.2!13"), -1, "when the program closes the listener calls are refused");
	fid_drop(cc);
	for (int i = 0; i < 2; i++) {
		close(sp[i]);
		close(lsp[i]);
	}
}

static void frames(void)
{
	u8 p[128] = { 255, 255, 255, 255, 255, 255 }, q[2048];
	Fid *l0 = kern_attach(k, "l0", "glenda", &me), *l1 = kern_attach(k, "l1", "glenda", &me);
	Fid *c0 = openat_(l0, ORDWR, "ether0/clone"), *c1 = openat_(l1, ORDWR, "ether1/clone"), *d0, *d1, *c2, *d2;
	char num[16] = "";
	long n;

	is_int(call_read(c0, num, sizeof num - 1, 0, &me, MS), 12, "the number of an ether conversation");
	is_str(num, "          0 ", "is 12 bytes");
	ok(put(c0, "connect 0x1234") == 0 && put(c1, "connect 4660") == 0, "connect: %s", rerrstr());
	is_str(text(l0, "ether0/0/type"), "       4660 ", "type");
	c2 = openat_(l0, ORDWR, "ether0/clone");
	is_int(put(c2, "connect 4660"), -1, "a type twice");
	is_str(rerrstr(), "device or object already in use", "is refused");
	is_int(put(c2, "frob"), -1, "an unknown message");
	is_str(rerrstr(), "unknown control request", "is refused");
	is_int(put(c2, "bypass"), -1, "bypass");
	ok(has(rerrstr(), "bypass is not implemented"), "is refused by name");
	is_int(put(c2, "scanbs"), -1, "so is scanbs");
	ok(has(rerrstr(), "not a wireless interface"), "which a wired one has no use for");
	ok(put(c2, "bridge") == 0 && put(c2, "headersonly") == 0, "bridge and headersonly: %s", rerrstr());
	ok(put(c2, "addmulti 01005e000009") == 0 && put(c2, "remmulti 01005e000009") == 0, "a multicast address comes and goes: %s", rerrstr());
	is_int(put(c2, "delmulti 01005e000009"), -1, "once");
	is_int(put(c2, "addmulti"), -1, "without an address");
	is_str(rerrstr(), "bad arg in system call", "it is refused");
	ok(put(c2, "promiscuous") == 0 && has(text(l0, "ether0/stats"), "prom: 1"), "promiscuous");
	fid_drop(c2);
	ok(has(text(l0, "ether0/stats"), "prom: 0"), "until it is closed");
	d0 = openat_(l0, ORDWR, "ether0/0/data");
	d1 = openat_(l1, ORDWR, "ether1/0/data");
	put_be16(p + 12, 0x1234);
	p[14] = 99;
	is_int(call_write(d0, p, 60, 0, &me, MS), 60, "a frame goes out: %s", rerrstr());
	is_int(call_read(d1, q, sizeof q, 0, &me, MS), 60, "and comes in");
	ok(memcmp(q + 6, "\2\0\0\0\0\xa0", 6) == 0 && q[14] == 99, "from this device's address");
	is_int(call_write(d0, p, 5, 0, &me, MS), -1, "a piece of a frame is refused");
	for (int i = 0; i < 2; i++) {
		c2 = openat_(l1, ORDWR, "ether1/clone");
		ok(put(c2, "connect %d", -1 - i) == 0, "connect %d: %s", -1 - i, rerrstr());
		d2 = openat_(l1, ORDWR, "ether1/1/data");
		is_int(call_write(d0, p, 100, 0, &me, MS), 100, "a longer frame");
		do
			n = call_read(d2, q, sizeof q, 0, &me, MS);
		while (n > 14 && (q[12] != 0x12 || q[13] != 0x34));
		is_int(n, i == 0 ? 100 : 64, "goes to who wants %s", i == 0 ? "all" : "the heads of all");
		is_int(call_read(d1, q, sizeof q, 0, &me, MS), 100, "and to who wants the type");
		fid_drop(d2);
		fid_drop(c2);
	}
	fid_drop(d0);
	fid_drop(d1);
	fid_drop(c0);
	fid_drop(c1);
	fid_drop(l0);
	fid_drop(l1);
}

static void unbind(void)
{
	Fid *l0 = kern_attach(k, "l0", "glenda", &me);

	ok(put(ifc[0], "unbind") == 0, "unbind: %s", rerrstr());
	is_str(text(l0, "ether0/addr"), "0200000000a0", "the device is back");
	ok(strstr(text(root[0], "iproute"), "10.0.0.0") == NULL, "its routes are gone");
	ok(put(ifc[2], "unbind") == 0, "unbind the loopback: %s", rerrstr());
	ok(put(ifc[2], "bind ether #l0/ether0") == 0 && put(ifc[2], "add 10.0.0.3 /24") == 0, "another stack takes it: %s", rerrstr());
	ok(put(ifc[2], "unbind") == 0, "and gives it back");
	for (int i = 0; i < 3; i++)
		fid_drop(ifc[i]);
	fid_drop(l0);
}

/* an init that keeps descriptors, for one kernel process after another */
typedef struct Init {
	int s, n;
	char key[16][64];
	int fd[16];
} Init;

static void *keeper(void *arg)
{
	Init *in = arg;
	char buf[512];
	int fd[IoFds], nfd;
	ssize_t n;

	while ((n = io_recvfds(in->s, buf, sizeof buf - 1, fd, &nfd)) > 0)
		if (strncmp(buf, "store ", 6) == 0 && nfd == 1 && in->n < 16) {
			snprintf(in->key[in->n], sizeof in->key[0], "%.60s", buf + 6);
			in->fd[in->n++] = fd[0];
		} else if (nfd == 1) {
			close(fd[0]);
		}
	return NULL;
}

static Kern *kernel(Init *in, pthread_t *t)
{
	int sp[2];
	char buf[128];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sp) < 0)
		abort();
	in->s = sp[0];
	for (int i = 0; i < in->n; i++) {
		int n = snprintf(buf, sizeof buf, "kept %s", in->key[i]);

		if (io_sendfds(sp[0], buf, (size_t)n + 1, &in->fd[i], 1) < 0)
			abort();
	}
	if (io_sendfds(sp[0], "go", 3, NULL, 0) < 0)
		abort();
	pthread_create(t, NULL, keeper, in);
	return kern_new("glenda", sp[1]);
}

/* restart lets a kernel process with a configured stack go and looks what the next one has */
static void restart(void)
{
	Init in = { 0 };
	pthread_t t[2];
	static Kern *one, *two; /* a Kern lives as long as its process */
	Fid *r, *c, *l;
	int n;

	one = kernel(&in, &t[0]);
	ok(ether_add(one, 0, "e0", hw) == 0, "a kernel process: %s", rerrstr());
	r = kern_attach(one, "I7", "glenda", &me);
	c = clone_(r, "ipifc", &n);
	ok(put(c, "bind ether #l0/ether0") == 0 && put(c, "add 10.3.0.1 /24") == 0, "with an interface: %s", rerrstr());
	ok(putfile(r, "ndb", "sys=x\n") == 0, "and ndb");
	fid_drop(c);
	fid_drop(r);
	ok(has(text(r = kern_attach(one, "I7", "glenda", &me), "ipifc/0/status"), "10.3.0.1"), "a bound interface stays when its ctl is closed");
	fid_drop(r);
	ip_closeall(one);
	ether_drop(one, 0);
	shutdown(in.s, SHUT_RDWR);
	pthread_join(t[0], NULL);
	two = kernel(&in, &t[1]);
	l = kern_attach(two, "l0", "glenda", &me);
	is_str(text(l, "ether0/addr"), "0200000000a0", "the next kernel process finds #l0 in the stack");
	fid_drop(l);
	r = kern_attach(two, "I7", "glenda", &me);
	ok(has(text(r, "ipifc/0/status"), "device #l0/ether0 maxtu 1514 "), "has the interface");
	ok(has(text(r, "ipselftab"), "10.3.0.1 "), "its address");
	is_str(text(r, "ndb"), "sys=x\n", "and ndb");
	l = kern_attach(two, "l0", "glenda", &me);
	is_str(text(l, "ether0/addr"), "0200000000a0", "#l0 finds its interface in the stack");
	ok(putfile(r, "ipifc/0/ctl", "unbind") == 0, "unbind: %s", rerrstr());
	is_str(text(l, "ether0/addr"), "0200000000a0", "and has it back");
	fid_drop(l);
	fid_drop(r);
	ip_closeall(two);
	ether_drop(two, 0);
	shutdown(in.s, SHUT_RDWR);
	pthread_join(t[1], NULL);
	for (int i = 0; i < in.n; i++)
		close(in.fd[i]);
}

static void log_(void)
{
	char buf[256] = "";
	Fid *f = openat_(root[0], ORDWR, "log"), *c;
	int n;

	ok(put(f, "set tcp") == 0, "log: %s", rerrstr());
	is_int(put(f, "set frob"), -1, "an unknown item");
	c = clone_(root[0], "tcp", &n);
	ok(put(c, "announce *!99") == 0 && call_read(f, buf, sizeof buf - 1, 0, &me, MS) > 0, "something is logged");
	ok(has(buf, "announced, port 99"), "the announcement");
	fid_drop(c);
	fid_drop(f);
}

int main(void)
{
	if (!ip_up())
		return done();
	addresses();
	alone();
	many();
	handover();
	frames();
	log_();
	unbind();
	ip_down();
	restart();
	is_int(ref_live("Fid"), 0, "no Fid is left");
	netlink_close(hwlink);
	return done();
}
