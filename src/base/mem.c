#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>

static void nomem(size_t n)
{
	fprintf(stderr, "anthill: out of memory asking for %zu bytes\n", n);
	abort();
}

void *mem_new(size_t n)
{
	return mem_array(1, n);
}

void *mem_array(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (p == NULL)
		nomem(n * size);
	return p;
}

void *mem_grow(void *p, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		nomem(SIZE_MAX);
	p = realloc(p, total ? total : 1);
	if (p == NULL)
		nomem(total);
	return p;
}

void *mem_try(size_t n)
{
	void *p = malloc(n ? n : 1);

	return p != NULL ? p : errnull(Enomem);
}

char *mem_str(const char *s)
{
	return s == NULL ? NULL : mem_strn(s, strlen(s));
}

char *mem_strn(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = mem_new(len + 1);

	memcpy(p, s, len);
	return p;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		nomem(0);
	return p;
}

void mem_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

void mem_autofree(void *pp)
{
	free(*(void **)pp);
}
