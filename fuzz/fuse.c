/*
 * Requests as a hostile /dev/fuse would give them: u16 length, bytes, and so
 * on, to a tree in memory.
 */
#include "memsrv.h"
#include <base/bytes.h>
#include <fuse/fuse.h>
#include <linux/fuse.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void one(Fuse *f, const u8 *p, size_t n)
{
	u8 m[4096] = {0};
	struct fuse_in_header h = {0};

	memcpy(m, p, n);
	memcpy(&h, m, sizeof h);
	h.len = p[0] & 1 ? h.len : (u32)n; /* mostly right, or nothing gets past the first check */
	h.nodeid &= 15;
	memcpy(m, &h, sizeof h);
	fuse_input(f, m, n);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	struct {
		struct fuse_in_header h;
		struct fuse_init_in i;
	} init = {{.len = sizeof init, .opcode = FUSE_INIT, .unique = 1}, {.major = 7, .minor = 38}};
	FuseOpts o = {.uname = "glenda"};
	Srv srv;
	Fuse *f;

	memsrv_begin(&srv);
	f = fuse_new(&srv, "", &o);
	fuse_input(f, &init, sizeof init);
	while (n >= 2) {
		size_t m = le16(data);

		if (m > n - 2)
			m = n - 2;
		if (m > 0 && m <= 4096)
			one(f, data + 2, m);
		data += 2 + m;
		n -= 2 + m;
	}
	fuse_free(f);
	memsrv_end();
	return 0;
}
