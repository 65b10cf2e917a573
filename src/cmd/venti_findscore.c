/* Looks a score up in the directories of a partition's arenas, without an index. */
#include <stdlib.h>
#include <base/mem.h>
#include "cmds.h"
#include "vtool.h"

enum { LINES = 16384 };

static int search(Arena *x, const Score *s, bool verbose)
{
	ClumpInfo *ci = mem_array(LINES, sizeof *ci);
	u64 at = 0;
	int found = 0;

	if (verbose)
		fprintf(stderr, "reading directory for arena=%s with %u entries\n", x->t.name, x->t.st.clumps);
	for (u32 i = 0, n; i < x->t.st.clumps; i += n) {
		n = x->t.st.clumps - i < LINES ? x->t.st.clumps - i : LINES;
		if (arena_getdir(x, i, n, ci) < 0) {
			tool_warn("%s", rerrstr());
			break;
		}
		for (u32 k = 0; k < n; at += CLUMP + (u64)ci[k++].size)
			if (score_eq(&ci[k].score, s)) {
				printf("%s: found at clump=%u with type=%d size=%d csize=%d position=%llu\n", x->t.name, i + k, ci[k].type,
					ci[k].data, ci[k].size, (unsigned long long)at);
				found++;
			}
	}
	free(ci);
	return found;
}

int cmd_venti_findscore(int argc, char **argv)
{
	Args a;
	bool verbose = false;
	Score s;
	Part *p;
	int found = 0;

	args_init(&a, argc, argv, "venti/findscore [-v] arenafile score");
	for (int c; (c = args_flag(&a)) != 0;)
		if (c == 'v')
			verbose = true;
		else
			args_usage(&a);
	if (a.argc != 2)
		args_usage(&a);
	if (score_parse(a.argv[1], &s, NULL, 0) < 0)
		tool_die("%s", rerrstr());
	p = vtool_part(a.argv[0], DiskRead);
	for (int i = 0; i < p->n; i++)
		found += search(p->arena[i], &s, verbose);
	printf("found %d occurrences of %s\n", found, a.argv[1]);
	part_close(p);
	return tool_end(found == 0);
}
