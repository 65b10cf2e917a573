#include <arena/index.h>
#include "cmds.h"
#include "vtool.h"

static long bad(VtConf *c, const ArenasOpt *o, IndexCheck *x)
{
	Store *s = arenas_open(c, o);

	if (s == NULL || arenas_checkindex(s, x) < 0)
		tool_die("%s", rerrstr());
	fprintf(stderr, "venti/checkindex: %llu blocks in the arenas, %llu in the index (%s), %llu missing\n",
		(unsigned long long)x->clumps, (unsigned long long)x->entries, x->checkpoint ? "from its checkpoint" : "made from the arenas",
		(unsigned long long)x->missing);
	if (!o->readonly && arenas_checkpoint(s) < 0)
		tool_die("%s", rerrstr());
	store_close(s);
	return (long)x->missing;
}

int cmd_venti_checkindex(int argc, char **argv)
{
	Args a;
	ArenasOpt o = { .readonly = true, .log = vtool_say, .cache = 1 << 20 };
	bool fix = false;
	IndexCheck x;
	VtConf *c;
	long n;

	args_init(&a, argc, argv, "venti/checkindex [-f] [-B blockcachesize] venti.conf [tmp]");
	for (int f; (f = args_flag(&a)) != 0;)
		switch (f) {
		case 'f': fix = true; break;
		case 'B': (void)vtool_size(&a); break;
		default: args_usage(&a);
		}
	if (a.argc < 1 || a.argc > 2)
		args_usage(&a);
	c = vtool_conf(a.argv[0]);
	n = bad(c, &o, &x);
	if (n > 0 && fix) {
		o.readonly = false;
		o.rebuild = true;
		n = bad(c, &o, &x);
	}
	conf_free(c);
	return tool_end(n > 0);
}
