/* Names of hosts and services without a resolver: numbers, built-in tables, /etc/hosts, /etc/services. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <client/dial.h>
#include <os/io.h>
#include "name.h"

enum { MAXFILE = 1 << 20 };

/* services(4) of Plan 9, what Linux's table does not have or names otherwise */
static const struct {
	const char *name;
	int port;
} services[] = {
	{ "9fs", 564 }, { "cpu", 17010 }, { "csync", 17016 }, { "discard", 9 }, { "dns", 53 }, { "echo", 7 },
	{ "exportfs", 17007 }, { "guard", 17009 }, { "http", 80 }, { "https", 443 }, { "ncpu", 17010 },
	{ "plumb", 17022 }, { "rcpu", 17019 }, { "rexexec", 17009 }, { "secstore", 5356 }, { "smtp", 25 },
	{ "ssh", 22 }, { "t9fs", 17020 }, { "tcp9fs", 564 }, { "telnet", 23 }, { "ticket", 567 },
	{ "venti", 17034 }, { "whoami", 565 }, { "time", 37 },
};

/* etcservice looks name up in /etc/services: name port/proto alias ... */
static int etcservice(const char *net, const char *name)
{
	autofree char *text = io_slurp(AT_FDCWD, "/etc/services", MAXFILE, NULL);
	char *next = text, *f[16], *proto;

	while (next != NULL) {
		char *line = next;
		int n;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "#")] = '\0';
		n = str_fields(line, f, nelem(f), " \t\r");
		if (n < 2 || (proto = strchr(f[1], '/')) == NULL || strcmp(proto + 1, net) != 0)
			continue;
		for (int i = 0; i < n; i++)
			if (i != 1 && strcmp(f[i], name) == 0)
				return atoi(f[1]);
	}
	return -1;
}

int dial_port(const char *net, const char *service)
{
	u64 v;
	int port;

	if (service[0] >= '0' && service[0] <= '9' && str_u64(service, 10, 0xFFFF, &v) == 0)
		return (int)v;
	for (size_t i = 0; i < nelem(services); i++)
		if (strcmp(services[i].name, service) == 0)
			return services[i].port;
	port = etcservice(net, service);
	return port >= 0 ? port : werrstr("unknown service '%s'", service);
}

/* etchosts finds the addresses of host in /etc/hosts */
static int etchosts(const char *host, Ip *ip, int max)
{
	autofree char *text = io_slurp(AT_FDCWD, "/etc/hosts", MAXFILE, NULL);
	char *next = text, *f[32];
	int found = 0;

	while (next != NULL && found < max) {
		char *line = next;
		int n;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "#")] = '\0';
		n = str_fields(line, f, nelem(f), " \t\r");
		for (int i = 1; i < n; i++)
			if (strcasecmp(f[i], host) == 0 && ip_parse(f[0], &ip[found]) == 0) {
				found++;
				break;
			}
	}
	return found;
}

int name_addrs(const char *host, Ip *ip, int max)
{
	int n;

	if (ip_parse(host, &ip[0]) == 0)
		return 1;
	n = etchosts(host, ip, max);
	if (n == 0 && strcmp(host, "localhost") == 0)
		n = ip_parse("127.0.0.1", &ip[0]) + 1;
	return n > 0 ? n : werrstr("unknown host '%s': it is not in /etc/hosts; other names are found in nodes only", host);
}
