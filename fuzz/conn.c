/*
 * A hostile client: any bytes as a 9P connection to a ramfs.  Nothing may be
 * left of it: no Fid, no file it opened, no request.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <fs/ramfs.h>
#include <os/io.h>
#include <srv/conn.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static int in = -1, out = -1;
	Srv *s;

	if (in < 0) {
		char name[] = "/tmp/fuzzconn.XXXXXX";

		in = mkstemp(name);
		unlink(name);
		out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	}
	if (in < 0 || out < 0 || ftruncate(in, 0) < 0 || lseek(in, 0, SEEK_SET) != 0 || io_writen(in, data, n) < 0 ||
	    lseek(in, 0, SEEK_SET) != 0)
		abort();
	s = ramfs_new("glenda", 1 << 20);
	(void)!conn_serve(s, in, out, &(ConnOpts){ .msize = 8192 });
	srv_drop(s);
	if (ref_live(NULL) != 0)
		abort();
	return 0;
}
