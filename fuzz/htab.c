/* A saved index from anywhere: it loads or not, and look-ups end. */
#include <string.h>
#include <arena/htab.h>
#include <base/err.h>

typedef struct Mem {
	const u8 *p;
	size_t n;
} Mem;

static int get(void *arg, void *p, size_t n)
{
	Mem *m = arg;

	if (n > m->n)
		return errset(Eio);
	memcpy(p, m->p, n);
	m->p += n;
	m->n -= n;
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static u8 big[24 + 16 + 8 * 4096]; /* the input, then zeros: a table is never smaller */
	Mem m = { big, sizeof big };
	IndexHit hit[INDEXHITS];
	Score s = { { 1 } };
	Index *x;

	memcpy(big, data, n < sizeof big ? n : sizeof big);
	x = index_load(sizeof big, get, &m);
	if (x == NULL)
		return 0;
	for (int i = 0; i < 20; i++) {
		s.b[0] = (u8)i;
		(void)index_find(x, &s, 13, hit);
		(void)!index_add(x, &s, 13, (u64)i * 1000, 100);
	}
	index_free(x);
	return 0;
}
