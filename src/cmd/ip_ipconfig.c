#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include "cmds.h"
#include "ipconf.h"
#include "tool.h"

typedef enum { Vnone, Vadd, Vdel, Vunbind, Vadd6, Vra6, Vether, Vgbe, Vloopback, Vppp, Vpkt, Vtorus, Vtree } Verb;

static const char usage[] = "ip/ipconfig [-dDGnNOpPrtXy] [-c ctl] [-g gateway] [-h host] [-m mtu] [-o dhcpopt]\n"
			    "\t[-s dns] [-x mtpt] [type [device]] [verb] [local [mask [remote [fs [auth]]]]]";

static Verb verb(const char *s)
{
	static const struct {
		const char *name;
		Verb v;
	} names[] = { { "add", Vadd }, { "del", Vdel }, { "remove", Vdel }, { "unbind", Vunbind }, { "add6", Vadd6 },
		      { "ra6", Vra6 }, { "ether", Vether }, { "gbe", Vgbe }, { "loopback", Vloopback },
		      { "ppp", Vppp }, { "pkt", Vpkt }, { "torus", Vtorus }, { "tree", Vtree } };

	for (size_t i = 0; i < nelem(names); i++)
		if (strcmp(names[i].name, s) == 0)
			return names[i].v;
	return Vnone;
}

static Ip address(const Args *a, const char *s)
{
	Ip ip;

	if (ip_parse(s, &ip) < 0) {
		tool_warn("%s", rerrstr());
		args_usage(a);
	}
	return ip;
}

static bool v4mask(const Ip *a) { return ip_isv4(a) || ip_isnone(a); }

/* parameters reads [local [mask [remote [fs [auth]]]]]. */
static void parameters(Ipconf *c, const Args *a)
{
	char *slash;

	if (a->argc > 5)
		args_usage(a);
	if (a->argc > 0) {
		slash = a->argc == 1 ? strchr(a->argv[0], '/') : NULL;
		if (slash != NULL)
			*slash = '\0';
		c->laddr = address(a, a->argv[0]);
		if (slash != NULL)
			*slash = '/';
		if (slash != NULL && ip_parsemask(slash, v4mask(&c->laddr), &c->mask) < 0)
			tool_die("%s", rerrstr());
	}
	if (a->argc > 1 && strcmp(a->argv[1], "0") != 0 && ip_parsemask(a->argv[1], v4mask(&c->laddr), &c->mask) < 0)
		tool_die("%s", rerrstr());
	if (a->argc > 2)
		c->raddr = address(a, a->argv[2]);
	if (a->argc > 3)
		c->fs = address(a, a->argv[3]);
	if (a->argc > 4)
		c->auth = address(a, a->argv[4]);
}

/* first_ether returns the first ether* under the stack's mount point. */
static char *first_ether(const char *mtpt)
{
	DIR *d = opendir(mtpt);
	struct dirent *e;
	char *best = NULL;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (str_prefix(e->d_name, "ether") && (best == NULL || strcmp(e->d_name, best) < 0)) {
			free(best);
			best = mem_str(e->d_name);
		}
	if (d != NULL)
		closedir(d);
	if (best != NULL) {
		char *path = mem_printf("%s/%s", mtpt, best);

		free(best);
		return path;
	}
	return mem_printf("%s/ether0", mtpt);
}

static void medium(Ipconf *c, Args *a)
{
	Verb v = a->argc > 0 ? verb(a->argv[0]) : Vnone;

	c->type = "ether";
	if (v >= Vether) {
		if (v != Vether && v != Vgbe && v != Vloopback)
			tool_die("medium '%s' is not implemented: ether, gbe and loopback are", a->argv[0]);
		c->type = *a->argv++;
		a->argc--;
		if (a->argc > 0 && verb(a->argv[0]) == Vnone) {
			c->dev = mem_str(*a->argv++);
			a->argc--;
		} else if (v == Vloopback) {
			c->dev = mem_str("/dev/null");
		}
	}
	if (c->dev == NULL)
		c->dev = first_ether(c->mtpt);
}

