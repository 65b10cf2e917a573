#include "cmds.h"
#include "vtool.h"

int cmd_venti_printarenapart(int argc, char **argv)
{
	Args a;
	Part *p;

	args_init(&a, argc, argv, "venti/printarenapart arenafile");
	if (args_flag(&a) != 0 || a.argc != 1)
		args_usage(&a);
	p = vtool_part(a.argv[0], DiskRead);
	printf("# arena part version=%u blocksize=%u arenabase=%u\n", p->head.version, p->head.blocksize, p->head.arenabase);
	for (int i = 0; i < p->n; i++) {
		const Arena *x = p->arena[i];
		const ArenaStats *st = &x->t.st;

		printf("arena %s %llu clumps=%u cclumps=%u used=%llu uncsize=%llu%s\n", x->t.name, (unsigned long long)x->start, st->clumps,
			st->cclumps, (unsigned long long)st->used, (unsigned long long)st->data, st->sealed ? " sealed" : "");
		printf("\tctime=%u\n\tmtime=%u\n", x->t.ctime, x->t.wtime);
	}
	part_close(p);
	return tool_end(0);
}
