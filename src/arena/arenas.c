/* The Store that keeps blocks in arenas. */
#include <arena/arenas.h>
#include <base/err.h>

Store *arenas_open(const VtConf *c, const ArenasOpt *o)
{
	(void)werrstr("%s: this version keeps no blocks in arenas yet", c->narenas > 0 ? c->arenas[0] : "arenas");
	return NULL;
}