static Verb action(Args *a)
{
	Verb v = a->argc > 0 ? verb(a->argv[0]) : Vnone;

	if (v == Vnone)
		return Vadd;
	if (v >= Vether)
		tool_die("a medium is specified already; '%s' is another", a->argv[0]);
	if (v == Vadd6 || v == Vra6)
		tool_die("verb '%s' (IPv6) is not implemented", a->argv[0]);
	a->argv++;
	a->argc--;
	return v;
}

/* identity sets the name and hardware address by which a DHCP server knows us. */
static void identity(Ipconf *c)
{
	autofree char *path = mem_printf("%s/addr", c->dev), *mac = NULL;
	const char *cpu = getenv("cputype");
	Dhcp *d = &c->d;

	mac = strcmp(c->type, "loopback") != 0 ? io_slurp(-100, path, 64, NULL) : NULL;
	if (mac != NULL)
		mac[strcspn(mac, "\n")] = '\0';
	c->hasmac = mac != NULL && mac_parse(mac, c->mac) == 0;
	if (c->hasmac) {
		memcpy(d->hwaddr, c->mac, MACLEN);
		d->hwlen = MACLEN;
		d->hwtype = d->cid[0] = 1;
		memcpy(d->cid + 1, c->mac, MACLEN);
		d->ncid = MACLEN + 1;
	} else {
		d->ncid = snprintf((char *)d->cid, sizeof d->cid, "plan9_%d", getpid());
	}
	if (str_cpy(d->host, sizeof d->host, c->host) < 0)
		d->host[0] = '\0';
	if (!c->generic)
		snprintf(d->vendor, sizeof d->vendor, "plan9_%s", cpu != NULL && *cpu != '\0' ? cpu : "amd64");
}

/* own_name is $sysname or what /dev/sysname says. */
static void own_name(Ipconf *c)
{
	const char *env = getenv("sysname");
	autofree char *s = env != NULL && *env != '\0' ? mem_str(env) : io_slurp(-100, "/dev/sysname", 256, NULL);

	if (c->host[0] != '\0' || s == NULL)
		return;
	s[strcspn(s, " \t\n")] = '\0';
	snprintf(c->host, sizeof c->host, "%s", s);
}

/* device_ctl writes -c's texts to the ether's ctl. */
static void device_ctl(const Ipconf *c, char **ctl, int n)
{
	autofree char *path = mem_printf("%s/clone", c->dev);
	autofd int fd = n > 0 ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (n > 0 && fd < 0)
		tool_oopsdie("%s", path);
	for (int i = 0; i < n; i++)
		if (conf_ctl(fd, "%s", ctl[i]) < 0)
			tool_die("%s: %s", path, rerrstr());
}

static void do_add(Ipconf *c, bool dodhcp)
{
	autobuf Buf b = { 0 };

	if (ip_isnone(&c->laddr))
		dodhcp = true;
	identity(c);
	if (dodhcp && conf_dhcp(c) < 0 && ip_isnone(&c->laddr)) {
		if (!c->retry || c->dryrun)
			tool_die("no success with DHCP");
		tool_warn("couldn't determine ip address, retrying");
		conf_watch(c, true);
		return;
	}
	if (c->dryrun) {
		if (ip_isnone(&c->mask))
			c->mask = ip_defmask(&c->laddr);
		conf_entry(c, &b);
		fputs(buf_text(&b), stdout);
		return;
	}
	if (conf_add(c) < 0)
		tool_die("%s", rerrstr());
	conf_putndb(c, true);
	if (c->leased)
		conf_watch(c, false);
}

static void do_del(Ipconf *c)
{
	if (ip_isnone(&c->laddr))
		tool_die("del requires an address");
	if (c->dryrun)
		return;
	if (conf_remove(c) < 0)
		tool_die("%s", rerrstr());
	conf_putndb(c, false);
}

static void do_unbind(Ipconf *c)
{
	if (c->cfd < 0)
		tool_die("%s is not bound to %s", c->dev, c->mtpt);
	if (!c->dryrun && conf_ctl(c->cfd, "unbind") < 0)
		tool_die("%s", rerrstr());
}

