/*
 * Echo requests, by the stack's icmp files where there are any (a message
 * there is an IP packet, of which the kernel fills in the header), else by
 * an echo socket.  One thread: a timer's signal ends a read that waits, and
 * the loop looks whether the next request is due.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/bytes.h>
#include <base/ip.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/random.h>
#include <os/sock.h>
#include <os/sockopt.h>
#include "cmds.h"
#include "tool.h"

enum { Ip4hdr = 20, Ip6hdr = 40, Echo4 = 8, Reply4 = 0, Echo6 = 128, Reply6 = 129, MINLEN = 32, MAXLEN = 8192, TICK = 20 };

typedef struct Sent {
	i64 ns;
	bool answered;
} Sent;

static struct {
	int fd;
	bool files, v6;    /* files: messages have an IP header */
	Ip to;
	i64 count, every, wait; /* requests, ms between them, ms to wait for the last */
	int size;
	bool all, lost, quiet, flood, jitter;
	Sent *sent;
	i64 nsent, nback;
	i64 sum;           /* microseconds */
	u16 first;         /* sequence number of request 0 */
	u8 cookie[8];      /* tells our answers from others' */
} p;

/* open_files opens an icmp conversation of the stack at mtpt; false if it has none. */
static bool open_files(const char *mtpt)
{
	char addr[IPTEXT], n[16];
	autofree char *clone = mem_printf("%s/%s/clone", mtpt, p.v6 ? "icmpv6" : "icmp"), *data = NULL;
	int ctl = open(clone, O_RDWR | O_CLOEXEC), k;
	char msg[80];

	if (ctl < 0)
		return false;
	k = (int)read(ctl, n, sizeof n - 1);
	if (k <= 0)
		tool_oopsdie("%s", clone);
	n[k] = '\0';
	snprintf(msg, sizeof msg, "connect %s!1", ip_print(&p.to, addr));
	if (write(ctl, msg, strlen(msg)) < 0)
		tool_oopsdie("'%s'", msg);
	data = mem_printf("%s/%s/%d/data", mtpt, p.v6 ? "icmpv6" : "icmp", atoi(n));
	p.fd = open(data, O_RDWR | O_CLOEXEC);
	if (p.fd < 0)
		tool_oopsdie("%s", data);
	p.files = true;
	return true; /* ctl stays open: it keeps the conversation */
}

static void open_any(const char *mtpt)
{
	bool raw;

	if (open_files(mtpt != NULL ? mtpt : "/net"))
		return;
	if (mtpt != NULL)
		tool_oopsdie("%s/icmp", mtpt);
	p.fd = sockopt_echo(p.to.b, &raw);
	if (p.fd < 0)
		tool_die("%s", rerrstr());
	p.files = raw && !p.v6; /* a raw IPv4 socket gives headers too; sending it wants none */
}

