#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/err.h>
#include <node/gridfile.h>
#include <node/loop.h>
#include <node/state.h>
#include "tap.h"

static const char good[] =
	"grid=g1\n"
	"node=box ether1=lan ether0=wan mac=52:54:00:00:00:07 mem=16M\n"
	"\tsysname=helix bootcmd=plan9rc\n"
	"segment=lan mtu=1400\n"
	"segment=wan\n"
	"host=dhcp segment=lan ip=10.0.0.1/24 gw=10.0.0.254\n"
	"\tcmd=\"dnsmasq -k\"\n";

static Grid *parse(const char *s)
{
	return grid_parse(s, strlen(s), "f");
}

static void accepted(void)
{
	Grid *g = parse(good);
	Machine *m = g ? grid_machine(g, "box") : NULL;
	u8 again[MACLEN];

	ok(g != NULL, "a grid file: %s", rerrstr());
	if (m == NULL)
		return;
	is_str(g->name, "g1", "its name");
	is_int(g->nseg, 2, "two segments");
	is_int(g->seg[0].mtu, 1400, "an mtu");
	is_int(m->nether, 2, "two ethers");
	is_int(m->ether[0].n, 1, "ether1 first");
	is_int(m->ether[0].segment, 0, "on lan, which comes later in the file");
	is_int(m->ether[1].mac[5], 7, "a mac goes with the ether before it");
	grid_mac(again, "g1", "box", 1);
	ok(memcmp(m->ether[0].mac, again, MACLEN) == 0 && !(again[0] & 1), "the other has a constant one");
	is_int(m->mem, 16 << 20, "memory");
	is_str(ini_get(&m->ini, "bootcmd"), "plan9rc", "other names are plan9.ini's");
	m = grid_machine(g, "dhcp");
	ok(m != NULL && m->host && m->bits == 120 && strcmp(m->cmd, "dnsmasq -k") == 0, "a host");
	ok(grid_machine(g, "none") == NULL, "no such machine");
	is_str(rerrstr(), "no node or host 'none' in grid g1", "is said");
	grid_free(g);
}

static void refused(void)
{
	static const char *const bad[][2] = {
		{ "node=a ether0=x\n", "f:1: a: no segment 'x' in grid file" },
		{ "segment=s\nsegment=s\n", "f:2: segment s is there twice" },
		{ "segment=muchtoolonganame\n", "f:1: 'muchtoolonganame' cannot name a segment (letters, digits, - _ . and at most 15)" },
		{ "node=../x\n", "f:1: '../x' cannot name a node (letters, digits, - _ . and at most 32)" },
		{ "host=h ip=10.0.0.1/24\n", "f:1: h: an address needs a segment=" },
		{ "segment=s\nhost=h segment=s ip=10.0.0.1\n", "f:2: h: ip=10.0.0.1 is not ADDRESS/BITS" },
		{ "segment=s\nhost=h segment=s ip=10.0.0.1/33\n", "f:2: h: ip=10.0.0.1/33 is not ADDRESS/BITS" },
		{ "host=h colour=red\n", "f:1: h: unknown attribute colour" },
		{ "node=a mem=9\n", "f:1: a: mem=9 is not a size of at least 1M" },
		{ "node=a\nhost=a\n", "f:2: a is there twice" },
		{ "segment=s mtu=9\n", "f:1: mtu=9 is not between 576 and 65535" },
		{ "colour=red\n", "f:1: an entry begins with grid=, segment=, node= or host=, not colour" },
		{ "segment=s\nnode=a ether0=s mac=01:00:00:00:00:00\n", "f:2: a: mac=01:00:00:00:00:00 is not an Ethernet address" },
	};

	for (size_t i = 0; i < nelem(bad); i++) {
		Grid *g = parse(bad[i][0]);

		ok(g == NULL, "file %zu is refused", i);
		if (g == NULL)
			is_str(rerrstr(), bad[i][1], "with the reason");
		grid_free(g);
	}
}

static void inis(void)
{
	Ini ini = { 0 };

	is_int(ini_parse(&ini, "# c\nbootfile=\r\n  venti = #S/sdF0/arenas x \nventi=2\n\na=b=c", "p"), 0, "plan9.ini: %s", rerrstr());
	is_str(ini_get(&ini, "bootfile"), "", "an empty value");
	is_str(ini_get(&ini, "venti"), "2", "a later line wins");
	is_str(ini_get(&ini, "a"), "b=c", "a value with =");
	is_int(ini_parse(&ini, "x\n", "p"), -1, "no =");
	is_str(rerrstr(), "p:1: 'x' is not name=value", "is an error");
	is_int(ini_parse(&ini, "\n../x=1\n", "p"), -1, "a name with a slash is refused");
	is_int(ini_parse(&ini, "[menu]\n", "p"), -1, "a menu is refused");
	is_str(rerrstr(), "p:1: sections such as [menu] are not implemented", "by name");
	ini_free(&ini);
}

static int order[4], norder;

static void timer(void *arg, int fd, int events)
{
	order[norder++] = *(int *)arg;
	if (norder == 2)
		loop_stop(*(Loop **)((int *)arg + 2), 5);
}

static void loops(void)
{
	struct {
		int n, pad;
		Loop *l;
	} a = { 1, 0, loop_new() }, b = { 2, 0, a.l }, c = { 3, 0, a.l };

	loop_after(a.l, 30, timer, &a);
	loop_after(a.l, 1, timer, &b);
	loop_after(a.l, 2, timer, &c);
	loop_cancel(a.l, &c);
	is_int(loop_run(a.l), 5, "a loop ends with what it is told");
	ok(order[0] == 2 && order[1] == 1, "timers in their order, but the cancelled");
	loop_free(a.l);
}

/* A grid that ended late must not take away the directory of the next one with its name. */
static void states(void)
{
	char tmp[] = "/tmp/t_grid.XXXXXX";
	int base = open(mkdtemp(tmp), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int oldlock, lock, again, old = state_make(base, "g", &oldlock), new;

	ok(old >= 0 && state_alive(old), "a grid has a directory and holds its lock");
	is_int(state_make(base, "g", &again), -1, "another of its name gets none");
	is_str(rerrstr(), "grid g is up already (`anthill grid down g` ends it)", "and is told why");
	state_sweep(base, "g");
	is_int(faccessat(base, "g/lock", F_OK, 0), 0, "who sweeps leaves it alone");
	state_remove(base, "g", old);
	ok(faccessat(base, "g", F_OK, 0) < 0, "it removes its own");
	new = state_make(base, "g", &lock);
	ok(new >= 0, "which can be made again");
	state_remove(base, "g", old);
	is_int(faccessat(base, "g/lock", F_OK, 0), 0, "who removes the old one leaves the new");
	close(lock);
	state_sweep(base, "g");
	ok(faccessat(base, "g", F_OK, 0) < 0, "what nobody holds is swept");
	close(oldlock);
	close(old);
	close(new);
	close(base);
	rmdir(tmp);
}

int main(void)
{
	states();
	accepted();
	refused();
	inis();
	loops();
	return done();
}
