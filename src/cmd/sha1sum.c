#include "cmds.h"
#include "digest.h"

int cmd_sha1sum(int argc, char **argv)
{
	return digest_command(argc, argv, true);
}
