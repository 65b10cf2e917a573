#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include "ipconf.h"
#include "tool.h"

int conf_ctl(int fd, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof buf)
		return werrstr("control message too long");
	if (write(fd, buf, (size_t)n) != n)
		return os_werr("'%s'", buf);
	return 0;
}

int conf_write(const Ipconf *c, const char *file, const char *text)
{
	autofree char *path = mem_printf("%s/%s", c->mtpt, file);
	autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return os_werr("%s", path);
	return conf_ctl(fd, "%s", text);
}

/* status returns the text of an interface's status file, NULL if there is none. */
static char *status(const Ipconf *c, const char *n)
{
	autofree char *path = mem_printf("%s/ipifc/%s/status", c->mtpt, n);

	return io_slurp(-100, path, 1 << 20, NULL);
}

/* each calls fn with the status of every interface until it returns true. */
static bool each(const Ipconf *c, bool (*fn)(const Ipconf *c, char *text, const char *n, void *arg), void *arg)
{
	autofree char *dir = mem_printf("%s/ipifc", c->mtpt);
	DIR *d = opendir(dir);
	struct dirent *e;
	bool done = false;

	if (d == NULL)
		return false;
	while (!done && (e = readdir(d)) != NULL) {
		autofree char *text = NULL;

		if (strspn(e->d_name, "0123456789") != strlen(e->d_name))
			continue;
		text = status(c, e->d_name);
		done = text != NULL && fn(c, text, e->d_name, arg);
	}
	closedir(d);
	return done;
}

/* mine: the first line of a status file is "device DEV maxtu N ..." */
static bool mine(const Ipconf *c, char *text, const char *n, void *arg)
{
	char *f[2];

	text[strcspn(text, "\n")] = '\0';
	if (str_fields(text, f, 2, " ") < 2 || strcmp(f[0], "device") != 0)
		return false;
	f[1][strcspn(f[1], " ")] = '\0';
	if (strcmp(f[1], c->dev) != 0)
		return false;
	*(char **)arg = mem_str(n);
	return true;
}

int conf_find(Ipconf *c)
{
	autofree char *n = NULL, *path = NULL;

	if (!each(c, mine, &n))
		return 0;
	path = mem_printf("%s/ipifc/%s/ctl", c->mtpt, n);
	c->cfd = open(path, O_RDWR | O_CLOEXEC);
	c->bound = true;
	return c->cfd < 0 ? os_werr("%s", path) : 1;
}

int conf_bind(Ipconf *c)
{
	autofree char *path = mem_printf("%s/ipifc/clone", c->mtpt);

	c->cfd = open(path, O_RDWR | O_CLOEXEC);
	if (c->cfd < 0) {
		os_werr("%s", path);
		return werrstr("%s: is an IP stack bound at %s? (bind -a '#I0' %s)", rerrstr(), c->mtpt, c->mtpt);
	}
	return conf_ctl(c->cfd, "bind %s %s", c->type, c->dev);
}

/* route adds or removes the default route by the gateway. */
static int route(const Ipconf *c, const char *verb)
{
	char gw[IPTEXT];

	if (ip_isnone(&c->gaddr) || ip_eq(&c->gaddr, &c->laddr) || ip_isv4(&c->gaddr) != ip_isv4(&c->laddr))
		return 0;
	if (c->rfd < 0)
		return werrstr("%s/iproute cannot be written", c->mtpt);
	ip_print(&c->gaddr, gw);
	if (ip_isv4(&c->gaddr))
		return conf_ctl(c->rfd, "%s 0.0.0.0 0.0.0.0 %s", verb, gw);
	return conf_ctl(c->rfd, "%s :: /0 %s", verb, gw);
}

int conf_add(Ipconf *c)
{
	char ip[IPTEXT], mask[IPTEXT], raddr[IPTEXT];

	if (ip_isnone(&c->mask))
		c->mask = ip_defmask(&c->laddr);
	if (ip_isnone(&c->raddr))
		c->raddr = ip_mask(&c->laddr, &c->mask);
	conf_debug(c, "adding %s %s on %s", ip_print(&c->laddr, ip), ip_printmask(&c->mask, mask), c->dev);
	ip_print(&c->laddr, ip);
	ip_printmask(&c->mask, mask);
	ip_print(&c->raddr, raddr);
	if (c->mtu == 0 && !c->proxy && !c->trans) {
		if (conf_ctl(c->cfd, "add %s %s %s", ip, mask, raddr) < 0)
			return -1;
	} else if (conf_ctl(c->cfd, "add %s %s %s %d%s%s%s", ip, mask, raddr, c->mtu, c->proxy || c->trans ? " " : "",
			    c->proxy ? "proxy" : "", c->trans ? c->proxy ? ",trans" : "trans" : "") < 0) {
		return -1;
	}
	return route(c, "add");
}

int conf_remove(Ipconf *c)
{
	char ip[IPTEXT], mask[IPTEXT];

	if (ip_isnone(&c->mask))
		c->mask = ip_defmask(&c->laddr);
	if (route(c, "remove") < 0)
		conf_debug(c, "%s", rerrstr());
	if (c->cfd < 0)
		return 0;
	return conf_ctl(c->cfd, "remove %s %s", ip_print(&c->laddr, ip), ip_printmask(&c->mask, mask));
}

/* has looks for an address in the tab-led lines of a status file. */
static bool has(const Ipconf *c, char *text, const char *n, void *arg)
{
	char *save = NULL;

	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		char *f[1];
		Ip ip;

		if (*l != '\t' || str_fields(l, f, 1, "\t ") < 1)
			continue;
		if (ip_parse(f[0], &ip) == 0 && ip_eq(&ip, arg))
			return true;
	}
	return false;
}

bool conf_islocal(const Ipconf *c, const Ip *ip)
{
	Ip copy = *ip;

	return each(c, has, &copy);
}
