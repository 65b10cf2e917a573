#include <arena/index.h>
#include <os/clock.h>
#include "cmds.h"
#include "vtool.h"

int cmd_venti_buildindex(int argc, char **argv)
{
	Args a;
	VtConf *c;
	Store *s;
	ArenasTotal t;
	ArenasOpt o = { .rebuild = true, .log = vtool_say, .cache = 1 << 20 };
	i64 began = clock_ms();

	args_init(&a, argc, argv, "venti/buildindex [-bd] [-i isect] ... [-M imemsize] venti.conf");
	for (int f; (f = args_flag(&a)) != 0;)
		switch (f) {
		case 'b': case 'd': break; /* no filter, one way of doing it */
		case 'i': (void)args_value(&a); break;
		case 'M': (void)vtool_size(&a); break;
		default: args_usage(&a);
		}
	if (a.argc != 1)
		args_usage(&a);
	c = vtool_conf(a.argv[0]);
	if (c->nisect == 0)
		tool_warn("%s names no isect: the index will be made at every start", a.argv[0]);
	s = arenas_open(c, &o);
	if (s == NULL || arenas_checkpoint(s) < 0)
		tool_die("%s", rerrstr());
	arenas_total(s, &t);
	fprintf(stderr, "venti/buildindex: %llu blocks in %.1f s, %llu bytes of memory\n", (unsigned long long)t.clumps,
		(double)(clock_ms() - began) / 1000, (unsigned long long)t.indexbytes);
	store_close(s);
	conf_free(c);
	return tool_end(0);
}
