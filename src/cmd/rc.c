/*
 * rc, with what this binary has to offer it.
 */
#include <rc/rc.h>
#include "cmds.h"

int cmd_rc(int argc, char **argv)
{
	return rc_main(argc, argv, NULL);
}
