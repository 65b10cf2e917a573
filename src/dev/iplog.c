/*
 * log: what the stack does, for items that were set; log(3)'s ring of text.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/str.h>
#include "ip.h"

enum { LOGMAX = 16 * 1024 };

/* items that something is logged for have a bit; the others are accepted and stay silent */
static const struct {
	const char *name;
	u32 bit;
} items[] = {
	{ "ip", LogIp }, { "ipmsg", LogIp }, { "fs", LogFs }, { "tcp", LogTcp }, { "tcpwin", LogTcp }, { "tcprxmt", LogTcp },
	{ "icmp", LogIcmp }, { "udp", LogUdp }, { "udpmsg", LogUdp }, { "ppp", 0 }, { "il", 0 }, { "igmp", 0 },
	{ "compress", 0 }, { "logilmsg", 0 }, { "gre", 0 }, { "esp", 0 }, { "trans", 0 },
};

void iplog(Stack *s, IpLog what, const Ip *about, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if ((s->log.mask & what) == 0 || (s->log.hasonly && (about == NULL || !ip_eq(about, &s->log.only))))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_printf(&s->log.buf, "%s\n", text);
	s->log.end += strlen(text) + 1;
	if (s->log.buf.n > LOGMAX)
		buf_cut(&s->log.buf, s->log.buf.n - LOGMAX);
	rendez_all(&s->log.z);
}

static int items_of(char **f, int n, u32 *mask)
{
	*mask = 0;
	for (int k = 1; k < n; k++) {
		size_t i;

		for (i = 0; i < nelem(items) && strcmp(items[i].name, f[k]) != 0; i++)
			;
		if (i == nelem(items))
			return werrstr("unknown log item '%.40s'", f[k]);
		*mask |= items[i].bit;
	}
	return 0;
}

int log_write(Stack *s, char **f, int n)
{
	u32 mask;

	if (n < 2)
		return werrstr("too few arguments for netlog control message");
	if (strcmp(f[0], "only") == 0) {
		if (ip_parse(f[1], &s->log.only) < 0)
			return -1;
		s->log.hasonly = !ip_isnone(&s->log.only);
		return 0;
	}
	if (strcmp(f[0], "set") != 0 && strcmp(f[0], "clear") != 0)
		return errset(Ebadctl);
	if (items_of(f, n, &mask) < 0)
		return -1;
	s->log.mask = f[0][0] == 's' ? s->log.mask | mask : s->log.mask & ~mask;
	return 0;
}

/* log_read answers with what was logged after *at, or waits for it. */
void log_read(Req *r, Stack *s, u64 *at)
{
	u64 first = s->log.end - s->log.buf.n;
	size_t n;

	if (*at < first)
		*at = first;
	n = (size_t)(s->log.end - *at);
	if (n == 0) {
		req_sleep(r, &s->log.z, -1);
		return;
	}
	if (n > r->i.count)
		n = r->i.count;
	memcpy(r->buf, s->log.buf.p + (*at - first), n);
	*at += n;
	r->o.count = (u32)n;
	req_ok(r);
}
