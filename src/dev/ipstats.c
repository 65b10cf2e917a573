/*
 * stats: Plan 9's names for Linux's counters, /proc/net/snmp and netstat.
 * What Linux does not count is left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/netns.h>
#include "ip.h"

enum { MAXCOL = 200 };

/* a pair of lines "Group: name name ..." and "Group: value value ..." */
typedef struct Counters {
	char *text;
	char *name[MAXCOL], *val[MAXCOL];
	int n;
} Counters;

static void freecounters(Counters *c)
{
	free(c->text);
}

static int load(Stack *s, const char *file, const char *group, Counters *c)
{
	char *names = NULL, *save = NULL;
	size_t len = strlen(group);

	c->n = 0;
	c->text = netns_slurp(stack_ns(s), file);
	if (c->text == NULL)
		return -1;
	for (char *l = strtok_r(c->text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, group, len) != 0 || l[len] != ':')
			continue;
		if (names == NULL) {
			names = l + len + 1;
			continue;
		}
		c->n = str_fields(names, c->name, MAXCOL, " ");
		if (str_fields(l + len + 1, c->val, MAXCOL, " ") != c->n)
			c->n = 0;
		return 0;
	}
	return 0;
}

static const char *counter(const Counters *c, const char *name)
{
	for (int i = 0; i < c->n; i++)
		if (strcmp(c->name[i], name) == 0)
			return c->val[i];
	return NULL;
}

typedef struct Name {
	const char *plan9, *os;
} Name;

static int show(Stack *s, Buf *b, const char *file, const char *group, const Name *names, size_t n)
{
	__attribute__((cleanup(freecounters))) Counters c = { 0 };

	if (load(s, file, group, &c) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *v = counter(&c, names[i].os);

		if (v != NULL)
			buf_printf(b, "%s: %s\n", names[i].plan9, v);
	}
	return 0;
}

int stats_ip(Stack *s, Buf *b)
{
	static const Name names[] = {
		{ "Forwarding", "Forwarding" }, { "DefaultTTL", "DefaultTTL" }, { "InReceives", "InReceives" },
		{ "InHdrErrors", "InHdrErrors" }, { "InAddrErrors", "InAddrErrors" }, { "ForwDatagrams", "ForwDatagrams" },
		{ "InUnknownProtos", "InUnknownProtos" }, { "InDiscards", "InDiscards" }, { "InDelivers", "InDelivers" },
		{ "OutRequests", "OutRequests" }, { "OutDiscards", "OutDiscards" }, { "OutNoRoutes", "OutNoRoutes" },
		{ "ReasmTimeout", "ReasmTimeout" }, { "ReasmReqds", "ReasmReqds" }, { "ReasmOKs", "ReasmOKs" },
		{ "ReasmFails", "ReasmFails" }, { "FragOKs", "FragOKs" }, { "FragFails", "FragFails" },
		{ "FragCreates", "FragCreates" },
	};

	return show(s, b, "snmp", "Ip", names, nelem(names));
}

int stats_tcp(Stack *s, Buf *b)
{
	static const Name names[] = {
		{ "MaxConn", "MaxConn" }, { "ActiveOpens", "ActiveOpens" }, { "PassiveOpens", "PassiveOpens" },
		{ "EstabResets", "EstabResets" }, { "CurrEstab", "CurrEstab" }, { "InSegs", "InSegs" },
		{ "OutSegs", "OutSegs" }, { "RetransSegs", "RetransSegs" }, { "InErrs", "InErrs" }, { "OutRsts", "OutRsts" },
		{ "CsumErrs", "InCsumErrors" },
	};
	static const Name ext[] = {
		{ "RetransTimeouts", "TCPTimeouts" }, { "OutOfOrder", "TCPOFOQueue" }, { "Delayack", "DelayedACKs" },
		{ "Recovery", "TCPSackRecovery" }, { "RecoveryRTO", "TCPLostRetransmit" },
	};

	return show(s, b, "snmp", "Tcp", names, nelem(names)) < 0 ? -1 : show(s, b, "netstat", "TcpExt", ext, nelem(ext));
}

int stats_udp(Stack *s, Buf *b)
{
	static const Name names[] = {
		{ "InDatagrams", "InDatagrams" }, { "NoPorts", "NoPorts" }, { "InErrors", "InErrors" },
		{ "OutDatagrams", "OutDatagrams" },
	};

	return show(s, b, "snmp", "Udp", names, nelem(names));
}

int stats_icmp(Stack *s, Buf *b)
{
	static const Name names[] = { { "InMsgs", "InMsgs" }, { "InErrors", "InErrors" }, { "OutMsgs", "OutMsgs" }, { "CsumErrs", "InCsumErrors" } };
	static const Name kinds[] = {
		{ "EchoReply", "EchoReps" }, { "Unreachable", "DestUnreachs" }, { "SrcQuench", "SrcQuenchs" },
		{ "Redirect", "Redirects" }, { "EchoRequest", "Echos" }, { "TimeExceed", "TimeExcds" },
		{ "InParmProblem", "ParmProbs" }, { "Timestamp", "Timestamps" }, { "TimestampReply", "TimestampReps" },
		{ "AddrMaskRequest", "AddrMasks" }, { "AddrMaskReply", "AddrMaskReps" },
	};
	__attribute__((cleanup(freecounters))) Counters c = { 0 };

	if (show(s, b, "snmp", "Icmp", names, nelem(names)) < 0 || load(s, "snmp", "Icmp", &c) < 0)
		return -1;
	for (size_t i = 0; i < nelem(kinds); i++) {
		char in[32], out[32];

		snprintf(in, sizeof in, "In%s", kinds[i].os);
		snprintf(out, sizeof out, "Out%s", kinds[i].os);
		if (counter(&c, in) != NULL && counter(&c, out) != NULL)
			buf_printf(b, "%s: %s %s\n", kinds[i].plan9, counter(&c, in), counter(&c, out));
	}
	return 0;
}

/* snmp6 has one counter a line */
int stats_icmpv6(Stack *s, Buf *b)
{
	autofree char *text = netns_slurp(stack_ns(s), "snmp6");
	char *save = NULL;

	if (text == NULL)
		return -1;
	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		char *f[2];

		if (str_fields(l, f, 2, " \t") == 2 && str_prefix(f[0], "Icmp6") && strncmp(f[0], "Icmp6InType", 11) != 0 &&
		    strncmp(f[0], "Icmp6OutType", 12) != 0)
			buf_printf(b, "%s: %s\n", f[0] + 5, f[1]);
	}
	return 0;
}
