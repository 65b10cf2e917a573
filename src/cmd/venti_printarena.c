/* Lists the clumps of one arena, reading and checking each. */
#include <base/str.h>
#include "cmds.h"
#include "vtool.h"

static int list(Arena *a, u64 from)
{
	ClumpScan s;
	char hex[SCORETEXT];
	const u8 *data;
	int rc;
	Clump c;

	scan_begin(&s, a, from, a->room);
	for (u64 at = from; (rc = scan_next(&s, &c, &data, true)) == 1; at = s.at)
		printf("%22llu %s %3d %5d\n", (unsigned long long)at, score_print(&c.info.score, hex), c.info.type, c.info.data);
	if (rc < 0)
		tool_warn("clump %llu: %s", (unsigned long long)s.at, rerrstr());
	printf("end offset %llu\n", (unsigned long long)s.at);
	scan_end(&s);
	return rc < 0;
}

static u64 number(const char *s)
{
	u64 v;

	if (str_u64(s, 0, UINT64_MAX, &v) < 0)
		tool_die("%s", rerrstr());
	return v;
}

int cmd_venti_printarena(int argc, char **argv)
{
	Args a;
	u64 at = 0, from = 0;
	Disk *d;
	Arena *arena;
	int bad;

	args_init(&a, argc, argv, "venti/printarena [-o aoffset] arenafile [offset]");
	for (int c; (c = args_flag(&a)) != 0;)
		if (c == 'o')
			at = number(args_value(&a));
		else
			args_usage(&a);
	if (a.argc < 1 || a.argc > 2)
		args_usage(&a);
	if (a.argc == 2)
		from = number(a.argv[1]);
	d = vtool_disk(a.argv[0], DiskRead);
	arena = arena_single(d, at);
	if (arena == NULL)
		tool_die("%s", rerrstr());
	if (from >= arena->room)
		tool_die("bad offset %llu >= %llu", (unsigned long long)from, (unsigned long long)arena->room);
	printf("# arena head version=%u name=%s blocksize=%u size=%llu clumpmagic=0x%.8x\n", arena->t.version, arena->t.name,
		arena->blocksize, (unsigned long long)(arena->end - arena->start), arena->t.magic);
	vtool_arena(arena);
	bad = list(arena, from);
	arena_free(arena);
	disk_close(d);
	return tool_end(bad);
}
