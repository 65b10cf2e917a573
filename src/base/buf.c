#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/buf.h>
#include <base/mem.h>

char *buf_room(Buf *b, size_t n)
{
	size_t need = b->n + n + 1;

	if (need > b->cap || b->p == NULL) {
		b->cap = need < 64 ? 64 : need + need / 2;
		b->p = mem_grow(b->p, b->cap, 1);
	}
	b->p[b->n + n] = '\0';
	return b->p + b->n;
}

void buf_add(Buf *b, const void *p, size_t n)
{
	char *to = buf_room(b, n);

	if (n > 0)
		memcpy(to, p, n);
	b->n += n;
}

void buf_str(Buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_ch(Buf *b, int c)
{
	*buf_room(b, 1) = (char)c;
	b->n++;
}

void buf_printf(Buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(buf_room(b, (size_t)n), (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_cut(Buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n + 1);
	b->n -= n;
}

char *buf_take(Buf *b)
{
	char *p;

	buf_room(b, 0);
	p = b->p;
	*b = (Buf){ 0 };
	return p;
}

const char *buf_text(const Buf *b)
{
	return b->p != NULL ? b->p : "";
}

void buf_free(Buf *b)
{
	free(b->p);
	*b = (Buf){ 0 };
}
