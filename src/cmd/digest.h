/* MD5 and SHA-1 for sums of files (not for secrets), in 64 byte blocks. */
#ifndef CMD_DIGEST_H
#define CMD_DIGEST_H

#include <base/u.h>

typedef struct Digest {
	u32 h[5];
	u64 n;    /* bytes so far */
	u8 buf[64];
	bool sha; /* SHA-1, else MD5 */
} Digest;

/* digest_init begins, digest_add takes n bytes, digest_end writes 20 (SHA-1) or 16 (MD5) bytes to out and returns how many. */
void digest_init(Digest *d, bool sha);
void digest_add(Digest *d, const void *p, size_t n);
int digest_end(Digest *d, u8 out[20]);

/* digest_command is the main of md5sum and sha1sum. */
int digest_command(int argc, char **argv, bool sha);

#endif
