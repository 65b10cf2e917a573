#include <stdlib.h>
#include <base/mem.h>
#include "cmds.h"
#include "vtool.h"

enum { PIECE = 1 << 20 };

int cmd_venti_rdarena(int argc, char **argv)
{
	Args a;
	bool quiet = false, verbose = false;
	Progress pr = { .what = "reading" };
	Part *p;
	Arena *x;
	u8 *b;

	args_init(&a, argc, argv, "venti/rdarena [-qv] arenapart arena");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'q': quiet = true; break;
		case 'v': verbose = true; break;
		default: args_usage(&a);
		}
	if (a.argc != 2)
		args_usage(&a);
	p = vtool_part(a.argv[0], DiskRead);
	x = part_find(p, a.argv[1]);
	if (x == NULL)
		tool_die("%s", rerrstr());
	if (!quiet) {
		fprintf(stderr, "copying %s to standard output\n", x->t.name);
		vtool_arena(x);
	}
	b = mem_new(PIECE);
	pr.total = x->end - x->start;
	for (u64 at = x->start, n; at < x->end; at += n) {
		n = x->end - at < PIECE ? x->end - at : PIECE;
		if (disk_read(x->disk, b, n, at) < 0 || io_writen(1, b, n) < 0)
			tool_die("can't copy %s: %s", x->t.name, rerrstr());
		if (!quiet || verbose)
			(void)progress_to(&pr, at - x->start);
	}
	progress_end(&pr);
	free(b);
	part_close(p);
	return 0;
}
