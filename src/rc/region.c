#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include "region.h"

enum { CHUNK = 4000 };

struct Chunk {
	Chunk *below;
	size_t n, cap;
	char p[];
};

static Chunk *spare; /* one is kept: a loop near a chunk's end would get and free it each time round */

static Chunk *grow(Region *r, size_t n)
{
	size_t cap = n > CHUNK ? n : CHUNK;
	Chunk *c = spare;

	if (cap == CHUNK && c != NULL)
		spare = NULL;
	else
		c = mem_grow(NULL, sizeof *c + cap, 1);
	c->below = r->top;
	c->n = 0;
	c->cap = cap;
	r->top = c;
	return c;
}

void *region_new(Region *r, size_t n)
{
	Chunk *c = r->top;
	void *p;

	n = (n + 7) & ~(size_t)7;
	if (c == NULL || c->cap - c->n < n)
		c = grow(r, n);
	p = c->p + c->n;
	c->n += n;
	return p;
}

char *region_strn(Region *r, const char *s, size_t n)
{
	char *p = region_new(r, n + 1);

	if (n > 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

Mark region_mark(const Region *r)
{
	return (Mark){ r->top, r->top != NULL ? r->top->n : 0 };
}

void region_cut(Region *r, Mark m)
{
	while (r->top != m.top) {
		Chunk *c = r->top;

		r->top = c->below;
		if (c->cap == CHUNK && spare == NULL)
			spare = c;
		else
			free(c);
	}
	if (m.top != NULL)
		m.top->n = m.n;
}

void region_free(Region *r)
{
	region_cut(r, (Mark){ NULL, 0 });
}