static u16 checksum(const u8 *b, int n)
{
	u32 s = 0;

	for (int i = 0; i + 1 < n; i += 2)
		s += be16(b + i);
	if (n & 1)
		s += (u32)b[n - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (u16)~s;
}

/* request sends one: type[1] code[1] sum[2] id[2] seq[2] cookie[8] filler. */
static void request(bool sockets)
{
	u8 buf[Ip6hdr + MAXLEN] = { 0 };
	int hdr = sockets ? 0 : p.v6 ? Ip6hdr : Ip4hdr;
	u8 *m = buf + hdr;

	if (hdr == Ip4hdr) {
		buf[0] = 0x45;
		put_be16(buf + 2, (u16)(hdr + p.size));
		buf[8] = 255;
		buf[9] = 1;
		memcpy(buf + 16, p.to.b + IP4OFF, 4);
	} else if (hdr == Ip6hdr) {
		buf[0] = 0x60;
		put_be16(buf + 4, (u16)p.size);
		buf[6] = 58;
		buf[7] = 255;
		memcpy(buf + 24, p.to.b, IPLEN);
	}
	m[0] = p.v6 ? Echo6 : Echo4;
	put_be16(m + 4, 1);
	put_be16(m + 6, (u16)(p.first + p.nsent));
	memcpy(m + 8, p.cookie, sizeof p.cookie);
	for (int i = 16; i < p.size; i++)
		m[i] = (u8)i;
	if (!p.v6)
		put_be16(m + 2, checksum(m, p.size));
	p.sent[p.nsent++].ns = clock_ns();
	if (write(p.fd, buf, (size_t)(hdr + p.size)) < 0)
		tool_oops("sending request %lld", (long long)p.nsent - 1);
}

static void report(i64 seq, i64 us, int ttl)
{
	char to[IPTEXT];

	if (p.quiet || p.lost)
		return;
	if (p.all)
		printf("%lld: -> %s rtt %lld µs, avg rtt %lld µs, ttl = %d\n", (long long)seq, ip_print(&p.to, to), (long long)us,
		       (long long)(p.sum / p.nback), ttl);
	else
		printf("%lld: rtt %lld µs, avg rtt %lld µs, ttl = %d\n", (long long)seq, (long long)us,
		       (long long)(p.sum / p.nback), ttl);
	fflush(stdout);
}

/* answer takes a message that came; others' are ignored. */
static void answer(const u8 *m, long n, int ttl)
{
	i64 now = clock_ns(), seq;
	long hdr = 0;

	if (p.files && n > 0) {
		hdr = m[0] >> 4 == 6 ? Ip6hdr : (m[0] & 15) * 4;
		ttl = n > 8 ? m[m[0] >> 4 == 6 ? 7 : 8] : 0;
	}
	if (n - hdr < 16)
		return;
	m += hdr;
	if (m[0] != (p.v6 ? Reply6 : Reply4) || memcmp(m + 8, p.cookie, sizeof p.cookie) != 0)
		return;
	seq = (u16)(be16(m + 6) - p.first);
	if (seq >= p.nsent || p.sent[seq].answered)
		return;
	p.sent[seq].answered = true;
	p.nback++;
	p.sum += (now - p.sent[seq].ns) / 1000;
	report(seq, (now - p.sent[seq].ns) / 1000, ttl);
}

static void receive(bool sockets)
{
	static u8 buf[Ip6hdr + MAXLEN + 64];
	int ttl = 0;
	long n;

	if (sockets) {
		n = sockopt_recvttl(p.fd, buf, sizeof buf, &ttl);
	} else {
		n = read(p.fd, buf, sizeof buf);
		if (n < 0)
			os_werr("read");
	}
	if (n >= 0)
		answer(buf, n, ttl);
	else if (strstr(rerrstr(), errtext(Eintr)) == NULL && !p.quiet)
		tool_warn("%s", rerrstr());
}

static void losses(void)
{
	for (i64 i = 0; i < p.nsent && !p.quiet; i++)
		if (!p.sent[i].answered)
			printf("lost %lld, avg rtt %lld µs\n", (long long)i, (long long)(p.nback > 0 ? p.sum / p.nback : 0));
	if (p.nback < p.nsent && !p.quiet)
		printf("%lld out of %lld messages lost\n", (long long)(p.nsent - p.nback), (long long)p.nsent);
}

static i64 gap(void)
{
	return p.flood ? 0 : p.every + (p.jitter && p.every > 0 ? random_u32((u32)p.every) : 0);
}

static void run(bool sockets)
{
	i64 due = clock_ms(), end = 0;

	tool_ticks(TICK);
	while (p.nback < p.count && (p.nsent < p.count || clock_ms() < end)) {
		if (p.nsent < p.count && (clock_ms() >= due || (p.flood && p.nback == p.nsent))) {
			request(sockets);
			due = p.flood ? clock_ms() + TICK : due + gap();
			end = clock_ms() + p.wait;
		}
		receive(sockets);
	}
	losses();
}

/* lookup asks the stack's cs for the address of a name. */
static int lookup(const char *mtpt, const char *name)
{
	autofree char *path = mem_printf("%s/cs", mtpt), *query = mem_printf("icmp!%s!1", name);
	autofd int fd = open(path, O_RDWR | O_CLOEXEC);
	char line[256], *addr;
	ssize_t n;

	if (fd < 0)
		return werrstr("'%s' is no address, and there is no %s to ask", name, path);
	if (write(fd, query, strlen(query)) < 0)
		return os_werr("%s", query);
	lseek(fd, 0, SEEK_SET);
	n = read(fd, line, sizeof line - 1);
	if (n <= 0)
		return werrstr("cs knows no %s", name);
	line[n] = '\0';
	addr = strchr(line, ' ');
	if (addr == NULL)
		return werrstr("cs: bad answer");
	addr++;
	addr[strcspn(addr, "! \n")] = '\0';
	return ip_parse(addr, &p.to);
}

/* address takes [mtpt/]host[!...] apart and finds the host's address. */
static const char *address(char *s)
{
	char *slash = strrchr(s, '/');

	if (slash != NULL) {
		*slash = '\0';
		if (strncmp(slash + 1, "icmp!", 5) == 0)
			slash += 5;
	}
	if (ip_parse(slash != NULL ? slash + 1 : s, &p.to) < 0 &&
	    lookup(slash != NULL ? s : "/net", slash != NULL ? slash + 1 : s) < 0)
		tool_die("%s", rerrstr());
	p.v6 = !ip_isv4(&p.to);
	return slash != NULL ? s : NULL;
}

int cmd_ip_ping(int argc, char **argv)
{
	const char *mtpt;
	Args a;
	int k;

	p.count = 32;
	p.every = 1000;
	p.wait = 5000;
	p.size = 64;
	args_init(&a, argc, argv, "ip/ping [-aflqr] [-i ms] [-n count] [-s size] [-w ms] address");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'a': p.all = true; break;
		case 'f': p.flood = true; break;
		case 'l': p.lost = true; break;
		case 'q': p.quiet = true; break;
		case 'r': p.jitter = true; break;
		case '6': break; /* the address says it */
		case 'i': p.every = args_number(&a, 0, 1000000); break;
		case 'n': p.count = args_number(&a, 1, 65535); break;
		case 's': p.size = (int)args_number(&a, MINLEN, MAXLEN); break;
		case 'w': p.wait = args_number(&a, 0, 1000000); break;
		default: args_usage(&a);
		}
	if (a.argc != 1)
		args_usage(&a);
	mtpt = address(a.argv[0]);
	p.sent = mem_array((size_t)p.count, sizeof *p.sent);
	p.first = (u16)random_u32(0xffff);
	random_bytes(p.cookie, sizeof p.cookie);
	open_any(mtpt);
	if (!p.quiet && !p.lost)
		printf("sending %lld %d byte messages %lld ms apart to %s\n", (long long)p.count, p.size, (long long)p.every,
		       mtpt != NULL ? a.argv[0] + strlen(a.argv[0]) + 1 : a.argv[0]);
	run(sock_is(p.fd));
	free(p.sent);
	if (p.nback < p.count)
		tool_warn("lost messages");
	return tool_end(p.nback < p.count);
}
