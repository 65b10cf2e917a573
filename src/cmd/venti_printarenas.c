/* Lists the directories of all arenas of a configuration, with the addresses that an index has. */
#include <stdlib.h>
#include <base/mem.h>
#include "cmds.h"
#include "vtool.h"

enum { LINES = 16384, INDEXBASE = 1024 * 1024 };

static int list(Arena *a, u64 at)
{
	ClumpInfo *ci = mem_array(LINES, sizeof *ci);
	char hex[SCORETEXT];
	int bad = 0;

	for (u32 i = 0, n; i < a->t.st.clumps && !bad; i += n) {
		n = a->t.st.clumps - i < LINES ? a->t.st.clumps - i : LINES;
		bad = arena_getdir(a, i, n, ci) < 0;
		if (bad)
			tool_warn("%s", rerrstr());
		for (u32 k = 0; k < n && !bad; at += CLUMP + (u64)ci[k++].size)
			printf("%22llu %s %3d %5d\n", (unsigned long long)at, score_print(&ci[k].score, hex), ci[k].type, ci[k].data);
	}
	free(ci);
	return bad;
}

int cmd_venti_printarenas(int argc, char **argv)
{
	Args a;
	VtConf *c;
	u64 at = INDEXBASE;
	int bad = 0;

	args_init(&a, argc, argv, "venti/printarenas [-B blockcachesize] venti.conf [arena ...]");
	for (int f; (f = args_flag(&a)) != 0;)
		if (f == 'B')
			(void)vtool_size(&a);
		else
			args_usage(&a);
	if (a.argc < 1)
		args_usage(&a);
	c = vtool_conf(a.argv[0]);
	for (int i = 0; i < c->narenas; i++) {
		Part *p = vtool_part(c->arenas[i], DiskRead);

		for (int k = 0; k < p->n; k++) {
			if (vtool_wanted(p->arena[k]->t.name, a.argv + 1, a.argc - 1))
				bad |= list(p->arena[k], at);
			at += p->arena[k]->room;
		}
		part_close(p);
	}
	conf_free(c);
	return tool_end(bad);
}
