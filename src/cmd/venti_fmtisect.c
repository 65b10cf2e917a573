#include <arena/index.h>
#include "cmds.h"
#include "vtool.h"

int cmd_venti_fmtisect(int argc, char **argv)
{
	Args a;
	Disk *d;

	args_init(&a, argc, argv, "venti/fmtisect [-1Z] [-b bucketsize] name file");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case '1': case 'Z': break;          /* of plan9port's format: */
		case 'b': (void)vtool_size(&a); break; /* they mean nothing here */
		default: args_usage(&a);
		}
	if (a.argc != 2)
		args_usage(&a);
	d = vtool_disk(a.argv[1], DiskWrite);
	if (isect_format(d, a.argv[0]) < 0)
		tool_die("%s", rerrstr());
	/* two generations of 9.4 bytes a block */
	fprintf(stderr, "venti/fmtisect %s: room for the index of about %llu million blocks\n", a.argv[1],
		(unsigned long long)(d->size / 2 / 10 / 1000000));
	disk_close(d);
	return tool_end(0);
}
