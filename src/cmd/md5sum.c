#include "cmds.h"
#include "digest.h"

int cmd_md5sum(int argc, char **argv)
{
	return digest_command(argc, argv, false);
}
