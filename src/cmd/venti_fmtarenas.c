#include "cmds.h"
#include "vtool.h"

int cmd_venti_fmtarenas(int argc, char **argv)
{
	Args a;
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = 512 << 20 };
	Progress p = { .what = "writing zeros" };
	bool nozero = false;
	Disk *d;
	Part *part;
	int rc;

	args_init(&a, argc, argv, "venti/fmtarenas [-4Z] [-a arenasize] [-b blocksize] name file");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case '4': f.version = ARENA4; break;
		case 'Z': nozero = true; break;
		case 'a': f.arenasize = vtool_size(&a); break;
		case 'b': {
			u64 v = vtool_size(&a);

			f.blocksize = v <= DISKBLOCK ? (u32)v : UINT32_MAX;
			break;
		}
		default: args_usage(&a);
		}
	if (a.argc != 2)
		args_usage(&a);
	f.zero = f.version == ARENA4 && !nozero;
	d = vtool_disk(a.argv[1], DiskWrite);
	p.total = d->size;
	rc = part_format(d, a.argv[0], &f, progress_to, &p);
	progress_end(&p);
	if (rc < 0)
		tool_die("%s", rerrstr());
	part = part_load(d);
	if (part == NULL)
		tool_die("%s", rerrstr());
	fprintf(stderr, "venti/fmtarenas %s: %d arenas, %llu bytes storage\n", a.argv[1], part->n,
		(unsigned long long)(d->size - part->head.arenabase));
	part_close(part);
	return tool_end(0);
}
