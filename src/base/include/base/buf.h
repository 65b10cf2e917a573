/*
 * Buf is a growable run of bytes, always followed by a NUL so that text in
 * it is a C string.  { 0 } is a valid empty Buf.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <base/u.h>

typedef struct Buf {
	char *p;  /* NULL while nothing was added */
	size_t n; /* bytes used, without the NUL */
	size_t cap;
} Buf;

/* buf_room makes room for n more bytes and returns where they go; the caller adds to b->n. */
char *buf_room(Buf *b, size_t n);

/* buf_add appends n bytes. */
void buf_add(Buf *b, const void *p, size_t n);

/* buf_str appends a C string; buf_ch one byte. */
void buf_str(Buf *b, const char *s);
void buf_ch(Buf *b, int c);

/* buf_printf appends formatted text. */
void buf_printf(Buf *b, const char *fmt, ...) printf_like(2, 3);

/* buf_cut removes the first n bytes. */
void buf_cut(Buf *b, size_t n);

/* buf_take returns the text as a string owned by the caller (never NULL) and empties b. */
char *buf_take(Buf *b) must_use;

/* buf_text returns the text, "" when empty; it stays b's. */
const char *buf_text(const Buf *b);

/* buf_free empties b and frees its memory. */
void buf_free(Buf *b);

#define autobuf __attribute__((cleanup(buf_free)))

#endif
