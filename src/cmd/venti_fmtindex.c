/* There is nothing to make: it looks whether the configuration's parts are there, and forgets what an index section has. */
#include <arena/index.h>
#include "cmds.h"
#include "vtool.h"

int cmd_venti_fmtindex(int argc, char **argv)
{
	Args a;
	VtConf *c;
	bool add = false;
	int arenas = 0;
	u64 room = 0;

	args_init(&a, argc, argv, "venti/fmtindex [-a] venti.conf");
	for (int f; (f = args_flag(&a)) != 0;)
		if (f == 'a')
			add = true;
		else
			args_usage(&a);
	if (a.argc != 1)
		args_usage(&a);
	c = vtool_conf(a.argv[0]);
	for (int i = 0; i < c->narenas; i++) {
		Part *p = vtool_part(c->arenas[i], DiskRead);

		arenas += p->n;
		for (int k = 0; k < p->n; k++)
			room += p->arena[k]->room;
		part_close(p);
	}
	if (arenas == 0)
		tool_die("%s: it names no arenas", a.argv[0]);
	for (int i = 0; i < c->nisect && !add; i++) {
		Disk *d = vtool_disk(c->isect[i], DiskWrite);

		if (isect_format(d, c->index != NULL ? c->index : "index") < 0)
			tool_die("%s", rerrstr());
		disk_close(d);
	}
	fprintf(stderr, "venti/fmtindex: %d arenas, %d index sections, storage=%llu\n", arenas, c->nisect, (unsigned long long)room);
	conf_free(c);
	return tool_end(0);
}
