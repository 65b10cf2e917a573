/* A gzip file from anywhere; what comes out is bounded, as bombs are the caller's matter. */
#include <string.h>
#include <base/err.h>
#include <base/inflate.h>

typedef struct Mem {
	const u8 *p;
	size_t n, out;
} Mem;

static long in(void *arg, u8 *p, size_t n)
{
	Mem *m = arg;

	if (n > m->n)
		n = m->n;
	memcpy(p, m->p, n);
	m->p += n;
	m->n -= n;
	return (long)n;
}

static int out(void *arg, const u8 *p, size_t n)
{
	Mem *m = arg;

	(void)p;
	m->out += n;
	return m->out > 1 << 20 ? errset(Enospace) : 0;
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n);

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	Mem m = { p, n, 0 };

	(void)!inflate_gzip(&(InflateIo){ in, out, &m });
	return 0;
}
