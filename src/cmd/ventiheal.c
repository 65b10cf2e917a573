/* Asking mirrors for blocks. */
#include <base/err.h>
#include <base/mem.h>
#include <venti/client.h>
#include "ventiheal.h"

enum { DEADLINE = 10 * 1000 };

long ventiheal_fetch(void *arg, const Score *score, int type, u8 *p, u32 n)
{
	static const VentiOpts o = { .deadline_ms = DEADLINE, .once = true };
	const VentiHeal *h = arg;

	(void)werrstr("there is no mirror");
	for (int i = 0; i < h->n; i++) {
		Venti *v = venti_dial(h->host[i], &o);
		long got = v != NULL ? venti_read(v, score, type, p, n) : -1;
		autofree char *why = mem_str(rerrstr());

		venti_close(v);
		if (got >= 0)
			return got;
		(void)werrstr("%s: %s", h->host[i], why);
	}
	return -1;
}
