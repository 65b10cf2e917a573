/*
 * #c's facts: numbers and names of the node and of the process that reads them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/utf.h>
#include <os/clock.h>
#include <os/io.h>
#include <os/procinfo.h>
#include "cons.h"

enum { NAMEMAX = 64, HZ = 100 };

static char *domain; /* protected by the Srv's lock */

void cons_number(Buf *b, u64 v)
{
	buf_printf(b, v <= UINT32_MAX ? "%11llu " : "%21llu ", (unsigned long long)v);
}

static void number64(Buf *b, u64 v)
{
	buf_printf(b, "%21llu ", (unsigned long long)v);
}

char *owner_text(Kern *k, Req *r)
{
	(void)r;
	return mem_str(kern_hostowner(k));
}

char *user_text(Kern *k, Req *r)
{
	return mem_str(r->caller.pid != 0 ? kern_user(k, r->caller.uid) : r->fid->uid);
}

char *domain_text(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return mem_str(domain != NULL ? domain : "");
}

char *drivers_text(Kern *k, Req *r)
{
	Buf b = { 0 };

	(void)k;
	(void)r;
	for (int i = 0; i < ndevtab; i++) {
		char c[UTFmax + 1];

		c[utf_put(c, devtab[i]->letter)] = '\0';
		buf_printf(&b, "#%s %s\n", c, devtab[i]->name);
	}
	return buf_take(&b);
}

char *version_text(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return mem_str("2000");
}

char *pid_text(Kern *k, Req *r)
{
	Buf b = { 0 };

	(void)k;
	cons_number(&b, r->caller.pid != 0 ? proc_leader(r->caller.pid) : 0);
	return buf_take(&b);
}

char *ppid_text(Kern *k, Req *r)
{
	autofree char *s = r->caller.pid != 0 ? proc_field(r->caller.pid, "PPid") : NULL;
	Buf b = { 0 };

	(void)k;
	cons_number(&b, s != NULL ? strtoull(s, NULL, 10) : 0);
	return buf_take(&b);
}

/* pgrpid_text numbers the name space. */
char *pgrpid_text(Kern *k, Req *r)
{
	autofree char *s = r->caller.pid != 0 ? proc_link(r->caller.pid, "ns/mnt") : NULL;
	const char *p = s != NULL ? strchr(s, '[') : NULL;
	Buf b = { 0 };

	(void)k;
	cons_number(&b, p != NULL ? strtoull(p + 1, NULL, 10) : 0);
	return buf_take(&b);
}

/* config_text is the part of a kernel's configuration that there is here. */
char *config_text(Kern *k, Req *r)
{
	Buf b = { 0 };

	(void)k;
	(void)r;
	buf_str(&b, "dev\n");
	for (int i = 0; i < ndevtab; i++)
		buf_printf(&b, "\t%s\n", devtab[i]->name);
	return buf_take(&b);
}

char *sysname_text(Kern *k, Req *r)
{
	char name[256] = "";

	(void)k;
	(void)r;
	if (gethostname(name, sizeof name - 1) < 0)
		name[0] = '\0';
	return mem_str(name);
}

char *time_text(Kern *k, Req *r)
{
	Buf b = { 0 };

	(void)k;
	(void)r;
	cons_number(&b, (u64)clock_wall());
	number64(&b, (u64)clock_wallns());
	number64(&b, (u64)clock_ns());
	number64(&b, 1000000000);
	return buf_take(&b);
}

