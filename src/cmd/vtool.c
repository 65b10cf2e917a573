/* What the commands for arenas share. */
#include <string.h>
#include <unistd.h>
#include <os/clock.h>
#include "vtool.h"

enum { SHOWMS = 200 };

u64 vtool_size(Args *a)
{
	u64 v;

	if (conf_size(args_value(a), &v) < 0)
		tool_die("%s", rerrstr());
	return v;
}

Disk *vtool_disk(const char *spec, DiskMode mode)
{
	Disk *d = disk_open(spec, mode);

	if (d == NULL)
		tool_die("%s", rerrstr());
	return d;
}

Part *vtool_part(const char *spec, DiskMode mode)
{
	Part *p = part_open(spec, mode);

	if (p == NULL)
		tool_die("%s", rerrstr());
	return p;
}

VtConf *vtool_conf(const char *path)
{
	VtConf *c = conf_read(path);

	if (c == NULL)
		tool_die("%s", rerrstr());
	return c;
}

void vtool_arena(const Arena *a)
{
	static const Score none;
	const ArenaStats *st = &a->t.st;
	char hex[SCORETEXT];

	fprintf(stderr, "arena='%s' [%llu,%llu)\n\tversion=%u created=%u modified=%u%s\n", a->t.name, (unsigned long long)a->base,
		(unsigned long long)a->end, a->t.version, a->t.ctime, a->t.wtime, st->sealed ? " sealed" : "");
	if (!score_eq(&a->t.score, &none))
		fprintf(stderr, "\tscore=%s\n", score_print(&a->t.score, hex));
	fprintf(stderr, "\tclumps=%u compressed clumps=%u data=%llu compressed data=%llu disk storage=%llu\n", st->clumps, st->cclumps,
		(unsigned long long)st->data, (unsigned long long)(st->used - (u64)st->clumps * CLUMP),
		(unsigned long long)(st->used + (u64)st->clumps * CLUMPINFO));
}

bool vtool_wanted(const char *name, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return n == 0;
}

bool progress_to(void *arg, u64 done)
{
	Progress *p = arg;
	i64 now = clock_ms();

	p->done = done;
	if (now - p->shown < SHOWMS || !isatty(2))
		return true;
	p->shown = now;
	if (p->total > 0)
		fprintf(stderr, "\r%s: %llu of %llu MB, %d%% ", p->what, (unsigned long long)(done >> 20),
			(unsigned long long)(p->total >> 20), (int)(done * 100 / p->total));
	else
		fprintf(stderr, "\r%s: %llu MB ", p->what, (unsigned long long)(done >> 20));
	return true;
}

bool progress_add(void *arg, u64 n) { return progress_to(arg, ((Progress *)arg)->done + n); }

void progress_end(Progress *p)
{
	if (p->shown != 0)
		fprintf(stderr, "\r\033[K");
}

void vtool_say(void *arg, const char *text) { fprintf(stderr, "%s: %s\n", tool_name, text); }