static void unimplemented(int flag, const char *what)
{
	tool_die("-%c (%s) is not implemented", flag, what);
}

typedef struct Flags {
	bool dhcp;
	char *ctl[16];
	int nctl;
} Flags;

static void flag_value(Ipconf *c, Args *a, Flags *f, int k)
{
	char *s = args_value(a);
	i64 v;

	switch (k) {
	case 'c':
		if (f->nctl == (int)nelem(f->ctl))
			tool_die("too many -c");
		f->ctl[f->nctl++] = s;
		break;
	case 'g':
		c->gaddr = address(a, s);
		break;
	case 'h':
		if (str_cpy(c->host, 64, s) < 0)
			tool_die("-h: the name is too long");
		break;
	case 'm':
		if (str_int(s, 68, 65535, &v) < 0)
			tool_die("-m: %s", rerrstr());
		c->mtu = (int)v;
		break;
	case 'o':
		if (dhcp_want(&c->d, s) < 0)
			tool_die("-o: %s", rerrstr());
		break;
	case 's':
		if (c->ndns == MAXDNS)
			tool_die("too many -s");
		c->dns[c->ndns++] = address(a, s);
		break;
	case 'x':
		c->mtpt = *s == '/' || *s == '#' ? s : mem_printf("/net.%s", s);
		break;
	}
}

static void flags(Ipconf *c, Args *a, Flags *f)
{
	int k;

	while ((k = args_flag(a)) != 0)
		switch (k) {
		case '6': unimplemented(k, "IPv6 link-local configuration"); break;
		case 'b': case 'U': case 'f': case 'N':
			unimplemented(k, k == 'b' ? "ppp's baud rate" : k == 'U' ? "DHCPv6" : "configuration from ndb");
			break;
		case 'u': unimplemented(k, "IPv6 duplicate detection"); break;
		case 'd': f->dhcp = true; break;
		case 'D': c->debug = true; break;
		case 'G': c->generic = true; break;
		case 'n': c->dryrun = true; break;
		case 'O': c->override = true; break;
		case 'p': c->primary = 1; break;
		case 'P': c->primary = 0; break;
		case 'r': c->retry = true; break;
		case 't': c->trans = true; break;
		case 'X': c->nowatch = true; break;
		case 'y': c->proxy = true; break;
		case 'c': case 'g': case 'h': case 'm': case 'o': case 's': case 'x':
			flag_value(c, a, f, k);
			break;
		default:
			args_usage(a);
		}
}

/* open_stack finds the interface, or binds the device to a new one when an address is to be added. */
static void open_stack(Ipconf *c, Verb v, const Flags *f)
{
	autofree char *route = mem_printf("%s/iproute", c->mtpt);
	int found = conf_find(c);

	if (found < 0)
		tool_die("%s", rerrstr());
	c->rfd = open(route, O_WRONLY | O_CLOEXEC);
	if (found == 0 && v == Vadd && !c->dryrun) {
		device_ctl(c, (char **)(uintptr_t)f->ctl, f->nctl);
		if (conf_bind(c) < 0)
			tool_die("%s", rerrstr());
	}
}

int cmd_ip_ipconfig(int argc, char **argv)
{
	static Ipconf c = { .mtpt = "/net", .cfd = -1, .rfd = -1, .primary = -1 };
	Flags f = { 0 };
	Args a;
	Verb v;

	args_init(&a, argc, argv, usage);
	dhcp_init(&c.d);
	flags(&c, &a, &f);
	medium(&c, &a);
	v = action(&a);
	parameters(&c, &a);
	own_name(&c);
	if (c.primary < 0 && (ip_islinklocal(&c.laddr) || strcmp(c.type, "loopback") == 0))
		c.primary = 0;
	open_stack(&c, v, &f);
	if (v == Vadd)
		do_add(&c, f.dhcp);
	else if (v == Vdel)
		do_del(&c);
	else
		do_unbind(&c);
	return tool_end(0);
}
