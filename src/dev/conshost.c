/*
 * #c's facts that are the host's: what the machine does, for programs such as stats(8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/io.h>
#include <os/procinfo.h>
#include "cons.h"

enum { STATMAX = 1 << 20, PERCENT = 100, Switches = 0, Interrupts, Faults, Counts };

static u64 base[Counts]; /* what was counted at the last write to sysstat; protected by the Srv's lock */

static char *slurp(const char *name)
{
	int dir = proc_dir();

	return dir < 0 ? NULL : io_slurp(dir, name, STATMAX, NULL);
}

/* field returns the number that follows a line's first word name in text, 0 if there is none. */
static u64 field(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = text; p != NULL && *p != '\0'; p = strchr(p, '\n'), p += p != NULL)
		if (strncmp(p, name, n) == 0 && (p[n] == ' ' || p[n] == ':'))
			return strtoull(p + n + 1, NULL, 10);
	return 0;
}

static void counts(u64 *c)
{
	autofree char *stat = slurp("stat"), *vm = slurp("vmstat");

	c[Switches] = field(stat, "ctxt");
	c[Interrupts] = field(stat, "intr");
	c[Faults] = field(vm, "pgfault");
}

/* a processor's line of /proc/stat, after its number: user nice system idle iowait irq softirq steal */
static void processor(Buf *b, int id, const char *p, const u64 *count, u64 load)
{
	u64 t[8] = { 0 }, sum = 0;
	char *end;

	for (int i = 0; i < 8; i++, p = end) {
		t[i] = strtoull(p, &end, 10);
		sum += t[i];
	}
	sum += sum == 0;
	cons_number(b, (u64)id);
	cons_number(b, count[Switches]);
	cons_number(b, count[Interrupts]);
	cons_number(b, 0); /* system calls, faults and purges of the TLB: Linux does not count them */
	cons_number(b, count[Faults]);
	cons_number(b, 0);
	cons_number(b, 0);
	cons_number(b, load);
	cons_number(b, (t[3] + t[4]) * PERCENT / sum);
	cons_number(b, (t[5] + t[6]) * PERCENT / sum);
	buf_ch(b, '\n');
}

char *sysstat_text(Kern *k, Req *r)
{
	autofree char *stat = slurp("stat"), *avg = slurp("loadavg");
	u64 c[Counts], load = avg != NULL ? (u64)(strtod(avg, NULL) * 1000) : 0;
	Buf b = { 0 };
	const char *p = stat;
	char *end;

	(void)k;
	(void)r;
	if (stat == NULL)
		return NULL;
	counts(c);
	for (int i = 0; i < Counts; i++)
		c[i] -= base[i];
	while ((p = strchr(p, '\n')) != NULL && strncmp(++p, "cpu", 3) == 0) {
		int id = (int)strtol(p + 3, &end, 10);

		processor(&b, id, end, c, load);
		memset(c, 0, sizeof c); /* they are those of all processors */
	}
	return buf_take(&b);
}

int sysstat_write(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	counts(base);
	return 0;
}

char *swap_text(Kern *k, Req *r)
{
	autofree char *mem = slurp("meminfo");
	u64 page = (u64)sysconf(_SC_PAGESIZE), kpage = page / 1024, total, kernel, freed, swap, slab;
	Buf b = { 0 };

	(void)k;
	(void)r;
	if (mem == NULL)
		return NULL;
	total = field(mem, "MemTotal");
	slab = field(mem, "Slab");
	kernel = slab + field(mem, "KernelStack") + field(mem, "PageTables");
	freed = field(mem, "MemAvailable");
	swap = field(mem, "SwapTotal");
	buf_printf(&b, "%llu memory\n%llu pagesize\n%llu kernel\n", (unsigned long long)total * 1024, (unsigned long long)page,
		   (unsigned long long)(kernel / kpage));
	buf_printf(&b, "%llu/%llu user\n", (unsigned long long)((total - freed) / kpage), (unsigned long long)(total / kpage));
	buf_printf(&b, "%llu/%llu swap\n", (unsigned long long)((swap - field(mem, "SwapFree")) / kpage),
		   (unsigned long long)(swap / kpage));
	buf_printf(&b, "%llu/%llu/0 kernel malloc\n0/0/0 kernel draw\n0/0/0 kernel secret\n", (unsigned long long)slab * 1024,
		   (unsigned long long)slab * 1024);
	return buf_take(&b);
}

int swap_write(Kern *k, Req *r)
{
	(void)k;
	(void)r;
	return werrstr("swap: the host decides what it swaps on");
}