/* cputime_text has user, system, real and the same for exited children, in milliseconds. */
char *cputime_text(Kern *k, Req *r)
{
	autofree char *s = r->caller.pid != 0 ? proc_slurp(proc_leader(r->caller.pid), "stat", NULL) : NULL;
	unsigned long long t[4] = { 0 }, start = 0;
	char *p = s != NULL ? strrchr(s, ')') : NULL;
	Buf b = { 0 };

	(void)k;
	if (p != NULL &&
	    sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu %*d %*d %*d %*d %llu", &t[0],
	           &t[1], &t[2], &t[3], &start) != 5)
		memset(t, 0, sizeof t);
	cons_number(&b, t[0] * 1000 / HZ);
	cons_number(&b, t[1] * 1000 / HZ);
	cons_number(&b, (u64)clock_ns() / 1000000 - start * 1000 / HZ);
	cons_number(&b, t[2] * 1000 / HZ);
	cons_number(&b, t[3] * 1000 / HZ);
	cons_number(&b, 0);
	return buf_take(&b);
}

/* name_arg returns what is written to a file that holds a name; owned by the caller. */
static char *name_arg(Kern *k, Req *r)
{
	char *s;

	if (!kern_isowner(k, r))
		return errnull(Eperm);
	s = req_text(r);
	if (s != NULL && *s != '\0' && strlen(s) < NAMEMAX && strpbrk(s, " \t\n/") == NULL)
		return s;
	free(s);
	return errnull(Ebadarg);
}

int owner_write(Kern *k, Req *r)
{
	char *s = name_arg(k, r);

	if (s == NULL)
		return -1;
	k->hostowner = s; /* the old name is in Dirs and Fids: it stays */
	return 0;
}

int domain_write(Kern *k, Req *r)
{
	char *s = name_arg(k, r);

	if (s == NULL)
		return -1;
	free(domain);
	domain = s;
	return 0;
}

int sysname_write(Kern *k, Req *r)
{
	autofree char *s = name_arg(k, r);

	if (s == NULL)
		return -1;
	return sethostname(s, strlen(s)) < 0 ? os_werr("sysname") : 0;
}

int user_write(Kern *k, Req *r)
{
	autofree char *s = req_text(r);

	(void)k;
	if (s == NULL || strcmp(s, "none") != 0)
		return errset(Eperm);
	return werrstr("user: only the process itself can become another on Linux");
}

int null_write(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return 0;
}

int mordor_write(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return werrstr("one does not simply write into mordor");
}

static int bad_time(void)
{
	return werrstr("bad time control");
}

static int host_clock(void)
{
	return werrstr("the clock is the host's: a node does not set it");
}

int time_write(Kern *k, Req *r)
{
	autofree char *s = req_text(r);
	u64 v;

	(void)k;
	if (s == NULL)
		return -1;
	return str_u64(s, 10, UINT64_MAX, &v) < 0 ? bad_time() : host_clock();
}

/* bintime_write knows the messages n time[8], d delta[8] period[4] and f freq[8]. */
int bintime_write(Kern *k, Req *r)
{
	static const struct {
		char c;
		u32 n;
	} msg[] = { { 'n', 9 }, { 'd', 13 }, { 'f', 9 } };

	(void)k;
	for (size_t i = 0; i < nelem(msg); i++)
		if (r->i.count >= msg[i].n && r->i.data[0] == msg[i].c)
			return host_clock();
	return bad_time();
}

int drivers_write(Kern *k, Req *r)
{
	autofree char *s = req_text(r);
	char *f[4];
	int n = s != NULL ? str_tokens(s, f, nelem(f)) : -1;

	(void)k;
	if (n < 2 || n > 3 || strcmp(f[0], "chdev") != 0 || strchr("&~", f[1][0]) == NULL || (n == 2) != (strcmp(f[1], "~") == 0))
		return errset(Ebadarg);
	return werrstr("chdev %s: not implemented: rfork m takes devices away", f[1]);
}

int reboot_write(Kern *k, Req *r)
{
	autofree char *s = req_text(r);

	(void)k;
	if (s == NULL || (!str_prefix(s, "reboot") && strcmp(s, "rdb") != 0))
		return errset(Ebadctl);
	return werrstr("%.*s: not implemented: end the node with `anthill grid down`", (int)strcspn(s, " "), s);
}
