#include "mobj.h"

Fid *mnt9p_root(Kern *k, Obj *o, const Req *r)
{
	(void)k;
	(void)r;
	werrstr("mount %s: 9P trees: not implemented", o->name);
	return NULL;
}
